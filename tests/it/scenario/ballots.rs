//! Ballots with their proofs.

use super::{Scenario, file::File};
use crate::{cores::on_all_cores, keys::Keys};
use anyhow::{Context as _, Result};
use circuits::{
    ballot::{BallotCircuit, Context, Plan},
    types::{BoardEntry, CiphertextDigest, Ticket},
};
use client::census;
use prost::Message;
use proto::v1::SubmitBallotRequest;
use prover::{ProvingKey, prove};
use rand_core::OsRng;
use std::time::Instant;

/// Proofs made between two writes: what an interruption costs at most.
const BATCH: usize = 16;

/// One ballot; `prev` counts ballots from 0.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// A member's vote, or one that replaces ballot `prev`.
    Vote { member: usize, prev: Option<usize> },
    /// A mask with ticket `j` over ballot `prev`.
    Mask { member: usize, j: u8, prev: usize },
}

impl Act {
    fn prev(self) -> Option<usize> {
        match self {
            Act::Vote { prev, .. } => prev,
            Act::Mask { prev, .. } => Some(prev),
        }
    }
}

/// First every member up to `ballots` votes; then one in eight votes again
/// and one in eight is masked, and the last re-vote is masked too.
fn acts(ballots: usize) -> Vec<Act> {
    let some = ballots / 8;
    let first = (0..ballots).map(|member| Act::Vote { member, prev: None });
    let again = (0..some).map(|member| Act::Vote { member, prev: Some(member) });
    let masks = (some..2 * some).map(|prev| Act::Mask { member: prev + 1, j: 0, prev });
    let chained = Act::Mask { member: ballots, j: 0, prev: ballots + some - 1 };
    first.chain(again).chain(masks).chain([chained]).collect()
}

/// All ballots: those in the file, and the missing ones, which are proven
/// and added to it.
///
/// # Errors
/// If a ballot cannot be proven or the file cannot be written.
pub fn complete(
    scenario: &Scenario,
    ballots: usize,
    keys: &Keys,
    file: &mut File,
) -> Result<Vec<SubmitBallotRequest>> {
    let acts = acts(ballots);
    let decode = |bytes: &Vec<u8>| Ok(SubmitBallotRequest::decode(&bytes[..])?);
    let mut done = file.records()[1..].iter().map(decode).collect::<Result<Vec<_>>>()?;
    if done.len() < acts.len() {
        let prover = Prover { scenario, context: scenario.context(), key: keys.prove_ballot()? };
        let (start, before) = (Instant::now(), done.len());
        while done.len() < acts.len() {
            let batch = next(&acts, done.len());
            let made = on_all_cores(batch, |act| prover.request(*act, &done))?;
            file.append(&made.iter().map(SubmitBallotRequest::encode_to_vec).collect::<Vec<_>>())?;
            done.extend(made);
            tell(done.len(), before, acts.len(), start);
        }
        eprintln!();
    }
    Ok(done)
}

/// The next acts that build on what is done.
fn next(acts: &[Act], done: usize) -> &[Act] {
    let ready = acts[done..].iter().take(BATCH).take_while(|act| act.prev().is_none_or(|p| p < done));
    &acts[done..done + ready.count()]
}

fn tell(done: usize, before: usize, all: usize, start: Instant) {
    let each = start.elapsed().as_secs_f64() / (done - before) as f64;
    let left = each * (all - done) as f64;
    eprint!("\rscenario: {done} of {all} ballots proven, {left:.0} s left   ");
}

struct Prover<'a> {
    scenario: &'a Scenario,
    context: Context,
    key: std::sync::Arc<ProvingKey>,
}

impl Prover<'_> {
    fn request(&self, act: Act, done: &[SubmitBallotRequest]) -> Result<SubmitBallotRequest> {
        let entry = self.entry(self.plan(act, done)?)?;
        let election_id = self.scenario.election_id().to_bytes().to_vec();
        Ok(SubmitBallotRequest { election_id, entry: Some((&entry).into()) })
    }

    fn plan(&self, act: Act, done: &[SubmitBallotRequest]) -> Result<Plan> {
        let (Act::Vote { member: index, .. } | Act::Mask { member: index, .. }) = act;
        let member = census::member(&self.scenario.census, &self.scenario.members[index].identity)?;
        let prev = act.prev().map(|p| entry_of(&done[p])).transpose()?;
        Ok(match (act, prev) {
            (Act::Mask { j, .. }, Some(prev)) => {
                Plan::mask(&self.context, &member, prev.slot, &prev.ciphertexts, j, &mut OsRng)?
            }
            (_, prev) => {
                let mut votes = vec![0; self.context.rule.options()];
                let choice = (index + usize::from(prev.is_some())) % votes.len();
                votes[choice] = member.weight;
                let prev = prev.map_or_else(CiphertextDigest::empty, |e| e.next_digest);
                Plan::vote(&self.context, &member, prev, &votes, Ticket::random(&mut OsRng), &mut OsRng)?
            }
        })
    }

    fn entry(&self, plan: Plan) -> Result<BoardEntry> {
        let Plan { statement, witness, next } = plan;
        let circuit = BallotCircuit::new(statement, witness)?;
        Ok(BoardEntry {
            slot: statement.slot,
            prev_digest: statement.prev_digest,
            next_digest: statement.next_digest,
            ticket: statement.ticket,
            ciphertexts: next,
            proof: prove(&self.key, &circuit, &mut OsRng)?,
        })
    }
}

/// The entry of a request.
///
/// # Errors
/// If it is malformed.
pub fn entry_of(request: &SubmitBallotRequest) -> Result<BoardEntry> {
    let entry = request.entry.clone().context("a submission has an entry")?;
    Ok(entry.try_into()?)
}

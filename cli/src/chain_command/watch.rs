//! `tabella chain watch`: an election on a node, posted as it happens. It can
//! be stopped at any time; the same command goes on.

use super::{
    gate::{Obeyed, obey},
    options::PosterOptions,
};
use crate::{election::which::ElectionOptions, keys::MemberKeys, options::NodeOptions, signals, times};
use anyhow::{Context, Result, ensure};
use chain::{
    Chain, Poster,
    settlement::{Elections, OnChain, Outcome, Settlement, Stage},
};
use circuits::types::{Address, SignedHead};
use clap::Args;
use client::{
    Node,
    election::{self, Election, Reference},
    record,
};
use proto::v1::Phase;
use serde_json::json;
use std::time::Duration;
use verifier::KeyHash;

/// Time between two looks at the node.
const POLL: Duration = Duration::from_secs(1);

/// `tabella chain watch`
#[derive(Clone, Debug, Args)]
pub struct WatchOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// The organiser's account, as the organisation publishes it.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    poster: PosterOptions,
    /// Least time between two anchored heads.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = times::seconds)]
    anchor_every: u64,
    /// End once all that has happened so far is posted.
    #[arg(long)]
    once: bool,
    /// Print one JSON object at the end: {election_id, status, anchors, totals, passed, gates}.
    #[arg(long)]
    json: bool,
}

/// Posts until the result is final, or until a signal.
///
/// # Errors
/// If node and chain contradict each other, or something cannot be posted.
pub async fn run(options: &WatchOptions) -> Result<()> {
    tokio::select! {
        done = follow(options) => done,
        signal = signals::ended() => {
            eprintln!("{}: stopped; the same command goes on from here", signal?);
            Ok(())
        }
    }
}

async fn follow(options: &WatchOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let election = opened(options, &node).await?;
    let mut poster = options.poster.open().await?;
    let mut watch = Watch { options, node, election, anchors: 0, anchored: 0 };
    let found = watch.post(&mut poster).await?;
    let outcome =
        Elections::of_draft(poster.chain(), watch.election.draft()).await?.outcome(watch.election.id).await?;
    let gates = match &outcome {
        Some(outcome) if outcome.passed => {
            obey(&mut poster, watch.election.draft(), watch.election.id).await?
        }
        _ => Vec::new(),
    };
    watch.print(&poster, &found, outcome.as_ref(), &gates).await
}

/// The election, once it is open; everything that a voter checks is checked.
async fn opened(options: &WatchOptions, node: &Node) -> Result<Election> {
    let mut said = false;
    loop {
        let found = options.election.find(node).await?;
        let open = matches!(found.phase, Phase::Voting | Phase::Closed | Phase::Tallied);
        if let (true, Some(id)) = (open, found.election_id) {
            let trust = MemberKeys::trust(options.organiser);
            return Ok(election::accept(found.raw, Reference::Election(id), &trust)?);
        }
        ensure!(!options.once, "the election is not open on the node yet");
        if !said {
            eprintln!("    waiting for the election to open on the node");
            said = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

struct Watch<'o> {
    options: &'o WatchOptions,
    node: Node,
    election: Election,
    anchors: usize,
    /// Time of the last anchored head.
    anchored: u64,
}

impl Watch<'_> {
    /// Everything up to the result; with `--once` what there is.
    async fn post(&mut self, poster: &mut Poster<Chain>) -> Result<OnChain> {
        let (draft, id) = (self.election.draft().clone(), self.election.id);
        let mut settlement = Settlement::new(poster, &draft, id).await?;
        let mut keys = Vec::new();
        for hash in self.election.key.key.verifying_keys {
            keys.push(record::fetch_verifying_key(&self.node, KeyHash(hash)).await?);
        }
        settlement.keys(&keys).await?;
        settlement.open(&self.election.signed_draft, &self.election.key).await?;
        self.anchored = settlement.on_chain().await?.head_time;
        loop {
            let raw = election::fetch_raw(&self.node, Reference::Election(id)).await?;
            let phase = raw.phase();
            if phase == Phase::Voting {
                self.anchor(&mut settlement).await?;
            } else {
                self.election = election::accept(
                    raw,
                    Reference::Election(id),
                    &MemberKeys::trust(self.options.organiser),
                )?;
                self.close(&mut settlement).await?;
            }
            if phase == Phase::Tallied {
                self.result(&mut settlement).await?;
            }
            if phase == Phase::Tallied || self.options.once {
                settlement.finish().await?;
                return Ok(settlement.on_chain().await?);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The newest head, if the last one is old enough and something was added.
    async fn anchor(&mut self, settlement: &mut Settlement<'_, Chain>) -> Result<()> {
        let Some(head) = self.head().await? else { return Ok(()) };
        let due = self.anchored == 0 || head.head.time >= self.anchored + self.options.anchor_every;
        if head.head.closed || !due || settlement.on_chain().await?.size >= head.head.size {
            return Ok(());
        }
        settlement.anchor(&head).await?;
        (self.anchors, self.anchored) = (self.anchors + 1, head.head.time);
        Ok(())
    }

    /// Closes, and posts the ballots that are not there yet.
    async fn close(&mut self, settlement: &mut Settlement<'_, Chain>) -> Result<()> {
        let Some(head) = self.head().await? else { return Ok(()) };
        ensure!(head.head.closed, "the node says that the board is closed and shows an open head");
        settlement.close(&head, self.election.close_signature.as_ref()).await?;
        let missing = settlement.progress().await?.ballots < head.head.size;
        if missing && settlement.on_chain().await?.stage != Stage::Finalised {
            let entries = record::fetch_entries(&self.node, self.election.id, head.head.size).await?;
            settlement.ballots(&entries).await?;
        }
        Ok(())
    }

    /// Proves the result from what the trustees decrypted, and posts it.
    async fn result(&self, settlement: &mut Settlement<'_, Chain>) -> Result<()> {
        if settlement.on_chain().await?.stage == Stage::Finalised {
            return Ok(());
        }
        let head = self.head().await?.context("the node has lost the last head")?;
        let entries = record::fetch_entries(&self.node, self.election.id, head.head.size).await?;
        let (messages, _) = record::fetch_messages(&self.node, self.election.draft().id()).await?;
        let (signed, key) = (&self.election.signed_draft, &self.election.key);
        let tally = super::post::prove(signed, key, &entries, &head, &messages)?;
        settlement.result(&tally).await?;
        Ok(())
    }

    /// The newest head, signed by the operator; none on an empty board.
    async fn head(&self) -> Result<Option<SignedHead>> {
        match record::fetch_head(&self.node, self.election.id).await {
            Ok(head) => {
                head.check(&self.election.domain(), self.election.draft().operator)?;
                Ok(Some(head))
            }
            Err(client::Error::Refused { refusal, .. }) if refusal.code == tonic::Code::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn print(
        &self,
        poster: &Poster<Chain>,
        found: &OnChain,
        outcome: Option<&Outcome>,
        gates: &[Obeyed],
    ) -> Result<()> {
        let id = self.election.id;
        let elections = Elections::of_draft(poster.chain(), self.election.draft()).await?;
        let progress = elections.progress(id, poster.account()).await?;
        let status = found.status(progress);
        if self.options.json {
            let object = json!({
                "election_id": id,
                "status": status,
                "anchors": self.anchors,
                "totals": outcome.map(|o| &o.totals),
                "passed": outcome.map(|o| o.passed),
                "gates": gates,
            });
            println!("{object}");
        } else {
            println!("election {id}: {status}, {} heads anchored", self.anchors);
        }
        Ok(())
    }
}

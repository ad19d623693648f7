//! From what a member wants to a statement with its witness.

use super::{Randomness, Statement, Unsatisfied, Witness, check};
use crate::{
    primitives::merkle::CensusPath,
    types::{
        CensusRoot, CiphertextDigest, Ciphertexts, ElectionId, GroupElement, MemberSecret, Rule, Slot, Ticket,
    },
};
use rand_core::{CryptoRng, RngCore};

/// What all ballots of an election have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The census.
    pub census_root: CensusRoot,
    /// The election.
    pub election_id: ElectionId,
    /// The rule.
    pub rule: Rule,
    /// The public key.
    pub pk: GroupElement,
}

/// A member's secret and row in the census. `Debug` is redacted by the
/// secret; the weight is public in the census.
#[derive(Clone, Debug)]
pub struct Member {
    /// `sk`
    pub sk: MemberSecret,
    /// The weight of the row.
    pub weight: u64,
    /// The way from the row's leaf to the census root.
    pub path: CensusPath,
}

/// One entry to be proved: statement, witness, and the ciphertexts that go
/// onto the board.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Public inputs.
    pub statement: Statement,
    /// Secrets.
    pub witness: Witness,
    /// What the slot holds afterwards; its digest is `next_digest`.
    pub next: Ciphertexts,
}

/// No valid entry can be made from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// A vote for more or fewer options than the election has.
    #[error("the election has {expected} options, the vote {found}; give one number per option")]
    Options {
        /// Options of the election.
        expected: usize,
        /// Length of the vote.
        found: usize,
    },
    /// The entry would break a condition.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
}

impl Plan {
    /// A vote: `votes` (census units, one number per option of the election)
    /// replace whatever the member's slot holds, whose digest is `prev`.
    ///
    /// Randomness is fresh for every option. A retry of the same vote on a
    /// newer `prev` is a new plan with the *same* ticket (A63).
    ///
    /// # Errors
    /// If the member or the votes break a condition.
    pub fn vote(
        context: &Context,
        member: &Member,
        prev: CiphertextDigest,
        votes: &[u64],
        ticket: Ticket,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Plan, InvalidPlan> {
        let (expected, found) = (context.rule.options(), votes.len());
        if expected != found {
            return Err(InvalidPlan::Options { expected, found });
        }
        let mut witness = witness(context, member, rng);
        witness.votes[..found].copy_from_slice(votes);
        let slot = Slot::derive(&member.sk, context.election_id);
        finish(context, slot, prev, ticket, witness)
    }

    /// A mask: adds encryptions of zero to `slot`, which holds `prev`,
    /// spending the member's mask ticket `j` (below 16).
    ///
    /// A retry on a newer `prev` is a new plan with the *same* slot and `j`;
    /// a `j` once sent is never used for another slot.
    ///
    /// # Errors
    /// If the member, or `j`, breaks a condition.
    pub fn mask(
        context: &Context,
        member: &Member,
        slot: Slot,
        prev: &Ciphertexts,
        j: u8,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Plan, InvalidPlan> {
        let mut witness = witness(context, member, rng);
        (witness.mask, witness.prev, witness.ticket_index) = (true, prev.clone(), j);
        let ticket = Ticket::derive(&member.sk, context.election_id, j);
        finish(context, slot, prev.digest(), ticket, witness)
    }
}

/// A vote of nothing, with fresh randomness.
fn witness(context: &Context, member: &Member, rng: &mut (impl RngCore + CryptoRng)) -> Witness {
    let shape = context.rule.shape();
    Witness {
        mask: false,
        sk: member.sk.clone(),
        weight: member.weight,
        path: member.path.clone(),
        votes: vec![0; shape.options()],
        randomness: (0..shape.options()).map(|_| Randomness::random(rng)).collect(),
        prev: Ciphertexts::identity(shape),
        ticket_index: 0,
    }
}

fn finish(
    context: &Context,
    slot: Slot,
    prev_digest: CiphertextDigest,
    ticket: Ticket,
    witness: Witness,
) -> Result<Plan, InvalidPlan> {
    let next = witness.next(context.rule.shape(), context.pk).ok_or(Unsatisfied::Form)?;
    let statement = Statement {
        census_root: context.census_root,
        election_id: context.election_id,
        rule: context.rule,
        pk: context.pk,
        slot,
        prev_digest,
        next_digest: next.digest(),
        ticket,
    };
    check(&statement, &witness)?;
    Ok(Plan { statement, witness, next })
}

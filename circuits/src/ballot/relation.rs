//! The conditions in plain Rust.

use super::{Statement, Witness};
use crate::{
    params::{TICKETS_PER_MEMBER, VOTE_BITS},
    primitives::merkle::census_leaf,
    types::{CiphertextDigest, IdentityCommitment, Rule, RuleKind, Slot, Ticket},
};

/// The condition that does not hold. B4 defines `fresh` and cannot fail by
/// itself: other ciphertexts than the encryption of `v` fail B7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// A list of the witness has the wrong length.
    #[error("votes, randomness and ciphertexts need as many positions as the ballot's shape has")]
    Form,
    /// B1
    #[error(
        "B1: this secret with this weight is not in the census, or has no weight to vote with; \
         use the election's census and the member's own row"
    )]
    Member,
    /// B2
    #[error("B2: a vote goes to the slot of its author; derive the slot from the secret")]
    Owner,
    /// B3
    #[error("B3: the votes break the election's rule, or a mask carries votes")]
    Rule,
    /// B5
    #[error("B5: the ciphertexts to mask are not the slot's present ones; fetch the slot again")]
    Base,
    /// B6
    #[error("B6: the slot is empty, there is nothing to mask; pick a slot that has an entry")]
    NothingToMask,
    /// B7
    #[error("B7: the new digest is not that of the new ciphertexts")]
    Digest,
    /// B8
    #[error("B8: the ticket is not one of its author's sixteen mask tickets (j < 16)")]
    Ticket,
}

impl Unsatisfied {
    /// The heading of the circuit's constraints that fail with it. `Form` has
    /// none; B6 is part of B5 there.
    pub fn condition(self) -> Option<&'static str> {
        match self {
            Unsatisfied::Form => None,
            Unsatisfied::Member => Some("B1 member"),
            Unsatisfied::Owner => Some("B2 owner"),
            Unsatisfied::Rule => Some("B3 rule"),
            Unsatisfied::Base | Unsatisfied::NothingToMask => Some("B5 base"),
            Unsatisfied::Digest => Some("B7 digest"),
            Unsatisfied::Ticket => Some("B8 ticket"),
        }
    }
}

/// Checks B1 to B8.
///
/// # Errors
/// The first condition that does not hold. B6 is looked at before B5, which
/// says the same through D: no ciphertexts have the digest of an empty slot.
pub fn check(statement: &Statement, witness: &Witness) -> Result<(), Unsatisfied> {
    // B4 and B5: `next`, which B7 needs.
    let next = witness.next(statement.shape(), statement.pk).ok_or(Unsatisfied::Form)?;
    let conditions = [
        (member(statement, witness), Unsatisfied::Member),
        (owner(statement, witness), Unsatisfied::Owner),
        (rule(statement.rule, witness), Unsatisfied::Rule),
        (something_to_mask(statement, witness), Unsatisfied::NothingToMask),
        (base(statement, witness), Unsatisfied::Base),
        (statement.next_digest == next.digest(), Unsatisfied::Digest),
        (ticket(statement, witness), Unsatisfied::Ticket),
    ];
    conditions.into_iter().try_for_each(|(holds, unsatisfied)| if holds { Ok(()) } else { Err(unsatisfied) })
}

/// B1, spec: `ballot.b1`
fn member(statement: &Statement, witness: &Witness) -> bool {
    let leaf = census_leaf(IdentityCommitment::derive(&witness.sk), witness.weight);
    witness.path.root(leaf) == statement.census_root
        && witness.weight >> VOTE_BITS == 0
        && (witness.mask || witness.weight != 0)
}

/// B2, spec: `ballot.b2`
fn owner(statement: &Statement, witness: &Witness) -> bool {
    witness.mask || statement.slot == Slot::derive(&witness.sk, statement.election_id)
}

/// B3, spec: `ballot.b3`
fn rule(rule: Rule, witness: &Witness) -> bool {
    let w = if witness.mask { 0 } else { u128::from(witness.weight) };
    let votes: Vec<u128> = witness.votes.iter().map(|v| u128::from(*v)).collect();
    let (used, unused) = votes.split_at(rule.options());
    let each = |allowed: fn(u128, u128) -> bool| used.iter().all(|v| allowed(*v, w));
    // 16 squares of 48 bits stay below 2^100.
    let in_range = votes.iter().all(|v| v >> VOTE_BITS == 0);
    in_range
        && unused.iter().all(|v| *v == 0)
        && match rule.kind() {
            RuleKind::SingleChoice => each(|v, w| v == 0 || v == w) && used.iter().sum::<u128>() == w,
            RuleKind::Approval => each(|v, w| v == 0 || v == w),
            RuleKind::Split => used.iter().sum::<u128>() <= w,
            RuleKind::Quadratic => used.iter().map(|v| v * v).sum::<u128>() <= w,
        }
}

/// B6, spec: `ballot.b6`
fn something_to_mask(statement: &Statement, witness: &Witness) -> bool {
    !witness.mask || statement.prev_digest != CiphertextDigest::empty()
}

/// B5, spec: `ballot.b5`
fn base(statement: &Statement, witness: &Witness) -> bool {
    !witness.mask || statement.prev_digest == witness.prev.digest()
}

/// B8, spec: `ballot.b8`
fn ticket(statement: &Statement, witness: &Witness) -> bool {
    let j = witness.ticket_index;
    j < TICKETS_PER_MEMBER
        && (!witness.mask || statement.ticket == Ticket::derive(&witness.sk, statement.election_id, j))
}

//! The ballot: a member votes, or masks a slot. spec: `ballot`.
//!
//! Public inputs `census_root, election_id, rule, PK.x, PK.y, slot,
//! prev_digest, next_digest, ticket`; witness `mask, sk, weight, path, v, r,
//! prev, j`. One circuit per shape serves all four rules.
//!
//! - B1 member (spec: `ballot.b1`): `H_leaf(H_id(sk), weight)` is in the
//!   census, for masks too; the weight is below 2^48, and not 0 in a vote.
//! - B2 owner (spec: `ballot.b2`): a vote's slot is `H_slot(sk, election_id)`.
//! - B3 rule (spec: `ballot.b3`): the votes follow the rule with
//!   `w = (1 - mask) * weight`; so a mask adds zero to every option.
//! - B4 encryption (spec: `ballot.b4`): `fresh_k = (r_k G, r_k PK + v_k G)`.
//! - B5 base (spec: `ballot.b5`): a mask opens the slot's present digest, and
//!   adds to its ciphertexts: `next = prev + fresh`; a vote replaces them:
//!   `next = fresh`.
//! - B6 nothing to mask (spec: `ballot.b6`): no mask over an empty slot.
//! - B7 digest (spec: `ballot.b7`): `next_digest = D(next)`.
//! - B8 ticket (spec: `ballot.b8`): a mask's ticket is one of its author's
//!   sixteen, `H_ticket(sk, election_id, j)`; a vote's is free.
//!
//! Outside the circuit the verifier checks (spec: `ballot.outside`): inputs
//! are canonical; the points of the ciphertexts are on the curve;
//! `census_root`, `election_id`, `rule` and `PK` are the election's, and `PK`
//! is a `GroupElement`; `prev_digest` is the slot's current one; the ticket is
//! unused; `next_digest` is new in this slot; the election is open;
//! `D(ciphertexts) = next_digest`; the proof has its exact length and its
//! points are in their groups.

#[cfg(feature = "r1cs")]
mod circuit;
mod plan;
mod randomness;
mod relation;
mod statement;
#[cfg(all(test, feature = "r1cs"))]
mod tests;
mod witness;

#[cfg(feature = "r1cs")]
pub use circuit::BallotCircuit;
pub use plan::{Context, InvalidPlan, Member, Plan};
pub use randomness::Randomness;
pub use relation::{Unsatisfied, check};
pub use statement::Statement;
pub use witness::Witness;

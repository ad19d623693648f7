//! Typed values and their one encoding. spec: `encoding`.
//!
//! A field element stops at a type's private field; the types here do not
//! convert into one another. `from_bytes` refuses everything but the one
//! canonical encoding, and never panics.

mod ciphertext;
mod entry;
mod field;
mod point;
mod rule;

pub use ciphertext::{Ciphertext, Ciphertexts, ciphertext_tag};
pub use entry::{BoardEntry, BoardRow, ProofBytes, ProofLength, board_root, hash_to_field};
pub use field::{
    BoardRoot, CensusRoot, CiphertextDigest, DraftId, ElectionId, IdentityCommitment, MemberSecret,
    NonCanonical, ProofHash, Slot, Ticket, field_from_bytes, field_to_bytes, scalar_from_bytes,
    scalar_to_bytes,
};
pub use point::{CurvePoint, GroupElement, InvalidPoint};
pub use rule::{BallotShape, InvalidRule, Rule, RuleKind};

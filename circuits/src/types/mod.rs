//! Typed values and their one encoding. spec: `encoding`.
//!
//! A field element stops at a type's private field; the types here do not
//! convert into one another. `from_bytes` refuses everything but the one
//! canonical encoding, and never panics.

mod census;
mod ciphertext;
mod draft;
mod election;
mod entry;
mod field;
mod head;
pub mod json;
mod point;
mod registration;
mod rule;
mod signature;
mod tally;
mod trustee_message;

pub use census::{Census, CensusEntry, Holder, InvalidCensus, holders_digest};
pub use ciphertext::{Ciphertext, Ciphertexts, ciphertext_tag};
pub use draft::{
    CALL_DATA_MAX, Call, CensusDefinition, Draft, InvalidDraft, InvalidSignedDraft, LIST_MAX, NAME_MAX,
    PROPOSAL_TEXT_MAX, PassRule, ProposalKind, SettlementMode, SignedDraft, Times, TrusteeIdentity,
};
pub use election::{
    CensusStatement, ElectionKey, InvalidElectionKey, Order, SignedElectionKey, VERIFYING_KEYS,
};
pub use entry::{BoardEntry, BoardRow, ProofBytes, ProofLength, board_root, hash_to_field};
pub use field::{
    BoardRoot, CensusRoot, CiphertextDigest, DraftId, ElectionId, IdentityCommitment, MemberSecret,
    NonCanonical, ProofHash, RegistrationContext, Slot, Ticket, field_from_bytes, field_to_bytes,
    scalar_from_bytes, scalar_to_bytes,
};
pub use head::{Head, InvalidReceipt, Receipt, SignedHead};
pub use point::{CurvePoint, GroupElement, InvalidPoint};
pub use registration::{Registration, RegistrationMessage};
pub use rule::{BallotShape, InvalidRule, Rule, RuleKind};
pub use signature::{
    AccountKey, Address, Domain, InvalidAddress, InvalidSignature, Signature, TypedData, keccak256,
    word_address, word_array, word_u64,
};
pub use tally::{Tally, TallyProof};
pub use trustee_message::{
    InvalidTrusteeMessage, ROUND_DECRYPTION, ROUND_KEY, TrusteeContent, TrusteeMessage,
};

#[cfg(test)]
mod tests;

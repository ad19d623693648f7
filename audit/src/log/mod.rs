//! The log of an organisation's audits: its auditors, the data roots that
//! they anchor, their attestations and what is withdrawn, in the order in
//! which a node took them. spec: `audit.log`.
//!
//! The tree, its heads and its proofs are those of boards. [`Log`] holds the
//! rules: a node decides by them, a monitor checks by them.

mod event;
mod receipt;
mod refused;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use event::{Anchor, Entry, Event, Row, SignedAnchor};
pub use receipt::{InvalidReceipt, Receipt};
pub use refused::Refused;
pub use rules::{CLOCK_SKEW, Log, REASON_MAX};
pub use view::{Anchored, Listed, Named};

use circuits::types::{Address, ElectionId, NonCanonical, TypedData, hash_to_field, keccak256, word_address};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose log it is: one operator's, of one organiser's organisation. Two
/// organisers with one name have two logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// Signs the heads.
    pub operator: Address,
    /// Names the auditors.
    pub organiser: Address,
    /// The organisation.
    pub organisation: String,
}

impl TypedData for Parties {
    const TYPE: &'static str = "AttestationLog(address operator,address organiser,string organisation)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![word_address(self.operator), word_address(self.organiser), keccak256(&self.organisation)]
    }
}

impl Parties {
    /// Names the log: the struct hash without its last byte.
    pub fn log(&self) -> LogId {
        LogId(ElectionId::from_field(hash_to_field(self.struct_hash())))
    }
}

/// The identifier of a log; below 2^248. spec: `audit.log_id`
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(ElectionId);

impl LogId {
    /// From 32 canonical big-endian bytes.
    ///
    /// # Errors
    /// If the bytes are not 32, or not below r.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NonCanonical> {
        ElectionId::from_bytes(bytes).map(Self)
    }

    /// 32 bytes, big-endian.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// What the log's heads name in the place of an election. Both are hashes
    /// of typed data of different types, so that none is the other.
    pub fn place(self) -> ElectionId {
        self.0
    }

    /// The log that a head names.
    pub fn at(place: ElectionId) -> Self {
        Self(place)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

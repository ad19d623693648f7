//! The election record: all that is needed to check an election, in files of
//! one byte form. spec: `record`.
//!
//! | file | content |
//! | --- | --- |
//! | `manifest.json` | format, election, path, size and SHA-256 of every other file |
//! | `manifest.sig` | 65 bytes: the operator's signature over the manifest |
//! | `election.json` | draft, census statement, key, orders, closed head, with their signatures |
//! | `holders.jsonl` | the source table: one holder per line, ascending by address |
//! | `registrations.jsonl` | the registration behind every census leaf, in census order |
//! | `trustees.jsonl` | the trustees' messages, in log order |
//! | `board.bin` | the entries, in log order |
//! | `tally.json` | totals and tally proofs |
//! | `keys/HASH.vk` | the verifying keys that the proofs are for |

mod check;
mod files;
mod manifest;
mod report;
#[cfg(test)]
mod tests;

pub use check::check;
pub use files::{Files, FormatFault, InvalidEntry, entry_from_bytes, entry_len, entry_to_bytes};
pub use manifest::Manifest;
pub use report::{Check, CheckId, Report};

use crate::key::VerifyingKey;
use circuits::types::{
    BoardEntry, CensusStatement, Holder, Registration, Signature, SignedDraft, SignedElectionKey, SignedHead,
    Tally, TrusteeMessage,
};

/// Where the proving and verifying keys come from. spec: `setup.origin`
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setup {
    /// A fixed public seed: anyone can forge proofs.
    InsecureDevelopment,
    /// Keys from elsewhere, named by hash; how they were made is not in the
    /// record.
    External,
}

/// Everything about the election but its lists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Election {
    /// Where the keys come from, as the node says.
    pub setup: Setup,
    /// Draft, proposal and the organiser's signature.
    pub draft: SignedDraft,
    /// Root and total of the census.
    pub census: CensusStatement,
    /// The organiser's signature over it.
    pub census_signature: Signature,
    /// Key and the trustees' signatures.
    pub key: SignedElectionKey,
    /// The organiser's signature over the order to open.
    pub open_signature: Signature,
    /// The organiser's signature over the order to close, if closed early.
    pub close_signature: Option<Signature>,
    /// The final head.
    pub head: SignedHead,
}

/// An election record, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The election.
    pub election: Election,
    /// The source table.
    pub holders: Vec<Holder>,
    /// One registration per census leaf, in census order.
    pub registrations: Vec<Registration>,
    /// The trustees' messages, in log order.
    pub messages: Vec<TrusteeMessage>,
    /// The board.
    pub entries: Vec<BoardEntry>,
    /// The result.
    pub tally: Tally,
    /// The verifying keys, ascending by hash.
    pub keys: Vec<VerifyingKey>,
}

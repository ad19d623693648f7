//! What a monitor finds. spec: `monitor.findings`.

use crate::evidence::Claim;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// Kinds of misbehaviour, with stable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Two signed views of one board (A35).
    SplitView,
    /// A board that has become shorter (A37).
    Rollback,
    /// An entry that breaks a rule, or whose proof does not hold.
    InvalidEntry,
    /// A receipt that the board does not honour (A36).
    BrokenReceipt,
    /// A signed head whose entries the node does not show.
    Withheld,
    /// An answer that is not in its one form, or an unsigned head.
    Malformed,
    /// A draft, key or order that is not what was signed.
    Election,
    /// A registration that breaks a rule.
    Registration,
    /// A census that holders and registrations do not give (A32).
    Census,
    /// A board that was closed too early.
    Closing,
    /// A trustee's message that is not in order.
    Trustee,
    /// A trustee who signed two messages for one place (A27).
    Equivocation,
    /// A partial decryption that does not hold (A28).
    Decryption,
    /// A result that does not hold (A32).
    Tally,
    /// An event of a log of audits that breaks a rule.
    InvalidEvent,
    /// A logged attestation that breaks a rule, or whose proof does not hold.
    InvalidAttestation,
}

impl Kind {
    /// The stable name, as in JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Kind::SplitView => "split-view",
            Kind::Rollback => "rollback",
            Kind::InvalidEntry => "invalid-entry",
            Kind::BrokenReceipt => "broken-receipt",
            Kind::Withheld => "withheld",
            Kind::Malformed => "malformed",
            Kind::Election => "election",
            Kind::Registration => "registration",
            Kind::Census => "census",
            Kind::Closing => "closing",
            Kind::Trustee => "trustee",
            Kind::Equivocation => "equivocation",
            Kind::Decryption => "decryption",
            Kind::Tally => "tally",
            Kind::InvalidEvent => "invalid-event",
            Kind::InvalidAttestation => "invalid-attestation",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Misbehaviour, with what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind.
    pub kind: Kind,
    /// Address of the node that showed it.
    pub node: String,
    /// In words.
    pub detail: String,
    /// What goes into the file of evidence.
    pub claim: Claim,
}

impl Finding {
    /// Something that only this monitor has seen.
    pub fn report(
        kind: Kind,
        node: &str,
        detail: impl Into<String>,
        head: Option<circuits::types::SignedHead>,
    ) -> Self {
        let detail = detail.into();
        let claim = Claim::Report { node: node.to_owned(), saw: detail.clone(), head };
        Self { kind, node: node.to_owned(), detail, claim }
    }
}

/// A finding whose evidence is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Of which kind.
    pub kind: Kind,
    /// Address of the node that showed it.
    pub node: String,
    /// In words.
    pub detail: String,
    /// The file of evidence, if it could be written.
    pub evidence: PathBuf,
    /// Whether the file convinces others, without this monitor's word.
    pub proof: bool,
}

//! Evidence about logs of audits, checked from the file alone.
//! spec: `monitor.log_claims`.

use crate::evidence::{OtherPrefix, head_conflict};
use audit::{
    attestation::{Attestation, AttestationProofs, FormatFault, NotProven},
    log::{self, Entry, Event, Log, Parties, Receipt, Row},
};
use circuits::{
    curve::Fr,
    params::BOARD_DEPTH,
    primitives::merkle::{BoardPath, BoardTree, Inconsistent},
    types::{SignedHead, json, keccak256},
};
use prost::Message;
use proto::{convert::InvalidField, v1};
use serde::{Deserialize, Serialize};

/// `format` of the files.
const FORMAT: &str = "tabella audit evidence";
/// Version that is written and read.
const VERSION: u32 = 1;

/// A file of evidence about a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    format: String,
    version: u32,
    /// Whose log it is: what heads and receipts name is the hash of this.
    pub log: Parties,
    /// What happened.
    pub claim: Claim,
}

/// A receipt in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptJson {
    row: Row,
    head: SignedHead,
    index: u32,
    #[serde(with = "json::fields")]
    siblings: Vec<Fr>,
}

impl From<&Receipt> for ReceiptJson {
    fn from(r: &Receipt) -> Self {
        Self { row: r.row, head: r.head, index: r.path.index, siblings: r.path.siblings.to_vec() }
    }
}

/// An event as the node served it, in protobuf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventBytes(#[serde(with = "json::bytes")] Vec<u8>);

impl From<&Entry> for EventBytes {
    fn from(entry: &Entry) -> Self {
        Self(v1::LogEvent::from(entry).encode_to_vec())
    }
}

/// What the operator did. All but the last are proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Claim {
    /// Two signed views with different leaves at one number (A35).
    TwoLeaves {
        /// One view's leaf, head and path.
        first: ReceiptJson,
        /// The other's.
        second: ReceiptJson,
    },
    /// Two signed heads that no one log can have had (A35, A37).
    TwoHeads {
        /// One.
        first: SignedHead,
        /// The other.
        second: SignedHead,
    },
    /// A signed head that is no beginning of the log of a longer one (A35).
    OtherPrefix(OtherPrefix),
    /// A logged attestation whose key or proof does not hold.
    InvalidAttestation {
        /// Its leaf, under a signed head.
        receipt: ReceiptJson,
        /// Its file, which the leaf binds.
        #[serde(with = "json::bytes")]
        file: Vec<u8>,
    },
    /// An event that breaks a rule of the log.
    BrokenRule {
        /// Over all events.
        head: SignedHead,
        /// The log.
        events: Vec<EventBytes>,
        /// Number of the event.
        seq: u32,
    },
    /// What the monitor saw, which nobody else can check: no proof.
    Report {
        /// Address of the node.
        node: String,
        /// What it did.
        saw: String,
        /// A head that it had signed, if one matters.
        head: Option<SignedHead>,
    },
}

/// Why evidence proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvidence {
    /// See the message.
    #[error(
        "the file is of format {found:?} version {version}; this program reads {FORMAT:?} version {VERSION}"
    )]
    Format {
        /// As it says.
        found: String,
        /// As it says.
        version: u32,
    },
    /// See the message.
    #[error("a path has {BOARD_DEPTH} siblings, not {0}")]
    Siblings(usize),
    /// See the message.
    #[error("receipt or head: {0}")]
    Receipt(#[from] log::InvalidReceipt),
    /// See the message.
    #[error("the beginning of the longer log: {0}")]
    Prefix(#[from] Inconsistent),
    /// See the message.
    #[error("the file is not the one in the leaf")]
    OtherFile,
    /// See [`FormatFault`].
    #[error("attestation: {0}")]
    Attestation(#[from] FormatFault),
    /// See the message.
    #[error("it cannot be judged here, for there is no verifying key: {0}")]
    NoKey(String),
    /// See the message.
    #[error("an event is no message: {0}")]
    Message(#[from] prost::DecodeError),
    /// See the message.
    #[error("an event is malformed: {0}")]
    Event(#[from] InvalidField),
    /// See the message.
    #[error("the events are not those of the head")]
    Events,
    /// See the message.
    #[error("what the file holds is in order: it shows no misbehaviour")]
    Harmless,
    /// See the message.
    #[error("this is a report of what a monitor saw, not proof: {0}")]
    Report(String),
}

impl Claim {
    /// The claim that `shorter` is no beginning of the log whose tree and head
    /// are given.
    pub fn other_prefix(tree: &BoardTree, longer: SignedHead, shorter: SignedHead) -> Option<Self> {
        OtherPrefix::new(tree, longer, shorter).map(Self::OtherPrefix)
    }

    /// Whether the claim is meant to be proof.
    pub fn is_proof(&self) -> bool {
        !matches!(self, Claim::Report { .. })
    }
}

impl Evidence {
    /// Evidence in the present format.
    pub fn new(log: Parties, claim: Claim) -> Self {
        Self { format: FORMAT.into(), version: VERSION, log, claim }
    }

    /// Whether a file says that it is of this form.
    pub fn is_format(bytes: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        serde_json::from_slice::<Head>(bytes).is_ok_and(|head| head.format == FORMAT)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it is not JSON of this form.
    pub fn from_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The file.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = serde_json::to_vec_pretty(self).expect("evidence holds only what JSON can");
        out.push(b'\n');
        out
    }

    /// Checks everything anew, and says what the operator did.
    ///
    /// # Errors
    /// If it does not prove what it claims.
    pub fn check(&self, proofs: &dyn AttestationProofs) -> Result<String, InvalidEvidence> {
        if self.format != FORMAT || self.version != VERSION {
            return Err(InvalidEvidence::Format { found: self.format.clone(), version: self.version });
        }
        match &self.claim {
            Claim::TwoLeaves { first, second } => self.two_leaves(first, second),
            Claim::TwoHeads { first, second } => self.two_heads(first, second),
            Claim::OtherPrefix(heads) => self.other_prefix(heads),
            Claim::InvalidAttestation { receipt, file } => self.invalid_attestation(receipt, file, proofs),
            Claim::BrokenRule { head, events, seq } => self.broken_rule(head, events, *seq),
            Claim::Report { saw, .. } => Err(InvalidEvidence::Report(saw.clone())),
        }
    }

    fn receipt(&self, json: &ReceiptJson) -> Result<Receipt, InvalidEvidence> {
        let siblings =
            json.siblings[..].try_into().map_err(|_| InvalidEvidence::Siblings(json.siblings.len()))?;
        let receipt =
            Receipt { row: json.row, head: json.head, path: BoardPath { index: json.index, siblings } };
        receipt.check(&self.log)?;
        Ok(receipt)
    }

    fn two_leaves(&self, first: &ReceiptJson, second: &ReceiptJson) -> Result<String, InvalidEvidence> {
        let (first, second) = (self.receipt(first)?, self.receipt(second)?);
        if !first.contradicts(&second) {
            return Err(InvalidEvidence::Harmless);
        }
        let (a, b) = (first.head.head.size, second.head.head.size);
        Ok(format!("signed two views, of {a} and {b} events, that differ in event {}", first.path.index))
    }

    fn two_heads(&self, first: &SignedHead, second: &SignedHead) -> Result<String, InvalidEvidence> {
        self.log.check_head(first)?;
        self.log.check_head(second)?;
        let conflict = head_conflict(&first.head, &second.head).ok_or(InvalidEvidence::Harmless)?;
        Ok(format!("signed heads of {} and {} events: {conflict}", first.head.size, second.head.size))
    }

    fn other_prefix(&self, heads: &OtherPrefix) -> Result<String, InvalidEvidence> {
        self.log.check_head(&heads.longer)?;
        self.log.check_head(&heads.shorter)?;
        if !heads.differs()? {
            return Err(InvalidEvidence::Harmless);
        }
        let (m, n) = (heads.shorter.head.size, heads.longer.head.size);
        Ok(format!("signed two views, of {n} and {m} events: the first {m} events differ"))
    }

    fn invalid_attestation(
        &self,
        receipt: &ReceiptJson,
        file: &[u8],
        proofs: &dyn AttestationProofs,
    ) -> Result<String, InvalidEvidence> {
        let receipt = self.receipt(receipt)?;
        let attestation = Attestation::from_bytes(file)?;
        let entry =
            Entry { time: receipt.row.time, event: Event::Attestation(Box::new(attestation.clone())) };
        if receipt.row.content != keccak256(file) || receipt.row != entry.row() {
            return Err(InvalidEvidence::OtherFile);
        }
        let fails = |(check, why)| NotProven::Fails { check, why };
        let checked = attestation.check_content().map_err(fails).and_then(|()| proofs.verify(&attestation));
        match checked {
            Ok(()) => Err(InvalidEvidence::Harmless),
            Err(NotProven::NoKey(why)) => Err(InvalidEvidence::NoKey(why)),
            Err(why) => Ok(format!("logged attestation {}, which is invalid: {why}", receipt.path.index)),
        }
    }

    fn broken_rule(
        &self,
        head: &SignedHead,
        events: &[EventBytes],
        seq: u32,
    ) -> Result<String, InvalidEvidence> {
        self.log.check_head(head)?;
        let entries = events.iter().map(EventBytes::read).collect::<Result<Vec<_>, _>>()?;
        let mut tree = BoardTree::new();
        for entry in &entries {
            tree.append(entry.row().leaf()).ok_or(InvalidEvidence::Events)?;
        }
        if (tree.len(), tree.root()) != (head.head.size, head.head.root) {
            return Err(InvalidEvidence::Events);
        }
        let mut log = Log::new(self.log.clone());
        for (entry, number) in entries.iter().zip(0..) {
            match log.admit(entry) {
                Err(why) if number == seq => {
                    return Ok(format!("signed a log whose event {seq} breaks a rule: {why}"));
                }
                Err(_) => return Err(InvalidEvidence::Harmless),
                Ok(_) => {}
            }
        }
        Err(InvalidEvidence::Harmless)
    }
}

impl EventBytes {
    fn read(&self) -> Result<Entry, InvalidEvidence> {
        Ok(Entry::try_from(v1::LogEvent::decode(&self.0[..])?)?)
    }
}

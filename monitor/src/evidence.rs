//! Evidence that anybody can check offline: one JSON file per finding, with
//! all that is needed to judge it. spec: `monitor.evidence`.

use circuits::{
    ballot::Statement,
    curve::Fr,
    params::BOARD_DEPTH,
    primitives::merkle::{BoardPath, BoardTree, ConsistencyProof, Inconsistent},
    types::{
        Address, BoardRoot, BoardRow, CiphertextDigest, Draft, ElectionId, ElectionKey, Head,
        InvalidElectionKey, InvalidReceipt, InvalidSignature, InvalidSignedDraft, InvalidTrusteeMessage,
        ProofBytes, Receipt, SignedDraft, SignedElectionKey, SignedHead, Slot, TrusteeMessage, board_root,
        json,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fmt};
use verifier::{CircuitId, InvalidKey, KeyHash, Proof, VerifyError, VerifyingKey, verify};

/// `format` of the files.
pub const FORMAT: &str = "tabella evidence";
/// Version that is written and read.
pub const VERSION: u32 = 1;

/// A file of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The election's draft: names operator and trustees.
    pub draft: SignedDraft,
    /// The election's key, whose identifier heads and receipts name; absent
    /// before there is one.
    pub key: Option<SignedElectionKey>,
    /// What happened.
    pub claim: Claim,
}

/// A receipt in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptJson {
    row: BoardRow,
    head: SignedHead,
    path: PathJson,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathJson {
    index: u32,
    #[serde(with = "json::fields")]
    siblings: Vec<Fr>,
}

impl From<&Receipt> for ReceiptJson {
    fn from(r: &Receipt) -> Self {
        let path = PathJson { index: r.path.index, siblings: r.path.siblings.to_vec() };
        Self { row: r.row, head: r.head, path }
    }
}

impl ReceiptJson {
    fn receipt(&self) -> Result<Receipt, InvalidEvidence> {
        let found = self.path.siblings.len();
        let siblings = self.path.siblings[..].try_into().map_err(|_| InvalidEvidence::Siblings(found))?;
        Ok(Receipt { row: self.row, head: self.head, path: BoardPath { index: self.path.index, siblings } })
    }
}

/// What somebody did. Each but the last is proof: whoever is named signed
/// two things that exclude one another, or one that breaks a rule.
/// spec: `monitor.claims`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Claim {
    /// Two signed views with different leaves at one index (A35, A36).
    TwoLeaves {
        /// One view's leaf, head and path.
        first: ReceiptJson,
        /// The other's.
        second: ReceiptJson,
    },
    /// Two signed heads that no one board can have had (A35, A37).
    TwoHeads {
        /// One.
        first: SignedHead,
        /// The other.
        second: SignedHead,
    },
    /// A signed head that is no beginning of the board of a longer one (A35).
    OtherPrefix(OtherPrefix),
    /// A receipt for an entry, and a last head below it (A36).
    Dropped {
        /// The promise.
        receipt: ReceiptJson,
        /// The closed head.
        last: SignedHead,
    },
    /// An entry on the signed board whose proof does not hold.
    InvalidProof {
        /// The entry's leaf, under a signed head.
        receipt: ReceiptJson,
        /// The entry's proof, which the leaf binds.
        proof: ProofBytes,
        /// The ballot's verifying key, whose hash the election pins.
        #[serde(with = "json::bytes")]
        key: Vec<u8>,
    },
    /// Two entries on one signed board that exclude one another (A3).
    Conflict {
        /// One.
        first: ReceiptJson,
        /// The other.
        second: ReceiptJson,
    },
    /// An entry that builds on something that its slot did not hold.
    Unfounded {
        /// Over all rows.
        head: SignedHead,
        /// The board.
        rows: Vec<BoardRow>,
        /// Number of the entry.
        seq: u32,
    },
    /// Two messages of a trustee for one place (A27).
    Equivocation {
        /// One.
        first: TrusteeMessage,
        /// The other.
        second: TrusteeMessage,
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

/// A signed head, and the beginning that the tree of a longer one had at its
/// size. The same for boards and logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPrefix {
    /// The longer head.
    pub longer: SignedHead,
    /// The other one.
    pub shorter: SignedHead,
    /// Root of the longer tree when it had the shorter one's size.
    prefix: BoardRoot,
    /// See [`ConsistencyProof::first_subtrees`].
    #[serde(with = "json::fields")]
    first_subtrees: Vec<Fr>,
    /// See [`ConsistencyProof::siblings`].
    #[serde(with = "json::fields")]
    siblings: Vec<Fr>,
}

impl OtherPrefix {
    /// Of a tree with its head; `None` if it is smaller than either head.
    pub(crate) fn new(tree: &BoardTree, longer: SignedHead, shorter: SignedHead) -> Option<Self> {
        let (m, n) = (shorter.head.size, longer.head.size);
        let ConsistencyProof { first_subtrees, siblings } = tree.prove_consistency(m, n)?;
        Some(Self { longer, shorter, prefix: tree.root_at(m)?, first_subtrees, siblings })
    }

    /// Whether the beginnings differ. Signatures are checked apart.
    ///
    /// # Errors
    /// If the longer tree did not have the named beginning.
    pub(crate) fn differs(&self) -> Result<bool, Inconsistent> {
        let (first_subtrees, siblings) = (self.first_subtrees.clone(), self.siblings.clone());
        let (long, short) = (&self.longer.head, &self.shorter.head);
        let proof = ConsistencyProof { first_subtrees, siblings };
        proof.check((short.size, self.prefix), (long.size, long.root))?;
        Ok(self.prefix != short.root)
    }
}

/// Whom the evidence convicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The draft's operator.
    Operator(Address),
    /// A trustee.
    Trustee {
        /// From 1.
        index: u8,
        /// The account in the draft.
        address: Address,
    },
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Culprit::Operator(address) => write!(f, "operator {address}"),
            Culprit::Trustee { index, address } => write!(f, "trustee {index} ({address})"),
        }
    }
}

/// What valid evidence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who did it.
    pub culprit: Culprit,
    /// In which election; `None` if its key was never made.
    pub election: Option<ElectionId>,
    /// What was done.
    pub what: String,
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// See [`InvalidSignedDraft`].
    #[error("draft: {0}")]
    Draft(#[from] InvalidSignedDraft),
    /// See [`InvalidElectionKey`].
    #[error("election key: {0}")]
    ElectionKey(#[from] InvalidElectionKey),
    /// See the message.
    #[error("the election's key is missing, so heads and receipts belong to no known election")]
    NoElectionKey,
    /// See the message.
    #[error("a path has {BOARD_DEPTH} siblings, not {0}")]
    Siblings(usize),
    /// See [`InvalidReceipt`].
    #[error("receipt: {0}")]
    Receipt(#[from] InvalidReceipt),
    /// See the message.
    #[error("a head is not signed by the operator: {0}")]
    Head(#[from] InvalidSignature),
    /// See the message.
    #[error("a head is of election {0}")]
    Election(ElectionId),
    /// See [`Inconsistent`].
    #[error("the beginning of the longer board: {0}")]
    Prefix(#[from] Inconsistent),
    /// See the message.
    #[error("the proof in the file is not the one in the leaf")]
    OtherProof,
    /// See [`InvalidKey`].
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// See the message.
    #[error("the rows are not those of the head")]
    Rows,
    /// See [`InvalidTrusteeMessage`].
    #[error(transparent)]
    Message(#[from] InvalidTrusteeMessage),
    /// See the message.
    #[error("what the file holds is in order: it shows no misbehaviour")]
    Harmless,
    /// See the message.
    #[error("this is a report of what a monitor saw, not proof: {0}")]
    Report(String),
}

/// Why two heads cannot both be of one board. spec: `board.misbehaviour`
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadConflict {
    /// See the message.
    #[error("two roots were signed for one size")]
    Roots,
    /// See the message.
    #[error("a head was signed after the board was closed with another")]
    AfterClosing,
    /// See the message.
    #[error("a shorter board was signed at a later time: entries were taken back")]
    Shrunk,
}

/// Whether two heads of one operator exclude one another, by themselves.
/// Times never fall from one head to the next, sizes neither, and a closed
/// head is the last. spec: `board.misbehaviour`
pub fn head_conflict(a: &Head, b: &Head) -> Option<HeadConflict> {
    if a.election_id != b.election_id {
        return None;
    }
    let (short, long) = if a.size <= b.size { (a, b) } else { (b, a) };
    let shorter = short.size < long.size;
    let reopened = |closed: &Head, other: &Head| closed.closed && !other.closed && other.time > closed.time;
    if !shorter && a.root != b.root {
        Some(HeadConflict::Roots)
    } else if shorter && short.time > long.time {
        Some(HeadConflict::Shrunk)
    } else if shorter && short.closed || reopened(a, b) || reopened(b, a) {
        Some(HeadConflict::AfterClosing)
    } else {
        None
    }
}

/// Why two rows cannot both be on one board. spec: `ballot.outside`
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowConflict {
    /// See the message.
    #[error("both build on the same content of one slot")]
    Prev,
    /// See the message.
    #[error("both bring the same content into one slot")]
    Next,
    /// See the message.
    #[error("both spend the same ticket")]
    Ticket,
}

/// Whether two entries of one board exclude one another, whatever lies
/// between them. spec: `ballot.outside`
pub fn row_conflict(a: &BoardRow, b: &BoardRow) -> Option<RowConflict> {
    let one_slot = a.slot == b.slot;
    if a.ticket == b.ticket {
        Some(RowConflict::Ticket)
    } else if one_slot && a.prev_digest == b.prev_digest {
        Some(RowConflict::Prev)
    } else if one_slot && a.next_digest == b.next_digest {
        Some(RowConflict::Next)
    } else {
        None
    }
}

impl Claim {
    /// The claim that `shorter` is no beginning of the board whose tree and
    /// head are given.
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
    pub fn new(draft: SignedDraft, key: Option<SignedElectionKey>, claim: Claim) -> Self {
        Self { format: FORMAT.into(), version: VERSION, draft, key, claim }
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

    /// Checks everything anew, from the file alone.
    ///
    /// # Errors
    /// If it does not prove what it claims.
    pub fn check(&self) -> Result<Verdict, InvalidEvidence> {
        if self.format != FORMAT || self.version != VERSION {
            return Err(InvalidEvidence::Format { found: self.format.clone(), version: self.version });
        }
        self.draft.check()?;
        let draft = &self.draft.draft;
        if let Some(key) = &self.key {
            key.check(draft)?;
        }
        if let Claim::Report { saw, .. } = &self.claim {
            return Err(InvalidEvidence::Report(saw.clone()));
        }
        let election = self.key.as_ref().map(|k| k.key.election_id());
        if let Claim::Equivocation { first, second } = &self.claim {
            let culprit = equivocation(draft, first, second)?;
            let what = format!("signed two messages for one place of round {}", first.round);
            return Ok(Verdict { culprit, election, what });
        }
        let key = &self.key.as_ref().ok_or(InvalidEvidence::NoElectionKey)?.key;
        let court = Court { draft, key, election: key.election_id() };
        let what = court.judge(&self.claim)?;
        Ok(Verdict { culprit: Culprit::Operator(draft.operator), election, what })
    }
}

fn equivocation(
    draft: &Draft,
    first: &TrusteeMessage,
    second: &TrusteeMessage,
) -> Result<Culprit, InvalidEvidence> {
    first.check(draft)?;
    second.check(draft)?;
    let place = |m: &TrusteeMessage| (m.round, m.from, m.to);
    if place(first) != place(second) || first.body == second.body {
        return Err(InvalidEvidence::Harmless);
    }
    let address = draft.trustees[usize::from(first.from) - 1].signer;
    Ok(Culprit::Trustee { index: first.from, address })
}

/// Judges claims against the operator.
struct Court<'a> {
    draft: &'a Draft,
    key: &'a ElectionKey,
    election: ElectionId,
}

impl Court<'_> {
    /// What was done.
    fn judge(&self, claim: &Claim) -> Result<String, InvalidEvidence> {
        match claim {
            Claim::TwoLeaves { first, second } => self.two_leaves(first, second),
            Claim::TwoHeads { first, second } => self.two_heads(first, second),
            Claim::OtherPrefix(heads) => self.other_prefix(heads),
            Claim::Dropped { receipt, last } => self.dropped(receipt, last),
            Claim::InvalidProof { receipt, proof, key } => self.invalid_proof(receipt, proof, key),
            Claim::Conflict { first, second } => self.conflict(first, second),
            Claim::Unfounded { head, rows, seq } => self.unfounded(head, rows, *seq),
            Claim::Equivocation { .. } | Claim::Report { .. } => Err(InvalidEvidence::Harmless),
        }
    }

    fn head(&self, head: &SignedHead) -> Result<(), InvalidEvidence> {
        if head.head.election_id != self.election {
            return Err(InvalidEvidence::Election(head.head.election_id));
        }
        Ok(head.check(&self.draft.domain(), self.draft.operator)?)
    }

    fn receipt(&self, receipt: &ReceiptJson) -> Result<Receipt, InvalidEvidence> {
        let receipt = receipt.receipt()?;
        receipt.check(self.election, &self.draft.domain(), self.draft.operator)?;
        Ok(receipt)
    }

    fn two_leaves(&self, first: &ReceiptJson, second: &ReceiptJson) -> Result<String, InvalidEvidence> {
        let (first, second) = (self.receipt(first)?, self.receipt(second)?);
        if !first.contradicts(&second) {
            return Err(InvalidEvidence::Harmless);
        }
        let (a, b) = (first.head.head.size, second.head.head.size);
        Ok(format!("signed two views, of {a} and {b} entries, that differ in entry {}", first.path.index))
    }

    fn two_heads(&self, first: &SignedHead, second: &SignedHead) -> Result<String, InvalidEvidence> {
        self.head(first)?;
        self.head(second)?;
        let conflict = head_conflict(&first.head, &second.head).ok_or(InvalidEvidence::Harmless)?;
        Ok(format!("signed heads of {} and {} entries: {conflict}", first.head.size, second.head.size))
    }

    fn other_prefix(&self, heads: &OtherPrefix) -> Result<String, InvalidEvidence> {
        self.head(&heads.longer)?;
        self.head(&heads.shorter)?;
        if !heads.differs()? {
            return Err(InvalidEvidence::Harmless);
        }
        let (m, n) = (heads.shorter.head.size, heads.longer.head.size);
        Ok(format!("signed two views, of {n} and {m} entries: the first {m} entries differ"))
    }

    fn dropped(&self, receipt: &ReceiptJson, last: &SignedHead) -> Result<String, InvalidEvidence> {
        let receipt = self.receipt(receipt)?;
        self.head(last)?;
        if !receipt.broken_by_size(&last.head) {
            return Err(InvalidEvidence::Harmless);
        }
        let (seq, size) = (receipt.path.index, last.head.size);
        Ok(format!("gave a receipt for entry {seq} and closed the board with {size} entries"))
    }

    fn invalid_proof(
        &self,
        receipt: &ReceiptJson,
        proof: &ProofBytes,
        key: &[u8],
    ) -> Result<String, InvalidEvidence> {
        let receipt = self.receipt(receipt)?;
        if receipt.row.proof_hash != proof.hash() {
            return Err(InvalidEvidence::OtherProof);
        }
        let key = VerifyingKey::from_bytes(key)?;
        key.require_hash(KeyHash(self.key.verifying_keys[1]))?;
        let inputs = self.statement(&receipt.row).encode();
        key.require_circuit(CircuitId::Ballot(self.draft.rule.shape()), inputs.len())?;
        let decoded = Proof::from_bytes(proof).map_err(VerifyError::from);
        match decoded.and_then(|p| verify(&key.prepare(), &inputs, &p)) {
            Ok(()) => Err(InvalidEvidence::Harmless),
            Err(why) => Ok(format!("signed a board whose entry {} is invalid: {why}", receipt.path.index)),
        }
    }

    fn statement(&self, row: &BoardRow) -> Statement {
        Statement {
            census_root: self.key.census_root,
            election_id: self.election,
            rule: self.draft.rule,
            pk: self.key.public_key,
            slot: row.slot,
            prev_digest: row.prev_digest,
            next_digest: row.next_digest,
            ticket: row.ticket,
        }
    }

    fn conflict(&self, first: &ReceiptJson, second: &ReceiptJson) -> Result<String, InvalidEvidence> {
        let (first, second) = (self.receipt(first)?, self.receipt(second)?);
        let (i, j) = (first.path.index, second.path.index);
        let same_board = first.head.head.root == second.head.head.root;
        let conflict = row_conflict(&first.row, &second.row).filter(|_| same_board && i != j);
        let conflict = conflict.ok_or(InvalidEvidence::Harmless)?;
        Ok(format!("signed a board with entries {i} and {j}: {conflict}"))
    }

    fn unfounded(&self, head: &SignedHead, rows: &[BoardRow], seq: u32) -> Result<String, InvalidEvidence> {
        self.head(head)?;
        if rows.len() != head.head.size as usize || board_root(rows) != head.head.root {
            return Err(InvalidEvidence::Rows);
        }
        let row = rows.get(seq as usize).ok_or(InvalidEvidence::Rows)?;
        let before = rows[..seq as usize].iter().map(|r| (r.slot, r.next_digest));
        let current: HashMap<Slot, CiphertextDigest> = before.collect();
        let current = current.get(&row.slot).copied().unwrap_or_else(CiphertextDigest::empty);
        if row.prev_digest == current {
            return Err(InvalidEvidence::Harmless);
        }
        Ok(format!("signed a board whose entry {seq} builds on something that its slot did not hold"))
    }
}

//! A member's own copy of a board, checked entry by entry against the
//! operator's signed heads. spec: `client.mirror`, `board.head`.
//!
//! The copy is always of the *whole* board: asking about one slot would tell
//! the operator whose it is (A64).

use crate::{Error, Node, election::Election, error::During, state::Journal};
use circuits::{
    ballot::{Context, Statement},
    curve::Fr,
    primitives::merkle::BoardTree,
    types::{
        Address, BallotShape, BoardEntry, BoardRoot, BoardRow, CiphertextDigest, Ciphertexts, Domain,
        ElectionId, InvalidSignature, Receipt, SignedHead, Slot, Ticket,
    },
};
use proto::v1;
use rand_core::{OsRng, RngCore};
use std::collections::{HashMap, HashSet};
use verifier::{Claim, PreparedVerifyingKey, VerifyError, tally::ClosedBoard, verify_batch};

/// Why a board is refused. Whoever sees one should keep the evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBoard {
    /// See the message.
    #[error("the head is not signed by the operator: {0}")]
    HeadSignature(#[from] InvalidSignature),
    /// See the message.
    #[error("the head is of election {0}")]
    HeadElection(ElectionId),
    /// Two signed heads that no one board can have: proof of misbehaviour
    /// with the entries. A35, A37.
    #[error(
        "the operator signed two views: size {} with root {}, and size {} with another history; keep both",
        .known.head.size, .known.head.root, .shown.head.size
    )]
    SplitView {
        /// Seen before.
        known: Box<SignedHead>,
        /// Shown now.
        shown: Box<SignedHead>,
    },
    /// See the message. A37.
    #[error(
        "the node shows {shown} entries, but it signed for {known} before; it lags or was rolled back: wait, and tell the monitors"
    )]
    Behind {
        /// Size of the newest head seen.
        known: u32,
        /// Size shown now.
        shown: u32,
    },
    /// See the message.
    #[error("the entries up to {size} have root {computed}, the signed head says {signed}")]
    Root {
        /// The head's size.
        size: u32,
        /// Over the entries sent.
        computed: BoardRoot,
        /// As signed.
        signed: BoardRoot,
    },
    /// See the message.
    #[error("the node sent entries up to {found}, its signed head says {size}; try again")]
    Short {
        /// The head's size.
        size: u32,
        /// Entries received.
        found: u32,
    },
    /// See the message.
    #[error("entry {seq}: {fault}; the board is not valid")]
    Entry {
        /// The entry's number.
        seq: u32,
        /// What is wrong.
        fault: EntryFault,
    },
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// See the message.
    #[error("it has another number of ciphertexts than the election's ballots")]
    Shape,
    /// See the message.
    #[error("next_digest is not the digest of its ciphertexts")]
    Digest,
    /// See the message.
    #[error("prev_digest is not the slot's digest before it")]
    Chain,
    /// See the message.
    #[error("its next_digest has been in this slot before")]
    RepeatedDigest,
    /// See the message.
    #[error("its ticket was spent before")]
    Ticket,
    /// See the message.
    #[error("its proof does not hold: {0}")]
    Proof(VerifyError),
}

/// What a slot holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotHead {
    /// Its digest.
    pub digest: CiphertextDigest,
    /// The ciphertexts with that digest.
    pub ciphertexts: Ciphertexts,
}

/// The copy.
#[derive(Debug)]
pub struct Mirror {
    election: ElectionId,
    context: Context,
    domain: Domain,
    operator: Address,
    tree: BoardTree,
    rows: Vec<BoardRow>,
    slots: HashMap<Slot, SlotHead>,
    /// Slots in the order of their first entry, to draw one at random.
    order: Vec<Slot>,
    /// Every digest that a slot has held.
    digests: HashSet<(Slot, CiphertextDigest)>,
    tickets: HashMap<Ticket, u32>,
    head: Option<SignedHead>,
    proofs: Option<PreparedVerifyingKey>,
    journal: Option<Journal>,
}

/// Entries checked before the next page is read.
const PAGE_MAX: usize = 1024;

const STREAM_CALL: &str = "BoardService.StreamEntries";

/// Entries on their way from a node, in log order; form and numbers are
/// checked, nothing else.
#[derive(Debug)]
pub struct EntryPages {
    stream: tonic::Streaming<v1::StreamEntriesResponse>,
    next: u32,
}

impl EntryPages {
    /// Asks for the entries from `start` on. With `follow` the pages go on
    /// until the board is closed.
    ///
    /// # Errors
    /// If the node refuses.
    pub async fn open(node: &Node, election: ElectionId, start: u32, follow: bool) -> Result<Self, Error> {
        let request = v1::StreamEntriesRequest { election_id: election.to_bytes().to_vec(), start, follow };
        let stream = node.board().stream_entries(request).await.during(STREAM_CALL)?.into_inner();
        Ok(Self { stream, next: start })
    }

    /// The next page; `None` at the end.
    ///
    /// # Errors
    /// If the stream breaks, skips entries, or an entry is malformed.
    pub async fn next(&mut self) -> Result<Option<Vec<BoardEntry>>, Error> {
        let Some(page) = self.stream.message().await.during(STREAM_CALL)? else { return Ok(None) };
        if page.start != self.next || page.entries.len() > PAGE_MAX {
            return Err(Error::Incomplete {
                call: STREAM_CALL,
                problem: "skips entries or has too many at once",
            });
        }
        let entries = page.entries.into_iter().map(BoardEntry::try_from);
        let entries = entries.collect::<Result<Vec<_>, _>>().during(STREAM_CALL)?;
        self.next = self.next.saturating_add(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Ok(Some(entries))
    }
}

impl Mirror {
    /// An empty copy of the election's board.
    pub fn new(election: &Election) -> Self {
        Self::empty(election.context(), election.domain(), election.draft().operator)
    }

    fn empty(context: Context, domain: Domain, operator: Address) -> Self {
        Self {
            election: context.election_id,
            context,
            domain,
            operator,
            tree: BoardTree::new(),
            rows: Vec::new(),
            slots: HashMap::new(),
            order: Vec::new(),
            digests: HashSet::new(),
            tickets: HashMap::new(),
            head: None,
            proofs: None,
            journal: None,
        }
    }

    /// The board of a record, up to its last head.
    ///
    /// # Errors
    /// If the entries are not those of the head.
    pub fn of_record(record: &verifier::record::Record) -> Result<Self, InvalidBoard> {
        let election = &record.election;
        let (draft, key) = (&election.draft.draft, &election.key.key);
        let context = Context {
            census_root: election.census.root,
            election_id: key.election_id(),
            rule: draft.rule,
            pk: key.public_key,
        };
        let mut mirror = Self::empty(context, draft.domain(), draft.operator);
        mirror.extend(&record.entries)?;
        mirror.adopt(election.head)?;
        Ok(mirror)
    }

    /// From now on writes what it learns from a node.
    pub(crate) fn keep_in(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Also verifies every entry's proof, with the election's ballot key.
    #[must_use]
    pub fn with_proofs(mut self, key: PreparedVerifyingKey) -> Self {
        self.proofs = Some(key);
        self
    }

    /// Brings the copy up to the node's newest signed head: one request for
    /// the head, one for all entries from the copy's size on.
    ///
    /// # Errors
    /// If the node refuses, or shows something that its heads forbid.
    pub async fn sync(&mut self, node: &Node) -> Result<(), Error> {
        let head = self.fetch_head(node).await?;
        let size = head.head.size;
        let mut pages = EntryPages::open(node, self.election, self.len(), false).await?;
        while self.len() < size
            && let Some(mut entries) = pages.next().await?
        {
            entries.truncate((size - self.len()) as usize);
            self.extend(&entries)?;
            self.journal.as_mut().map_or(Ok(()), Journal::flush)?;
        }
        self.adopt(head)?;
        self.journal.as_mut().map_or(Ok(()), |journal| journal.head(&head))
    }

    async fn fetch_head(&self, node: &Node) -> Result<SignedHead, Error> {
        const CALL: &str = "BoardService.GetHead";
        let request = v1::GetHeadRequest { election_id: self.election.to_bytes().to_vec() };
        let head = node.board().get_head(request).await.during(CALL)?.into_inner().head.during(CALL)?;
        let head = SignedHead::try_from(head).during(CALL)?;
        self.check_head(&head)?;
        Ok(head)
    }

    /// Checks signature and election of a head, and that it continues the
    /// ones before.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_head(&self, shown: &SignedHead) -> Result<(), InvalidBoard> {
        if shown.head.election_id != self.election {
            return Err(InvalidBoard::HeadElection(shown.head.election_id));
        }
        shown.check(&self.domain, self.operator)?;
        let Some(known) = self.head else { return Ok(()) };
        let (old, new) = (known.head.size, shown.head.size);
        let (longer, shorter) = (known.head.closed && new > old, shown.head.closed && new < old);
        let other_root = self.tree.root_at(new).is_some_and(|root| root != shown.head.root);
        if longer || shorter || other_root {
            return Err(InvalidBoard::SplitView { known: Box::new(known), shown: Box::new(*shown) });
        }
        if new < old { Err(InvalidBoard::Behind { known: old, shown: new }) } else { Ok(()) }
    }

    /// Makes a checked head the newest, once the entries below it are here.
    ///
    /// # Errors
    /// If entries are missing, or their root is not the head's.
    pub fn adopt(&mut self, head: SignedHead) -> Result<(), InvalidBoard> {
        self.check_head(&head)?;
        let (size, found) = (head.head.size, self.len());
        let computed = self.tree.root_at(size).ok_or(InvalidBoard::Short { size, found })?;
        if computed != head.head.root {
            return Err(InvalidBoard::Root { size, computed, signed: head.head.root });
        }
        // An older head of the same size does not open a closed board again.
        if !self.is_closed() {
            self.head = Some(head);
        }
        Ok(())
    }

    /// Appends entries, checked: shape, digest, chain of the slot, ticket,
    /// and proofs if asked for. spec: `ballot.outside`
    ///
    /// # Errors
    /// The first entry that is wrong; the ones before it are kept.
    pub fn extend(&mut self, entries: &[BoardEntry]) -> Result<(), InvalidBoard> {
        self.check_proofs(entries)?;
        let hashed = hash_all(entries);
        entries.iter().zip(hashed).try_for_each(|(entry, hashed)| self.push(entry, &hashed))
    }

    fn push(&mut self, entry: &BoardEntry, hashed: &Hashed) -> Result<(), InvalidBoard> {
        let seq = self.len();
        let refuse = |fault| Err(InvalidBoard::Entry { seq, fault });
        if entry.ciphertexts.shape() != self.shape() {
            return refuse(EntryFault::Shape);
        }
        if hashed.digest != entry.next_digest {
            return refuse(EntryFault::Digest);
        }
        if self.digest(entry.slot) != entry.prev_digest {
            return refuse(EntryFault::Chain);
        }
        if self.digests.contains(&(entry.slot, entry.next_digest)) {
            return refuse(EntryFault::RepeatedDigest);
        }
        if self.tickets.contains_key(&entry.ticket) {
            return refuse(EntryFault::Ticket);
        }
        self.tree.append(hashed.leaf).ok_or(InvalidBoard::Short { size: u32::MAX, found: seq })?;
        self.rows.push(hashed.row);
        if let Some(journal) = &mut self.journal {
            journal.entry(entry);
        }
        self.tickets.insert(entry.ticket, seq);
        self.digests.insert((entry.slot, entry.next_digest));
        let head = SlotHead { digest: entry.next_digest, ciphertexts: entry.ciphertexts.clone() };
        if self.slots.insert(entry.slot, head).is_none() {
            self.order.push(entry.slot);
        }
        Ok(())
    }

    fn check_proofs(&self, entries: &[BoardEntry]) -> Result<(), InvalidBoard> {
        let Some(key) = &self.proofs else { return Ok(()) };
        let claim = |e: &BoardEntry| Claim { inputs: self.statement(e).encode().to_vec(), proof: e.proof };
        let claims: Vec<Claim> = entries.iter().map(claim).collect();
        verify_batch(key, &claims).map_err(|bad| {
            let (offset, why) = *bad.0.first().expect("a refused batch names a bad claim");
            let seq = self.len().saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
            InvalidBoard::Entry { seq, fault: EntryFault::Proof(why) }
        })
    }

    fn statement(&self, entry: &BoardEntry) -> Statement {
        Statement {
            census_root: self.context.census_root,
            election_id: self.election,
            rule: self.context.rule,
            pk: self.context.pk,
            slot: entry.slot,
            prev_digest: entry.prev_digest,
            next_digest: entry.next_digest,
            ticket: entry.ticket,
        }
    }

    fn shape(&self) -> BallotShape {
        self.context.rule.shape()
    }

    /// Number of entries.
    pub fn len(&self) -> u32 {
        self.tree.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The newest head whose entries are all here.
    pub fn head(&self) -> Option<&SignedHead> {
        self.head.as_ref()
    }

    /// Whether the board has its last entry.
    pub fn is_closed(&self) -> bool {
        self.head.is_some_and(|h| h.head.closed)
    }

    /// The rows, in log order.
    pub fn rows(&self) -> &[BoardRow] {
        &self.rows
    }

    /// The tree over the rows.
    pub fn tree(&self) -> &BoardTree {
        &self.tree
    }

    /// What a tally is about; `None` while the board is open.
    pub fn closed_board(&self) -> Option<ClosedBoard> {
        let zero = Ciphertexts::identity(self.shape());
        self.is_closed().then(|| ClosedBoard {
            election_id: self.election,
            public_key: self.context.pk,
            root: self.tree.root(),
            rows: self.rows.clone(),
            slots: u32::try_from(self.slots.len()).expect("slots are at most entries"),
            sums: self.slots.values().fold(zero, |sum, slot| sum.add(&slot.ciphertexts)),
        })
    }

    /// Number of slots that hold something.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// What a slot holds; `None` if it is empty.
    pub fn slot(&self, slot: Slot) -> Option<&SlotHead> {
        self.slots.get(&slot)
    }

    /// The slot's digest, the empty one if it holds nothing.
    pub fn digest(&self, slot: Slot) -> CiphertextDigest {
        self.slots.get(&slot).map_or_else(CiphertextDigest::empty, |s| s.digest)
    }

    /// The entry that spent a ticket.
    pub fn spent(&self, ticket: Ticket) -> Option<u32> {
        self.tickets.get(&ticket).copied()
    }

    /// A slot to mask, drawn uniformly among those that hold something;
    /// `None` if none does.
    pub fn random_slot(&self) -> Option<Slot> {
        let slots = self.order.len() as u64;
        // The largest multiple of `slots`: what lies above would favour the first.
        let end = u64::MAX - u64::MAX.checked_rem(slots)?;
        let drawn = std::iter::repeat_with(|| OsRng.next_u64()).find(|x| *x < end)?;
        self.order.get(usize::try_from(drawn % slots).ok()?).copied()
    }

    /// A receipt for entry `seq` under the newest head, made from the copy
    /// and without asking anyone; `None` beyond the head.
    pub fn receipt(&self, seq: u32) -> Option<Receipt> {
        let head = self.head?;
        let path = self.tree.path_at(seq, head.head.size)?;
        Some(Receipt { row: self.rows[seq as usize], head, path })
    }
}

/// The hashes of an entry: most of the work of following a board.
struct Hashed {
    digest: CiphertextDigest,
    row: BoardRow,
    leaf: Fr,
}

impl Hashed {
    fn of(entry: &BoardEntry) -> Self {
        let row = entry.row();
        Self { digest: entry.ciphertexts.digest(), row, leaf: row.leaf() }
    }
}

fn hash_all(entries: &[BoardEntry]) -> Vec<Hashed> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        entries.par_iter().map(Hashed::of).collect()
    }
    #[cfg(not(feature = "parallel"))]
    entries.iter().map(Hashed::of).collect()
}

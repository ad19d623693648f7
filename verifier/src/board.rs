//! Replaying a board: everything about its entries that anyone can check.
//! spec: `board.replay`.

use crate::{
    batch::{Claim, verify_batch},
    key::PreparedVerifyingKey,
    verify::VerifyError,
};
use circuits::{
    ballot,
    primitives::merkle::BoardTree,
    types::{
        BallotShape, BoardEntry, BoardRoot, CiphertextDigest, Ciphertexts, Draft, ElectionKey, Slot, Ticket,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// What all ballots of an election have in common.
pub fn ballot_context(draft: &Draft, key: &ElectionKey) -> ballot::Context {
    ballot::Context {
        census_root: key.census_root,
        election_id: key.election_id(),
        rule: draft.rule,
        pk: key.public_key,
    }
}

/// The claim that an entry's proof makes.
pub fn claim(context: &ballot::Context, entry: &BoardEntry) -> Claim {
    let statement = ballot::Statement {
        census_root: context.census_root,
        election_id: context.election_id,
        rule: context.rule,
        pk: context.pk,
        slot: entry.slot,
        prev_digest: entry.prev_digest,
        next_digest: entry.next_digest,
        ticket: entry.ticket,
    };
    Claim { inputs: statement.encode().to_vec(), proof: entry.proof }
}

/// Why an entry does not follow from the entries before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// See the message.
    #[error("its ciphertexts are not those of the rule's shape")]
    Shape,
    /// See the message.
    #[error("its ciphertexts do not hash to next_digest")]
    Digest,
    /// See the message.
    #[error("it builds on {found}, but the slot holds {current}")]
    Stale {
        /// The slot's digest.
        current: CiphertextDigest,
        /// The entry's.
        found: CiphertextDigest,
    },
    /// See the message.
    #[error("its next_digest has been in this slot before")]
    RepeatedDigest,
    /// See the message.
    #[error("its ticket is spent by entry {0}")]
    Ticket(u32),
    /// See the message.
    #[error("the board is full")]
    Full,
}

/// The last entry of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Number of the entry.
    pub seq: u32,
    /// Its digest.
    pub digest: CiphertextDigest,
    /// Its ciphertexts.
    pub ciphertexts: Ciphertexts,
}

/// A board under replay: every rule but the proofs, which
/// [`check_proofs`] verifies in batches.
#[derive(Clone, Debug)]
pub struct Replay {
    shape: BallotShape,
    slots: BTreeMap<Slot, SlotState>,
    digests: BTreeSet<(Slot, CiphertextDigest)>,
    tickets: BTreeMap<Ticket, u32>,
    tree: BoardTree,
}

impl Replay {
    /// An empty board.
    pub fn new(shape: BallotShape) -> Self {
        Self {
            shape,
            slots: BTreeMap::new(),
            digests: BTreeSet::new(),
            tickets: BTreeMap::new(),
            tree: BoardTree::new(),
        }
    }

    /// Checks an entry against the board so far.
    ///
    /// # Errors
    /// The first rule that it breaks; the board is unchanged.
    pub fn check(&self, entry: &BoardEntry) -> Result<(), EntryFault> {
        let current = self.current(entry.slot);
        if entry.ciphertexts.shape() != self.shape {
            return Err(EntryFault::Shape);
        }
        if entry.prev_digest != current {
            return Err(EntryFault::Stale { current, found: entry.prev_digest });
        }
        if self.digests.contains(&(entry.slot, entry.next_digest)) {
            return Err(EntryFault::RepeatedDigest);
        }
        if let Some(seq) = self.tickets.get(&entry.ticket) {
            return Err(EntryFault::Ticket(*seq));
        }
        if entry.ciphertexts.digest() != entry.next_digest { Err(EntryFault::Digest) } else { Ok(()) }
    }

    /// Checks an entry and appends it.
    ///
    /// # Errors
    /// As [`Replay::check`].
    pub fn append(&mut self, entry: &BoardEntry) -> Result<u32, EntryFault> {
        self.check(entry)?;
        let seq = self.tree.append(entry.leaf()).ok_or(EntryFault::Full)?;
        self.tickets.insert(entry.ticket, seq);
        self.digests.insert((entry.slot, entry.next_digest));
        let state = SlotState { seq, digest: entry.next_digest, ciphertexts: entry.ciphertexts.clone() };
        self.slots.insert(entry.slot, state);
        Ok(seq)
    }

    /// The current digest of a slot.
    pub fn current(&self, slot: Slot) -> CiphertextDigest {
        self.slots.get(&slot).map_or_else(CiphertextDigest::empty, |s| s.digest)
    }

    /// The board's tree.
    pub fn tree(&self) -> &BoardTree {
        &self.tree
    }

    /// The root.
    pub fn root(&self) -> BoardRoot {
        self.tree.root()
    }

    /// The number of entries.
    pub fn size(&self) -> u32 {
        self.tree.len()
    }

    /// The last entry of every slot.
    pub fn slots(&self) -> &BTreeMap<Slot, SlotState> {
        &self.slots
    }

    /// The sums over all slots, option by option.
    pub fn sums(&self) -> Ciphertexts {
        let zero = Ciphertexts::identity(self.shape);
        self.slots.values().fold(zero, |sum, slot| sum.add(&slot.ciphertexts))
    }
}

/// Entries verified per batch: bounds memory, and amortises the final
/// exponentiation well enough.
const BATCH: usize = 1024;

/// Verifies the proofs of all entries; names every bad one.
///
/// # Errors
/// The numbers and reasons of the bad entries.
pub fn check_proofs(
    key: &PreparedVerifyingKey,
    context: &ballot::Context,
    entries: &[BoardEntry],
) -> Result<(), Vec<(usize, VerifyError)>> {
    let mut bad = Vec::new();
    for (batch, start) in entries.chunks(BATCH).zip((0..).step_by(BATCH)) {
        let claims: Vec<Claim> = batch.iter().map(|e| claim(context, e)).collect();
        if let Err(found) = verify_batch(key, &claims) {
            bad.extend(found.0.into_iter().map(|(i, why)| (start + i, why)));
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(bad) }
}

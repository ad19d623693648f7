//! The board as a trustee has checked it by itself. spec: `trustee.board`.

use circuits::{
    primitives::merkle::BoardTree,
    types::{BallotShape, BoardEntry, BoardRoot, CiphertextDigest, Ciphertexts, ElectionId, Slot},
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A board whose every entry was checked: the only thing that a trustee
/// decrypts. Nothing but [`CheckedBoard::replay`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBoard {
    election_id: ElectionId,
    root: BoardRoot,
    size: u32,
    slots: u32,
    sums: Ciphertexts,
}

/// Why a board is refused. Entries count from 0 (`seq`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBoard {
    /// See the message.
    #[error("entry {0}: its ciphertexts are of another shape than the election's")]
    Shape(usize),
    /// See the message.
    #[error("entry {0}: its ciphertexts do not hash to its next_digest")]
    Digest(usize),
    /// See the message.
    #[error("entry {0}: its prev_digest is not the slot's current one")]
    Previous(usize),
    /// See the message.
    #[error("entry {0}: its next_digest has been in this slot before")]
    RepeatedDigest(usize),
    /// See the message.
    #[error("entry {0}: its ticket is spent")]
    Ticket(usize),
    /// See the message.
    #[error("entry {0}: its proof does not hold")]
    Proof(usize),
    /// See the message.
    #[error("{0} entries; a board has fewer than 2^32")]
    Size(usize),
}

/// What replaying keeps of one slot.
#[derive(Debug, Default)]
struct SlotHistory<'a> {
    digests: BTreeSet<CiphertextDigest>,
    last: Option<&'a BoardEntry>,
}

impl CheckedBoard {
    /// Replays all entries of an election's board in order: shapes, digests,
    /// chains of slots, tickets, and every ballot's proof. `proofs` verifies
    /// all proofs against the election's statement (B1 to B8) and verifying
    /// key, or names the first entry whose proof does not hold.
    ///
    /// # Errors
    /// The first entry that breaks a rule.
    pub fn replay(
        election_id: ElectionId,
        shape: BallotShape,
        entries: &[BoardEntry],
        proofs: &dyn Fn(&[BoardEntry]) -> Result<(), usize>,
    ) -> Result<Self, InvalidBoard> {
        let size = u32::try_from(entries.len()).map_err(|_| InvalidBoard::Size(entries.len()))?;
        let mut slots: BTreeMap<Slot, SlotHistory<'_>> = BTreeMap::new();
        let (mut tickets, mut tree) = (BTreeSet::new(), BoardTree::new());
        if let Some(seq) = entries.iter().position(|e| e.ciphertexts.shape() != shape) {
            return Err(InvalidBoard::Shape(seq));
        }
        if let Some(seq) = entries.par_iter().position_first(|e| e.ciphertexts.digest() != e.next_digest) {
            return Err(InvalidBoard::Digest(seq));
        }
        for (seq, entry) in entries.iter().enumerate() {
            if !tickets.insert(entry.ticket) {
                return Err(InvalidBoard::Ticket(seq));
            }
            slots.entry(entry.slot).or_default().append(seq, entry)?;
            tree.append(entry.leaf()).ok_or(InvalidBoard::Size(entries.len()))?;
        }
        proofs(entries).map_err(InvalidBoard::Proof)?;
        let sum = |sum: Ciphertexts, slot: &SlotHistory<'_>| {
            slot.last.map_or(sum.clone(), |last| sum.add(&last.ciphertexts))
        };
        let sums = slots.values().fold(Ciphertexts::identity(shape), sum);
        let slots = u32::try_from(slots.len()).expect("at most one slot per entry");
        Ok(Self { election_id, root: tree.root(), size, slots, sums })
    }

    /// The election.
    pub fn election_id(&self) -> ElectionId {
        self.election_id
    }

    /// Root of the board tree over all entries.
    pub fn root(&self) -> BoardRoot {
        self.root
    }

    /// Number of entries.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Sum of the last ciphertexts of every slot.
    pub fn sums(&self) -> &Ciphertexts {
        &self.sums
    }
}

impl<'a> SlotHistory<'a> {
    fn append(&mut self, seq: usize, entry: &'a BoardEntry) -> Result<(), InvalidBoard> {
        let current = self.last.map_or(CiphertextDigest::empty(), |last| last.next_digest);
        if entry.prev_digest != current {
            return Err(InvalidBoard::Previous(seq));
        }
        if !self.digests.insert(entry.next_digest) {
            return Err(InvalidBoard::RepeatedDigest(seq));
        }
        self.last = Some(entry);
        Ok(())
    }
}

//! The index: answers derived from the journal, to be thrown away and built
//! again at any time. spec: `storage.index`
//!
//! How far the journal was applied is stored in the same transaction as what
//! was derived, so after a crash the missing frames, and no others, are
//! applied again.

mod keys;
mod mem;
mod sled;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

pub(super) use self::keys::edits;
pub use self::{
    keys::{Applied, Edit},
    mem::MemIndex,
    sled::SledIndex,
};
use super::frame::Position;

/// Identifiers and digests: 32 bytes. Addresses are padded on the left.
pub type Id = [u8; 32];

/// A stored key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The current state of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotHead {
    /// Digest of its ciphertexts.
    pub digest: Id,
    /// Board entry that set it.
    pub seq: u64,
}

/// The highest registration of an address in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its counter.
    pub counter: u64,
    /// The frame that holds it.
    pub position: Position,
}

/// One thing that a frame adds to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexUpdate {
    /// An accepted board entry: it takes the next number of its board, moves
    /// its slot from `previous` to `next` and spends its ticket.
    Entry {
        /// The election.
        election: Id,
        /// Index on the board: the board's size before this entry.
        seq: u64,
        /// The slot.
        slot: Id,
        /// Digest that the slot must hold now; `None` if it must be new.
        previous: Option<Id>,
        /// Digest that it holds after.
        next: Id,
        /// The ticket, never seen before in this election.
        ticket: Id,
    },
    /// An event of a log of audits: it takes the next number of its log.
    Logged {
        /// The log.
        log: Id,
        /// The log's size before this event.
        seq: u64,
    },
    /// A registration with a counter above all before it.
    Registration {
        /// The organisation.
        organisation: Id,
        /// The address.
        address: Id,
        /// The counter.
        counter: u64,
    },
    /// Anything that is stored once and found by its id: an election, a
    /// census, a key.
    Object {
        /// What it is; the meaning belongs to the caller.
        class: u16,
        /// Its id, new in its class.
        id: Id,
    },
}

/// Why an update does not fit what is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The slot holds another digest than the entry builds on.
    #[error("the slot has changed since: fetch its current ciphertexts and build the entry on them")]
    SlotMoved,
    /// The ticket is spent.
    #[error("the ticket was used before: draw a new one")]
    TicketSeen,
    /// The board does not have that size.
    #[error("the board's next entry has another number")]
    SequenceTaken,
    /// The counter is not above the last.
    #[error("a registration with this counter or a higher one exists: use a higher counter")]
    RegistrationStale,
    /// The id is taken.
    #[error("this id exists already")]
    ObjectExists,
    /// The frame is not the one after the last applied.
    #[error("the frame does not follow the last one that was applied")]
    OutOfOrder,
}

/// Why the index cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The update does not fit; nothing of it was stored.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The store beneath failed.
    #[error(
        "the index failed to {operation}: {source}; stop the node and rebuild the index from the journal"
    )]
    Backend {
        /// What was tried.
        operation: &'static str,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value has a form that this version does not write.
    #[error("the index holds a malformed value under key tag {tag:#04x}: rebuild it from the journal")]
    Malformed {
        /// First byte of the key.
        tag: u8,
    },
}

/// What an index stores and answers. An implementation gives the first five;
/// the questions come with the trait and are the same for all.
pub trait Index: Debug + Send + Sync {
    /// The value under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;

    /// All pairs whose key begins with `prefix`, in order of keys.
    fn pairs(&self, prefix: &[u8]) -> Result<Vec<Pair>, IndexError>;

    /// Makes all edits, or none if the expectation of one fails.
    fn commit(&self, edits: &[Edit]) -> Result<(), IndexError>;

    /// Empties the index. A crash in between leaves it without an applied
    /// position, which counts as empty.
    fn clear(&self) -> Result<(), IndexError>;

    /// Asks the store to write what it holds back. Not needed for
    /// correctness: what is lost is derived again.
    fn flush(&self) -> Result<(), IndexError>;

    /// How far the journal was applied; `None` for an empty index.
    fn applied(&self) -> Result<Option<Applied>, IndexError> {
        self.get(&keys::applied())?.map(|v| Applied::decode(&v)).transpose()
    }

    /// Applies one frame: its updates and the new applied position, together
    /// or not at all.
    fn apply(&self, from: Option<&Applied>, to: &Applied, updates: &[IndexUpdate]) -> Result<(), IndexError> {
        let mut all = vec![keys::advance(from, to)];
        for update in updates {
            all.extend(edits(update, to.position));
        }
        self.commit(&all)
    }

    /// The current state of a slot; `None` if nobody has used it.
    fn slot_head(&self, election: &Id, slot: &Id) -> Result<Option<SlotHead>, IndexError> {
        self.get(&keys::slot(election, slot))?.map(|v| keys::decode_slot_head(&v)).transpose()
    }

    /// The entry that spent a ticket; `None` if it is unspent.
    fn ticket_seen(&self, election: &Id, ticket: &Id) -> Result<Option<u64>, IndexError> {
        self.get(&keys::ticket(election, ticket))?.map(|v| keys::decode_u64(keys::TICKET, &v)).transpose()
    }

    /// The frame that holds a board entry.
    fn entry(&self, election: &Id, seq: u64) -> Result<Option<Position>, IndexError> {
        let value = self.get(&keys::entry(election, seq))?;
        value.map(|v| keys::decode_u64(keys::ENTRY, &v).map(Position)).transpose()
    }

    /// Number of entries on a board.
    fn board_size(&self, election: &Id) -> Result<u64, IndexError> {
        let value = self.get(&keys::board(election))?;
        value.map_or(Ok(0), |v| keys::decode_u64(keys::BOARD, &v))
    }

    /// The highest registration of an address.
    fn registration(&self, organisation: &Id, address: &Id) -> Result<Option<Registration>, IndexError> {
        let value = self.get(&keys::registration(organisation, address))?;
        value.map(|v| keys::decode_registration(&v)).transpose()
    }

    /// The highest counter of an address.
    fn registration_counter(&self, organisation: &Id, address: &Id) -> Result<Option<u64>, IndexError> {
        Ok(self.registration(organisation, address)?.map(|r| r.counter))
    }

    /// All registered addresses of an organisation, in order of addresses.
    fn registrations(&self, organisation: &Id) -> Result<Vec<(Id, Registration)>, IndexError> {
        let pairs = self.pairs(&keys::registrations(organisation))?;
        pairs.iter().map(|(k, v)| Ok((keys::last_id(k)?, keys::decode_registration(v)?))).collect()
    }

    /// The frame that holds an object.
    fn object(&self, class: u16, id: &Id) -> Result<Option<Position>, IndexError> {
        let value = self.get(&keys::object(class, id))?;
        value.map(|v| keys::decode_u64(keys::OBJECT, &v).map(Position)).transpose()
    }

    /// All objects of a class, in order of ids.
    fn objects(&self, class: u16) -> Result<Vec<(Id, Position)>, IndexError> {
        let pairs = self.pairs(&keys::objects(class))?;
        pairs
            .iter()
            .map(|(k, v)| Ok((keys::last_id(k)?, Position(keys::decode_u64(keys::OBJECT, v)?))))
            .collect()
    }
}

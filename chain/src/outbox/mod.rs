//! What an account has posted or is about to, on disk before it leaves.
//! spec: `chain.outbox`.
//!
//! An append-only file, synced at every line: a posting lives through a few
//! dozen lines, the whole file is read at the start, and what must hold is
//! that nothing is handed in before it is on disk. A database would add
//! recovery of its own and no order that a line does not give.

mod entry;
mod event;
mod storage;

pub use entry::{Attempt, End, Entry, Mined, Sent};
pub use event::{Done, Event, Posting, PostingId};
pub use storage::{FileStorage, Storage};

use crate::lines::{self, Damaged};
use circuits::types::Address;
use entry::Misfit;
use std::{collections::BTreeMap, fs, io, path::Path};

/// Version of the file.
const VERSION: u32 = 1;

/// The outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// See the message.
    #[error("the outbox {name}: {cause}")]
    File {
        /// Where it is.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// See the message.
    #[error("the outbox {name}: {cause}")]
    Damaged {
        /// Where it is.
        name: String,
        /// What is wrong.
        cause: Damaged,
    },
    /// See the message.
    #[error("the outbox {name}, line {line}: {cause}")]
    Misfit {
        /// Where it is.
        name: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        cause: Misfit,
    },
    /// See the message.
    #[error(
        "the outbox {name} is of account {of} on chain {on}, not of {account} on {chain}; give every account \
         and chain an outbox of its own"
    )]
    Other {
        /// Where it is.
        name: String,
        /// Whose it is.
        of: Address,
        /// Of which chain.
        on: u64,
        /// Who asks.
        account: Address,
        /// For which chain.
        chain: u64,
    },
    /// See the message.
    #[error("the outbox {0} could not be written before; begin again, and it goes on from what is on disk")]
    Poisoned(String),
}

/// An outbox.
pub struct Outbox {
    storage: Box<dyn Storage>,
    owner: Option<(u64, Address)>,
    entries: BTreeMap<PostingId, Entry>,
    order: Vec<PostingId>,
    poisoned: bool,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbox({}, {} postings)", self.storage.name(), self.order.len())
    }
}

impl Outbox {
    /// Opens a file for this process alone, or makes one.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is in use.
    pub fn open(path: &Path) -> Result<Self, Broken> {
        let storage = FileStorage::open(path);
        Self::over(Box::new(
            storage.map_err(|cause| Broken::File { name: path.display().to_string(), cause })?,
        ))
    }

    /// Reads a file that another process may be writing; nothing can be added.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn look(path: &Path) -> Result<Vec<Entry>, Broken> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|cause| Broken::File { name: name.clone(), cause })?;
        let outbox = Self::over(Box::new(storage::Frozen { name, bytes }))?;
        Ok(outbox.entries().cloned().collect())
    }

    /// An outbox over any storage.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn over(mut storage: Box<dyn Storage>) -> Result<Self, Broken> {
        let name = storage.name();
        let bytes = storage.read().map_err(|cause| Broken::File { name: name.clone(), cause })?;
        let decoded = lines::decode::<Event>(&bytes, 1)
            .map_err(|cause| Broken::Damaged { name: name.clone(), cause })?;
        if decoded.length < bytes.len() {
            let cut = storage.truncate(decoded.length as u64);
            cut.map_err(|cause| Broken::File { name: name.clone(), cause })?;
        }
        let (entries, order) = (BTreeMap::new(), Vec::new());
        let mut outbox = Self { storage, owner: None, entries, order, poisoned: false };
        for (line, event) in (1..).zip(decoded.records) {
            outbox.take(event).map_err(|cause| Broken::Misfit { name: name.clone(), line, cause })?;
        }
        Ok(outbox)
    }

    /// Makes it, or finds that it is, the outbox of an account on a chain.
    ///
    /// # Errors
    /// If it is another's.
    pub fn claim(&mut self, chain: u64, account: Address) -> Result<(), Broken> {
        match self.owner {
            None => self.add(Event::Begin { version: VERSION, chain, account }),
            Some(owner) if owner == (chain, account) => Ok(()),
            Some((on, of)) => Err(Broken::Other { name: self.storage.name(), of, on, account, chain }),
        }
    }

    /// All postings, in the order in which they came.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().map(|id| &self.entries[id])
    }

    /// A posting.
    pub fn get(&self, id: &PostingId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Writes an event, and only then takes it in.
    ///
    /// # Errors
    /// If it cannot be written; nothing more can be then, until the outbox is
    /// opened anew: nobody knows what is on disk.
    ///
    /// # Panics
    /// If the event does not fit, which is a bug.
    pub fn add(&mut self, event: Event) -> Result<(), Broken> {
        let name = self.storage.name();
        if self.poisoned {
            return Err(Broken::Poisoned(name));
        }
        if let Err(cause) = self.storage.append(&lines::encode(&event)) {
            self.poisoned = true;
            return Err(Broken::File { name, cause });
        }
        self.take(event).expect("only events that fit are added");
        Ok(())
    }

    fn take(&mut self, event: Event) -> Result<(), Misfit> {
        match (event, self.owner) {
            (Event::Begin { version: VERSION, chain, account }, None) => {
                self.owner = Some((chain, account));
                Ok(())
            }
            (Event::Begin { version, .. }, None) => Err(Misfit::Version(version)),
            (Event::Begin { .. }, Some(_)) | (_, None) => Err(Misfit::Beginning),
            (Event::Queue { posting }, _) => {
                let id = posting.id.clone();
                match self.entries.get_mut(&id) {
                    Some(entry) => entry.replace(posting),
                    None => {
                        self.order.push(id.clone());
                        self.entries.insert(id, Entry::new(posting));
                        Ok(())
                    }
                }
            }
            (event, _) => {
                let id = event.id().ok_or(Misfit::Beginning)?;
                self.entries.get_mut(id).ok_or(Misfit::Unknown)?.take(event)
            }
        }
    }
}

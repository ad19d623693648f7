//! Tickets that were or may have been sent. spec: `client.tickets`; A63.
//!
//! A retry keeps its slot and its ticket, also after a crash; otherwise two
//! attempts on one slot with different tickets would show that they are
//! votes, and two on different slots with one ticket that they are masks by
//! one member. So a ticket is on disk, bound to its slot, before it is sent.

use circuits::{
    params::TICKETS_PER_MEMBER,
    types::{ElectionId, IdentityCommitment, Slot, Ticket},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Why there is no ticket. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// See the message.
    #[error(
        "all 16 mask tickets of this election are used or bound to other slots; vote, or mask those slots"
    )]
    Exhausted,
    /// See the message.
    #[error(
        "cannot keep the ticket in {path}: {cause}; nothing was sent, since a lost ticket would give away what the entry is"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Of the file system.
        cause: io::Error,
    },
    /// See the message.
    #[error("{path} is not a file of tickets: {cause}; restore it, since its tickets must not be used twice")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where.
        cause: serde_json::Error,
    },
}

/// Whose tickets, in which election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The election.
    pub election: ElectionId,
    /// The member.
    pub identity: IdentityCommitment,
}

/// Keeps tickets from before they are sent. When a method returns, what it
/// promised is durable.
pub trait TicketStore: Send + Sync + std::fmt::Debug {
    /// The index `j` for masking `slot`: the one bound to this slot before,
    /// unless `spent` says that it is on the board; otherwise the lowest
    /// that is neither bound nor spent, bound to `slot` from now on.
    ///
    /// # Errors
    /// If none is left or the store fails.
    fn mask(&self, owner: Owner, slot: Slot, spent: &dyn Fn(u8) -> bool) -> Result<u8, TicketError>;

    /// The slots that unspent mask tickets are bound to: masks that were begun
    /// and are not on the board.
    ///
    /// # Errors
    /// If the store fails.
    fn unfinished(&self, owner: Owner, spent: &dyn Fn(u8) -> bool) -> Result<Vec<Slot>, TicketError>;

    /// The ticket of the next vote: the one kept before, unless `spent` says
    /// that it is on the board; otherwise `fresh`, kept from now on.
    ///
    /// # Errors
    /// If the store fails.
    fn vote(
        &self,
        owner: Owner,
        fresh: Ticket,
        spent: &dyn Fn(Ticket) -> bool,
    ) -> Result<Ticket, TicketError>;

    /// Forgets the ticket of a vote that is on the board, so that nothing on
    /// this machine links the member to its entry.
    ///
    /// # Errors
    /// If the store fails.
    fn forget_vote(&self, owner: Owner) -> Result<(), TicketError>;
}

/// Tickets of one member in one election.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tickets {
    /// The slot that each index is bound to.
    #[serde(default)]
    masks: BTreeMap<u8, Slot>,
    /// The ticket of a vote that may be on its way.
    #[serde(default)]
    vote: Option<Ticket>,
}

impl Tickets {
    fn mask(&mut self, slot: Slot, spent: &dyn Fn(u8) -> bool) -> Result<u8, TicketError> {
        let bound = self.masks.iter().find(|(j, s)| **s == slot && !spent(**j)).map(|(j, _)| *j);
        let free = || (0..TICKETS_PER_MEMBER).find(|j| !self.masks.contains_key(j) && !spent(*j));
        let j = bound.or_else(free).ok_or(TicketError::Exhausted)?;
        self.masks.insert(j, slot);
        Ok(j)
    }

    fn unfinished(&self, spent: &dyn Fn(u8) -> bool) -> Vec<Slot> {
        self.masks.iter().filter(|(j, _)| !spent(**j)).map(|(_, slot)| *slot).collect()
    }

    fn vote(&mut self, fresh: Ticket, spent: &dyn Fn(Ticket) -> bool) -> Ticket {
        *self.vote.insert(self.vote.filter(|t| !spent(*t)).unwrap_or(fresh))
    }
}

/// Keeps tickets as long as the process lives: for simulations, and for
/// members who never retry after a crash.
#[derive(Debug, Default)]
pub struct MemoryTickets(Mutex<BTreeMap<Owner, Tickets>>);

impl MemoryTickets {
    fn with<T>(&self, owner: Owner, change: impl FnOnce(&mut Tickets) -> T) -> T {
        // Every change is one assignment, so a panic leaves the map whole.
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(map.entry(owner).or_default())
    }
}

impl TicketStore for MemoryTickets {
    fn mask(&self, owner: Owner, slot: Slot, spent: &dyn Fn(u8) -> bool) -> Result<u8, TicketError> {
        self.with(owner, |t| t.mask(slot, spent))
    }

    fn unfinished(&self, owner: Owner, spent: &dyn Fn(u8) -> bool) -> Result<Vec<Slot>, TicketError> {
        Ok(self.with(owner, |t| t.unfinished(spent)))
    }

    fn vote(
        &self,
        owner: Owner,
        fresh: Ticket,
        spent: &dyn Fn(Ticket) -> bool,
    ) -> Result<Ticket, TicketError> {
        Ok(self.with(owner, |t| t.vote(fresh, spent)))
    }

    fn forget_vote(&self, owner: Owner) -> Result<(), TicketError> {
        self.with(owner, |t| t.vote = None);
        Ok(())
    }
}

/// Keeps tickets in a JSON file of the member's, replaced atomically and
/// synced; a second file beside it locks out other processes. It names
/// slots, so it is as private as the member's secret.
#[derive(Debug)]
pub struct FileTickets {
    path: PathBuf,
}

/// The file: by election and identity.
type Book = BTreeMap<String, Tickets>;

impl FileTickets {
    /// A store in `path`, created with the first ticket.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn with<T>(
        &self,
        owner: Owner,
        change: impl FnOnce(&mut Tickets) -> Result<T, TicketError>,
    ) -> Result<T, TicketError> {
        let failed = |cause| TicketError::File { path: self.path.clone(), cause };
        let _lock = lock(&self.path.with_extension("lock")).map_err(failed)?;
        let mut book = self.read()?;
        let key = format!("{} {}", owner.election, owner.identity);
        let tickets = book.entry(key).or_default();
        let before = tickets.clone();
        let out = change(tickets)?;
        if *tickets != before {
            self.write(&book)?;
        }
        Ok(out)
    }

    /// Forgets a vote's ticket that is on the board of `election`, whoever's
    /// it is: for ballots that were prepared before.
    ///
    /// # Errors
    /// If the store fails.
    pub fn forget_spent(&self, election: ElectionId, ticket: Ticket) -> Result<(), TicketError> {
        let failed = |cause| TicketError::File { path: self.path.clone(), cause };
        let _lock = lock(&self.path.with_extension("lock")).map_err(failed)?;
        let mut book = self.read()?;
        let before = book.clone();
        let of = |key: &str| key.starts_with(&format!("{election} "));
        let theirs = book.iter_mut().filter(|(key, t)| of(key) && t.vote == Some(ticket));
        theirs.for_each(|(_, t)| t.vote = None);
        if book == before { Ok(()) } else { self.write(&book) }
    }

    fn write(&self, book: &Book) -> Result<(), TicketError> {
        let text = serde_json::to_vec_pretty(book).expect("maps of strings are JSON");
        replace(&self.path, &text).map_err(|cause| TicketError::File { path: self.path.clone(), cause })
    }

    fn read(&self) -> Result<Book, TicketError> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|cause| TicketError::Malformed { path: self.path.clone(), cause }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Book::new()),
            Err(cause) => Err(TicketError::File { path: self.path.clone(), cause }),
        }
    }
}

impl TicketStore for FileTickets {
    fn mask(&self, owner: Owner, slot: Slot, spent: &dyn Fn(u8) -> bool) -> Result<u8, TicketError> {
        self.with(owner, |t| t.mask(slot, spent))
    }

    fn unfinished(&self, owner: Owner, spent: &dyn Fn(u8) -> bool) -> Result<Vec<Slot>, TicketError> {
        self.with(owner, |t| Ok(t.unfinished(spent)))
    }

    fn vote(
        &self,
        owner: Owner,
        fresh: Ticket,
        spent: &dyn Fn(Ticket) -> bool,
    ) -> Result<Ticket, TicketError> {
        self.with(owner, |t| Ok(t.vote(fresh, spent)))
    }

    fn forget_vote(&self, owner: Owner) -> Result<(), TicketError> {
        self.with(owner, |t| {
            t.vote = None;
            Ok(())
        })
    }
}

/// An exclusive lock that ends with the returned handle, or the process.
fn lock(path: &Path) -> io::Result<File> {
    let file = private().truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Readers see the old file or the whole new one, also after power loss.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let mut file = private().truncate(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Files that only their owner reads.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

//! State and store together: reads for everybody, and one writer through
//! which all commands go. spec: `node.ledger`.
//!
//! A command is decided against the state, its events are written and
//! synced, and only then does the state show them and the caller hear of it.

mod open;
#[cfg(test)]
mod tests;
mod writer;

use crate::{
    clock::Clock,
    domain::{EarlierEntry, EntryFacts, Event, InvalidEvent, Rejection, Rules, State, digest_object},
    store::{IndexError, JournalError, Position, Store},
};
use audit::log::{self, Entry, LogId, Parties, Receipt as LogReceipt};
use circuits::types::{
    BoardEntry, Census, CensusStatement, CiphertextDigest, DraftId, ElectionId, Holder, NonCanonical,
    Receipt, Registration, Signature, SignedDraft, Tally, TrusteeMessage,
};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{mpsc, oneshot, watch};

pub use open::OpenError;
pub use writer::Stopped;

/// Something to be decided and, if accepted, logged.
#[derive(Debug)]
pub enum Command {
    /// Log a draft.
    Draft(Box<SignedDraft>),
    /// Log a registration whose proof was verified.
    Register(Box<Registration>),
    /// Freeze a census.
    Freeze(Box<Freeze>),
    /// Log a trustee's message.
    Post(TrusteeMessage),
    /// Open voting.
    Open {
        /// The draft.
        draft_id: DraftId,
        /// Over Open, by the organiser.
        signature: Signature,
    },
    /// Put an entry whose proof was verified on the board.
    Enter {
        /// The election.
        election_id: ElectionId,
        /// The entry.
        entry: Box<BoardEntry>,
    },
    /// End voting.
    Close {
        /// The election.
        election_id: ElectionId,
        /// Over Close, by the organiser; needed before the closing time.
        signature: Option<Signature>,
    },
    /// Put an event on a log of audits; an attestation's proof was verified.
    Log {
        /// Whose log it is.
        parties: Parties,
        /// The event.
        event: Box<log::Event>,
    },
    /// Log a result that the node has proven.
    Tally {
        /// The election.
        election_id: ElectionId,
        /// The result.
        tally: Tally,
    },
}

/// A census to be frozen, with the tree that was built for it.
#[derive(Debug)]
pub struct Freeze {
    /// As the organiser signed it.
    pub statement: CensusStatement,
    /// By the organiser.
    pub signature: Signature,
    /// The table of holders.
    pub holders: Vec<Holder>,
    /// Built from the holders and the registrations.
    pub census: Census,
    /// Registrations of the organisation that `census` was built over.
    pub seen: usize,
}

/// What a command has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the log, now or since before.
    Done,
    /// The entry or event has this number, now or since before.
    Entered {
        /// Its number.
        seq: u32,
        /// Whether it was there before.
        repeated: bool,
    },
}

/// Why a command was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// It breaks a rule.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The node can no longer write.
    #[error("the node has stopped: {0}")]
    Stopped(Arc<Stopped>),
    /// See the message.
    #[error("the node is shutting down")]
    ShuttingDown,
}

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// See [`IndexError`].
    #[error(transparent)]
    Index(#[from] IndexError),
    /// See [`JournalError`].
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// See [`InvalidEvent`].
    #[error("frame at offset {}: {source}", .position.0)]
    Event {
        /// Where the frame begins.
        position: Position,
        /// What is wrong with it.
        source: InvalidEvent,
    },
    /// See the message.
    #[error("the index holds a digest that is no field element: {0}; rebuild it")]
    Digest(#[from] NonCanonical),
    /// See the message.
    #[error("the index does not lead to entry or event {seq}; rebuild it")]
    Entry {
        /// The entry's number.
        seq: u32,
    },
}

struct Job {
    command: Command,
    reply: oneshot::Sender<Result<Outcome, Refusal>>,
}

/// The node's log and all that follows from it.
#[derive(Debug)]
pub struct Ledger {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Job>,
    changes: watch::Receiver<u64>,
    stopped: watch::Receiver<Option<Arc<Stopped>>>,
}

/// What readers and the writer have in common.
#[derive(Debug)]
struct Shared {
    state: RwLock<State>,
    store: Store,
    rules: Rules,
    clock: Arc<dyn Clock>,
}

impl Shared {
    /// The state changes in single steps that cannot panic half-way.
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self, id: ElectionId, entry: &BoardEntry) -> Result<EntryFacts, ReadError> {
        let (index, election) = (self.store.index(), id.to_bytes());
        let head = index.slot_head(&election, &entry.slot.to_bytes())?;
        let spent = index.ticket_seen(&election, &entry.ticket.to_bytes())?;
        let (class, object) = digest_object(id, entry);
        let earlier = index.object(class, &object)?.map(|p| self.entry_at(p)).transpose()?;
        Ok(EntryFacts {
            current: head.map(|h| CiphertextDigest::from_bytes(&h.digest)).transpose()?,
            ticket_spent: spent.map(narrow),
            earlier: earlier.map(|(seq, e)| EarlierEntry { seq, prev_digest: e.prev_digest }),
        })
    }

    fn entry_at(&self, position: Position) -> Result<(u32, BoardEntry), ReadError> {
        let frame = self.store.journal().read(position)?;
        match Event::decode(frame.kind, &frame.payload) {
            Ok(Event::Entry { seq, entry, .. }) => Ok((seq, entry)),
            Ok(other) => {
                let source = InvalidEvent::Kind(other.kind());
                Err(ReadError::Event { position, source })
            }
            Err(source) => Err(ReadError::Event { position, source }),
        }
    }
}

/// The index counts in 64 bits what the board keeps below 2^32.
fn narrow(seq: u64) -> u32 {
    u32::try_from(seq).unwrap_or(u32::MAX)
}

impl Ledger {
    /// Reads the state. It holds back the writer: be short.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.shared.state()
    }

    /// See [`Rules`].
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }

    /// The node's clock, in Unix seconds.
    pub fn now(&self) -> u64 {
        self.shared.clock.now()
    }

    /// Refuses a command that the writer would refuse as things are and that
    /// would leave nothing on the log; entries, registrations, censuses and
    /// events of audits have checks of their own.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, command: &Command) -> Result<(), Rejection> {
        let (state, rules, now) = (self.state(), self.rules(), self.now());
        match command {
            Command::Draft(signed) => state.check_draft(rules, now, signed).map(drop),
            Command::Post(message) => match state.check_message(rules, message) {
                // A second message for one place is kept as evidence.
                Err((rejection, evidence)) if evidence.is_empty() => Err(rejection),
                _ => Ok(()),
            },
            Command::Open { draft_id, signature } => state.check_open(*draft_id, now, *signature).map(drop),
            Command::Close { election_id, signature } => {
                state.check_close(*election_id, now, *signature).map(drop)
            }
            Command::Register(_)
            | Command::Freeze(_)
            | Command::Enter { .. }
            | Command::Log { .. }
            | Command::Tally { .. } => Ok(()),
        }
    }

    /// Has a command decided, and returns when its events are durable.
    ///
    /// # Errors
    /// If it breaks a rule, or the node can no longer write.
    pub async fn submit(&self, command: Command) -> Result<Outcome, Refusal> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Job { command, reply }).await.is_err() {
            return Err(self.refusal());
        }
        answer.await.unwrap_or_else(|_| Err(self.refusal()))
    }

    fn refusal(&self) -> Refusal {
        self.stopped.borrow().clone().map_or(Refusal::ShuttingDown, Refusal::Stopped)
    }

    /// Checks an entry against the state as it is now, all but its proof:
    /// `Some(seq)` if it repeats entry `seq`. Blocks on the index.
    ///
    /// # Errors
    /// If it breaks a rule, or the index cannot be read.
    pub fn check_entry(
        &self,
        id: ElectionId,
        entry: &BoardEntry,
    ) -> Result<Result<Option<u32>, Rejection>, ReadError> {
        let facts = self.shared.facts(id, entry)?;
        Ok(self.state().check_entry(id, self.now(), entry, &facts))
    }

    /// Entries of a board from `start` on, at most `limit`, acknowledged ones
    /// only. Blocks on the disk.
    ///
    /// # Errors
    /// If the log cannot be read; an unknown election has no entries.
    pub fn entries(&self, id: ElectionId, start: u32, limit: u32) -> Result<Vec<BoardEntry>, ReadError> {
        let size = self.state().election(id).map_or(0, |e| e.board.size());
        let end = size.min(start.saturating_add(limit));
        (start..end).map(|seq| self.entry(id, seq)).collect()
    }

    fn entry(&self, id: ElectionId, seq: u32) -> Result<BoardEntry, ReadError> {
        let position = self.shared.store.index().entry(&id.to_bytes(), seq.into())?;
        let (found, entry) = self.shared.entry_at(position.ok_or(ReadError::Entry { seq })?)?;
        if found == seq { Ok(entry) } else { Err(ReadError::Entry { seq }) }
    }

    /// A receipt for entry `seq` under the newest head; `None` if no such
    /// entry is acknowledged. Blocks on the disk. spec: `board.receipt`
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn receipt(&self, id: ElectionId, seq: u32) -> Result<Option<Receipt>, ReadError> {
        let place = {
            let state = self.state();
            let board = state.election(id).ok().map(|e| &e.board);
            board.and_then(|b| Some((b.head?, b.tree.path_at(seq, b.size())?)))
        };
        let Some((head, path)) = place else { return Ok(None) };
        Ok(Some(Receipt { row: self.entry(id, seq)?.row(), head, path }))
    }

    /// An acknowledged event of a log of audits; `None` if there is no such
    /// one. Blocks on the disk.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn logged(&self, id: LogId, seq: u32) -> Result<Option<Entry>, ReadError> {
        if seq >= self.state().log(id).map_or(0, |l| l.size()) {
            return Ok(None);
        }
        let position = self.shared.store.index().entry(&id.to_bytes(), seq.into())?;
        let position = position.ok_or(ReadError::Entry { seq })?;
        let frame = self.shared.store.journal().read(position)?;
        match Event::decode(frame.kind, &frame.payload) {
            Ok(Event::Logged { parties, seq: found, entry }) if (parties.log(), found) == (id, seq) => {
                Ok(Some(entry))
            }
            Ok(_) => Err(ReadError::Entry { seq }),
            Err(source) => Err(ReadError::Event { position, source }),
        }
    }

    /// A receipt for event `seq` under the newest head; `None` if no such
    /// event is acknowledged. Blocks on the disk. spec: `audit.log_receipt`
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn log_receipt(&self, id: LogId, seq: u32) -> Result<Option<LogReceipt>, ReadError> {
        let place = {
            let state = self.state();
            let log = state.log(id).ok();
            log.and_then(|l| Some((l.head?, l.log.tree().path_at(seq, l.size())?)))
        };
        let Some((head, path)) = place else { return Ok(None) };
        Ok(self.logged(id, seq)?.map(|entry| LogReceipt { row: entry.row(), head, path }))
    }

    /// Changes whenever something was logged; ends when the writer has ended.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Turns to the reason when the node can no longer write.
    pub fn stopped(&self) -> watch::Receiver<Option<Arc<Stopped>>> {
        self.stopped.clone()
    }
}

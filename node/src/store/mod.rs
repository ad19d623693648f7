//! What the node keeps, and how it survives a crash.
//!
//! - [`Journal`]: an append-only file of frames, synced before anything is
//!   acknowledged. The only thing to back up.
//! - [`Index`]: answers derived from it, rebuilt when missing.
//! - [`HeadFiles`]: the highest signed heads at a second path, against a
//!   journal restored from an old copy.
//!
//! [`Store`] holds the three together: it refuses a frame that conflicts with
//! what is stored **or on its way** before a byte is written, and has applied
//! a frame to the index when the caller hears that it is durable.

mod appender;
mod frame;
mod head_file;
mod index;
mod journal;
mod mark;
mod reservations;
mod storage;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use self::reservations::Reservations;
pub use self::{
    appender::{AppendError, Appender, ApplyError, Failure, Group, OnDurable, Pending, Room},
    frame::{FORMAT_VERSION, Frame, MAX_PAYLOAD, Place, Position},
    head_file::{HeadError, HeadFiles, MAX_HEAD, SignedHead},
    index::{
        Applied, Conflict, Edit, Id, Index, IndexError, IndexUpdate, MemIndex, Pair, Registration, SledIndex,
        SlotHead,
    },
    journal::{Fault, Journal, JournalError, Reader, Recovery, StoredFrame, TornTail},
    storage::{DirectoryError, DiskStorage, File, Storage},
};

/// The part of the node that understands payloads.
pub trait Contents {
    /// Why a payload is refused. On opening it stops the node.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What a frame adds to the index: a function of its kind and payload.
    fn updates(&self, kind: u16, payload: &[u8]) -> Result<Vec<IndexUpdate>, Self::Error>;

    /// Sees each frame of the journal once on opening, in order, to rebuild
    /// what the node holds in memory.
    fn replay(&mut self, frame: &Frame<'_>) -> Result<(), Self::Error>;
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The heads cannot be used, or the journal is behind them.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The index holds frames that the journal lacks.
    #[error(
        "the index was built from frame {applied} of another history of the journal: the journal was rolled \
        back or replaced. Restore the newest copy of the journal; if this one is right, rebuild the index"
    )]
    IndexAhead {
        /// Number of the last frame in the index.
        applied: u64,
    },
    /// A whole, durable frame is refused by the node itself.
    #[error("frame {number} of the journal (offset {}) cannot be replayed: {source}; \
        use the version of the node that wrote it", .position.0)]
    Replay {
        /// Number of the frame.
        number: u64,
        /// Where it begins.
        position: Position,
        /// What was said of it.
        source: ApplyError,
    },
}

/// Why a frame was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not fit what is stored or on its way. Nothing was written.
    #[error(transparent)]
    Conflict(Conflict),
    /// The index could not be asked. Nothing was written.
    #[error(transparent)]
    Index(IndexError),
    /// The journal did not acknowledge it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Conflict(conflict) => Self::Conflict(conflict),
            other => Self::Index(other),
        }
    }
}

/// Journal, index and heads.
pub struct Store {
    journal: Journal,
    appender: Appender,
    index: Arc<dyn Index>,
    heads: HeadFiles,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("journal", &self.journal)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State {
    reservations: Reservations,
    applied: Option<Applied>,
}

impl Store {
    /// Opens a store: checks the journal, brings the index up to it, lets
    /// `contents` see every frame, and refuses a journal that is behind the
    /// signed heads.
    pub fn open<C: Contents>(
        storage: Arc<dyn Storage>,
        index: Arc<dyn Index>,
        heads: Box<dyn Storage>,
        contents: &mut C,
    ) -> Result<(Self, Recovery), OpenError> {
        let (journal, recovery) = Journal::open(storage)?;
        let applied = catch_up(&journal, index.as_ref(), contents)?;
        let heads = HeadFiles::open(heads)?;
        for (election, _) in heads.all() {
            heads.check(&election, index.board_size(&election)?)?;
        }
        let appender = journal.appender();
        let state = Arc::new(Mutex::new(State { reservations: Reservations::default(), applied }));
        Ok((Self { journal, appender, index, heads, state }, recovery))
    }

    /// Empties an index, so that the next [`Store::open`] builds it anew. One
    /// that is large, or cannot be opened, goes by [`SledIndex::remove`].
    pub fn reindex(index: &dyn Index) -> Result<(), IndexError> {
        index.clear()
    }

    /// Appends a frame with its updates and waits until it is durable and
    /// indexed. `updates` is what [`Contents::updates`] gives for it.
    pub async fn append(
        &self,
        kind: u16,
        payload: Vec<u8>,
        updates: Vec<IndexUpdate>,
    ) -> Result<Place, StoreError> {
        let room = self.room(payload.len()).await?;
        Ok(self.enqueue(room, kind, payload, updates)?.durable().await?)
    }

    /// Waits for room for a payload of `length` bytes.
    pub async fn room(&self, length: usize) -> Result<Room, AppendError> {
        self.appender.room(length).await
    }

    /// Takes room for a payload of `length` bytes if there is some now.
    pub fn try_room(&self, length: usize) -> Result<Room, AppendError> {
        self.appender.try_room(length)
    }

    /// See [`Appender::group`].
    #[must_use]
    pub fn group(&self) -> Group {
        self.appender.group()
    }

    /// Checks the updates against what is stored and what is on its way, and
    /// puts the frame in the queue; waits for no disk write. Of two frames
    /// that claim one slot state or ticket, the second is refused here.
    pub fn enqueue(
        &self,
        room: Room,
        kind: u16,
        payload: Vec<u8>,
        updates: Vec<IndexUpdate>,
    ) -> Result<Pending, StoreError> {
        let mut state = self.state();
        let claims = state.reservations.check(self.index.as_ref(), &updates)?;
        let claim = state.reservations.next_claim();
        let pending = self.appender.enqueue(room, kind, payload, Some(self.on_durable(claim, updates)))?;
        state.reservations.hold(claims);
        Ok(pending)
    }

    fn on_durable(&self, claim: u64, updates: Vec<IndexUpdate>) -> OnDurable {
        let (index, state, journal) = (Arc::clone(&self.index), Arc::clone(&self.state), self.journal.id());
        Box::new(move |place| {
            let from = lock(&state).applied;
            let to = Applied::after(journal, &place);
            index.apply(from.as_ref(), &to, &updates)?;
            let mut state = lock(&state);
            state.applied = Some(to);
            state.reservations.release(claim, &updates);
            Ok(())
        })
    }

    /// The answers. Frames that wait for their sync are not in them yet.
    pub fn index(&self) -> &dyn Index {
        self.index.as_ref()
    }

    /// The signed heads.
    pub fn heads(&self) -> &HeadFiles {
        &self.heads
    }

    /// The journal, for reading.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Turns to the failure when the journal stops; the node then has to stop.
    pub fn failure(&self) -> watch::Receiver<Option<Arc<Failure>>> {
        self.appender.failure()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// A panic elsewhere leaves the state usable: it changes after the fact.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replays the journal into `contents` and, from where the index stands, into
/// the index. The frame that the index holds last must be in the journal.
fn catch_up<C: Contents>(
    journal: &Journal,
    index: &dyn Index,
    contents: &mut C,
) -> Result<Option<Applied>, OpenError> {
    let held = index.applied()?;
    let mut met = held.is_none();
    let mut applied = held;
    journal.replay(|frame| {
        contents.replay(&frame).map_err(|e| refused(&frame, e))?;
        let here = Applied::after(journal.id(), &frame.place);
        if !met {
            met = held == Some(here);
            return Ok::<(), OpenError>(());
        }
        let updates = contents.updates(frame.kind, frame.payload).map_err(|e| refused(&frame, e))?;
        index.apply(applied.as_ref(), &here, &updates)?;
        applied = Some(here);
        Ok(())
    })?;
    match held {
        Some(held) if !met => Err(OpenError::IndexAhead { applied: held.number }),
        _ => Ok(applied),
    }
}

fn refused(frame: &Frame<'_>, error: impl Into<ApplyError>) -> OpenError {
    OpenError::Replay { number: frame.place.number, position: frame.place.position, source: error.into() }
}

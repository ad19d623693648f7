//! Group commit: one thread takes what waits, writes it in one piece, calls
//! `fdatasync` once and then answers everyone. spec: `storage.commit`

use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::Ordering,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot, watch};

use super::{
    frame::{MAX_PAYLOAD, Place, Tail},
    journal::Log,
    mark::Mark,
    storage::{Storage, write_full},
};

/// A batch stops growing here: it bounds the wait of its first frame and what
/// opening has to write again.
const MAX_BATCH: usize = 8 << 20;

/// Room for what waits, in units of `ROOM_UNIT` bytes: 64 MiB.
const ROOM: usize = 1 << 16;
const ROOM_UNIT: usize = 1 << 10;

const _: () = assert!(MAX_PAYLOAD / ROOM_UNIT < ROOM, "one frame always fits");

/// A batch that takes longer than this counts as a failure. A sync takes
/// milliseconds; sled 0.34 can hang for ever when it shortens its file while
/// it extends it (its I/O threads wait for a lock whose holder waits for them).
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// What an application step may say when it fails.
pub type ApplyError = Box<dyn std::error::Error + Send + Sync>;

/// Runs on the writer's thread when a frame is durable, before its caller
/// hears of it and in the order of the journal. It must not wait for the
/// journal.
pub type OnDurable = Box<dyn FnOnce(Place) -> Result<(), ApplyError> + Send>;

/// Why a frame was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// Longer than a frame may be. Nothing was written.
    #[error("a payload of {length} bytes is over the limit of {limit}: split it")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Too much waits already. Nothing was written.
    #[error("the journal is busy: try again later")]
    Busy,
    /// The journal was closed. The frame may or may not be on the disk.
    #[error("the journal is closed: the node is shutting down")]
    Closed,
    /// The journal has failed, now or before. The frame may or may not be on
    /// the disk, and nothing is acknowledged until the node starts again.
    #[error("the journal has stopped: {0}")]
    Poisoned(Arc<Failure>),
}

/// What stopped the journal. The node has to stop too: after a failed sync
/// the system no longer knows what is on the disk.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Writing failed: a full disk, an I/O error.
    #[error("writing {} at offset {offset} failed: {source}; free space or replace the disk, then start again",
        .path.display())]
    Write {
        /// The journal.
        path: PathBuf,
        /// Where the batch began.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The sync failed.
    #[error("syncing {} failed: {source}; it is not tried again: check the disk, then start again",
        .path.display())]
    Sync {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The mark could not be written.
    #[error("writing the mark of {} failed: {source}; free space or replace the disk, then start again",
        .path.display())]
    Mark {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writer's thread panicked: a fault of ours.
    #[error("the writer of {} panicked; see the log, report it, and start again", .path.display())]
    Panicked {
        /// The journal.
        path: PathBuf,
    },
    /// One batch takes too long: the disk or the index hangs.
    #[error("one batch of {} has taken over {} s: the disk or the index hangs; end the process, check the disk, \
        then start again", .path.display(), .limit.as_secs())]
    Stalled {
        /// The journal.
        path: PathBuf,
        /// The time a batch may take.
        limit: Duration,
    },
    /// A durable frame could not be applied.
    #[error("frame {number} is durable but could not be applied: {source}")]
    Apply {
        /// Number of the frame.
        number: u64,
        /// What the step said.
        source: ApplyError,
    },
}

/// Appends to a journal; cheap to clone.
#[derive(Clone, Debug)]
pub struct Appender {
    queue: Sender<Command>,
    room: Arc<Semaphore>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    failure: OnceLock<Arc<Failure>>,
    watch: watch::Sender<Option<Arc<Failure>>>,
    /// When the batch in hand was begun.
    since: Mutex<Option<Instant>>,
}

impl State {
    fn refusal(&self) -> AppendError {
        self.failure.get().map_or(AppendError::Closed, |f| AppendError::Poisoned(Arc::clone(f)))
    }

    fn batch_begins(&self, at: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn has_stalled(&self, limit: Duration) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() > limit)
    }

    fn fail(&self, failure: Failure) {
        let failure = Arc::clone(self.failure.get_or_init(|| Arc::new(failure)));
        self.watch.send_replace(Some(failure));
    }
}

/// Room in the queue, held before a caller takes its own lock.
#[derive(Debug)]
pub struct Room {
    permit: OwnedSemaphorePermit,
    length: usize,
}

impl Appender {
    /// Waits for room for a payload of `length` bytes.
    pub async fn room(&self, length: usize) -> Result<Room, AppendError> {
        let permits = permits(length)?;
        let waiting = Arc::clone(&self.room).acquire_many_owned(permits).await;
        let permit = waiting.map_err(|AcquireError { .. }| self.state.refusal())?;
        Ok(Room { permit, length })
    }

    /// Takes room for a payload of `length` bytes if there is some now.
    pub fn try_room(&self, length: usize) -> Result<Room, AppendError> {
        match Arc::clone(&self.room).try_acquire_many_owned(permits(length)?) {
            Ok(permit) => Ok(Room { permit, length }),
            Err(TryAcquireError::NoPermits) => Err(AppendError::Busy),
            Err(TryAcquireError::Closed) => Err(self.state.refusal()),
        }
    }

    /// Puts a frame in the queue without waiting. Frames reach the journal in
    /// the order of these calls, so a caller that decides under a lock of its
    /// own calls this before it lets go.
    pub fn enqueue(
        &self,
        room: Room,
        kind: u16,
        payload: Vec<u8>,
        on_durable: Option<OnDurable>,
    ) -> Result<Pending, AppendError> {
        if payload.len() > room.length {
            return Err(AppendError::TooLong { length: payload.len(), limit: room.length });
        }
        if self.state.failure.get().is_some() {
            return Err(self.state.refusal());
        }
        let (done, receiver) = oneshot::channel();
        let request = Request { kind, payload, on_durable, done: Some(done), _permit: room.permit };
        match self.queue.send(Command::Append(request)) {
            Ok(()) => Ok(Pending { receiver, state: Arc::clone(&self.state) }),
            Err(_) => Err(self.state.refusal()),
        }
    }

    /// Frames enqueued until the guard is dropped share one sync, up to
    /// `MAX_BATCH`. Do not wait for one of them in between.
    #[must_use]
    pub fn group(&self) -> Group {
        // A journal that has ended refuses the frames themselves.
        let _ = self.queue.send(Command::Hold);
        Group { queue: self.queue.clone() }
    }

    /// Appends a frame and waits until it is durable.
    pub async fn append(&self, kind: u16, payload: Vec<u8>) -> Result<Place, AppendError> {
        let room = self.room(payload.len()).await?;
        self.enqueue(room, kind, payload, None)?.durable().await
    }

    /// Turns to the failure when the journal stops; the node then has to stop.
    pub fn failure(&self) -> watch::Receiver<Option<Arc<Failure>>> {
        self.state.watch.subscribe()
    }
}

/// See [`Appender::group`].
#[derive(Debug)]
pub struct Group {
    queue: Sender<Command>,
}

impl Drop for Group {
    fn drop(&mut self) {
        // See `Appender::group`.
        let _ = self.queue.send(Command::Release);
    }
}

fn permits(length: usize) -> Result<u32, AppendError> {
    if length > MAX_PAYLOAD {
        return Err(AppendError::TooLong { length, limit: MAX_PAYLOAD });
    }
    Ok(u32::try_from(length / ROOM_UNIT + 1).expect("at most ROOM, by the assertion on MAX_PAYLOAD"))
}

/// A frame on its way.
#[derive(Debug)]
pub struct Pending {
    receiver: oneshot::Receiver<Place>,
    state: Arc<State>,
}

impl Pending {
    /// Waits until the frame is durable.
    pub async fn durable(self) -> Result<Place, AppendError> {
        self.receiver.await.map_err(|_| self.state.refusal())
    }

    /// The same for threads that are not part of an async runtime.
    pub fn durable_blocking(self) -> Result<Place, AppendError> {
        self.receiver.blocking_recv().map_err(|_| self.state.refusal())
    }
}

struct Request {
    kind: u16,
    payload: Vec<u8>,
    on_durable: Option<OnDurable>,
    done: Option<oneshot::Sender<Place>>,
    _permit: OwnedSemaphorePermit,
}

enum Command {
    Append(Request),
    /// More follows at once: the batch waits for the release.
    Hold,
    Release,
    Stop,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Append(_) => "Append",
            Self::Hold => "Hold",
            Self::Release => "Release",
            Self::Stop => "Stop",
        })
    }
}

/// The thread that owns the end of the journal.
#[derive(Debug)]
pub(super) struct Writer {
    appender: Appender,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// `storage` stays with the thread: its lock outlives every write.
    pub fn spawn(log: Arc<Log>, tail: Tail, mark: Mark, storage: Arc<dyn Storage>) -> io::Result<Self> {
        Self::spawn_limited(log, tail, mark, storage, STALL_LIMIT)
    }

    pub fn spawn_limited(
        log: Arc<Log>,
        tail: Tail,
        mark: Mark,
        storage: Arc<dyn Storage>,
        limit: Duration,
    ) -> io::Result<Self> {
        let (queue, commands) = mpsc::channel();
        let state = Arc::new(State {
            failure: OnceLock::new(),
            watch: watch::channel(None).0,
            since: Mutex::new(None),
        });
        let room = Arc::new(Semaphore::new(ROOM));
        let path = log.path.clone();
        let (weak, gate) = (Arc::downgrade(&state), Arc::clone(&room));
        thread::Builder::new()
            .name("journal-watch".into())
            .spawn(move || watch_for_stall(&weak, &gate, path, limit))?;
        let end = End { log, tail, mark, buffer: Vec::new() };
        let appender = Appender { queue, room: Arc::clone(&room), state: Arc::clone(&state) };
        let thread = thread::Builder::new().name("journal".into()).spawn(move || {
            end.run(&commands, &state);
            room.close();
            drop(storage);
        })?;
        Ok(Self { appender, thread: Some(thread) })
    }

    pub fn appender(&self) -> Appender {
        self.appender.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // An error means that the thread has ended already.
        let _ = self.appender.queue.send(Command::Stop);
        if let Some(thread) = self.thread.take()
            && !matches!(self.appender.state.failure.get().map(Arc::as_ref), Some(Failure::Stalled { .. }))
            && thread.join().is_err()
        {
            tracing::error!("the journal's writer panicked");
        }
    }
}

/// Ends with the journal or with the first stall. A thread that hangs cannot
/// be stopped: those who wait for its batch wait until the process ends.
fn watch_for_stall(state: &Weak<State>, room: &Semaphore, path: PathBuf, limit: Duration) {
    while let Some(state) = state.upgrade() {
        if state.has_stalled(limit) {
            let failure = Failure::Stalled { path, limit };
            tracing::error!(%failure, "the journal has stopped");
            state.fail(failure);
            return room.close();
        }
        drop(state);
        thread::sleep((limit / 4).min(Duration::from_secs(1)));
    }
}

/// The end of the journal: what the writer's thread works on.
struct End {
    log: Arc<Log>,
    tail: Tail,
    mark: Mark,
    buffer: Vec<u8>,
}

impl End {
    fn run(mut self, commands: &Receiver<Command>, state: &State) {
        while let Ok(first) = commands.recv() {
            let (mut batch, stop) = gather(first, commands);
            state.batch_begins(Some(Instant::now()));
            let commit = AssertUnwindSafe(|| self.commit(&mut batch));
            let result = catch_unwind(commit)
                .unwrap_or_else(|_| Err(Failure::Panicked { path: self.log.path.clone() }));
            state.batch_begins(None);
            if let Err(failure) = result {
                tracing::error!(%failure, "the journal has stopped");
                return state.fail(failure);
            }
            if stop {
                break;
            }
        }
        if let Err(source) = self.mark.sync() {
            tracing::warn!(%source, "the journal's mark was not synced");
        }
    }

    /// An early return acknowledges nothing that is not durable and applied:
    /// the caller records the failure, and dropping a request refuses it.
    fn commit(&mut self, batch: &mut [Request]) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let start = self.tail.end;
        let places = self.encode(batch);
        let path = || self.log.path.clone();
        write_full(self.log.file.as_ref(), &self.buffer, start).map_err(|source| Failure::Write {
            path: path(),
            offset: start,
            source,
        })?;
        self.log.file.sync_data().map_err(|source| Failure::Sync { path: path(), source })?;
        self.mark.write(self.tail.end).map_err(|source| Failure::Mark { path: path(), source })?;
        self.log.durable.store(self.tail.end, Ordering::Release);
        for (request, place) in batch.iter_mut().zip(places) {
            request.complete(place)?;
        }
        Ok(())
    }

    fn encode(&mut self, batch: &[Request]) -> Vec<Place> {
        let Self { log, tail, buffer, .. } = self;
        buffer.clear();
        buffer.shrink_to(MAX_BATCH);
        tail.batch = tail.end;
        batch.iter().map(|r| log.format.encode(tail, r.kind, &r.payload, buffer)).collect()
    }
}

impl Request {
    fn complete(&mut self, place: Place) -> Result<(), Failure> {
        if let Some(apply) = self.on_durable.take() {
            apply(place).map_err(|source| Failure::Apply { number: place.number, source })?;
        }
        if let Some(done) = self.done.take() {
            // A caller that no longer waits has nothing to be told.
            let _ = done.send(place);
        }
        Ok(())
    }
}

/// All that waits, up to `MAX_BATCH`, and all of a group; `true` if the
/// writer has to stop after it.
fn gather(first: Command, commands: &Receiver<Command>) -> (Vec<Request>, bool) {
    let (mut batch, mut size, mut next, mut held) = (Vec::new(), 0, Some(first), false);
    while let Some(command) = next {
        match command {
            Command::Stop => return (batch, true),
            Command::Hold => held = true,
            Command::Release => held = false,
            Command::Append(request) => {
                size += request.payload.len();
                batch.push(request);
            }
        }
        next = match (size < MAX_BATCH, held) {
            (false, _) => None,
            (true, true) => commands.recv().ok(),
            (true, false) => commands.try_recv().ok(),
        };
    }
    (batch, false)
}

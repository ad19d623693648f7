//! The journal: one append-only file of checksummed frames, the only thing
//! the node has to keep. Everything else is derived from it.
//!
//! A frame is acknowledged after `fdatasync`. On opening, a tail that a crash
//! left half-written is cut back to the last whole frame: it was never
//! acknowledged. Damage before that stops the node. What tells the two apart:
//! each frame states the offset where its batch began, and a batch is written
//! only after everything before it was synced; and the mark states how far
//! the last sync reached. Bad bytes below either bound were durable once and
//! are corruption; bad bytes above both can be the work of a crash.
//!
//! spec: `storage.frame`, `storage.torn_tail`, `storage.corruption`

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rand_core::{OsRng, RngCore};

use super::{
    appender::{Appender, Writer},
    frame::{Format, Frame, HEADER_LEN, HeaderFault, Place, Position, Tail, Window},
    mark::{MARK_NAME, Mark, Reading},
    storage::{File, Storage, read_full, replace, write_full},
};

pub(super) const JOURNAL_NAME: &str = "journal";

/// Why the journal cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system refused an operation.
    #[error("could not {operation} {}: {source}; mend the disk or the permissions and start again", .path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as a journal does.
    #[error("{} is not a journal of this software: check the configured directory", .path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// Written by a version that this one cannot read.
    #[error("{} has format version {found}, this node reads {supported}: use a node of that version",
        .path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: u32,
        /// The version that this code reads.
        supported: u32,
    },
    /// Bytes that were durable have changed or are gone.
    #[error("{} is damaged at offset {offset} ({fault}), in data that was acknowledged: nothing was changed; \
        restore the file from a copy that is at least as new", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// First byte of the part that is damaged.
        offset: u64,
        /// What was found there.
        fault: Fault,
    },
    /// The mark exists but the journal is gone.
    #[error("{} is missing but its mark {} is there: restore the journal, or remove the mark to start afresh",
        .path.display(), .mark.display())]
    Missing {
        /// The journal.
        path: PathBuf,
        /// The mark.
        mark: PathBuf,
    },
    /// The mark is of another journal.
    #[error("{} belongs to another journal than {}: restore both from one copy", .mark.display(), .path.display())]
    ForeignMark {
        /// The journal.
        path: PathBuf,
        /// The mark.
        mark: PathBuf,
    },
    /// No frame begins at the offset, or none there is acknowledged yet.
    #[error("no frame of {} begins at offset {}; {end} bytes are acknowledged", .path.display(), .position.0)]
    NoFrame {
        /// The journal.
        path: PathBuf,
        /// The offset asked for.
        position: Position,
        /// Length of the acknowledged part, in bytes.
        end: u64,
    },
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The header's checksum fails.
    #[error("header with a bad checksum")]
    Header,
    /// No whole frame that continues the chain.
    #[error("no valid frame where one must be")]
    Frame,
    /// The file ends before its mark.
    #[error("the file ends before the last acknowledged frame")]
    Short,
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whole frames kept.
    pub frames: u64,
    /// Length of the journal, in bytes.
    pub end: Position,
    /// What was cut, to be reported to the operator.
    pub torn: Option<TornTail>,
    /// Whether the mark could not be used, as after a loss of power: damage
    /// to the last batch then counts as a torn tail.
    pub mark_lost: bool,
}

/// A half-written tail that was cut. It was never acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where it began.
    pub position: Position,
    /// Its length, in bytes.
    pub bytes: u64,
}

/// A frame read back at random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFrame {
    /// What the payload is.
    pub kind: u16,
    /// The payload.
    pub payload: Vec<u8>,
    /// Where the frame lies.
    pub place: Place,
}

/// The file as readers and the writer share it.
#[derive(Debug)]
pub(super) struct Log {
    pub file: Box<dyn File>,
    pub format: Format,
    pub path: PathBuf,
    /// Length of the durable part; readers stop there.
    pub durable: AtomicU64,
}

/// An open journal. Dropping it finishes the batch in hand, refuses what
/// still waits, and syncs the mark.
#[derive(Debug)]
pub struct Journal {
    log: Arc<Log>,
    writer: Writer,
}

impl Journal {
    /// Opens or creates the journal of a directory, checks every byte of it
    /// and makes it durable. The caller holds the directory's lock through
    /// `storage`.
    pub fn open(storage: Arc<dyn Storage>) -> Result<(Self, Recovery), JournalError> {
        let (log, tail, mark, recovery) = recover(storage.as_ref())?;
        let log = Arc::new(log);
        let writer = Writer::spawn(Arc::clone(&log), tail, mark, storage)
            .map_err(|source| failed("start the writer of", log.path.clone())(source))?;
        Ok((Self { log, writer }, recovery))
    }

    /// The handle that appends.
    pub fn appender(&self) -> Appender {
        self.writer.appender()
    }

    /// Random identity of this journal, set on its creation.
    pub fn id(&self) -> [u8; 32] {
        self.log.format.id
    }

    /// End of the acknowledged part.
    pub fn end(&self) -> Position {
        Position(self.log.durable.load(Ordering::Acquire))
    }

    /// Position of the first frame.
    pub const fn start() -> Position {
        Position(HEADER_LEN as u64)
    }

    /// Reads the frame at a position, checking it again.
    pub fn read(&self, position: Position) -> Result<StoredFrame, JournalError> {
        self.reader().read(position)
    }

    /// A handle for reading, to be kept where the journal itself is not.
    pub fn reader(&self) -> Reader {
        Reader { log: Arc::clone(&self.log) }
    }

    /// Visits the acknowledged frames in order.
    pub fn replay<E>(&self, mut visit: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E>
    where
        E: From<JournalError>,
    {
        let end = self.end().0;
        let mut window = Window::new(self.log.file.as_ref());
        let mut offset = HEADER_LEN as u64;
        while offset < end {
            let frame = self
                .log
                .format
                .frame_at(&mut window, offset)
                .map_err(failed("read", self.log.path.clone()))?
                .ok_or_else(|| corrupt(&self.log.path, offset, Fault::Frame))?;
            offset = frame.place.end.0;
            visit(frame)?;
        }
        Ok(())
    }
}

/// Reads frames at random, from any thread.
#[derive(Clone, Debug)]
pub struct Reader {
    log: Arc<Log>,
}

impl Reader {
    /// Reads the frame at a position, checking it again.
    pub fn read(&self, position: Position) -> Result<StoredFrame, JournalError> {
        let end = self.log.durable.load(Ordering::Acquire);
        if position.0 < HEADER_LEN as u64 || position.0 >= end {
            return Err(self.no_frame(position, end));
        }
        match self.frame(position).map_err(failed("read", self.log.path.clone()))? {
            Some(frame) if frame.place.end.0 <= end => Ok(frame),
            _ => Err(self.no_frame(position, end)),
        }
    }

    fn frame(&self, position: Position) -> io::Result<Option<StoredFrame>> {
        let mut window = Window::sized(self.log.file.as_ref(), READ_LEN);
        let frame = self.log.format.frame_at(&mut window, position.0)?;
        Ok(frame.map(|f| StoredFrame { kind: f.kind, payload: f.payload.to_vec(), place: f.place }))
    }

    fn no_frame(&self, position: Position, end: u64) -> JournalError {
        JournalError::NoFrame { path: self.log.path.clone(), position, end }
    }
}

/// A random read takes one call for frames up to this length.
const READ_LEN: usize = 4096;

fn recover(storage: &dyn Storage) -> Result<(Log, Tail, Mark, Recovery), JournalError> {
    let path = storage.path().join(JOURNAL_NAME);
    let file = open_or_create(storage)?;
    let format = read_header(file.as_ref(), &path)?;
    let (mark, reading) =
        Mark::open(storage, &format).map_err(failed("open", storage.path().join(MARK_NAME)))?;
    let marked = match reading {
        Reading::Durable(end) => end,
        Reading::Lost => HEADER_LEN as u64,
        Reading::Foreign => {
            return Err(JournalError::ForeignMark { path, mark: storage.path().join(MARK_NAME) });
        }
    };
    let size = file.size().map_err(failed("measure", path.clone()))?;
    let tail = last_whole_frame(file.as_ref(), &format, size).map_err(failed("read", path.clone()))?;
    let torn = judge(file.as_ref(), &format, &tail, size, marked, &path)?;
    settle(file.as_ref(), &tail, marked, torn).map_err(failed("make durable", path.clone()))?;
    mark.write(tail.end)
        .and_then(|()| mark.sync())
        .map_err(failed("write", storage.path().join(MARK_NAME)))?;
    storage.sync().map_err(failed("sync", storage.path().to_path_buf()))?;
    let recovery = Recovery {
        frames: tail.number,
        end: Position(tail.end),
        torn,
        mark_lost: reading == Reading::Lost && tail.number > 0,
    };
    let log = Log { file, format, path, durable: AtomicU64::new(tail.end) };
    Ok((log, tail, mark, recovery))
}

/// A journal appears under its name with its header whole and durable, and
/// before its mark: a mark alone means that the journal was taken away.
fn open_or_create(storage: &dyn Storage) -> Result<Box<dyn File>, JournalError> {
    let path = storage.path().join(JOURNAL_NAME);
    if let Some(file) = storage.open(JOURNAL_NAME).map_err(failed("open", path.clone()))? {
        return Ok(file);
    }
    let mark = storage.path().join(MARK_NAME);
    if storage.open(MARK_NAME).map_err(failed("open", mark.clone()))?.is_some() {
        return Err(JournalError::Missing { path, mark });
    }
    let mut id = [0; 32];
    OsRng.try_fill_bytes(&mut id).map_err(|e| failed("draw an id for", path.clone())(io::Error::other(e)))?;
    replace(storage, JOURNAL_NAME, &Format::new(id).header())
        .and_then(|()| storage.open(JOURNAL_NAME))
        .and_then(|file| file.ok_or_else(|| io::ErrorKind::NotFound.into()))
        .map_err(failed("create", path))
}

fn read_header(file: &dyn File, path: &std::path::Path) -> Result<Format, JournalError> {
    let mut bytes = [0; HEADER_LEN];
    let read = read_full(file, &mut bytes, 0).map_err(failed("read", path.to_path_buf()))?;
    if read < HEADER_LEN {
        return Err(corrupt(path, 0, Fault::Header));
    }
    Format::from_header(&bytes).map_err(|fault| match fault {
        HeaderFault::Magic => JournalError::NotAJournal { path: path.to_path_buf() },
        HeaderFault::Version(found) => JournalError::UnknownVersion {
            path: path.to_path_buf(),
            found,
            supported: super::frame::FORMAT_VERSION,
        },
        HeaderFault::Checksum => corrupt(path, 0, Fault::Header),
    })
}

/// Follows the chain from the header to the last frame that continues it.
fn last_whole_frame(file: &dyn File, format: &Format, size: u64) -> io::Result<Tail> {
    let mut window = Window::new(file);
    let mut tail = Tail::start(format);
    while tail.end < size {
        match format.frame_at(&mut window, tail.end)?.and_then(|frame| tail.after(&frame)) {
            Some(next) => tail = next,
            None => break,
        }
    }
    Ok(tail)
}

/// Decides whether what follows the last whole frame is a torn tail or
/// corruption. spec: `storage.torn_tail`
fn judge(
    file: &dyn File,
    format: &Format,
    tail: &Tail,
    size: u64,
    marked: u64,
    path: &std::path::Path,
) -> Result<Option<TornTail>, JournalError> {
    if tail.end >= size {
        return if marked > size { Err(corrupt(path, size, Fault::Short)) } else { Ok(None) };
    }
    let later = later_batch(file, format, tail, size).map_err(failed("read", path.to_path_buf()))?;
    if marked > tail.end || later {
        return Err(corrupt(path, tail.end, Fault::Frame));
    }
    Ok(Some(TornTail { position: Position(tail.end), bytes: size - tail.end }))
}

/// Whether a valid frame at or behind the bad bytes states that they were
/// durable before it was written. It counts wherever it lies now: bytes may
/// have been lost or doubled before it.
fn later_batch(file: &dyn File, format: &Format, tail: &Tail, size: u64) -> io::Result<bool> {
    let mut window = Window::new(file);
    let mut from = tail.end;
    while let Some(offset) = format.next_marker(&mut window, from, size)? {
        if format.frame_at(&mut window, offset)?.is_some_and(|frame| frame.batch > tail.end) {
            return Ok(true);
        }
        from = offset + 1;
    }
    Ok(false)
}

/// Makes what was read durable before anything builds on it.
///
/// The frames above the last proven sync may lie in the page cache alone: the
/// last process may have been killed before its sync, or have seen it fail,
/// after which Linux calls lost pages clean. They are written once more, so
/// that the sync has something to do and its verdict is about them.
fn settle(file: &dyn File, tail: &Tail, marked: u64, torn: Option<TornTail>) -> io::Result<()> {
    if torn.is_some() {
        file.set_size(tail.end)?;
    }
    let mut window = Window::new(file);
    let mut offset = marked.max(tail.batch);
    while offset < tail.end {
        let length = usize::try_from(tail.end - offset).unwrap_or(REWRITE_LEN).min(REWRITE_LEN);
        let bytes = window.bytes(offset, length)?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        write_full(file, bytes, offset)?;
        offset += bytes.len() as u64;
    }
    file.sync_data()
}

const REWRITE_LEN: usize = 1 << 20;

fn corrupt(path: &std::path::Path, offset: u64, fault: Fault) -> JournalError {
    JournalError::Corrupt { path: path.to_path_buf(), offset, fault }
}

fn failed(operation: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { operation, path, source }
}

#[cfg(test)]
pub(super) mod testing {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;
    use crate::store::testing::SimStorage;

    /// A journal whose batches may take no longer than `limit`.
    pub fn open_limited(disk: &SimStorage, limit: Duration) -> Journal {
        let (log, tail, mark, _) = recover(disk).unwrap();
        let log = Arc::new(log);
        let writer = Writer::spawn_limited(Arc::clone(&log), tail, mark, disk.shared(), limit).unwrap();
        Journal { log, writer }
    }
}

//! An election with its census and its board, in a file that grows.
//! spec: `client.state`.

use crate::{
    Error, Node,
    board::Mirror,
    census,
    election::{self, Election, Reference, Trust},
};
use circuits::types::{BoardEntry, Census, CensusEntry, SignedHead};
use prost::Message;
use proto::{
    convert::InvalidField,
    v1::{self, state_part::Part},
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// First bytes of a state file.
const MAGIC: &[u8; 16] = b"tabella.state.v1";
/// Longest part, in bytes.
const PART_MAX: u64 = 32 << 20;
/// Leaves of the census in one part.
const CENSUS_PAGE: usize = 4096;
/// Entries of the board in one part.
const BOARD_PAGE: usize = 256;

/// Why a state file is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidState {
    /// See the message.
    #[error("cannot read or write it: {0}")]
    Io(#[from] io::Error),
    /// See the message.
    #[error("it is not a state file of version 1")]
    Magic,
    /// See the message.
    #[error("the part at byte {offset} has a length of {length} bytes or more; at most {PART_MAX}")]
    Length {
        /// Where the part begins.
        offset: u64,
        /// As announced.
        length: u64,
    },
    /// See the message.
    #[error("the part at byte {offset} is no message: {cause}")]
    Message {
        /// Where the part begins.
        offset: u64,
        /// What is wrong.
        cause: prost::DecodeError,
    },
    /// See the message.
    #[error("the part at byte {offset}: {cause}")]
    Field {
        /// Where the part begins.
        offset: u64,
        /// What is wrong.
        cause: InvalidField,
    },
    /// See the message.
    #[error("the part at byte {offset} {problem}")]
    Order {
        /// Where the part begins.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// See the message.
    #[error("it was cut off before its first head; fetch the state again")]
    Incomplete,
    /// What it says does not hold.
    #[error(transparent)]
    Checked(Box<Error>),
}

/// An election as a member needs it: checked, and without questions about
/// single members (A64).
#[derive(Debug)]
pub struct State {
    /// The election.
    pub election: Arc<Election>,
    /// Its census.
    pub census: Census,
    /// Its board, up to a head.
    pub mirror: Mirror,
}

impl State {
    /// Reads a state that somebody fetched; the file stays as it is.
    ///
    /// # Errors
    /// If the file cannot be read, or anything in it is wrong.
    pub fn read(path: &Path, which: Reference, trust: &Trust) -> Result<Self, Error> {
        let failed = |cause| Error::State { path: path.to_owned(), cause };
        let file = File::open(path).map_err(|e| failed(e.into()))?;
        let loaded = load(file, which, trust).map_err(failed)?;
        Ok(loaded.ok_or(failed(InvalidState::Incomplete))?.state)
    }

    /// The state in `path`, made if there is none, brought up to the node's
    /// newest head. What comes in later is appended too, whenever the mirror
    /// is synced.
    ///
    /// # Errors
    /// If the node refuses or shows something wrong, or the file is of
    /// another kind, damaged, or cannot be written.
    pub async fn keep(path: &Path, node: &Node, which: Reference, trust: &Trust) -> Result<Self, Error> {
        let failed = |cause| Error::State { path: path.to_owned(), cause };
        let (file, locked) = open(path).map_err(|e| failed(e.into()))?;
        let reader = file.try_clone().map_err(|e| failed(e.into()))?;
        let (mut state, end) = match load(reader, which, trust).map_err(failed)? {
            Some(Loaded { state, end }) => (state, end),
            None => fetch(path, locked.then_some(&file), node, which, trust).await?,
        };
        // Another process keeps the file up to date, if this one does not.
        if locked {
            let journal = Journal::append(path, file, end, &state.mirror).map_err(|e| failed(e.into()))?;
            state.mirror.keep_in(journal);
        }
        state.mirror.sync(node).await?;
        Ok(state)
    }
}

/// Opened for its owner alone; locked until the handle is dropped, unless
/// another process holds it, a masker say.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => Ok((file, true)),
        Err(TryLockError::WouldBlock) => Ok((file, false)),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

/// Election and census from the node, checked and then written, if there is
/// where.
async fn fetch(
    path: &Path,
    file: Option<&File>,
    node: &Node,
    which: Reference,
    trust: &Trust,
) -> Result<(State, u64), Error> {
    let raw = election::fetch_raw(node, which).await?;
    let election = Arc::new(election::accept(raw.clone(), which, trust)?);
    let census = census::fetch(node, &election.draft().census, &election.census).await?;
    let mirror = Mirror::new(&election);
    let written = file.map_or(Ok(0), |file| begin(file, raw, census.entries()));
    let end = written.map_err(|e| Error::State { path: path.to_owned(), cause: e.into() })?;
    Ok((State { election, census, mirror }, end))
}

fn begin(mut file: &File, election: v1::GetElectionResponse, census: &[CensusEntry]) -> io::Result<u64> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = MAGIC.to_vec();
    put(&mut bytes, Part::Election(election));
    for page in census.chunks(CENSUS_PAGE) {
        let entries = page.iter().map(v1::CensusEntry::from).collect();
        put(&mut bytes, Part::Census(v1::GetCensusResponse { entries }));
    }
    file.write_all(&bytes)?;
    Ok(bytes.len() as u64)
}

fn put(out: &mut Vec<u8>, part: Part) {
    let part = v1::StatePart { part: Some(part) };
    part.encode_length_delimited(out).expect("a vector grows");
}

/// A checked state, and where the part of its last head ends.
struct Loaded {
    state: State,
    end: u64,
}

/// `None` if the file ends before its first head.
fn load(file: File, which: Reference, trust: &Trust) -> Result<Option<Loaded>, InvalidState> {
    let mut parts = Parts::new(file)?;
    let Some((offset, first)) = parts.next()? else { return Ok(None) };
    let Part::Election(raw) = first else {
        return Err(InvalidState::Order { offset, problem: "is not the election, which comes first" });
    };
    let checked = |e: Error| InvalidState::Checked(Box::new(e));
    let election = Arc::new(election::accept(raw, which, trust).map_err(checked)?);
    let Some((census, mut next)) = read_census(&mut parts)? else { return Ok(None) };
    let census = census::check(&election.draft().census, &election.census, census);
    let census = census.map_err(|e| checked(e.into()))?;
    let (mut mirror, mut pending, mut end) = (Mirror::new(&election), Vec::new(), None);
    loop {
        match next {
            (offset, Part::Entries(page)) => read_entries(offset, page, &mirror, &mut pending)?,
            (offset, Part::Head(head)) => {
                let head = SignedHead::try_from(head);
                let head = head.map_err(|cause| InvalidState::Field { offset, cause })?;
                mirror.extend(&pending).map_err(|e| checked(e.into()))?;
                pending.clear();
                mirror.adopt(head).map_err(|e| checked(e.into()))?;
                end = Some(parts.offset);
            }
            (offset, _) => return Err(InvalidState::Order { offset, problem: "is out of order" }),
        }
        let Some(part) = parts.next()? else { break };
        next = part;
    }
    Ok(end.map(|end| Loaded { state: State { election, census, mirror }, end }))
}

/// A part with the byte that it begins at.
type Placed = (u64, Part);

/// The leaves, and the first part after them.
fn read_census(parts: &mut Parts) -> Result<Option<(Vec<CensusEntry>, Placed)>, InvalidState> {
    let mut out = Vec::new();
    while let Some((offset, part)) = parts.next()? {
        let Part::Census(page) = part else { return Ok(Some((out, (offset, part)))) };
        for entry in page.entries {
            let entry = CensusEntry::try_from(entry);
            out.push(entry.map_err(|cause| InvalidState::Field { offset, cause })?);
        }
    }
    Ok(None)
}

fn read_entries(
    offset: u64,
    page: v1::StreamEntriesResponse,
    mirror: &Mirror,
    pending: &mut Vec<BoardEntry>,
) -> Result<(), InvalidState> {
    if u64::from(page.start) != u64::from(mirror.len()) + pending.len() as u64 {
        return Err(InvalidState::Order { offset, problem: "skips or repeats entries" });
    }
    for entry in page.entries {
        pending.push(BoardEntry::try_from(entry).map_err(|cause| InvalidState::Field { offset, cause })?);
    }
    Ok(())
}

/// The parts of a file, one after the other.
struct Parts {
    reader: BufReader<File>,
    /// Where the next part begins.
    offset: u64,
}

impl Parts {
    fn new(mut file: File) -> Result<Self, InvalidState> {
        file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(file);
        let mut magic = Vec::new();
        reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        // A prefix is what a crash leaves.
        if MAGIC.starts_with(&magic) {
            Ok(Self { reader, offset: magic.len() as u64 })
        } else {
            Err(InvalidState::Magic)
        }
    }

    /// The next whole part with its offset; `None` at the end, or where the
    /// file was cut off.
    fn next(&mut self) -> Result<Option<Placed>, InvalidState> {
        let offset = self.offset;
        let Some((length, prefix)) = self.length()? else { return Ok(None) };
        let mut bytes = Vec::new();
        self.reader.by_ref().take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Ok(None);
        }
        self.offset += prefix + length;
        let part =
            v1::StatePart::decode(&bytes[..]).map_err(|cause| InvalidState::Message { offset, cause })?;
        let part = part.part.ok_or(InvalidState::Order { offset, problem: "is empty or of a later version" });
        part.map(|part| Some((offset, part)))
    }

    /// A varint, and how many bytes it takes.
    fn length(&mut self) -> Result<Option<(u64, u64)>, InvalidState> {
        let (mut length, mut byte) = (0, [0]);
        for n in 0..5 {
            if self.reader.read(&mut byte)? == 0 {
                return Ok(None);
            }
            length |= u64::from(byte[0] & 0x7f) << (7 * n);
            if length > PART_MAX {
                break;
            }
            if byte[0] & 0x80 == 0 {
                return Ok(Some((length, n + 1)));
            }
        }
        Err(InvalidState::Length { offset: self.offset, length })
    }
}

/// Appends to a state file what a mirror learns.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Entries not yet written; the first has number `start`.
    page: Vec<v1::BoardEntry>,
    start: u32,
    /// Size and end of the last head written.
    head: Option<(u32, bool)>,
}

impl Journal {
    fn append(path: &Path, mut file: File, end: u64, mirror: &Mirror) -> io::Result<Self> {
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        let head = mirror.head().map(|h| (h.head.size, h.head.closed));
        Ok(Self { path: path.to_owned(), file, page: Vec::new(), start: mirror.len(), head })
    }

    /// Keeps an entry in mind.
    pub(crate) fn entry(&mut self, entry: &BoardEntry) {
        self.page.push(entry.into());
    }

    /// Writes the entries kept in mind.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for entries in std::mem::take(&mut self.page).chunks(BOARD_PAGE) {
            let page = v1::StreamEntriesResponse { start: self.start, entries: entries.to_vec() };
            self.start = self.start.saturating_add(u32::try_from(entries.len()).unwrap_or(u32::MAX));
            put(&mut bytes, Part::Entries(page));
        }
        self.file.write_all(&bytes).map_err(|e| self.failed(e))
    }

    /// Writes a head of all entries so far, if it says something new; then
    /// all is durable.
    pub(crate) fn head(&mut self, head: &SignedHead) -> Result<(), Error> {
        self.flush()?;
        let news = (head.head.size, head.head.closed);
        if self.head == Some(news) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        put(&mut bytes, Part::Head(head.into()));
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|e| self.failed(e))?;
        self.head = Some(news);
        Ok(())
    }

    fn failed(&self, cause: io::Error) -> Error {
        Error::State { path: self.path.clone(), cause: cause.into() }
    }
}

/// The checked state of bytes from anywhere, for tests of the decoder.
#[cfg(test)]
pub(crate) fn read_bytes(
    bytes: &[u8],
    which: Reference,
    trust: &Trust,
) -> Result<Option<State>, InvalidState> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(load(file, which, trust)?.map(|loaded| loaded.state))
}

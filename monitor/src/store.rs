//! What a monitor keeps on disk. spec: `monitor.state`.
//!
//! | file | holds |
//! | --- | --- |
//! | `lock` | nothing; one process at a time holds it |
//! | `ELECTION/entries.bin` | the verified entries, as in a record's `board.bin` without its head |
//! | `ELECTION/checkpoint.json` | how far they are verified, heads seen, findings; with a checksum |
//! | `ELECTION/heads.jsonl` | every signed head that the board was compared with, to give to other monitors |
//! | `log-LOG/..` | the same for a log of audits, with `events.bin` |
//! | `evidence/KIND-HASH.json` | one file per finding |

use crate::{checkpoint, finding::Recorded};
use audit::log::LogId;
use circuits::types::{BallotShape, BoardEntry, BoardRoot, ElectionId, SignedHead, Tally, keccak256};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use verifier::record::{InvalidEntry, entry_from_bytes, entry_len, entry_to_bytes};

/// Version of the directory's form.
const VERSION: u32 = 1;

/// Why the monitor cannot use its directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// See the message.
    #[error("{path}: {cause}", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Of the file system.
        cause: io::Error,
    },
    /// See the message.
    #[error(transparent)]
    File(#[from] keyfile::FileError),
    /// See the message.
    #[error("another monitor uses {path}; give this one a directory of its own", path = .0.display())]
    Locked(PathBuf),
    /// See the message.
    #[error(
        "{path} is damaged: {problem}; restore it from a backup, or move the directory that it is in away to verify from the beginning: the monitor then forgets which heads it has seen",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

pub(crate) fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError + '_ {
    move |cause| StoreError::Io { path: path.to_owned(), cause }
}

/// The monitor's directory, held by this process.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Opens the directory, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made, or another process holds it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let evidence = path.join("evidence");
        fs::create_dir_all(&evidence).map_err(failed(&evidence))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(failed(&lock_path)(cause)),
        }
    }

    /// Writes evidence, once: its name follows from its content. Returns the
    /// file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, kind: &str, evidence: &[u8]) -> Result<PathBuf, StoreError> {
        let name = hex::encode(&keccak256(evidence)[..8]);
        let path = self.path.join("evidence").join(format!("{kind}-{name}.json"));
        if !path.exists() {
            keyfile::replace(&path, evidence)?;
        }
        Ok(path)
    }

    /// The directory of a log of audits.
    pub(crate) fn log(&self, id: LogId) -> PathBuf {
        self.path.join(format!("log-{id}"))
    }

    /// The store of an election, with the entries that it holds.
    ///
    /// # Errors
    /// If a file cannot be read, or is damaged.
    pub fn election(
        &self,
        id: ElectionId,
        shape: BallotShape,
    ) -> Result<(ElectionStore, Vec<BoardEntry>), StoreError> {
        let directory = self.path.join(id.to_string());
        fs::create_dir_all(&directory).map_err(failed(&directory))?;
        ElectionStore::open(directory, id, shape)
    }
}

/// How far an election is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    version: u32,
    election: ElectionId,
    /// Entries whose proofs and rules were checked.
    pub size: u32,
    /// Root over them.
    pub root: BoardRoot,
    /// Those of them whose proofs do not hold.
    pub invalid: Vec<u32>,
    /// The newest head that all entries below it agree with.
    pub anchor: Option<SignedHead>,
    /// The highest head that each node has shown, by address.
    pub heads: BTreeMap<String, SignedHead>,
    /// Whether registrations, census and key generation were checked.
    pub census: bool,
    /// The result, once it is checked.
    pub tally: Option<Tally>,
    /// What was found.
    pub findings: Vec<Recorded>,
}

impl Checkpoint {
    fn new(election: ElectionId) -> Self {
        Self {
            version: VERSION,
            election,
            size: 0,
            root: circuits::types::board_root(&[]),
            invalid: Vec::new(),
            anchor: None,
            heads: BTreeMap::new(),
            census: false,
            tally: None,
            findings: Vec::new(),
        }
    }
}

/// The files of one election.
#[derive(Debug)]
pub struct ElectionStore {
    directory: PathBuf,
    shape: BallotShape,
    entries: File,
    /// What is on disk, or will be with the next [`ElectionStore::save`].
    pub checkpoint: Checkpoint,
}

impl ElectionStore {
    fn open(
        directory: PathBuf,
        id: ElectionId,
        shape: BallotShape,
    ) -> Result<(Self, Vec<BoardEntry>), StoreError> {
        let path = directory.join("entries.bin");
        let entries = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let entries = entries.map_err(failed(&path))?;
        let checkpoint = read_checkpoint(&directory, id)?;
        let mut store = Self { directory, shape, entries, checkpoint };
        let stored = store.read(store.checkpoint.size)?;
        store.cut()?;
        Ok((store, stored))
    }

    fn entries_path(&self) -> PathBuf {
        self.directory.join("entries.bin")
    }

    /// The first `count` entries of the file.
    ///
    /// # Errors
    /// If there are fewer, or they cannot be read.
    pub fn read(&mut self, count: u32) -> Result<Vec<BoardEntry>, StoreError> {
        let (path, length) = (self.entries_path(), entry_len(self.shape));
        let damaged = |problem: String| StoreError::Damaged { path: path.clone(), problem };
        self.entries.seek(SeekFrom::Start(0)).map_err(failed(&path))?;
        let mut reader = io::BufReader::with_capacity(1 << 20, &self.entries);
        let (mut buffer, mut out) = (vec![0; length], Vec::new());
        for seq in 0..count {
            match reader.read_exact(&mut buffer) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(damaged(format!("it ends before entry {seq} of {count}")));
                }
                Err(cause) => return Err(failed(&path)(cause)),
            }
            let entry = entry_from_bytes(self.shape, &buffer);
            out.push(entry.map_err(|e: InvalidEntry| damaged(format!("entry {seq}: {e}")))?);
        }
        Ok(out)
    }

    /// One stored entry.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub fn entry(&mut self, seq: u32) -> Result<BoardEntry, StoreError> {
        let (path, length) = (self.entries_path(), entry_len(self.shape));
        let mut buffer = vec![0; length];
        let start = SeekFrom::Start(u64::from(seq) * length as u64);
        let read = self.entries.seek(start).and_then(|_| self.entries.read_exact(&mut buffer));
        read.and_then(|()| self.entries.seek(SeekFrom::End(0))).map_err(failed(&path))?;
        entry_from_bytes(self.shape, &buffer).map_err(|e| self.damaged(format!("entry {seq}: {e}")))
    }

    /// Drops what lies beyond the checkpoint: it was not finished.
    fn cut(&mut self) -> Result<(), StoreError> {
        let (path, length) = (self.entries_path(), entry_len(self.shape) as u64);
        self.entries.set_len(u64::from(self.checkpoint.size) * length).map_err(failed(&path))?;
        self.entries.seek(SeekFrom::End(0)).map_err(failed(&path))?;
        Ok(())
    }

    /// Says that the stored entries are not those of `root`.
    pub fn damaged(&self, problem: String) -> StoreError {
        StoreError::Damaged { path: self.entries_path(), problem }
    }

    /// Appends verified entries; durable with the next [`ElectionStore::save`].
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn append(&mut self, entries: &[BoardEntry]) -> Result<(), StoreError> {
        let mut bytes = Vec::with_capacity(entries.len() * entry_len(self.shape));
        entries.iter().for_each(|e| entry_to_bytes(e, &mut bytes));
        self.entries.write_all(&bytes).map_err(failed(&self.entries_path()))
    }

    /// Forgets entries beyond `size`, of which `root` is the root.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn forget(&mut self, size: u32, root: BoardRoot) -> Result<(), StoreError> {
        (self.checkpoint.size, self.checkpoint.root) = (size, root);
        self.checkpoint.invalid.retain(|seq| *seq < size);
        self.save()?;
        self.cut()
    }

    /// Makes entries and checkpoint durable, in this order.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn save(&mut self) -> Result<(), StoreError> {
        self.entries.sync_data().map_err(failed(&self.entries_path()))?;
        checkpoint::write(&self.directory, &self.checkpoint)
    }

    /// Adds a head to the list for other monitors.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn publish(&self, head: &SignedHead) -> Result<(), StoreError> {
        checkpoint::publish(&self.directory, head)
    }
}

fn read_checkpoint(directory: &Path, id: ElectionId) -> Result<Checkpoint, StoreError> {
    let found = checkpoint::read(directory, |&Checkpoint { version, election, .. }| {
        let is_ours = version == VERSION && election == id;
        is_ours.then_some(()).ok_or_else(|| format!("it is of version {version}, for election {election}"))
    })?;
    Ok(found.unwrap_or_else(|| Checkpoint::new(id)))
}

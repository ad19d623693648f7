//! The highest signed head of each board, kept at a second path, away from
//! the journal. A node whose journal was restored from an old copy finds
//! heads that it has signed and can no longer back, and refuses to serve.
//! spec: `storage.head_file`

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    frame::array,
    index::Id,
    storage::{File, Storage, read_full, replace},
};

/// Longest content of a head file, in bytes: a head, its signature, and room.
pub const MAX_HEAD: usize = 4096;

const MAGIC: &[u8; 8] = b"tabhead\x01";
const PREFIX_LEN: usize = 52;
const EXTENSION: &str = ".head";

/// A signed head as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Number of entries that it commits to.
    pub size: u64,
    /// The head and its signature, in the caller's encoding.
    pub content: Vec<u8>,
}

/// Why heads cannot be kept or trusted.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The node has signed for more entries than its journal holds.
    #[error("the journal was rolled back: election {} has {board} entries, but a head over {signed} was signed \
        ({}); do not serve: restore the newest copy of the journal. If it is lost, the election has to be \
        repeated: receipts above {board} prove the loss", hex::encode(.election), .path.display())]
    RolledBack {
        /// The election.
        election: Id,
        /// Entries in the journal.
        board: u64,
        /// Entries in the highest signed head.
        signed: u64,
        /// The file that holds that head.
        path: PathBuf,
    },
    /// A head below one that was signed before must not be signed.
    #[error("election {} has a signed head over {signed} entries: one over {size} would contradict it",
        hex::encode(.election))]
    Behind {
        /// The election.
        election: Id,
        /// Size of the head offered.
        size: u64,
        /// Size of the head that is kept.
        signed: u64,
    },
    /// The content is over the limit.
    #[error("a head of {length} bytes is over the limit of {MAX_HEAD}")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
    },
    /// The file cannot be trusted.
    #[error("{} is damaged: restore it from a copy; do not delete it, it guards against a rolled-back journal",
        .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
    },
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
}

/// The head files of one directory, one per election.
#[derive(Debug)]
pub struct HeadFiles {
    storage: Box<dyn Storage>,
    heads: Mutex<BTreeMap<Id, SignedHead>>,
}

impl HeadFiles {
    /// Reads all heads of a directory. A file that a crash left half-written
    /// under its temporary name was never relied on, and is removed.
    pub fn open(storage: Box<dyn Storage>) -> Result<Self, HeadError> {
        let mut heads = BTreeMap::new();
        let names = storage.names().map_err(failed("list", storage.path().to_path_buf()))?;
        for name in names {
            let path = storage.path().join(&name);
            if name.ends_with(&format!("{EXTENSION}.new")) {
                storage.remove(&name).map_err(failed("remove", path))?;
            } else if name.ends_with(EXTENSION) {
                let (election, head) = read(storage.as_ref(), &name)?;
                heads.insert(election, head);
            }
        }
        Ok(Self { storage, heads: Mutex::new(heads) })
    }

    /// Makes a signed head durable. The caller does so **before** the head or
    /// a receipt under it leaves the node. A head of the same size replaces
    /// the one that is kept, as when it is signed anew with a later time.
    /// Blocks for two syncs: not to be called on an async runtime's thread.
    pub fn keep(&self, election: Id, head: SignedHead) -> Result<(), HeadError> {
        if head.content.len() > MAX_HEAD {
            return Err(HeadError::TooLong { length: head.content.len() });
        }
        let mut heads = self.heads();
        if let Some(kept) = heads.get(&election)
            && kept.size > head.size
        {
            return Err(HeadError::Behind { election, size: head.size, signed: kept.size });
        }
        let name = file_name(&election);
        replace(self.storage.as_ref(), &name, &encode(&election, &head))
            .map_err(failed("write", self.storage.path().join(name)))?;
        heads.insert(election, head);
        Ok(())
    }

    /// The highest head that was kept for an election.
    pub fn highest(&self, election: &Id) -> Option<SignedHead> {
        self.heads().get(election).cloned()
    }

    /// All kept heads, in order of elections. The caller also compares their
    /// roots with its boards at those sizes: only it can compute a root.
    pub fn all(&self) -> Vec<(Id, SignedHead)> {
        self.heads().iter().map(|(id, head)| (*id, head.clone())).collect()
    }

    /// Refuses a board that is behind what was signed for it.
    pub fn check(&self, election: &Id, board: u64) -> Result<(), HeadError> {
        match self.highest(election) {
            Some(head) if head.size > board => Err(HeadError::RolledBack {
                election: *election,
                board,
                signed: head.size,
                path: self.storage.path().join(file_name(election)),
            }),
            _ => Ok(()),
        }
    }

    /// A panic elsewhere leaves the map whole: it changes in one step.
    fn heads(&self) -> MutexGuard<'_, BTreeMap<Id, SignedHead>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(election: &Id) -> String {
    hex::encode(election) + EXTENSION
}

fn encode(election: &Id, head: &SignedHead) -> Vec<u8> {
    let length = u32::try_from(head.content.len()).expect("checked against MAX_HEAD");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(election);
    bytes.extend_from_slice(&head.size.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&head.content);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

fn read(storage: &dyn Storage, name: &str) -> Result<(Id, SignedHead), HeadError> {
    let path = storage.path().join(name);
    let file = storage.open(name).and_then(|f| f.ok_or_else(|| io::ErrorKind::NotFound.into()));
    let file = file.map_err(failed("open", path.clone()))?;
    let bytes = contents(file.as_ref()).map_err(failed("read", path.clone()))?;
    decode(&bytes).filter(|(election, _)| name == file_name(election)).ok_or(HeadError::Corrupt { path })
}

fn contents(file: &dyn File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; PREFIX_LEN + MAX_HEAD + 4 + 1];
    let read = read_full(file, &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<(Id, SignedHead)> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    if body.len() < PREFIX_LEN || &body[..8] != MAGIC || crc32c::crc32c(body).to_be_bytes() != *checksum {
        return None;
    }
    let length = u32::from_be_bytes(array(body, 48)) as usize;
    let content = &body[PREFIX_LEN..];
    let head = SignedHead { size: u64::from_be_bytes(array(body, 40)), content: content.to_vec() };
    (content.len() == length).then(|| (array(body, 8), head))
}

fn failed(operation: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> HeadError {
    move |source| HeadError::Io { operation, path, source }
}

//! Where a trustee keeps its state. spec: `trustee.storage`.

use circuits::types::DraftId;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use zeroize::Zeroizing;

/// More than any state has, in bytes: 16 trustees' messages and aborts, in
/// hexadecimal once they are sealed.
const STATE_MAX: usize = 2 << 20;

/// Keeps one state per draft. An implementation may wrap another one, for
/// example to encrypt.
pub trait Storage {
    /// The state of a draft, if there is one.
    ///
    /// # Errors
    /// If it cannot be read.
    fn load(&self, draft: DraftId) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError>;

    /// Replaces the state of a draft. On return the new one survives a loss
    /// of power; on an error the old one is still there.
    ///
    /// # Errors
    /// If it cannot be written durably.
    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError>;
}

/// Why a state could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// See the message.
    #[error("cannot {what} {path}: {cause}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        cause: io::Error,
    },
    /// See the message.
    #[error("{path} is used by another process; a trustee runs once", path = .0.display())]
    Locked(PathBuf),
    /// See the message.
    #[error("an earlier write to {path} failed; check the disk and restart", path = .0.display())]
    Failed(PathBuf),
    /// See the message.
    #[error("{path} may be read or changed by others: chmod 700 {path}", path = .0.display())]
    Exposed(PathBuf),
    /// See the message.
    #[error("{path} was opened to look at only", path = .0.display())]
    ReadOnly(PathBuf),
    /// See the message.
    #[error("another thread failed while it held the states; restart")]
    Poisoned,
    /// A sealed state does not open.
    #[error("the state of draft {draft}: {cause}")]
    Sealed {
        /// Asked for.
        draft: DraftId,
        /// Why.
        cause: keyfile::Error,
    },
    /// See the message.
    #[error("the file of draft {draft} says that it is the state of {found}; files were mixed up")]
    Label {
        /// Asked for.
        draft: DraftId,
        /// What the file says.
        found: String,
    },
}

/// A directory of its own, mode 0700, with one file per draft. It is locked
/// while open: two processes with one state could sign twice.
#[derive(Debug)]
pub struct FileStorage {
    directory: PathBuf,
    failed: bool,
    /// `None`: opened to look at only.
    lock: Option<File>,
}

impl FileStorage {
    /// Opens or creates the directory.
    ///
    /// # Errors
    /// If it cannot be made, others may read it, or another process has it
    /// open.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let directory = directory.into();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)
            .map_err(failure("create", &directory))?;
        require_private(&directory)?;
        let path = directory.join("lock");
        let lock = private_file(&path).map_err(failure("open", &path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StorageError::Locked(directory.clone()),
            TryLockError::Error(cause) => StorageError::File { what: "lock", path: path.clone(), cause },
        })?;
        Ok(Self { directory, failed: false, lock: Some(lock) })
    }

    /// Whether a process has the directory open. Whoever asks holds the lock
    /// for an instant, together with others who ask.
    ///
    /// # Errors
    /// If there is no telling.
    pub fn is_open(directory: impl AsRef<Path>) -> Result<bool, StorageError> {
        let path = directory.as_ref().join("lock");
        let failed = |cause| StorageError::File { what: "look at", path: path.clone(), cause };
        let lock = match File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            opened => opened.map_err(failed)?,
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }

    /// A directory to look at, also while a trustee runs in it: states are
    /// replaced in one step. Nothing can be saved.
    pub fn look(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), failed: false, lock: None }
    }

    fn path(&self, draft: DraftId) -> PathBuf {
        self.directory.join(format!("{draft}.state"))
    }

    /// New file, fsync, rename, fsync of the directory.
    fn replace(&self, path: &Path, state: &[u8]) -> Result<(), StorageError> {
        let new = path.with_extension("new");
        let mut file = private_file(&new).map_err(failure("create", &new))?;
        file.set_len(0).and_then(|()| file.write_all(state)).map_err(failure("write", &new))?;
        file.sync_all().map_err(failure("sync", &new))?;
        std::fs::rename(&new, path).map_err(failure("replace", path))?;
        let directory = File::open(&self.directory).and_then(|d| d.sync_all());
        directory.map_err(failure("sync", &self.directory))
    }
}

impl Storage for FileStorage {
    fn load(&self, draft: DraftId) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let path = self.path(draft);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failure("open", &path))?,
        };
        // Room for all of it: growing would leave copies of the secrets behind.
        let length = file.metadata().map_err(failure("read", &path))?.len();
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(STATE_MAX);
        let mut state = Zeroizing::new(Vec::with_capacity(length + 1));
        file.take(STATE_MAX as u64).read_to_end(&mut state).map_err(failure("read", &path))?;
        Ok(Some(state))
    }

    /// After a failed write every further one is refused: the kernel may
    /// have dropped what it could not write, so a later sync proves nothing.
    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError> {
        if self.lock.is_none() {
            return Err(StorageError::ReadOnly(self.directory.clone()));
        }
        if self.failed {
            return Err(StorageError::Failed(self.directory.clone()));
        }
        let saved = self.replace(&self.path(draft), state);
        self.failed = saved.is_err();
        saved
    }
}

/// Neither group nor others have any right on it.
fn require_private(directory: &Path) -> Result<(), StorageError> {
    let mode = directory.metadata().map_err(failure("read", directory))?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(StorageError::Exposed(directory.to_owned())) }
}

/// One storage for the trustees of several drafts.
impl<S: Storage> Storage for Arc<Mutex<S>> {
    fn load(&self, draft: DraftId) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        self.lock().map_err(|_| StorageError::Poisoned)?.load(draft)
    }

    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError> {
        self.lock().map_err(|_| StorageError::Poisoned)?.save(draft, state)
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn failure<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> StorageError + 'a {
    move |cause| StorageError::File { what, path: path.to_owned(), cause }
}

/// In memory, for tests and for demonstrations: forgets everything.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    states: BTreeMap<DraftId, Secret>,
}

#[derive(Clone)]
struct Secret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

impl MemoryStorage {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Storage for MemoryStorage {
    fn load(&self, draft: DraftId) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        Ok(self.states.get(&draft).map(|s| s.0.clone()))
    }

    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError> {
        self.states.insert(draft, Secret(Zeroizing::new(state.to_vec())));
        Ok(())
    }
}

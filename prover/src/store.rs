//! Development keys on disk, and in memory while the store lives.
//! spec: `setup.key_cache`.

use crate::{
    codec::{self, Head, InvalidFile, KeyFile},
    key::{KeyOrigin, ProvingKey},
    matrices::Matrices,
    pinned::pinned_hash,
    setup::{SetupError, development_key, development_verifying_key},
    shapes::{shape, snapshot_digest},
};
use circuits::{r1cs::Shape, tally::InvalidLayout};
use std::{
    collections::HashMap,
    fmt,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use verifier::{CircuitId, KeyHash, VerifyingKey};

/// Environment variable that names the cache's directory.
pub const DIRECTORY_VARIABLE: &str = "TABELLA_KEYS";

/// What the store is doing, for whoever waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Reading a key from the cache.
    Loading {
        /// The circuit.
        id: CircuitId,
    },
    /// Another process makes the same key.
    Waiting {
        /// The circuit.
        id: CircuitId,
    },
    /// Making a development key.
    Generating {
        /// The circuit.
        id: CircuitId,
        /// Its constraints: time grows with them.
        constraints: usize,
    },
    /// Warning: a cached file cannot be trusted and is made anew.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Warning: the key is not kept, and will be made anew the next time.
    NotCached {
        /// Where it should have been written.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Loading { id } => write!(f, "loading the key of {id}"),
            Progress::Waiting { id } => write!(f, "another process makes the key of {id}; waiting"),
            Progress::Generating { id, constraints } => {
                write!(f, "making the INSECURE development key of {id} ({constraints} constraints)")
            }
            Progress::Damaged { path, why } => {
                write!(f, "warning: {} is made anew: {why}", path.display())
            }
            Progress::NotCached { path, why } => write!(
                f,
                "warning: cannot keep the key in {}: {why}; set {DIRECTORY_VARIABLE} to a writable directory",
                path.display()
            ),
        }
    }
}

/// Why the store has no key.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key cannot be made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No circuit has this id.
    #[error(transparent)]
    Layout(#[from] InvalidLayout),
    /// The source of circuits gave another one than asked for.
    #[error("asked for the circuit {expected}, got {got}")]
    OtherCircuit {
        /// Asked for.
        expected: CircuitId,
        /// Given.
        got: String,
    },
    /// The circuits of this program are not those of its list of hashes.
    #[error(
        "the development key of {id} has hash {got}, this program's list says {expected}; the build is inconsistent: \
         build it from one version of the source"
    )]
    NotPinned {
        /// The circuit.
        id: CircuitId,
        /// Listed.
        expected: KeyHash,
        /// Made.
        got: KeyHash,
    },
    /// There is no directory for the cache.
    #[error("no directory for keys: set {DIRECTORY_VARIABLE}, XDG_CACHE_HOME or HOME")]
    NoDirectory,
}

/// Gives the rows of each circuit.
pub type Shapes = Box<dyn Fn(CircuitId) -> Result<Shape, InvalidLayout> + Send + Sync>;

/// Makes, keeps and hands out development keys.
pub struct KeyStore {
    directory: PathBuf,
    shapes: Shapes,
    /// Hashes that made keys must have.
    pinned: fn(CircuitId) -> Option<KeyHash>,
    digests: fn(CircuitId) -> Option<[u8; 32]>,
    keys: Mutex<HashMap<CircuitId, Cell>>,
}

/// One key, made at most once at a time.
type Cell = Arc<Mutex<Option<Arc<ProvingKey>>>>;

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyStore({})", self.directory.display())
    }
}

impl KeyStore {
    /// A store of the project's circuits over `directory`, which is created
    /// when first needed.
    pub fn of_circuits(directory: impl Into<PathBuf>) -> Self {
        Self { pinned: pinned_hash, digests: snapshot_digest, ..Self::new(directory, Box::new(shape)) }
    }

    /// A store of other circuits.
    pub fn new(directory: impl Into<PathBuf>, shapes: Shapes) -> Self {
        Self {
            directory: directory.into(),
            shapes,
            pinned: |_| None,
            digests: |_| None,
            keys: Mutex::default(),
        }
    }

    /// The directory of [`DIRECTORY_VARIABLE`], else `tabella/keys` in
    /// `$XDG_CACHE_HOME` or `~/.cache`.
    ///
    /// # Errors
    /// [`StoreError::NoDirectory`].
    pub fn default_directory() -> Result<PathBuf, StoreError> {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        variable(DIRECTORY_VARIABLE)
            .or_else(|| Some(cache()?.join("tabella").join("keys")))
            .ok_or(StoreError::NoDirectory)
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The proving key of a circuit: from memory, the cache, or made now.
    /// Blocks; call it from a thread that may.
    ///
    /// # Errors
    /// If the circuit has no key. A cache that cannot be read or written is
    /// reported as [`Progress`], and is no error.
    pub fn get(&self, id: CircuitId, progress: &dyn Fn(Progress)) -> Result<Arc<ProvingKey>, StoreError> {
        let cell = lock(&self.keys).entry(id).or_default().clone();
        let mut key = lock(&cell);
        if let Some(key) = &*key {
            return Ok(key.clone());
        }
        let made = Arc::new(self.load_or_make(&self.shape(id)?, id, progress)?);
        *key = Some(made.clone());
        Ok(made)
    }

    /// The verifying key of a circuit; reads only the head of a cached file,
    /// and builds no circuit that has a snapshot: a node that starts again
    /// after a crash does not wait for that.
    ///
    /// # Errors
    /// As [`KeyStore::get`].
    pub fn verifying_key(
        &self,
        id: CircuitId,
        progress: &dyn Fn(Progress),
    ) -> Result<VerifyingKey, StoreError> {
        let cell = lock(&self.keys).entry(id).or_default().clone();
        if let Some(key) = &*lock(&cell) {
            return Ok(key.verifying_key().clone());
        }
        let digest = match (self.digests)(id) {
            Some(digest) => digest,
            None => self.shape(id)?.digest(),
        };
        match read_head(&self.path(id, &digest)) {
            Ok(head) if head.belongs_to(id, &digest) => Ok(head.vk),
            _ => Ok(self.get(id, progress)?.verifying_key().clone()),
        }
    }

    /// The verifying key of a circuit, without making the proving key if there
    /// is none; takes as long as going through the circuit's rows.
    ///
    /// # Errors
    /// As [`KeyStore::get`].
    pub fn verifying_key_alone(&self, id: CircuitId) -> Result<VerifyingKey, StoreError> {
        let shape = self.shape(id)?;
        let digest = shape.digest();
        match read_head(&self.path(id, &digest)) {
            Ok(head) if head.belongs_to(id, &digest) => Ok(head.vk),
            _ => {
                let key = development_verifying_key(&shape)?;
                self.check_pinned(id, key.hash())?;
                Ok(key)
            }
        }
    }

    fn check_pinned(&self, id: CircuitId, got: KeyHash) -> Result<(), StoreError> {
        match (self.pinned)(id) {
            Some(expected) if expected != got => Err(StoreError::NotPinned { id, expected, got }),
            _ => Ok(()),
        }
    }

    /// Drops keys from memory; those in use live on with their users.
    pub fn forget(&self) {
        lock(&self.keys).clear();
    }

    fn shape(&self, id: CircuitId) -> Result<Shape, StoreError> {
        let shape = (self.shapes)(id)?;
        if shape.id() == id.to_string() {
            Ok(shape)
        } else {
            Err(StoreError::OtherCircuit { expected: id, got: shape.id().to_owned() })
        }
    }

    /// `<id>-<first 8 bytes of the shape digest>.pk`
    fn path(&self, id: CircuitId, digest: &[u8; 32]) -> PathBuf {
        let name = id.to_string().replace(['/', '='], "-");
        self.directory.join(format!("{name}-{}.pk", hex::encode(&digest[..8])))
    }

    fn load_or_make(
        &self,
        shape: &Shape,
        id: CircuitId,
        progress: &dyn Fn(Progress),
    ) -> Result<ProvingKey, StoreError> {
        let digest = shape.digest();
        let path = self.path(id, &digest);
        if let Some(key) = load(&path, shape, id, &digest, progress) {
            return Ok(key);
        }
        // Held until the file is in place, so that one process makes it.
        let guard = fs::create_dir_all(&self.directory)
            .and_then(|()| lock_file(&path.with_extension("lock"), || progress(Progress::Waiting { id })));
        if guard.is_ok()
            && let Some(key) = load(&path, shape, id, &digest, &|_| ())
        {
            return Ok(key);
        }
        progress(Progress::Generating { id, constraints: shape.num_constraints() });
        let key = development_key(shape)?;
        self.check_pinned(id, key.hash())?;
        let bytes = codec::encode(key.verifying_key(), &digest, key.points(), None);
        if let Err(why) = guard.and_then(|_guard| write_atomically(&path, &bytes)) {
            progress(Progress::NotCached { path, why: why.to_string() });
        }
        Ok(key)
    }
}

impl Head {
    fn belongs_to(&self, id: CircuitId, digest: &[u8; 32]) -> bool {
        self.vk.id() == id && self.shape_digest == *digest
    }
}

/// A panic of another thread leaves these maps whole: every write is one
/// assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A whole and fitting key, or `None` with a warning unless there is none.
fn load(
    path: &Path,
    shape: &Shape,
    id: CircuitId,
    digest: &[u8; 32],
    progress: &dyn Fn(Progress),
) -> Option<ProvingKey> {
    let damaged = |why: String| progress(Progress::Damaged { path: path.to_owned(), why });
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return None,
        Err(why) => {
            damaged(why.to_string());
            return None;
        }
    };
    progress(Progress::Loading { id });
    let decoded = KeyFile::parse(&bytes).and_then(|file| Ok((file.decode_body()?.0, file.head)));
    match decoded {
        Ok((points, head)) if head.belongs_to(id, digest) => {
            let origin = KeyOrigin::Development;
            Some(ProvingKey::assemble(head.vk, *digest, points, Matrices::new(shape), origin))
        }
        Ok(_) => {
            damaged("it holds the key of another circuit".into());
            None
        }
        Err(why) => {
            damaged(why.to_string());
            None
        }
    }
}

fn read_head(path: &Path) -> Result<Head, HeadError> {
    let mut file = File::open(path)?;
    let mut prefix = [0; codec::PREFIX];
    file.read_exact(&mut prefix)?;
    let mut head = vec![0; codec::head_length(&prefix)?];
    file.read_exact(&mut head)?;
    Ok(Head::parse(&head)?)
}

#[derive(Debug, thiserror::Error)]
enum HeadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    File(#[from] InvalidFile),
}

/// An exclusive lock that ends with the returned handle, or the process.
pub(crate) fn lock_file(path: &Path, waiting: impl FnOnce()) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            waiting();
            file.lock().map(|()| file)
        }
        Err(TryLockError::Error(why)) => Err(why),
    }
}

/// Readers see the old file or the whole new one, also after power loss.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    })();
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}

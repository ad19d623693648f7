//! The few file operations that durability rests on, as a seam: the node
//! uses [`DiskStorage`], the tests a simulated disk that fails and crashes.

use std::{
    fmt::Debug,
    fs::{self, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Name of the file that holds the single-process lock of a directory.
const LOCK_NAME: &str = "lock";

/// One directory of files.
pub trait Storage: Debug + Send + Sync {
    /// The directory, for messages.
    fn path(&self) -> &Path;
    /// Opens a file for reading and writing; `None` if there is none.
    fn open(&self, name: &str) -> io::Result<Option<Box<dyn File>>>;
    /// Creates a file, or empties it. Its name is durable after [`Storage::sync`].
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Renames a file over another, in one step. Durable after [`Storage::sync`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file. Durable after [`Storage::sync`].
    fn remove(&self, name: &str) -> io::Result<()>;
    /// The names in the directory, sorted.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Makes creations, renames and removals durable.
    fn sync(&self) -> io::Result<()>;
}

/// One open file. Reads and writes carry their offset, so that readers need
/// no lock against the writer.
pub trait File: Debug + Send + Sync {
    /// Length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Reads some bytes; 0 means the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some bytes, perhaps fewer than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts or extends the file.
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// `fdatasync`: content and length are durable when it returns `Ok`.
    /// After an error the state is unknown and it must not be tried again:
    /// Linux marks the lost pages clean and reports success the second time.
    fn sync_data(&self) -> io::Result<()>;
}

/// Fills `buffer` from `offset` on and returns how much the file held.
pub(super) fn read_full(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// Writes all of `bytes`. A short write goes on where it stopped; on a full
/// disk the next one then says why.
pub(super) fn write_full(file: &dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write_at(&bytes[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Writes a whole file so that a crash leaves the old one or the new one:
/// new file, sync, rename, sync of the directory.
pub(super) fn replace(storage: &dyn Storage, name: &str, bytes: &[u8]) -> io::Result<()> {
    let new = format!("{name}.new");
    let file = storage.create(&new)?;
    write_full(file.as_ref(), bytes, 0)?;
    file.sync_data()?;
    storage.rename(&new, name)?;
    storage.sync()
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another process holds it.
    #[error("{} is in use by another process: stop that node, or give this one a directory of its own",
        .directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// It cannot be created or opened.
    #[error("could not open {}: {source}; check the path and its permissions", .directory.display())]
    Io {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A directory of the file system, held by a lock until dropped. The system
/// lets go of the lock when the process ends, however it ends.
#[derive(Debug)]
pub struct DiskStorage {
    directory: PathBuf,
    _lock: fs::File,
}

impl DiskStorage {
    /// Opens a directory and takes its lock. A missing directory is created,
    /// readable by its owner alone: registrations carry addresses.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, DirectoryError> {
        let directory = directory.into();
        let lock =
            match create_directory(&directory).and_then(|()| open_file(&directory.join(LOCK_NAME), true)) {
                Ok(lock) => lock,
                Err(source) => return Err(DirectoryError::Io { directory, source }),
            };
        match lock.try_lock() {
            Ok(()) => Ok(Self { directory, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::Locked { directory }),
            Err(TryLockError::Error(source)) => Err(DirectoryError::Io { directory, source }),
        }
    }
}

/// Creates a directory with its parents and makes each new name durable.
fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_directory(parent)?;
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => sync_directory(parent),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

fn open_file(path: &Path, create: bool) -> io::Result<fs::File> {
    OpenOptions::new().read(true).write(true).create(create).truncate(false).mode(0o600).open(path)
}

impl Storage for DiskStorage {
    fn path(&self) -> &Path {
        &self.directory
    }

    fn open(&self, name: &str) -> io::Result<Option<Box<dyn File>>> {
        match open_file(&self.directory.join(name), false) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let file = open_file(&self.directory.join(name), true)?;
        file.set_len(0)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.directory.join(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn sync(&self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

impl File for fs::File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }

    fn sync_data(&self) -> io::Result<()> {
        fs::File::sync_data(self)
    }
}

//! Where the lines are.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Bytes to which others are appended.
pub trait Storage: Send {
    /// What to call it in messages.
    fn name(&self) -> String;

    /// All of it.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Appends; on disk when it returns.
    ///
    /// # Errors
    /// If it cannot be written; any part may then be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts all that follows the first `length` bytes.
    ///
    /// # Errors
    /// If it cannot be written.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A file that its owner alone reads, of one process at a time.
#[derive(Debug)]
pub struct FileStorage {
    path: PathBuf,
    file: File,
}

impl FileStorage {
    /// Opens or makes the file, and keeps others from opening it.
    ///
    /// # Errors
    /// If it cannot be opened, or another process has it open.
    pub fn open(path: &Path) -> io::Result<Self> {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent)?;
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.read(true).append(true).create(true).open(path)?;
        file.try_lock().map_err(|e| match e {
            std::fs::TryLockError::WouldBlock => {
                io::Error::other("another process posts from it; wait for it to end")
            }
            std::fs::TryLockError::Error(e) => e,
        })?;
        File::open(parent)?.sync_all()?;
        Ok(Self { path: path.to_owned(), file })
    }
}

impl Storage for FileStorage {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.sync_data()
    }
}

/// What a file held at one moment; for readers.
pub(super) struct Frozen {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Storage for Frozen {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(std::mem::take(&mut self.bytes))
    }

    fn append(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::Error::other("it was opened for reading"))
    }

    /// Another process may be writing the line that is not whole yet.
    fn truncate(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

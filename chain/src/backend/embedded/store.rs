//! The files of an embedded chain: `blocks.jsonl`, to which blocks are
//! appended and synced, and `lock`. spec: `chain.embedded`.

use super::Record;
use crate::lines::{self, Damaged};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// First line of the file.
const FORMAT: &str = "tabella embedded chain 1";

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// See the message.
    #[error("cannot {what} {path}: {cause}", path = path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// See the message.
    #[error("{path}: {cause}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: Damaged,
    },
    /// See the message.
    #[error("{path}: it does not begin with {FORMAT:?}; name the directory of an embedded chain", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// See the message.
    #[error("{path}: block {number} does not follow the one before it; restore the file from a backup", path = path.display())]
    Order {
        /// The file.
        path: PathBuf,
        /// The block.
        number: u64,
    },
}

/// Open files, and how far they have been read.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    lock_path: PathBuf,
    file: File,
    read: u64,
    lines: usize,
    last: Option<Record>,
}

/// While it lives no other process adds a block.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Store {
    pub(super) fn open(directory: &Path) -> Result<Self, Broken> {
        fs::create_dir_all(directory).map_err(failed("make", directory))?;
        let (path, lock_path) = (directory.join("blocks.jsonl"), directory.join("lock"));
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        let mut store = Self { path, lock_path, file, read: 0, lines: 0, last: None };
        store.begin(directory)?;
        Ok(store)
    }

    /// Writes the first line, unless it is there; a crash may have torn it.
    fn begin(&mut self, directory: &Path) -> Result<(), Broken> {
        let first = lines::encode(&FORMAT);
        if self.length()? >= first.len() as u64 {
            return Ok(());
        }
        let _lock = self.lock()?;
        let found = fs::read(&self.path).map_err(failed("read", &self.path))?;
        if found.len() < first.len() && first.starts_with(&found) {
            self.file.set_len(0).map_err(failed("cut", &self.path))?;
            self.write(&first)?;
            File::open(directory).and_then(|d| d.sync_all()).map_err(failed("sync", directory))?;
        }
        Ok(())
    }

    /// Waits until no other process adds a block.
    pub(super) fn lock(&self) -> Result<Lock, Broken> {
        let path = &self.lock_path;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(failed("open", path))?;
        file.lock().map_err(failed("lock", path))?;
        Ok(Lock(file))
    }

    /// Blocks that were added since the last look.
    pub(super) fn read_new(&mut self) -> Result<Vec<Record>, Broken> {
        if self.length()? == self.read {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::new();
        let from = self.file.seek(SeekFrom::Start(self.read));
        from.and_then(|_| self.file.read_to_end(&mut bytes)).map_err(failed("read", &self.path))?;
        let mut skip = 0;
        if self.read == 0 {
            skip = lines::encode(&FORMAT).len();
            if !bytes.starts_with(&lines::encode(&FORMAT)) {
                return Err(Broken::Format { path: self.path.clone() });
            }
            self.lines = 1;
        }
        let decoded = lines::decode::<Record>(&bytes[skip..], self.lines + 1)
            .map_err(|cause| Broken::Damaged { path: self.path.clone(), cause })?;
        self.read += (skip + decoded.length) as u64;
        self.lines += decoded.records.len();
        for record in &decoded.records {
            if !record.follows(self.last.as_ref()) {
                return Err(Broken::Order { path: self.path.clone(), number: record.receipt.block });
            }
            self.last = Some(record.clone());
        }
        Ok(decoded.records)
    }

    /// Adds a block after all that were read; the caller holds the lock.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), Broken> {
        if self.length()? != self.read {
            self.file.set_len(self.read).map_err(failed("cut", &self.path))?;
        }
        let line = lines::encode(record);
        self.write(&line)?;
        self.read += line.len() as u64;
        self.lines += 1;
        self.last = Some(record.clone());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_all());
        written.map_err(failed("write", &self.path))
    }

    fn length(&self) -> Result<u64, Broken> {
        self.file.metadata().map(|m| m.len()).map_err(failed("look at", &self.path))
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Broken + 'a {
    move |cause| Broken::File { what, path: path.to_owned(), cause }
}

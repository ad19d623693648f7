//! Files that only their owner reads, written whole or not at all.

use crate::form::FILE_MAX;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {path}: {cause}", path = path.display())]
pub struct FileError {
    what: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl FileError {
    /// What the system said.
    pub fn kind(&self) -> io::ErrorKind {
        self.cause.kind()
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FileError + 'a {
    move |cause| FileError { what, path: path.to_owned(), cause }
}

/// Reads a small file whole.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|f| f.take(FILE_MAX).read_to_end(&mut bytes));
    read.map_err(failed("read", path))?;
    Ok(bytes)
}

/// Writes a new file, mode 0600, synced; never over one that is there.
///
/// # Errors
/// If the file exists, or cannot be written.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = write(OpenOptions::new().create_new(true), path, bytes);
    written.map_err(failed("create", path))?;
    sync_parent(path)
}

/// Replaces a file in one step: new file, sync, rename, sync of the
/// directory. Readers see the old content or the whole new one.
///
/// # Errors
/// If it cannot be written; the old content is still there then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    write(OpenOptions::new().create(true).truncate(true), &temporary, bytes)
        .map_err(failed("write", &temporary))?;
    fs::rename(&temporary, path).map_err(failed("replace", path))?;
    sync_parent(path)
}

fn write(options: &mut OpenOptions, path: &Path, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let mut file = options.write(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|d| d.sync_all()).map_err(failed("sync", parent))
}

//! Prepared ballots on disk. spec: `client.ballot_file`.

use anyhow::{Context, Result, ensure};
use client::submission::Submission;
use std::{fs, path::Path};

/// Longest file that is read as a prepared ballot, in bytes.
const FILE_MAX: u64 = 16 << 10;

/// Reads a prepared ballot.
///
/// # Errors
/// If the file is something else.
pub fn read(path: &Path) -> Result<Submission> {
    let name = || path.display().to_string();
    let length = fs::metadata(path).with_context(name)?.len();
    ensure!(length <= FILE_MAX, "{}: it has {length} bytes, too many for a prepared ballot", path.display());
    Submission::from_bytes(&fs::read(path).with_context(name)?).with_context(name)
}

/// Refuses to write over anything but another prepared ballot.
///
/// # Errors
/// If something else is there.
pub fn check_place(path: &Path) -> Result<()> {
    let free = !path.exists() || read(path).is_ok();
    ensure!(free, "{} is there and is no prepared ballot; name another file with --out", path.display());
    Ok(())
}

/// Writes a prepared ballot whole, over an older one.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, submission: &Submission) -> Result<()> {
    Ok(keyfile::replace(path, &submission.to_bytes())?)
}

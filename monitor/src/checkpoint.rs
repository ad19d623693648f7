//! The files that elections and logs of audits keep alike: a checkpoint with
//! its checksum, and the heads for other monitors. spec: `monitor.state`.

use crate::store::{StoreError, failed};
use circuits::types::{SignedHead, keccak256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Name of the file in its directory.
const FILE: &str = "checkpoint.json";

/// A checkpoint with the hash of its compact JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked<C> {
    checkpoint: C,
    keccak256: String,
}

fn checksum(checkpoint: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(checkpoint).expect("checkpoints hold only what JSON can");
    format!("0x{}", hex::encode(keccak256(bytes)))
}

/// Reads the checkpoint of a directory; `None` if there is none yet. `check`
/// says why it is not the one that is looked for.
///
/// # Errors
/// If it cannot be read, or is damaged.
pub(crate) fn read<C: Serialize + DeserializeOwned>(
    directory: &Path,
    check: impl FnOnce(&C) -> Result<(), String>,
) -> Result<Option<C>, StoreError> {
    let path = directory.join(FILE);
    let damaged = |problem: String| StoreError::Damaged { path: path.clone(), problem };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(&path)(cause)),
    };
    let checked: Checked<C> = serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
    if checksum(&checked.checkpoint) != checked.keccak256 {
        return Err(damaged("its checksum differs".into()));
    }
    check(&checked.checkpoint).map_err(damaged)?;
    Ok(Some(checked.checkpoint))
}

/// Replaces the checkpoint of a directory, in one step.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(directory: &Path, checkpoint: &impl Serialize) -> Result<(), StoreError> {
    let checked = Checked { keccak256: checksum(checkpoint), checkpoint };
    let bytes = serde_json::to_vec_pretty(&checked).expect("checkpoints hold only what JSON can");
    Ok(keyfile::replace(&directory.join(FILE), &bytes)?)
}

/// Adds a head to the list for other monitors.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn publish(directory: &Path, head: &SignedHead) -> Result<(), StoreError> {
    let path = directory.join("heads.jsonl");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let mut line = serde_json::to_vec(head).expect("heads hold only what JSON can");
    line.push(b'\n');
    file.and_then(|mut f| f.write_all(&line)).map_err(failed(&path))
}

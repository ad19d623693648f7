//! What a monitor keeps of a log: events, checkpoint, heads for others.
//! spec: `monitor.state`.
//!
//! `events.bin` holds the verified events, each as its length (4 bytes,
//! big-endian) and its `tabella.v1.LogEvent`. Events are synced before the
//! checkpoint that counts them; what lies beyond is cut off.

use crate::{
    checkpoint,
    finding::Recorded,
    store::{StoreError, failed},
};
use audit::log::{Entry, Log, Parties};
use circuits::types::{BoardRoot, SignedHead};
use prost::Message;
use proto::v1;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Version of the files' form.
const VERSION: u32 = 1;

/// How far a log is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    version: u32,
    parties: Parties,
    /// Events that were checked.
    pub size: u32,
    /// Bytes of them in `events.bin`.
    bytes: u64,
    /// Root over them.
    pub root: BoardRoot,
    /// Attestations among them whose key or proof does not hold.
    pub invalid: Vec<u32>,
    /// Attestations among them that are not judged: there was no key for
    /// them, or the monitor was stopped.
    pub unverified: Vec<u32>,
    /// The newest head that all events below it agree with.
    pub anchor: Option<SignedHead>,
    /// The highest head that each node has shown, by address.
    pub heads: BTreeMap<String, SignedHead>,
    /// What was found.
    pub findings: Vec<Recorded>,
}

/// The files of one log.
#[derive(Debug)]
pub(crate) struct LogStore {
    directory: PathBuf,
    events: File,
    /// What is on disk, or will be with the next [`LogStore::save`].
    pub checkpoint: Checkpoint,
}

impl LogStore {
    /// Opens the files, and replays the events without their proofs.
    ///
    /// # Errors
    /// If a file cannot be read, or is damaged.
    pub fn open(directory: PathBuf, parties: &Parties) -> Result<(Self, Log), StoreError> {
        fs::create_dir_all(&directory).map_err(failed(&directory))?;
        let path = directory.join("events.bin");
        let events = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let events = events.map_err(failed(&path))?;
        let checkpoint = read(&directory, parties)?;
        let mut store = Self { directory, events, checkpoint };
        let log = store.replay(parties)?;
        store.events.set_len(store.checkpoint.bytes).map_err(failed(&path))?;
        store.events.seek(SeekFrom::End(0)).map_err(failed(&path))?;
        Ok((store, log))
    }

    fn path(&self) -> PathBuf {
        self.directory.join("events.bin")
    }

    fn damaged(&self, problem: impl Into<String>) -> StoreError {
        StoreError::Damaged { path: self.path(), problem: problem.into() }
    }

    fn replay(&self, parties: &Parties) -> Result<Log, StoreError> {
        let mut log = Log::new(parties.clone());
        for entry in self.entries()? {
            log.admit(&entry).map_err(|e| self.damaged(e.to_string()))?;
        }
        if (log.tree().len(), log.tree().root()) != (self.checkpoint.size, self.checkpoint.root) {
            return Err(self.damaged("its root is not that of the checkpoint"));
        }
        Ok(log)
    }

    /// The verified events.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let path = self.path();
        let bytes = fs::read(&path).map_err(failed(&path))?;
        let length = usize::try_from(self.checkpoint.bytes).unwrap_or(usize::MAX);
        let mut rest = bytes.get(..length).ok_or_else(|| self.damaged("it is cut off"))?;
        let mut out = Vec::new();
        while let Some((head, tail)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
            let (event, tail) =
                tail.split_at_checked(length).ok_or_else(|| self.damaged("an event is cut off"))?;
            out.push(self.entry(event)?);
            rest = tail;
        }
        Ok(out)
    }

    fn entry(&self, bytes: &[u8]) -> Result<Entry, StoreError> {
        let event = v1::LogEvent::decode(bytes).map_err(|e| self.damaged(e.to_string()))?;
        Entry::try_from(event).map_err(|e| self.damaged(e.to_string()))
    }

    /// Appends verified events, of which `log` is the whole.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn append(&mut self, entries: &[Entry], log: &Log) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for entry in entries {
            let event = v1::LogEvent::from(entry).encode_to_vec();
            let length = u32::try_from(event.len()).map_err(|_| self.damaged("an event is too long"))?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(event);
        }
        self.events.write_all(&bytes).map_err(failed(&self.path()))?;
        self.checkpoint.bytes += bytes.len() as u64;
        (self.checkpoint.size, self.checkpoint.root) = (log.tree().len(), log.tree().root());
        Ok(())
    }

    /// Makes events and checkpoint durable, in this order.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn save(&mut self) -> Result<(), StoreError> {
        self.events.sync_data().map_err(failed(&self.path()))?;
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

fn read(directory: &Path, parties: &Parties) -> Result<Checkpoint, StoreError> {
    let found = checkpoint::read(directory, |found: &Checkpoint| {
        let (version, log) = (found.version, found.parties.log());
        let is_ours = version == VERSION && found.parties == *parties;
        is_ours.then_some(()).ok_or_else(|| format!("it is of version {version}, for log {log}"))
    })?;
    Ok(found.unwrap_or_else(|| empty(parties)))
}

fn empty(parties: &Parties) -> Checkpoint {
    Checkpoint {
        version: VERSION,
        parties: parties.clone(),
        size: 0,
        bytes: 0,
        root: circuits::types::board_root(&[]),
        invalid: Vec::new(),
        unverified: Vec::new(),
        anchor: None,
        heads: BTreeMap::new(),
        findings: Vec::new(),
    }
}

//! The mark: a lower bound of what is durable, written after each sync of
//! the journal. It is never synced itself except on closing, so it costs no
//! wait; being late or lost makes it weaker, never wrong. With it, damage to
//! the last acknowledged batch is told from a torn tail.
//! spec: `storage.corruption`

use std::io;

use super::{
    frame::{Format, array},
    storage::{File, Storage, read_full, write_full},
};

pub(super) const MARK_NAME: &str = "journal.mark";

/// Below any sector size, so that a crash leaves the old mark or the new one.
const MARK_LEN: usize = 44;

#[derive(Debug)]
pub(super) struct Mark {
    file: Box<dyn File>,
    id: [u8; 32],
}

/// What a mark file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All of the journal before this offset was synced.
    Durable(u64),
    /// Empty, torn or damaged: it bounds nothing.
    Lost,
    /// Of another journal.
    Foreign,
}

impl Mark {
    pub fn open(storage: &dyn Storage, format: &Format) -> io::Result<(Self, Reading)> {
        let file = match storage.open(MARK_NAME)? {
            Some(file) => file,
            None => storage.create(MARK_NAME)?,
        };
        let mark = Self { file, id: format.id };
        let reading = mark.read()?;
        Ok((mark, reading))
    }

    fn read(&self) -> io::Result<Reading> {
        let mut bytes = [0; MARK_LEN + 1];
        let read = read_full(self.file.as_ref(), &mut bytes, 0)?;
        let checksum = u32::from_be_bytes(array(&bytes, 40));
        if read != MARK_LEN || crc32c::crc32c(&bytes[..40]) != checksum {
            return Ok(Reading::Lost);
        }
        if bytes[..32] != self.id {
            return Ok(Reading::Foreign);
        }
        Ok(Reading::Durable(u64::from_be_bytes(array(&bytes, 32))))
    }

    /// To be called only after the journal was synced up to `end`.
    pub fn write(&self, end: u64) -> io::Result<()> {
        let mut bytes = [0; MARK_LEN];
        bytes[..32].copy_from_slice(&self.id);
        bytes[32..40].copy_from_slice(&end.to_be_bytes());
        let checksum = crc32c::crc32c(&bytes[..40]);
        bytes[40..].copy_from_slice(&checksum.to_be_bytes());
        write_full(self.file.as_ref(), &bytes, 0)
    }

    /// Cuts what may follow a damaged mark, and makes it durable.
    pub fn sync(&self) -> io::Result<()> {
        self.file.set_size(MARK_LEN as u64)?;
        self.file.sync_data()
    }
}

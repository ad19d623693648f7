//! Storage in memory that fails at a chosen write, as a kill does.

use chain::outbox::Storage;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// How much of the fatal write reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    Half,
    All,
}

/// Bytes that outlive the process that writes them.
#[derive(Clone, Default)]
pub struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    fuse: Option<(u64, Reach)>,
}

impl Disk {
    /// The same disk, of a process that dies at its nth write, from 0.
    pub fn dying_at(&self, nth: u64, reach: Reach) -> Self {
        Self { bytes: self.bytes.clone(), fuse: Some((nth, reach)) }
    }

    /// The same disk, of a process that lives.
    pub fn healthy(&self) -> Self {
        Self { bytes: self.bytes.clone(), fuse: None }
    }
}

impl Storage for Disk {
    fn name(&self) -> String {
        "a disk in memory".into()
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.lock().unwrap().clone())
    }

    fn append(&mut self, new: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes.lock().unwrap();
        match &mut self.fuse {
            Some((0, reach)) => {
                let kept = match reach {
                    Reach::Nothing => 0,
                    Reach::Half => new.len() / 2,
                    Reach::All => new.len(),
                };
                bytes.extend(&new[..kept]);
                return Err(io::Error::other("killed"));
            }
            Some((left, _)) => *left -= 1,
            None => {}
        }
        bytes.extend(new);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(usize::try_from(length).unwrap());
        Ok(())
    }
}

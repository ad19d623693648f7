//! The journal and the store on disks that fail, crash and lie.
//! Attacks A37, A48, A49.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod corruption;
mod crash;
mod heads;
mod journal;
mod stall;
mod whole;

use super::{
    testing::{Dice, Fault as Blow, SimStorage},
    *,
};

/// The payloads of a journal, in order.
fn payloads(journal: &Journal) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    journal
        .replay::<JournalError>(|frame| {
            all.push(frame.payload.to_vec());
            Ok(())
        })
        .unwrap();
    all
}

/// Enqueues all payloads, then waits for each.
fn append_all(journal: &Journal, payloads: &[Vec<u8>]) -> Vec<Result<Place, AppendError>> {
    let appender = journal.appender();
    let pending: Vec<_> = payloads
        .iter()
        .map(|p| appender.try_room(p.len()).and_then(|room| appender.enqueue(room, 1, p.clone(), None)))
        .collect();
    pending.into_iter().map(|p| p.and_then(Pending::durable_blocking)).collect()
}

/// A payload of `length` bytes that names its number.
fn payload(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    let mut dice = Dice(number);
    bytes.extend((0..length).map(|_| dice.below(256) as u8));
    bytes
}

/// A disk with a journal of `batches` batches of one frame each, closed.
fn journal_of(batches: u64, length: usize) -> (SimStorage, Vec<Place>) {
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    let places =
        (0..batches).map(|n| append_all(&journal, &[payload(n, length)])[0].clone().unwrap()).collect();
    (disk, places)
}

//! A49: damage is detected, never silently cut away. spec:
//! `storage.corruption`, `storage.torn_tail`

use super::*;
use crate::store::{frame, journal::JOURNAL_NAME, mark::MARK_NAME};

fn open(disk: &SimStorage) -> Result<Recovery, JournalError> {
    Journal::open(disk.shared()).map(|(_, recovery)| recovery)
}

/// Start of the frame that holds `offset`.
fn frame_of(places: &[Place], offset: u64) -> u64 {
    places.iter().rfind(|p| p.position.0 <= offset).unwrap().position.0
}

/// The journal as it would be had its mark never reached the disk.
fn without_mark(disk: &SimStorage) -> SimStorage {
    let copy = disk.fork();
    copy.tamper(MARK_NAME, Vec::clear);
    copy
}

#[test]
fn a49_every_changed_byte_is_reported_with_its_offset() {
    let (disk, places) = journal_of(4, 40);
    let size = disk.bytes(JOURNAL_NAME).len();
    for (offset, bit) in (0..size).flat_map(|o| [(o, 0x01), (o, 0x80), (o, 0xff)]) {
        let copy = disk.fork();
        copy.tamper(JOURNAL_NAME, |bytes| bytes[offset] ^= bit);
        let before = copy.bytes(JOURNAL_NAME);
        match (offset, open(&copy).unwrap_err()) {
            (0..8, JournalError::NotAJournal { .. }) => {}
            (8..12, JournalError::UnknownVersion { supported: FORMAT_VERSION, .. }) => {}
            (12..48, JournalError::Corrupt { offset: 0, fault: Fault::Header, .. }) => {}
            (48.., JournalError::Corrupt { offset: at, fault: Fault::Frame, .. }) => {
                assert_eq!(at, frame_of(&places, offset as u64));
            }
            (_, other) => panic!("byte {offset}: {other}"),
        }
        assert_eq!(copy.bytes(JOURNAL_NAME), before, "a refused journal is left as it is");
    }
}

#[test]
fn a49_without_its_mark_only_the_last_batch_can_pass_for_torn() {
    let (disk, places) = journal_of(4, 40);
    let last = places[3].position.0;
    for offset in 48..disk.bytes(JOURNAL_NAME).len() {
        let copy = without_mark(&disk);
        copy.tamper(JOURNAL_NAME, |bytes| bytes[offset] ^= 0x10);
        match open(&copy) {
            Ok(recovery) => {
                assert!(offset as u64 >= last, "byte {offset} was cut away");
                assert_eq!(recovery.torn.unwrap().position.0, last);
                assert!(recovery.mark_lost);
            }
            Err(JournalError::Corrupt { offset: at, .. }) => assert_eq!(at, frame_of(&places, offset as u64)),
            Err(other) => panic!("byte {offset}: {other}"),
        }
    }
}

#[test]
fn a49_every_lost_or_exchanged_block_is_reported() {
    const BLOCK: usize = 512;
    let (disk, _) = journal_of(30, 700);
    let whole = disk.bytes(JOURNAL_NAME);
    for block in 0..whole.len().div_ceil(BLOCK) {
        let range = block * BLOCK..((block + 1) * BLOCK).min(whole.len());
        let zeroed = disk.fork();
        zeroed.tamper(JOURNAL_NAME, |bytes| bytes[range.clone()].fill(0));
        open(&zeroed).unwrap_err();
        if block > 0 && range.len() == BLOCK {
            let doubled = disk.fork();
            doubled.tamper(JOURNAL_NAME, |bytes| {
                bytes.copy_within(range.start - BLOCK..range.start, range.start)
            });
            open(&doubled).unwrap_err();
            let removed = disk.fork();
            removed.tamper(JOURNAL_NAME, |bytes| drop(bytes.drain(range)));
            open(&removed).unwrap_err();
        }
    }
}

#[test]
fn a49_a_dropped_doubled_or_swapped_frame_is_reported() {
    let (disk, places) = journal_of(5, 64);
    let whole = disk.bytes(JOURNAL_NAME);
    let frame = |n: usize| whole[places[n].position.0 as usize..places[n].end.0 as usize].to_vec();
    let orders: [&[usize]; 4] = [&[0, 1, 3, 4], &[0, 1, 1, 2, 3, 4], &[0, 2, 1, 3, 4], &[1, 2, 3, 4]];
    for order in orders {
        for copy in [disk.fork(), without_mark(&disk)] {
            copy.tamper(JOURNAL_NAME, |bytes| {
                bytes.truncate(48);
                order.iter().for_each(|n| bytes.extend(frame(*n)));
            });
            assert!(matches!(open(&copy), Err(JournalError::Corrupt { .. })), "{order:?}");
        }
    }
}

#[test]
fn a49_a_shortened_journal_is_reported() {
    let (disk, _) = journal_of(4, 40);
    for size in 48..disk.bytes(JOURNAL_NAME).len() {
        let copy = disk.fork();
        copy.tamper(JOURNAL_NAME, |bytes| bytes.truncate(size));
        assert!(matches!(open(&copy), Err(JournalError::Corrupt { .. })), "cut to {size} bytes");
    }
}

#[test]
fn a_torn_tail_is_cut_reported_and_written_over() {
    let (disk, places) = journal_of(4, 40);
    for size in places[3].position.0 + 1..places[3].end.0 {
        let copy = without_mark(&disk);
        copy.tamper(JOURNAL_NAME, |bytes| bytes.truncate(size as usize));
        let (journal, recovery) = Journal::open(copy.shared()).unwrap();
        let position = places[3].position;
        assert_eq!(recovery.torn, Some(TornTail { position, bytes: size - position.0 }));
        append_all(&journal, &[payload(9, 3)])[0].as_ref().unwrap();
        drop(journal);
        assert_eq!(open(&copy).unwrap().torn, None);
        let (journal, _) = Journal::open(copy.shared()).unwrap();
        assert_eq!(payloads(&journal)[3..], [payload(9, 3)]);
    }
}

#[test]
fn a_tail_of_zeros_or_noise_after_the_last_frame_is_torn() {
    let (disk, _) = journal_of(2, 40);
    for tail in [vec![0; 5000], payload(77, 3000), vec![0; 1]] {
        let copy = disk.fork();
        copy.tamper(JOURNAL_NAME, |bytes| bytes.extend(&tail));
        let recovery = open(&copy).unwrap();
        assert_eq!((recovery.frames, recovery.torn.unwrap().bytes), (2, tail.len() as u64));
    }
}

/// A disk writes the sectors of a batch in any order: before its sync a later
/// frame may be whole where an earlier one is not.
#[test]
fn a_batch_torn_in_its_middle_is_torn_and_after_its_sync_corrupt() {
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    disk.set_delay(std::time::Duration::from_millis(50));
    let sent: Vec<_> = (0..5).map(|n| payload(n, 100)).collect();
    let places: Vec<_> = append_all(&journal, &sent).into_iter().map(Result::unwrap).collect();
    drop(journal);
    let (second, third) = (places[3].position, places[4].position);
    disk.tamper(JOURNAL_NAME, |bytes| bytes[second.0 as usize..third.0 as usize].fill(0));
    let unsynced = open(&without_mark(&disk)).unwrap();
    assert_eq!((unsynced.frames, unsynced.torn.unwrap().position), (3, second));
    assert!(matches!(open(&disk), Err(JournalError::Corrupt { offset, .. }) if offset == second.0));
}

/// A client that puts what looks like a later frame into its payload must not
/// make a torn tail pass for corruption.
#[test]
fn frames_inside_a_payload_prove_nothing() {
    let (foreign, places) = journal_of(30, 40);
    let inner = foreign.bytes(JOURNAL_NAME)[places[20].position.0 as usize..].to_vec();
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    append_all(&journal, &[inner])[0].as_ref().unwrap();
    drop(journal);
    disk.tamper(MARK_NAME, Vec::clear);
    disk.tamper(JOURNAL_NAME, |bytes| bytes[50] ^= 1);
    assert_eq!(open(&disk).unwrap().frames, 0);
}

#[test]
fn a_damaged_mark_is_reported_and_renewed() {
    let (disk, _) = journal_of(2, 40);
    for offset in 0..disk.bytes(MARK_NAME).len() {
        let copy = disk.fork();
        copy.tamper(MARK_NAME, |bytes| bytes[offset] ^= 4);
        assert!(open(&copy).unwrap().mark_lost, "byte {offset}");
        assert_eq!(copy.bytes(MARK_NAME), disk.bytes(MARK_NAME));
    }
}

#[test]
fn a_mark_without_its_journal_or_of_another_one_is_refused() {
    let (disk, _) = journal_of(2, 40);
    let (other, _) = journal_of(2, 40);
    disk.remove(JOURNAL_NAME).unwrap();
    assert!(matches!(open(&disk), Err(JournalError::Missing { .. })));
    let mark = disk.bytes(MARK_NAME);
    other.tamper(MARK_NAME, |bytes| *bytes = mark);
    assert!(matches!(open(&other), Err(JournalError::ForeignMark { .. })));
}

/// The layout of `storage.frame`, byte by byte.
#[test]
fn the_bytes_are_those_of_the_specification() {
    let (disk, places) = journal_of(2, 5);
    let bytes = disk.bytes(JOURNAL_NAME);
    let id = &bytes[12..44];
    assert_eq!(&bytes[..12], b"tabella\0\0\0\0\x01");
    assert_eq!(bytes[44..48], crc32c::crc32c(&bytes[..44]).to_be_bytes());
    let at = places[1].position.0 as usize;
    let sent = payload(1, 5);
    let mut expected = id[..4].to_vec();
    expected.extend((sent.len() as u32).to_be_bytes());
    expected.extend(1_u16.to_be_bytes());
    expected.extend(1_u64.to_be_bytes());
    expected.extend((at as u64).to_be_bytes());
    expected.extend(places[0].chain.to_be_bytes());
    let checked = [&expected[..], &sent].concat();
    let crc = crc32c::crc32c_append(crc32c::crc32c(id), &checked);
    expected.extend(crc.to_be_bytes());
    assert_eq!(expected.len(), frame::PREFIX_LEN);
    expected.extend(&sent);
    assert_eq!(bytes[at..], expected);
}

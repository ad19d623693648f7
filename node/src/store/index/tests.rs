//! One suite that every index passes.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::frame::Place;

const ELECTION: Id = [1; 32];
const JOURNAL: Id = [9; 32];

fn id(n: u8) -> Id {
    [n; 32]
}

fn step(number: u64) -> Applied {
    let place = Place { number, position: Position(48 + number), end: Position(49 + number), chain: 7 };
    Applied::after(JOURNAL, &place)
}

fn entry(seq: u64, slot: u8, previous: Option<Id>, next: u8, ticket: u8) -> IndexUpdate {
    IndexUpdate::Entry {
        election: ELECTION,
        seq,
        slot: id(slot),
        previous,
        next: id(next),
        ticket: id(ticket),
    }
}

/// Applies each frame after the last that held.
fn apply_all(index: &dyn Index, frames: &[Vec<IndexUpdate>]) -> Vec<Option<Conflict>> {
    frames
        .iter()
        .map(|updates| {
            let from = index.applied().unwrap();
            let to = step(from.map_or(0, |a| a.number + 1));
            match index.apply(from.as_ref(), &to, updates) {
                Ok(()) => None,
                Err(IndexError::Conflict(conflict)) => Some(conflict),
                Err(other) => panic!("{other}"),
            }
        })
        .collect()
}

fn with_each(test: impl Fn(&dyn Index)) {
    test(&MemIndex::default());
    let directory = TempDir::new().unwrap();
    test(&SledIndex::open(directory.path()).unwrap());
}

#[test]
fn an_empty_index_knows_nothing() {
    with_each(|index| {
        assert_eq!(index.applied().unwrap(), None);
        assert_eq!(index.slot_head(&ELECTION, &id(2)).unwrap(), None);
        assert_eq!(index.ticket_seen(&ELECTION, &id(2)).unwrap(), None);
        assert_eq!(index.entry(&ELECTION, 0).unwrap(), None);
        assert_eq!(index.board_size(&ELECTION).unwrap(), 0);
        assert_eq!(index.registration_counter(&id(3), &id(4)).unwrap(), None);
        assert_eq!(index.object(1, &id(5)).unwrap(), None);
    });
}

#[test]
fn an_entry_moves_its_slot_and_spends_its_ticket() {
    with_each(|index| {
        let frames = [vec![entry(0, 2, None, 3, 4)], vec![entry(1, 2, Some(id(3)), 5, 6)]];
        assert_eq!(apply_all(index, &frames), [None, None]);
        assert_eq!(index.slot_head(&ELECTION, &id(2)).unwrap(), Some(SlotHead { digest: id(5), seq: 1 }));
        assert_eq!(index.ticket_seen(&ELECTION, &id(4)).unwrap(), Some(0));
        assert_eq!(index.ticket_seen(&ELECTION, &id(6)).unwrap(), Some(1));
        assert_eq!(index.ticket_seen(&id(8), &id(4)).unwrap(), None, "tickets belong to one election");
        assert_eq!(index.entry(&ELECTION, 1).unwrap(), Some(Position(49)));
        assert_eq!(index.board_size(&ELECTION).unwrap(), 2);
        assert_eq!(index.applied().unwrap(), Some(step(1)));
    });
}

#[test]
fn a_conflict_leaves_nothing_behind() {
    with_each(|index| {
        apply_all(index, &[vec![entry(0, 2, None, 3, 4)]]);
        let before = index.pairs(&[]).unwrap();
        let cases = [
            (entry(1, 2, None, 5, 6), Conflict::SlotMoved),
            (entry(1, 2, Some(id(9)), 5, 6), Conflict::SlotMoved),
            (entry(1, 7, Some(id(3)), 5, 6), Conflict::SlotMoved),
            (entry(1, 2, Some(id(3)), 5, 4), Conflict::TicketSeen),
            (entry(0, 7, None, 5, 6), Conflict::SequenceTaken),
            (entry(2, 7, None, 5, 6), Conflict::SequenceTaken),
        ];
        for (update, conflict) in cases {
            assert_eq!(apply_all(index, &[vec![update]]), [Some(conflict)], "{update:?}");
            let pair = vec![IndexUpdate::Object { class: 1, id: id(7) }, update];
            assert_eq!(apply_all(index, &[pair]), [Some(conflict)]);
            assert_eq!(index.pairs(&[]).unwrap(), before);
        }
    });
}

#[test]
fn two_claims_in_one_frame_conflict() {
    with_each(|index| {
        let twice = vec![entry(0, 2, None, 3, 4), entry(1, 5, None, 3, 4)];
        assert_eq!(apply_all(index, &[twice]), [Some(Conflict::TicketSeen)]);
        assert_eq!(index.applied().unwrap(), None);
    });
}

#[test]
fn only_the_next_frame_applies() {
    with_each(|index| {
        index.apply(None, &step(0), &[]).unwrap();
        for from in [None, Some(step(1)), Some(Applied { chain: 8, ..step(0) })] {
            let refused = index.apply(from.as_ref(), &step(1), &[]);
            assert!(matches!(refused, Err(IndexError::Conflict(Conflict::OutOfOrder))), "{from:?}");
        }
        index.apply(Some(&step(0)), &step(1), &[]).unwrap();
    });
}

#[test]
fn registration_counters_only_rise() {
    with_each(|index| {
        let register =
            |counter| vec![IndexUpdate::Registration { organisation: id(1), address: id(2), counter }];
        let stale = Some(Conflict::RegistrationStale);
        let frames = [register(5), register(5), register(4), register(256), register(255)];
        assert_eq!(apply_all(index, &frames), [None, stale, stale, None, stale]);
        let kept = Registration { counter: 256, position: Position(49) };
        assert_eq!(index.registration(&id(1), &id(2)).unwrap(), Some(kept));
        assert_eq!(index.registrations(&id(1)).unwrap(), [(id(2), kept)]);
        assert_eq!(index.registrations(&id(2)).unwrap(), []);
    });
}

#[test]
fn objects_are_stored_once_and_listed_by_class() {
    with_each(|index| {
        let object = |class, n| vec![IndexUpdate::Object { class, id: id(n) }];
        let frames = [object(1, 9), object(1, 2), object(2, 9), object(1, 9)];
        assert_eq!(apply_all(index, &frames), [None, None, None, Some(Conflict::ObjectExists)]);
        assert_eq!(index.objects(1).unwrap(), [(id(2), Position(49)), (id(9), Position(48))]);
        assert_eq!(index.object(2, &id(9)).unwrap(), Some(Position(50)));
    });
}

#[test]
fn a_cleared_index_is_empty_and_usable() {
    with_each(|index| {
        apply_all(index, &[vec![entry(0, 2, None, 3, 4)]]);
        index.clear().unwrap();
        assert_eq!(index.applied().unwrap(), None);
        assert_eq!(index.board_size(&ELECTION).unwrap(), 0);
        assert_eq!(apply_all(index, &[vec![entry(0, 2, None, 3, 4)]]), [None]);
    });
}

#[test]
fn sled_keeps_its_content_over_a_restart() {
    let directory = TempDir::new().unwrap();
    apply_all(&SledIndex::open(directory.path()).unwrap(), &[vec![entry(0, 2, None, 3, 4)]]);
    let index = SledIndex::open(directory.path()).unwrap();
    assert_eq!(index.applied().unwrap(), Some(step(0)));
    assert_eq!(index.board_size(&ELECTION).unwrap(), 1);
}

#[test]
fn sled_of_another_format_or_half_emptied_is_emptied() {
    for key in [keys::format(), keys::applied()] {
        let directory = TempDir::new().unwrap();
        let index = SledIndex::open(directory.path()).unwrap();
        apply_all(&index, &[vec![entry(0, 2, None, 3, 4)]]);
        index.remove_raw(&key);
        drop(index);
        let index = SledIndex::open(directory.path()).unwrap();
        assert_eq!(index.applied().unwrap(), None);
        assert_eq!(index.board_size(&ELECTION).unwrap(), 0);
    }
}

#[test]
fn removing_sled_removes_nothing_beside_it() {
    let directory = TempDir::new().unwrap();
    let other = directory.path().join("journal");
    std::fs::write(&other, "kept").unwrap();
    apply_all(&SledIndex::open(directory.path()).unwrap(), &[vec![entry(0, 2, None, 3, 4)]]);
    SledIndex::remove(directory.path()).unwrap();
    SledIndex::remove(directory.path()).unwrap();
    assert_eq!(SledIndex::open(directory.path()).unwrap().applied().unwrap(), None);
    assert_eq!(std::fs::read_to_string(other).unwrap(), "kept");
}

fn arb_update() -> impl Strategy<Value = IndexUpdate> {
    prop_oneof![
        6 => (0..6u64, 0..3u8, prop::option::of(0..4u8), 0..4u8, 0..8u8)
            .prop_map(|(seq, slot, previous, next, ticket)| entry(seq, slot, previous.map(id), next, ticket)),
        1 => (0..2u8, 0..4u64).prop_map(|(address, counter)| {
            IndexUpdate::Registration { organisation: id(1), address: id(address), counter }
        }),
        1 => (0..2u16, 0..3u8).prop_map(|(class, n)| IndexUpdate::Object { class, id: id(n) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn memory_and_sled_agree(frames in prop::collection::vec(prop::collection::vec(arb_update(), 0..3), 0..60)) {
        let directory = TempDir::new().unwrap();
        let (mem, sled) = (MemIndex::default(), SledIndex::open(directory.path()).unwrap());
        prop_assert_eq!(apply_all(&mem, &frames), apply_all(&sled, &frames));
        let mut pairs = sled.pairs(&[]).unwrap();
        pairs.retain(|(key, _)| *key != keys::format());
        prop_assert_eq!(mem.pairs(&[]).unwrap(), pairs);
    }
}

//! Journal, index and heads together.

use tempfile::TempDir;

use super::*;
use crate::store::journal::JOURNAL_NAME;

const ELECTION: Id = [3; 32];
const ENTRY: u16 = 7;

/// Payload: seq, slot, previous (0 for none), next, ticket, a byte each.
#[derive(Debug, Default)]
struct Entries(Vec<Vec<u8>>);

#[derive(Debug, thiserror::Error)]
#[error("not an entry")]
struct NotAnEntry;

impl Contents for Entries {
    type Error = NotAnEntry;

    fn updates(&self, kind: u16, payload: &[u8]) -> Result<Vec<IndexUpdate>, NotAnEntry> {
        let (ENTRY, &[seq, slot, previous, next, ticket]) = (kind, payload) else { return Err(NotAnEntry) };
        Ok(vec![IndexUpdate::Entry {
            election: ELECTION,
            seq: seq.into(),
            slot: [slot; 32],
            previous: (previous != 0).then_some([previous; 32]),
            next: [next; 32],
            ticket: [ticket; 32],
        }])
    }

    fn replay(&mut self, frame: &Frame<'_>) -> Result<(), NotAnEntry> {
        self.0.push(frame.payload.to_vec());
        Ok(())
    }
}

struct World {
    journal: SimStorage,
    heads: SimStorage,
    index: Arc<dyn Index>,
}

impl World {
    fn new() -> Self {
        Self {
            journal: SimStorage::default(),
            heads: SimStorage::default(),
            index: Arc::new(MemIndex::default()),
        }
    }

    fn open(&self) -> Result<(Store, Entries), OpenError> {
        let mut entries = Entries::default();
        let (store, _) = Store::open(
            self.journal.shared(),
            Arc::clone(&self.index),
            Box::new(self.heads.clone()),
            &mut entries,
        )?;
        Ok((store, entries))
    }
}

fn enqueue(store: &Store, payload: [u8; 5]) -> Result<Pending, StoreError> {
    let updates = Entries::default().updates(ENTRY, &payload).unwrap();
    store.enqueue(store.try_room(5)?, ENTRY, payload.to_vec(), updates)
}

fn append(store: &Store, payload: [u8; 5]) -> Result<Place, StoreError> {
    Ok(enqueue(store, payload)?.durable_blocking()?)
}

/// `n` entries, each in a slot of its own.
fn fill(store: &Store, range: std::ops::Range<u8>) {
    for n in range {
        append(store, [n, n, 0, 1, n]).unwrap();
    }
}

#[test]
fn an_acknowledged_entry_is_in_the_index() {
    let (store, _) = World::new().open().unwrap();
    let place = append(&store, [0, 1, 0, 2, 9]).unwrap();
    assert_eq!(
        store.index().slot_head(&ELECTION, &[1; 32]).unwrap(),
        Some(SlotHead { digest: [2; 32], seq: 0 })
    );
    assert_eq!(store.index().entry(&ELECTION, 0).unwrap(), Some(place.position));
    assert_eq!(store.journal().read(place.position).unwrap().payload, [0, 1, 0, 2, 9]);
}

#[test]
fn conflicts_with_entries_on_their_way_are_refused_before_writing() {
    let world = World::new();
    let (store, _) = world.open().unwrap();
    world.journal.set_delay(std::time::Duration::from_millis(20));
    let first = enqueue(&store, [0, 1, 0, 2, 9]).unwrap();
    let second = enqueue(&store, [1, 1, 2, 3, 10]).unwrap();
    let refused = [
        ([2, 1, 2, 4, 11], Conflict::SlotMoved),
        ([2, 1, 0, 4, 11], Conflict::SlotMoved),
        ([2, 5, 0, 4, 9], Conflict::TicketSeen),
        ([1, 5, 0, 4, 11], Conflict::SequenceTaken),
        ([3, 5, 0, 4, 11], Conflict::SequenceTaken),
    ];
    let check = || {
        for (payload, conflict) in refused {
            assert!(
                matches!(enqueue(&store, payload), Err(StoreError::Conflict(c)) if c == conflict),
                "{payload:?}"
            );
        }
    };
    check();
    first.durable_blocking().unwrap();
    check();
    second.durable_blocking().unwrap();
    check();
    append(&store, [2, 1, 3, 4, 11]).unwrap();
    drop(store);
    assert_eq!(world.open().unwrap().1.0.len(), 3, "refused entries left nothing in the journal");
}

#[test]
fn a_lost_index_is_built_again() {
    let mut world = World::new();
    let (store, _) = world.open().unwrap();
    fill(&store, 0..20);
    drop(store);
    let before = world.index.pairs(&[]).unwrap();
    world.index = Arc::new(MemIndex::default());
    let (store, entries) = world.open().unwrap();
    assert_eq!(store.index().pairs(&[]).unwrap(), before);
    assert_eq!(entries.0.len(), 20);
    drop(store);
    Store::reindex(world.index.as_ref()).unwrap();
    world.open().unwrap();
    assert_eq!(world.index.pairs(&[]).unwrap(), before);
}

#[test]
fn an_index_that_is_behind_catches_up_and_applies_nothing_twice() {
    let mut world = World::new();
    let (store, _) = world.open().unwrap();
    fill(&store, 0..7);
    let old = MemIndex::default();
    copy(store.index(), &old, &store);
    fill(&store, 7..12);
    drop(store);
    let before = world.index.pairs(&[]).unwrap();
    world.index = Arc::new(old);
    let (store, _) = world.open().unwrap();
    assert_eq!(store.index().pairs(&[]).unwrap(), before);
    fill(&store, 12..13);
}

/// Derives a second index up to where the first is.
fn copy(from: &dyn Index, to: &MemIndex, store: &Store) {
    catch_up(store.journal(), to, &mut Entries::default()).unwrap();
    assert_eq!(from.applied().unwrap(), to.applied().unwrap());
}

#[test]
fn a37_a_journal_older_than_its_index_is_refused() {
    let mut world = World::new();
    let (store, _) = world.open().unwrap();
    fill(&store, 0..4);
    drop(store);
    let backup = world.journal.fork();
    let (store, _) = world.open().unwrap();
    fill(&store, 4..6);
    drop(store);
    world.journal = backup.fork();
    assert!(matches!(world.open(), Err(OpenError::IndexAhead { applied: 5 })));

    // Another history that has grown past the index is refused as well.
    let (journal, _) = Journal::open(world.journal.shared()).unwrap();
    let sent: Vec<_> = (4..9).map(|n: u8| vec![n, n, 0, 8, n]).collect();
    assert!(append_all(&journal, &sent).iter().all(Result::is_ok));
    drop(journal);
    assert!(matches!(world.open(), Err(OpenError::IndexAhead { applied: 5 })));

    world.journal = SimStorage::default();
    assert!(matches!(world.open(), Err(OpenError::IndexAhead { applied: 5 })));
}

#[test]
fn a37_a_journal_behind_its_signed_head_is_refused() {
    let mut world = World::new();
    let (store, _) = world.open().unwrap();
    fill(&store, 0..4);
    drop(store);
    let backup = world.journal.fork();
    let (store, _) = world.open().unwrap();
    fill(&store, 4..6);
    store.heads().keep(ELECTION, SignedHead { size: 6, content: vec![1] }).unwrap();
    drop(store);
    world.journal = backup;
    world.index = Arc::new(MemIndex::default());
    let refused = world.open().unwrap_err();
    assert!(
        matches!(refused, OpenError::Head(HeadError::RolledBack { board: 4, signed: 6, .. })),
        "{refused}"
    );
}

#[test]
fn a_frame_that_the_node_cannot_read_stops_it_with_its_number() {
    let world = World::new();
    let (journal, _) = Journal::open(world.journal.shared()).unwrap();
    append_all(&journal, &[vec![1]])[0].as_ref().unwrap();
    drop(journal);
    assert!(matches!(world.open(), Err(OpenError::Replay { number: 0, .. })));
}

#[test]
fn a48_a_store_whose_journal_has_stopped_refuses() {
    let world = World::new();
    let (store, _) = world.open().unwrap();
    fill(&store, 0..2);
    world.journal.fail_after(1, Blow::Error);
    assert!(matches!(append(&store, [2, 2, 0, 1, 2]), Err(StoreError::Append(AppendError::Poisoned(_)))));
    assert!(matches!(append(&store, [3, 3, 0, 1, 3]), Err(StoreError::Append(AppendError::Poisoned(_)))));
    assert_eq!(store.index().board_size(&ELECTION).unwrap(), 2);
    assert!(store.failure().borrow().is_some());
}

#[test]
fn a_store_on_a_real_disk_survives_restarts() {
    let directory = TempDir::new().unwrap();
    for round in 0..4 {
        let journal = Arc::new(DiskStorage::open(directory.path().join(JOURNAL_NAME)).unwrap());
        let heads = Box::new(DiskStorage::open(directory.path().join("heads")).unwrap());
        let index = Arc::new(SledIndex::open(&directory.path().join("index")).unwrap());
        if round == 2 {
            Store::reindex(index.as_ref()).unwrap();
        }
        let mut entries = Entries::default();
        let (store, recovery) = Store::open(journal, index, heads, &mut entries).unwrap();
        assert_eq!((recovery.torn, entries.0.len()), (None, usize::from(round) * 10));
        fill(&store, round * 10..round * 10 + 10);
        let size = store.index().board_size(&ELECTION).unwrap();
        store.heads().keep(ELECTION, SignedHead { size, content: vec![round] }).unwrap();
    }
}

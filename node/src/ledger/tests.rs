#![allow(clippy::unwrap_used)]
//! What a crash can leave behind.

mod faults;

use super::{Command, Freeze, Ledger, open::Replay};
use crate::{
    domain::{Event, Rules, State},
    store::{DiskStorage, SledIndex, Store},
    tests::fixture::{ManualClock, OPENING, Place, TRUSTEES, World, keys},
};
use audit::{
    log::{self, Entry, Parties},
    testing::{ORGANISATION, anchor, attestation, registration, terms},
};
use circuits::types::*;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock, atomic::AtomicU64};

fn open(world: &World, place: &Place) -> Ledger {
    let rules = Rules {
        operator: world.operator.address(),
        organisers: vec![],
        registrations_max: 100,
        logs_max: 4,
        events_max: 100,
        keys: world.keys.clone(),
    };
    let clock = Arc::new(ManualClock(AtomicU64::new(OPENING)));
    Ledger::open(&place.config(world), rules, clock, &Default::default()).unwrap().0
}

/// Closes the ledger and waits until its directories are free.
async fn close(ledger: Ledger) {
    let mut stopped = ledger.stopped();
    drop(ledger);
    while stopped.changed().await.is_ok() {}
}

async fn vote_is_open(world: &World, ledger: &Ledger) {
    let submit = async |c| ledger.submit(c).await.map(|_| ()).unwrap();
    submit(Command::Draft(Box::new(world.draft.clone()))).await;
    for i in 0..world.members.len() {
        submit(Command::Register(Box::new(world.registration(i, 1)))).await;
    }
    let (statement, census) = (world.statement(), world.census());
    let signature = world.organiser.sign(statement.signing_hash(&world.draft.draft.domain()));
    let (holders, seen) = (world.holders(), world.members.len());
    submit(Command::Freeze(Box::new(Freeze { statement, signature, holders, census, seen }))).await;
    for i in 1..=TRUSTEES {
        submit(Command::Post(world.key_message(i, &world.election_key()))).await;
    }
    let hash = Order::Open(world.election_id()).signing_hash(&world.draft.draft.domain());
    let signature = world.organiser.sign(hash);
    submit(Command::Open { draft_id: world.draft_id(), signature }).await;
}

fn parties(world: &World) -> Parties {
    let (operator, organiser) = (world.operator.address(), world.organiser.address());
    Parties { operator, organiser, organisation: ORGANISATION.into() }
}

/// A registration, an anchor, and the attestation over it.
fn audit(world: &World) -> [log::Event; 3] {
    let auditor = &world.trustees[0];
    let attestation = attestation(auditor, &terms(OPENING), 1, &[]);
    [
        log::Event::Auditor(registration(&world.organiser, auditor.address(), 1)),
        log::Event::Anchor(anchor(auditor, &attestation)),
        log::Event::Attestation(Box::new(attestation)),
    ]
}

/// A47: an event of a log whose head was lost in a crash gets one on the next
/// start, and is there once.
#[test]
fn a47_an_event_without_a_head_gets_one_on_the_next_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let (world, place) = (World::new(52, keys(vec![])), Place::new());
    let (parties, [first, ..]) = (parties(&world), audit(&world));
    let id = parties.log();
    {
        let storage = Arc::new(DiskStorage::open(place.data().join("journal")).unwrap());
        let heads = Box::new(DiskStorage::open(place.path().join("heads")).unwrap());
        let index = Arc::new(SledIndex::open(&place.data().join("index")).unwrap());
        let (store, _) = Store::open(storage, index, heads, &mut Replay::default()).unwrap();
        let entry = Entry { time: OPENING, event: first.clone() };
        let event = Event::Logged { parties: parties.clone(), seq: 0, entry };
        runtime.block_on(store.append(event.kind(), event.encode(), event.updates())).unwrap();
    }
    let ledger = open(&world, &place);
    let receipt = ledger.log_receipt(id, 0).unwrap().unwrap();
    receipt.check(&parties).unwrap();
    let command = Command::Log { parties, event: Box::new(first) };
    let outcome = runtime.block_on(ledger.submit(command)).unwrap();
    assert_eq!(outcome, super::Outcome::Entered { seq: 0, repeated: true });
    runtime.block_on(close(ledger));
}

/// A journal whose frames are whole and whose log is not what was signed does
/// not start: another number, another log's event, a head of another root.
#[test]
fn a49_a_tampered_log_is_refused_at_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let world = World::new(53, keys(vec![]));
    let (parties, [first, second, third]) = (parties(&world), audit(&world));
    let logged = |seq, time, event: &log::Event| {
        let entry = Entry { time, event: event.clone() };
        Event::Logged { parties: parties.clone(), seq, entry }
    };
    let head = |size, root| {
        let head = Head { election_id: parties.log().place(), size, root, time: OPENING, closed: false };
        Event::LogHead(SignedHead {
            head,
            signature: world.operator.sign(head.signing_hash(&Domain::default())),
        })
    };
    let whole = [logged(0, OPENING, &first), logged(1, OPENING, &second), logged(2, OPENING, &third)];
    let mut forged = audit(&world);
    if let log::Event::Anchor(signed) = &mut forged[1] {
        signed.anchor.system.push('!');
    }
    let tampered: [Vec<Event>; 6] = [
        vec![logged(0, OPENING, &second)],
        vec![whole[0].clone(), logged(1, OPENING - 1, &second)],
        vec![whole[0].clone(), logged(1, OPENING, &forged[1])],
        vec![whole[0].clone(), logged(1, OPENING, &third)],
        vec![whole[0].clone(), head(1, BoardRoot::from_field(5u64.into()))],
        vec![whole[0].clone(), head(2, board_root(&[]))],
    ];
    let replay = |events: &[Event]| {
        let mut state = State::default();
        events.iter().try_for_each(|event| state.apply(event))
    };
    replay(&whole).unwrap();
    for events in tampered {
        assert!(replay(&events).is_err(), "{events:#?}");
    }
}

/// A47: an entry whose head was lost in a crash was not acknowledged, but is
/// on the log: the next start signs a head over it, and it is there once.
#[test]
fn a47_an_entry_without_a_head_gets_one_on_the_next_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let (mut world, place) = (World::new(50, keys(vec![])), Place::new());
    let id = world.election_id();
    let ledger = open(&world, &place);
    runtime.block_on(vote_is_open(&world, &ledger));
    runtime.block_on(close(ledger));
    let entry = world.entry(1, None);
    {
        let storage = Arc::new(DiskStorage::open(place.data().join("journal")).unwrap());
        let heads = Box::new(DiskStorage::open(place.path().join("heads")).unwrap());
        let index = Arc::new(SledIndex::open(&place.data().join("index")).unwrap());
        let (store, _) = Store::open(storage, index, heads, &mut Replay::default()).unwrap();
        let event = Event::Entry { election_id: id, seq: 0, entry: entry.clone() };
        let appended = store.append(event.kind(), event.encode(), event.updates());
        runtime.block_on(appended).unwrap();
    }
    let ledger = open(&world, &place);
    let head = ledger.state().election(id).unwrap().board.head.unwrap();
    assert_eq!((head.head.size, head.head.root), (1, board_root(&[entry.row()])));
    head.check(&world.draft.draft.domain(), world.operator.address()).unwrap();
    assert_eq!(ledger.check_entry(id, &entry).unwrap(), Ok(Some(0)));
    assert_eq!(ledger.entries(id, 0, 9).unwrap(), [entry]);
    runtime.block_on(close(ledger));
}

/// One event of each kind.
fn events() -> Vec<Event> {
    let mut world = World::new(51, keys(vec![]));
    let head = Head {
        election_id: world.election_id(),
        size: 1,
        root: BoardRoot::from_field(4u64.into()),
        time: 5,
        closed: true,
    };
    let signature = world.operator.sign(head.signing_hash(&Domain::default()));
    let (election_id, draft_id) = (world.election_id(), world.draft_id());
    let message = world.message(1, 1, 0, vec![1]);
    let head = SignedHead { head, signature };
    let parties = parties(&world);
    let named = registration(&world.organiser, world.trustees[0].address(), 1);
    let tally = Tally { totals: vec![1, 2], slots: 1, quorum: vec![1, 2], proofs: vec![] };
    vec![
        Event::Draft(world.draft.clone()),
        Event::Registration(world.registration(0, 1)),
        Event::Holders { draft_id, start: 2, holders: world.holders() },
        Event::Census { statement: world.statement(), signature },
        Event::TrusteeMessage(message.clone()),
        Event::TrusteeConflict(message),
        Event::Opened { draft_id, signature },
        Event::Entry { election_id, seq: 3, entry: world.entry(1, None) },
        Event::Head(head),
        Event::Closed { head, signature: None },
        Event::Closed { head, signature: Some(signature) },
        Event::Tally { election_id, tally },
        Event::Logged { parties, seq: 3, entry: Entry { time: 7, event: log::Event::Auditor(named) } },
        Event::LogHead(head),
    ]
}

/// Every event reads back as it was written.
#[test]
fn events_have_one_encoding() {
    for event in events() {
        assert_eq!(Event::decode(event.kind(), &event.encode()).unwrap(), event);
    }
    assert!(Event::decode(99, &[]).is_err());
}

proptest! {
    /// A50: a frame of a changed journal is an event with one encoding, or refused.
    #[test]
    fn a50_changed_events_have_one_form_or_none(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        kind in 0..16u16,
    ) {
        static EVENTS: LazyLock<Vec<Event>> = LazyLock::new(events);
        let mut payload = which.get(&EVENTS).encode();
        for (at, byte) in changes.into_iter().filter(|_| !payload.is_empty()).collect::<Vec<_>>() {
            let i = at.index(payload.len());
            payload[i] = byte;
        }
        if let Ok(event) = Event::decode(kind, &payload) {
            assert_eq!(Event::decode(kind, &event.encode()).unwrap(), event);
            event.updates();
        }
    }
}

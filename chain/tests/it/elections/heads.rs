//! Anchoring and closing, and what time does to an election.

use super::settled::{
    ONE, OTHER, closed, election_on, id, opened, posted, refused, refused_from, result_calls, send, settled,
    stage, view,
};
use crate::{
    chain::START,
    election::{TIMES, contract},
};
use alloy::{primitives::U256, sol_types::SolCall};
use chain::{
    abi::{IElections, Stage},
    elections,
};
use circuits::types::{Head, SignedHead};

fn void() -> Vec<u8> {
    elections::void(settled().election.id())
}

#[test]
fn heads_are_anchored_in_order() {
    let (e, mut chain) = (&settled().election, opened());
    for (size, time) in [(0, 5), (2, 10), (2, 11), (5, 11), (6, 20)] {
        send(&mut chain, elections::anchor(&e.head(size, time, false))).gas();
        let found = election_on(&chain, id());
        assert_eq!((found.size, found.headTime), (u32::try_from(size).unwrap(), time));
        assert_eq!(found.root, e.closed(size).root.to_bytes());
    }
    // Shorter, or older.
    for (size, time) in [(5, 30), (7, 19)] {
        let error: IElections::HeadMismatch =
            refused(&chain, elections::anchor(&e.head(size, time, false))).error();
        assert_eq!((error.lastSize, error.lastTime), (6, 20));
    }
}

/// Two roots for one size, both signed: the chain keeps the first.
#[test]
fn a35_a_fork_at_one_size_is_refused() {
    let (e, mut chain) = (&settled().election, opened());
    send(&mut chain, elections::anchor(&e.head(5, 10, false))).gas();
    for is_closed in [false, true] {
        let root = e.closed(4).root;
        let fork = e.sign(Head { election_id: e.id(), size: 5, root, time: 11, closed: is_closed });
        let order = e.order();
        let call = if is_closed { elections::close(&fork, Some(&order)) } else { elections::anchor(&fork) };
        let _: IElections::HeadMismatch = refused(&chain, call).error();
    }
}

#[test]
fn heads_of_others_are_refused() {
    let (e, chain) = (&settled().election, opened());
    let head = e.head(5, 10, false).head;
    let hash = circuits::types::TypedData::signing_hash(&head, &crate::election::domain());
    for signature in [e.organiser.sign(hash), e.trustees[0].sign(hash)] {
        let error: IElections::WrongSigner =
            refused(&chain, elections::anchor(&SignedHead { head, signature })).error();
        assert_eq!(error.expected, elections::address(e.operator.address()));
    }
    // A changed size, root or time is another message.
    let signed = e.head(5, 10, false);
    for changed in
        [Head { size: 6, ..head }, Head { time: 11, ..head }, Head { root: e.closed(4).root, ..head }]
    {
        let _: IElections::WrongSigner =
            refused(&chain, elections::anchor(&SignedHead { head: changed, ..signed })).error();
    }
}

/// Heads signed for another chain or contract say nothing here.
#[test]
fn a53_heads_and_orders_of_another_domain_are_refused() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.closing - 1;
    for foreign in [
        circuits::types::Domain { chain_id: 1, ..crate::election::domain() },
        circuits::types::Domain { contract: circuits::types::Address([1; 20]), ..crate::election::domain() },
    ] {
        let head = e.head(ONE, 10, true).head;
        let hash = circuits::types::TypedData::signing_hash(&head, &foreign);
        let signed = SignedHead { head, signature: e.operator.sign(hash) };
        let _: IElections::WrongSigner = refused(&chain, elections::close(&signed, Some(&e.order()))).error();
        let order = e.organiser.sign(circuits::types::Order::Close(e.id()).signing_hash(&foreign));
        let _: IElections::WrongSigner =
            refused(&chain, elections::close(&e.head(ONE, 10, true), Some(&order))).error();
    }
    // After a fork of the chain itself, old signatures are worth nothing.
    let mut fork = chain.clone();
    fork.id += 1;
    let _: IElections::WrongSigner =
        refused(&fork, elections::close(&e.head(ONE, 10, true), Some(&e.order()))).error();
}

#[test]
fn an_open_head_does_not_close_and_a_closed_one_is_not_anchored() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.closing;
    let error: IElections::WrongHead = refused(&chain, elections::close(&e.head(5, 10, false), None)).error();
    assert!(!error.closed);
    let error: IElections::WrongHead = refused(&chain, elections::anchor(&e.head(5, 10, true))).error();
    assert!(error.closed);
}

#[test]
fn closing_before_the_time_takes_the_organisers_order() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.closing - 1;
    let head = e.head(ONE, 10, true);
    let error: IElections::WrongSigner = refused(&chain, elections::close(&head, None)).error();
    assert!(error.role.starts_with(b"organiser"));
    let stranger =
        e.operator.sign(circuits::types::Order::Close(e.id()).signing_hash(&crate::election::domain()));
    let _: IElections::WrongSigner = refused(&chain, elections::close(&head, Some(&stranger))).error();
    // An order to open is none to close.
    let open =
        e.organiser.sign(circuits::types::Order::Open(e.id()).signing_hash(&crate::election::domain()));
    let _: IElections::WrongSigner = refused(&chain, elections::close(&head, Some(&open))).error();
    send(&mut chain, elections::close(&head, Some(&e.order()))).gas();
    assert_eq!(stage(&chain), Stage::Closed);
}

/// A68: voting ends after its opening, whatever the organiser orders. A gate
/// counts a vote that may close early as of its opening.
#[test]
fn a68_no_order_closes_an_election_before_its_opening() {
    let (e, mut chain) = (&settled().election, opened());
    let close = elections::close(&e.head(ONE, 10, true), Some(&e.order()));
    chain.time = TIMES.opening - 1;
    let error: IElections::TooEarly = refused(&chain, close.clone()).error();
    assert_eq!(error.from, TIMES.opening);
    chain.time = TIMES.opening;
    send(&mut chain, close).gas();
}

#[test]
fn an_election_closes_once() {
    let (e, mut chain) = (&settled().election, closed(ONE));
    for call in [elections::close(&e.head(9, START, true), None), elections::anchor(&e.head(9, START, false))]
    {
        let error: IElections::WrongStage = refused(&chain, call).error();
        assert_eq!((error.expected, error.found), (Stage::Open, Stage::Closed));
    }
    chain.time = TIMES.tally_deadline + 1;
    send(&mut chain, void()).gas();
    let _: IElections::WrongStage = refused(&chain, elections::close(&e.head(9, START, true), None)).error();
}

#[test]
fn an_empty_board_or_a_root_that_is_none_does_not_close() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.closing;
    let _: IElections::EmptyBoard = refused(&chain, elections::close(&e.head(0, 10, true), None)).error();
    let mut call = IElections::closeCall::abi_decode(&elections::close(&e.head(5, 10, true), None)).unwrap();
    call.head.root.0 = [255; 32];
    let error: IElections::NotCanonical = refused(&chain, call.abi_encode()).error();
    assert_eq!(error.value, U256::MAX);
}

#[test]
fn deadlines_hold_to_the_second() {
    let (e, mut chain) = (&settled().election, opened());
    chain.time = TIMES.root_deadline;
    let error: IElections::TooEarly = refused(&chain, void()).error();
    assert_eq!(error.from, TIMES.root_deadline + 1);
    let head = e.head(ONE, START, true);
    send(&mut chain.clone(), elections::close(&head, None)).gas();
    chain.time += 1;
    for call in [elections::close(&head, None), elections::anchor(&e.head(ONE, START, false))] {
        let error: IElections::TooLate = refused(&chain, call).error();
        assert_eq!(error.until, TIMES.root_deadline);
    }
    chain.send(OTHER, contract(), void()).gas();
    assert_eq!(stage(&chain), Stage::Voided);
    let _: IElections::WrongStage = refused(&chain, void()).error();
    let _: IElections::WrongStage = refused(&chain, elections::close(&head, None)).error();
}

#[test]
fn a_result_past_its_deadline_is_refused_and_the_election_void() {
    let mut chain = posted(ONE);
    let [tally] = &result_calls(&settled().one)[..] else { panic!("one proof") };
    chain.time = TIMES.tally_deadline;
    let _: IElections::TooEarly = refused(&chain, void()).error();
    send(&mut chain.clone(), tally.clone()).gas();
    chain.time += 1;
    let error: IElections::TooLate = refused(&chain, tally.clone()).error();
    assert_eq!(error.until, TIMES.tally_deadline);
    let batch = elections::post_batch(settled().election.id(), 0, &settled().election.entries[..4]);
    let _: IElections::TooLate = refused_from(&chain, OTHER, batch).error();
    send(&mut chain, void()).gas();
    assert_eq!(stage(&chain), Stage::Voided);
    let error: IElections::WrongStage = refused(&chain, tally.clone()).error();
    assert_eq!(error.found, Stage::Voided);
    assert!(!view(&chain, IElections::passedCall { electionId: id() }));
}

#[test]
fn a_finalised_election_is_never_void() {
    let mut chain = posted(ONE);
    send(&mut chain, result_calls(&settled().one).remove(0)).gas();
    chain.time = TIMES.tally_deadline + 1_000_000;
    let error: IElections::WrongStage = refused(&chain, void()).error();
    assert_eq!(error.found, Stage::Finalised);
    assert!(view(&chain, IElections::passedCall { electionId: id() }));
}

#[test]
fn unknown_elections_are_refused_everywhere() {
    let chain = super::settled::keyed();
    let e = &settled().election;
    let calls = [
        elections::anchor(&e.head(5, 10, false)),
        elections::close(&e.head(5, 10, true), None),
        elections::post_batch(e.id(), 0, &e.entries[..4]),
        result_calls(&settled().one).remove(0),
        result_calls(&settled().two).remove(0),
        result_calls(&settled().two).remove(2),
        void(),
    ];
    for call in calls {
        let error: IElections::WrongStage = refused(&chain, call).error();
        assert_eq!(error.found, Stage::None);
    }
    let sent = chain.call(contract(), IElections::resultCall { electionId: id() }.abi_encode());
    let error: IElections::NotFinalised = sent.error();
    assert_eq!(error.stage, Stage::None);
    assert!(!view(&chain, IElections::passedCall { electionId: id() }));
}

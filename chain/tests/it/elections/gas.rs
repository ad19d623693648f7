//! What things cost as whole transactions, and that it is not more than was
//! promised.

use super::settled::{
    ONE, POSTER, TWO, closed, deployed, keyed, layout, opened, posted, result_calls, send, settled,
};
use crate::{
    chain::{Chain, START},
    election::{DEPLOYER, Election, SHAPE, TIMES, contract},
};
use chain::{Artifact, elections};
use circuits::{
    params::BATCH_ROWS,
    tally::Layout,
    types::{BoardEntry, Head},
};

const TALLY_LIMIT: u64 = 400_000;
const BALLOT_LIMIT: u64 = 75_000;
const ANCHOR_LIMIT: u64 = 60_000;

#[test]
fn deploying_and_opening_cost_what_they_cost_once() {
    let s = settled();
    let mut chain = Chain::new();
    let (_, gas) = chain.create(DEPLOYER, Artifact::elections().unwrap().bytecode);
    println!("deploy: {gas} gas");
    let mut chain = deployed(&[]);
    let target = super::settled::verifiers(&chain);
    for key in &s.election.verifying {
        let gas = chain.send(POSTER, target, elections::add_key(key).unwrap()).gas();
        println!("key of {}: {gas} gas", key.id());
    }
    let gas = send(&mut keyed(), elections::open(&s.election.draft, &s.election.key)).gas();
    println!("open: {gas} gas");
}

#[test]
fn anchoring_a_head_costs_at_most_60_000() {
    let (e, mut chain) = (&settled().election, opened());
    for (size, time) in [(2, 10), (5, 20)] {
        let gas = send(&mut chain, elections::anchor(&e.head(size, time, false))).gas();
        println!("anchor: {gas} gas");
        assert!(gas <= ANCHOR_LIMIT);
    }
    chain.time = TIMES.closing - 1;
    let gas = send(&mut chain, elections::close(&e.head(ONE, START, true), Some(&e.order()))).gas();
    println!("close: {gas} gas");
}

/// A full batch of 128 ballots. The proofs are real; the contract takes the
/// same ballot twice, since it is the tally proof that binds the board. So a
/// few ballots, repeated, cost what 128 do.
#[test]
fn a_ballot_in_a_full_batch_costs_at_most_75_000() {
    let e = standard();
    let mut chain = deployed(&e.verifying);
    send(&mut chain, elections::open(&e.draft, &e.key)).gas();
    chain.time = TIMES.closing;
    let root = e.closed(5).root;
    let size = u32::try_from(2 * BATCH_ROWS).unwrap();
    let head = e.sign(Head { election_id: e.id(), size, root, time: START, closed: true });
    send(&mut chain, elections::close(&head, None)).gas();
    let ballots: Vec<BoardEntry> = e.entries.iter().cycle().take(BATCH_ROWS).cloned().collect();
    for start in [0, BATCH_ROWS] {
        let start = u32::try_from(start).unwrap();
        let gas = send(&mut chain, elections::post_batch(e.id(), start, &ballots)).gas();
        println!("batch of 128: {gas} gas, {} per ballot", gas.div_ceil(128));
        assert!(gas.div_ceil(BATCH_ROWS as u64) <= BALLOT_LIMIT);
    }
}

/// The full-size circuit of up to 256 entries.
fn standard() -> &'static Election {
    static STANDARD: std::sync::OnceLock<Election> = std::sync::OnceLock::new();
    STANDARD.get_or_init(|| Election::new(Layout::standard(SHAPE), 5))
}

/// With the full-size key; one of its two batches is used.
#[test]
fn a_tally_of_the_full_size_circuit_costs_at_most_400_000() {
    let e = standard();
    let mut chain = deployed(&e.verifying);
    send(&mut chain, elections::open(&e.draft, &e.key)).gas();
    chain.time = TIMES.closing;
    send(&mut chain, elections::close(&e.head(5, START, true), None)).gas();
    chain.send(POSTER, contract(), elections::post_batch(e.id(), 0, &e.entries)).gas();
    let tally = e.tally(5, &e.points(5));
    let call = elections::post_result(e.id(), POSTER, 256, &tally).remove(0);
    let gas = send(&mut chain, call).gas();
    println!("tally, one batch: {gas} gas");
    assert!(gas <= TALLY_LIMIT);
}

/// Both batches used, as with 129 to 256 entries: the circuit is smaller, the
/// key and the call are as long.
#[test]
fn a_tally_of_two_batches_costs_at_most_400_000() {
    assert_eq!((layout().batches(), Layout::standard(SHAPE).batches()), (2, 2));
    let gas = send(&mut posted(ONE), result_calls(&settled().one).remove(0)).gas();
    println!("tally, two batches: {gas} gas");
    assert!(gas <= TALLY_LIMIT);
    let mut chain = posted(TWO);
    for (call, what) in result_calls(&settled().two).into_iter().zip(["chunk", "chunk", "final"]) {
        let gas = send(&mut chain, call).gas();
        println!("{what}: {gas} gas");
        assert!(gas <= TALLY_LIMIT);
    }
    let e = &settled().election;
    let gas = send(&mut closed(ONE), elections::post_batch(e.id(), 0, &e.entries[..4])).gas();
    println!("batch of 4: {gas} gas");
}

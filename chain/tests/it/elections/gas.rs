//! What things cost as whole transactions, and that it is not more than was
//! promised.

use super::{
    full,
    settled::{
        ONE, POSTER, TWO, closed, deployed, keyed, layout, opened, posted, result_calls, send, settled,
    },
};
use crate::{
    chain::{Chain, START},
    election::{DEPLOYER, SHAPE, TIMES},
};
use chain::{Artifact, elections};
use circuits::{params::BATCH_ROWS, tally::Layout};

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

/// 128 ballots, each another one, and the two that are left.
#[test]
fn a_ballot_in_a_full_batch_costs_at_most_75_000() {
    let mut chain = full::closed();
    let [batch, rest] = full::batch_calls().try_into().unwrap();
    let gas = send(&mut chain, batch).gas();
    println!("batch of 128: {gas} gas, {} per ballot", gas.div_ceil(BATCH_ROWS as u64));
    assert!(gas.div_ceil(BATCH_ROWS as u64) <= BALLOT_LIMIT);
    println!("batch of {}: {} gas", full::SIZE - BATCH_ROWS, send(&mut chain, rest).gas());
}

/// Up to 256 entries: the full-size circuit, both of its batches used.
#[test]
fn a_tally_of_the_full_size_circuit_costs_at_most_400_000() {
    let gas = send(&mut full::posted(), full::result_call()).gas();
    println!("tally of {} entries in two batches: {gas} gas", full::SIZE);
    assert!(gas <= TALLY_LIMIT);
}

/// The circuits are smaller than those of real elections, the calls as long.
#[test]
fn a_chunk_and_a_final_proof_cost_at_most_400_000_each() {
    assert_eq!(layout().batches(), Layout::standard(SHAPE).batches());
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

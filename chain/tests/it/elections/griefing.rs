//! Too little gas, at every level: a call either does all or nothing, and a
//! proof that was not checked is never taken for a bad one, nor for a good
//! one (A54).

use super::settled::{ONE, POSTER, TWO, closed, keyed, opened, posted, result_calls, send, settled};
use crate::{
    chain::{Chain, GAS_LIMIT, START, Sent},
    election::{TIMES, contract},
};
use chain::{abi::IGroth16Verifiers, elections};

/// Sends with every limit of a sweep from nothing to what the call takes.
fn sweep(chain: &Chain, call: &[u8], steps: u64) {
    let before = chain.storage(contract());
    let enough = needed(chain, call);
    let mut done = chain.clone();
    done.send_with(POSTER, contract(), call.to_vec(), enough).gas();
    for step in 0..steps {
        let limit = 21_000 + (enough - 21_000) * step / steps;
        let mut after = chain.clone();
        let sent = after.send_with(POSTER, contract(), call.to_vec(), limit.max(floor(call)));
        if sent.is_done() {
            assert_eq!(after.storage(contract()), done.storage(contract()));
            continue;
        }
        assert_eq!(after.storage(contract()), before, "refused with {limit} gas, but something changed");
        if let Sent::Reverted { output, .. } = &sent {
            let invalid: Result<IGroth16Verifiers::ProofInvalid, _> =
                alloy::sol_types::SolError::abi_decode(output);
            assert!(invalid.is_err(), "with {limit} gas a valid proof is called invalid");
        }
    }
}

/// The least limit with which the call is carried out: more than it uses,
/// since a call keeps back a 64th of its gas.
fn needed(chain: &Chain, call: &[u8]) -> u64 {
    let done = |limit| chain.clone().send_with(POSTER, contract(), call.to_vec(), limit).is_done();
    let (mut low, mut high) = (floor(call), GAS_LIMIT);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if done(middle) { high = middle } else { low = middle }
    }
    high
}

/// What a transaction costs before it does anything: fewer cannot be sent
/// (EIP-7623).
fn floor(call: &[u8]) -> u64 {
    let zeros = call.iter().filter(|byte| **byte == 0).count() as u64;
    let others = call.len() as u64 - zeros;
    21_000 + 10 * (zeros + 4 * others)
}

#[test]
fn a54_openings_do_all_or_nothing() {
    let e = &settled().election;
    sweep(&keyed(), &elections::open(&e.draft, &e.key), 60);
}

#[test]
fn a54_heads_do_all_or_nothing() {
    let (e, mut chain) = (&settled().election, opened());
    sweep(&chain, &elections::anchor(&e.head(5, START, false)), 60);
    chain.time = TIMES.closing - 1;
    sweep(&chain, &elections::close(&e.head(ONE, START, true), Some(&e.order())), 60);
}

#[test]
fn a54_batches_do_all_or_nothing() {
    let e = &settled().election;
    sweep(&closed(ONE), &elections::post_batch(e.id(), 0, &e.entries[..4]), 100);
}

#[test]
fn a54_results_do_all_or_nothing() {
    sweep(&posted(ONE), &result_calls(&settled().one)[0], 100);
}

#[test]
fn a54_chunks_do_all_or_nothing() {
    let mut chain = posted(TWO);
    let calls = result_calls(&settled().two);
    sweep(&chain, &calls[0], 60);
    send(&mut chain, calls[0].clone()).gas();
    send(&mut chain, calls[1].clone()).gas();
    sweep(&chain, &calls[2], 60);
}

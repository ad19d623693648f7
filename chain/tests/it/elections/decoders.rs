//! Calldata that is not what it should be. Whatever is done to a valid call,
//! the contract refuses it and nothing changes, or does exactly what the
//! valid call does.

use super::settled::{
    ONE, POSTER, TWO, closed, keyed, opened, posted, result_calls, send, settled, verifiers,
};
use crate::{
    chain::{Chain, START},
    election::{TIMES, contract},
};
use chain::elections;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_core::OsRng;
use revm::primitives::Address;

/// A change to bytes, at random: a bit, a byte, a word, an end cut off or
/// added, a part copied elsewhere.
pub fn mutate(call: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut out = call.to_vec();
    let mut below = |n: usize| usize::try_from(rng.next_u64() % n.max(1) as u64).unwrap();
    let at = below(out.len());
    match below(7) {
        0 => out[at] ^= 1 << below(8),
        1 => out[at] = u8::try_from(below(256)).unwrap(),
        2 => {
            // A word, where words are: small, large, an offset somewhere.
            let word = 4 + at.saturating_sub(4) / 32 * 32;
            let end = (word + 32).min(out.len());
            let start = word.min(end);
            let value = [0, 1, 31, 32, 64, 1 << 16, u64::MAX][below(7)];
            let fill = if below(4) == 0 { 255 } else { 0 };
            out[start..end].fill(fill);
            let low = end.saturating_sub(8).max(start);
            out[low..end].copy_from_slice(&value.to_be_bytes()[8 - (end - low)..]);
        }
        3 => out.truncate(at),
        4 => out.extend((0..below(200)).map(|i| u8::try_from(i).unwrap())),
        5 => {
            let length = below(out.len() - at).min(400);
            let to = below(out.len() - length);
            out.copy_within(at..at + length, to);
        }
        _ => out.swap(at, at / 2),
    }
    out
}

fn fuzz(chain: &Chain, to: Address, call: &[u8], rounds: usize) {
    let seed = OsRng.next_u64();
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let before = chain.storage(contract());
    let mut done = chain.clone();
    done.send(POSTER, to, call.to_vec()).gas();
    for _ in 0..rounds {
        let mutant = mutate(call, &mut rng);
        let mut after = chain.clone();
        let sent = after.send(POSTER, to, mutant.clone());
        let expected = if sent.is_done() { done.storage(contract()) } else { before.clone() };
        assert_eq!(after.storage(contract()), expected, "seed {seed}: 0x{}", hex::encode(mutant));
    }
}

#[test]
fn a15_a50_changed_openings_are_refused_or_mean_the_same() {
    let e = &settled().election;
    fuzz(&keyed(), contract(), &elections::open(&e.draft, &e.key), 600);
}

#[test]
fn a15_a50_changed_heads_are_refused_or_mean_the_same() {
    let (e, mut chain) = (&settled().election, opened());
    fuzz(&chain, contract(), &elections::anchor(&e.head(5, START, false)), 600);
    chain.time = TIMES.closing - 1;
    fuzz(&chain, contract(), &elections::close(&e.head(ONE, START, true), Some(&e.order())), 600);
}

#[test]
fn a10_a50_changed_batches_are_refused_or_mean_the_same() {
    let e = &settled().election;
    fuzz(&closed(ONE), contract(), &elections::post_batch(e.id(), 0, &e.entries[..4]), 400);
}

#[test]
fn a10_a50_changed_results_are_refused_or_mean_the_same() {
    fuzz(&posted(ONE), contract(), &result_calls(&settled().one)[0], 400);
    let mut chain = posted(TWO);
    let calls = result_calls(&settled().two);
    fuzz(&chain, contract(), &calls[0], 300);
    send(&mut chain, calls[0].clone()).gas();
    send(&mut chain, calls[1].clone()).gas();
    fuzz(&chain, contract(), &calls[2], 300);
}

/// Keys are different: another key may be added, under its own hash. So the
/// keys that are there stay as they are.
#[test]
fn a50_changed_keys_change_no_other_key() {
    let chain = keyed();
    let target = verifiers(&chain);
    let seed = OsRng.next_u64();
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let before = chain.storage(target);
    let call = elections::add_key(&settled().election.verifying[0]).unwrap();
    for _ in 0..300 {
        let mutant = mutate(&call, &mut rng);
        let mut after = chain.clone();
        let sent = after.send(POSTER, target, mutant.clone());
        let now = after.storage(target);
        let kept = before.iter().all(|(key, value)| now.get(key) == Some(value));
        assert!(kept, "seed {seed}: 0x{}", hex::encode(&mutant));
        // Where its points are, and its circuit.
        assert_eq!(now.len(), before.len() + 2 * usize::from(sent.is_done()));
    }
}

#[test]
fn calls_of_no_function_are_refused() {
    let chain = opened();
    for call in [vec![], vec![0; 4], vec![0; 36], vec![0xff; 3]] {
        assert!(!chain.call(contract(), call.clone()).is_done());
        assert!(!chain.call(verifiers(&chain), call).is_done());
    }
}

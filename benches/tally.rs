//! The tally proof of a full board: 256 entries of `Shape4`, two trustees.
//! Loads the development key from the usual cache; a first run makes it.

use benches::{cpu_seconds, peak_memory, report, reset_peak_memory, timed, wall_and_cpu};
use circuits::{
    curve::Fr,
    tally::{
        Board, Layout, Opened,
        testing::{DealtKey, Log},
    },
    types::{BallotShape, ElectionId, Slot, TallyProof},
};
use prover::{
    KeyStore, ProvingKey, shape,
    tally::{Job, circuits_for, prove_tally},
};
use rand_core::OsRng;
use std::{convert::Infallible, sync::Arc};
use verifier::{CircuitId, Proof, verify};

const SHAPE: BallotShape = BallotShape::Shape4;
/// Voters, of whom half vote again and half receive a mask.
const VOTERS: u64 = SHAPE.tally_rows() as u64 / 2;
const QUORUM: usize = 2;
const TRUSTEES: u8 = 3;
const MIB: f64 = 1_048_576.0;

fn main() {
    let id = circuits_for(Layout::standard(SHAPE), QUORUM, SHAPE.tally_rows())[0];
    constraints(id);
    let key = load(id);
    let (board, opened) = election();
    let entries = board.rows().len();
    report(&format!("{id}::entries"), entries as f64, "entries");

    reset_peak_memory();
    let cpu = cpu_seconds();
    let (proof, wall) = timed(|| prove(&board, opened, &key));
    report(&format!("{id}::prove"), wall, "s");
    report(&format!("{id}::prove cpu"), cpu_seconds() - cpu, "s");
    report(&format!("{id}::prove peak memory, key included"), peak_memory() / MIB, "MiB");
    report(&format!("{id}::proof"), proof.proof.0.len() as f64, "bytes");
    report(&format!("{id}::public inputs"), proof.inputs.len() as f64, "inputs");
    check(&key, &proof);
}

/// The limit of constraints per entry does not count the decryption, whose
/// cost does not grow with the board.
fn constraints(id: CircuitId) {
    let shape = shape(id).expect("a known circuit");
    let all = shape.num_constraints();
    let decryption = (0..all).filter(|i| shape.label(*i).condition.starts_with("Y7")).count();
    report(&format!("{id}::constraints"), all as f64, "rows");
    report(&format!("{id}::constraints of the decryption"), decryption as f64, "rows");
    let per_entry = (all - decryption) as f64 / SHAPE.tally_rows() as f64;
    report(&format!("{id}::constraints per entry, without decryption"), per_entry, "rows");
}

fn load(id: CircuitId) -> Arc<ProvingKey> {
    let directory = KeyStore::default_directory().expect("a directory for keys");
    let store = KeyStore::of_circuits(directory);
    let (key, seconds) = timed(|| store.get(id, &|p| eprintln!("{p}")).expect("a key"));
    report(&format!("{id}::load_key"), seconds, "s");
    key
}

/// A board of [`BallotShape::tally_rows`] entries and its decryption.
fn election() -> (Board, Opened) {
    let rng = &mut OsRng;
    let key = DealtKey::random(QUORUM, TRUSTEES, rng);
    let mut log = Log::new(SHAPE);
    let mut totals = vec![0; SHAPE.options()];
    let slot = |voter: u64| Slot::from_field(Fr::from(voter + 1));
    for voter in 0..VOTERS {
        log.vote(key.public_key, slot(voter), &votes(voter), rng);
    }
    for voter in 0..VOTERS {
        if voter % 2 == 0 {
            log.mask(key.public_key, slot(voter), rng);
        } else {
            log.vote(key.public_key, slot(voter), &votes(voter + VOTERS), rng);
        }
        let last = if voter % 2 == 0 { voter } else { voter + VOTERS };
        totals.iter_mut().zip(votes(last)).for_each(|(total, units)| *total += units);
    }
    let board = log.board(ElectionId::from_field(Fr::from(7u64)));
    let opened = key.open(&board, &totals, rng);
    (board, opened)
}

/// Different units for each ballot and option.
fn votes(ballot: u64) -> Vec<u64> {
    (1..).take(SHAPE.options()).map(|option| ballot * 1_000 + option).collect()
}

fn prove(board: &Board, opened: Opened, key: &Arc<ProvingKey>) -> TallyProof {
    let key = |_| Ok::<_, Infallible>(key.clone());
    let layout = Layout::standard(SHAPE);
    let job = Job { layout, board, options: SHAPE.options(), opened, points: &[] };
    let tally = prove_tally(job, key, &mut OsRng, |_, _| ());
    tally.expect("an honest board").proofs.remove(0)
}

fn check(key: &ProvingKey, proof: &TallyProof) {
    let id = key.id();
    let prepared = key.verifying_key().prepare();
    let (wall, cpu) = wall_and_cpu(10, || {
        let points = Proof::from_bytes(&proof.proof).expect("a proof");
        verify(&prepared, &proof.inputs, &points).expect("valid");
    });
    report(&format!("{id}::verify"), wall * 1e3, "ms");
    report(&format!("{id}::verify cpu"), cpu * 1e3, "ms");
}

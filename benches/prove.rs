//! Keys, witnesses and proofs of ballots, and with the argument `--large`
//! the key of a tally of 256 rows.

use benches::{report, timed, vote, wall_and_cpu};
use circuits::{r1cs::Cs, types::BallotShape};
use prover::{KeyStore, ProvingKey, prove, shape};
use rand_core::OsRng;
use std::{path::Path, sync::Arc};
use verifier::CircuitId;

fn main() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for shape in BallotShape::ALL {
        ballot(directory.path(), shape);
    }
    if std::env::args().any(|a| a == "--large") {
        let shape = BallotShape::Shape4;
        key(directory.path(), CircuitId::Tally { shape, rows: shape.tally_rows(), t: 2 });
    }
}

/// Makes a key, loads it again, and reports both.
fn key(directory: &Path, id: CircuitId) -> Arc<ProvingKey> {
    let get = || {
        let store = KeyStore::of_circuits(directory);
        timed(|| store.get(id, &|p| eprintln!("{p}")).expect("a key"))
    };
    let (rows, seconds) = timed(|| shape(id).expect("a known circuit"));
    report(&format!("{id}::constraints"), rows.num_constraints() as f64, "rows");
    report(&format!("{id}::shape"), seconds, "s");
    report(&format!("{id}::digest"), timed(|| rows.digest()).1, "s");
    drop(rows);
    report(&format!("{id}::generate_key"), get().1, "s");
    let (key, seconds) = get();
    report(&format!("{id}::load_key"), seconds, "s");
    key
}

fn ballot(directory: &Path, shape: BallotShape) {
    let id = CircuitId::Ballot(shape);
    let key = key(directory, id);
    let circuit = vote(shape);
    let (wall, _) = wall_and_cpu(5, || drop(Cs::assignment(&circuit)));
    report(&format!("{id}::witness"), wall * 1e3, "ms");
    let (wall, cpu) = wall_and_cpu(10, || {
        prove(&key, &circuit, &mut OsRng).expect("a valid vote");
    });
    report(&format!("{id}::prove"), wall, "s");
    report(&format!("{id}::prove cpu"), cpu, "s");
}

//! Keys and proofs of synthetic circuits: the size of a ballot (2^14 rows)
//! and, with the argument `--large`, that of a tally of 256 rows. Reports
//! time; peak memory is that of the process (`/usr/bin/time -v`).

use benches::{Synthetic, report, timed, wall_and_cpu};
use circuits::{curve::Fr, r1cs::Cs};
use prover::{KeyStore, prove};
use rand_core::OsRng;

fn main() {
    measure("2^14", Synthetic { rows: 14_300, terms: 8, x: Fr::from(3u64) });
    if std::env::args().any(|a| a == "--large") {
        measure("2^19", Synthetic { rows: 500_000, terms: 12, x: Fr::from(3u64) });
    }
}

fn measure(name: &str, circuit: Synthetic) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = || KeyStore::new(directory.path(), Box::new(move |_| Cs::shape(&circuit)));
    let id = "ballot/4".parse().expect("a known circuit");
    let get = |store: KeyStore| store.get(id, &|p| eprintln!("{p}")).expect("a key");

    let (shape, seconds) = timed(|| Cs::shape(&circuit));
    report(&format!("shape::build/rows={name}"), seconds, "s");
    report(&format!("shape::digest/rows={name}"), timed(|| shape.digest()).1, "s");
    drop(shape);
    report(&format!("key::generate/rows={name}"), timed(|| get(store())).1, "s");
    let (key, seconds) = timed(|| get(store()));
    report(&format!("key::load/rows={name}"), seconds, "s");
    let (seconds, _) = wall_and_cpu(3, || drop(Cs::assignment(&circuit)));
    report(&format!("witness/rows={name}"), seconds, "s");
    let (wall, cpu) = wall_and_cpu(5, || {
        prove(&key, &circuit, &mut OsRng).expect("satisfied");
    });
    report(&format!("prove/rows={name}"), wall, "s");
    report(&format!("prove/rows={name} cpu"), cpu, "s");
}

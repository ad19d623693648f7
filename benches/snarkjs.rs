//! Side by side with snarkjs: the same circuit and the same witness, each
//! with a key of its own kind in memory, in one run on one machine.
//! Needs node and npm. The powers of tau and snarkjs's key are kept in
//! `target/bench-snarkjs`; the first run takes minutes to make them.

use benches::{Time, iden3, output, report, vote};
use circuits::{
    curve::Fr,
    r1cs::{Circuit, Cs},
    types::{BallotShape, ProofBytes},
};
use prover::{KeyStore, prove_assignment};
use rand_core::OsRng;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use verifier::{CircuitId, PreparedVerifyingKey, Proof, VerifyingKey, snarkjs, verify};

const PROVE_RUNS: u32 = 9;
const VERIFY_RUNS: u32 = 101;

/// The files of the node project, copied to where it is installed.
const PROJECT: [(&str, &str); 3] = [
    ("package.json", include_str!("snarkjs/package.json")),
    ("package-lock.json", include_str!("snarkjs/package-lock.json")),
    ("measure.mjs", include_str!("snarkjs/measure.mjs")),
];

/// What `measure.mjs` prints.
#[derive(Deserialize)]
struct Theirs {
    threads: usize,
    prove: Time,
    verify: Time,
}

fn main() {
    let id = CircuitId::Ballot(BallotShape::Shape4);
    let directory = KeyStore::default_directory().expect("a directory for keys");
    let store = KeyStore::of_circuits(directory);
    let key = store.get(id, &|p| eprintln!("{p}")).expect("a key");
    let circuit = vote(BallotShape::Shape4);
    let (shape, assignment) = Cs::shape_and_assignment(&circuit);
    report(&format!("{id}::constraints"), shape.num_constraints() as f64, "rows");

    let prove = || prove_assignment(&key, &assignment, &mut OsRng).expect("a valid vote");
    let (inputs, proof) = (circuit.public_inputs(), prove());
    let ours = Time::of(PROVE_RUNS, || {
        prove();
    });
    let with_witness = Time::of(PROVE_RUNS, || {
        prover::prove(&key, &circuit, &mut OsRng).expect("a valid vote");
    });

    let prepared = key.verifying_key().prepare();
    let check = |key: &PreparedVerifyingKey| {
        verify(key, &inputs, &Proof::from_bytes(&proof).expect("a proof")).expect("valid");
    };
    let our_verify = Time::of(VERIFY_RUNS, || check(&prepared));
    let our_unprepared = Time::of(VERIFY_RUNS, || check(&key.verifying_key().prepare()));

    let run = tempfile::tempdir().expect("a temporary directory");
    write(run.path(), "circuit.r1cs", iden3::r1cs(&shape));
    write(run.path(), "witness.wtns", iden3::wtns(&assignment));
    write_proof(run.path(), key.verifying_key(), &inputs, &proof);
    let theirs = measure_snarkjs(run.path());

    ours.report(&format!("{id}::prove tabella"));
    with_witness.report(&format!("{id}::prove tabella, witness generation included"));
    theirs.prove.report(&format!("{id}::prove snarkjs"));
    our_verify.report(&format!("{id}::verify tabella"));
    our_unprepared.report(&format!("{id}::verify tabella, key prepared each time"));
    theirs.verify.report(&format!("{id}::verify snarkjs"));
    report("threads", theirs.threads as f64, "");
    theirs.prove.report_ratio("snarkjs / tabella::prove", ours);
    theirs.verify.report_ratio("snarkjs / tabella::verify", our_verify);
    theirs.verify.report_ratio("snarkjs / tabella::verify, key prepared each time", our_unprepared);
}

/// Our proof with its key and inputs, for snarkjs to accept.
fn write_proof(directory: &Path, key: &VerifyingKey, inputs: &[Fr], proof: &ProofBytes) {
    let proof = Proof::from_bytes(proof).expect("a proof");
    write(directory, "vkey.json", snarkjs::verifying_key(key).to_string());
    write(directory, "proof.json", snarkjs::proof(&proof).to_string());
    write(directory, "public.json", snarkjs::public_inputs(inputs).to_string());
}

fn write(directory: &Path, name: &str, contents: impl AsRef<[u8]>) {
    fs::write(directory.join(name), contents).expect("the directory is writable");
}

/// Installs snarkjs at its locked version next to the files of `run`, and
/// measures it.
fn measure_snarkjs(run: &Path) -> Theirs {
    let cache = cache_directory();
    fs::create_dir_all(&cache).expect("the target directory is writable");
    for (name, contents) in PROJECT {
        write(run, name, contents);
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    output(Command::new("npm").args(install).current_dir(run));
    let measure = [Path::new("measure.mjs"), &cache, run];
    let out = output(Command::new("node").args(measure).current_dir(run));
    serde_json::from_slice(&out).expect("measure.mjs prints one object")
}

fn cache_directory() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().expect("it lies in the target directory").join("bench-snarkjs")
}

//! Side by side with ezkl on the nearest job that it can do, in one run on
//! one machine: 10^4 private decisions of four groups, bound by KZG
//! commitments. ezkl proves the counts of the groups and makes them public.
//! Tabella proves the verdicts (selection rates, four-fifths) and keeps the
//! counts secret; once for that alone, once with a full policy.
//!
//! The same: the records, the curve (BN254), KZG commitments to the data
//! made with the proof, a proof that anyone checks. Not the same: ezkl shows
//! counts, proves no verdict, and nothing there says that a record is of one
//! group and that a decision is 0 or 1 (the range check of its inputs is
//! off, which is faster); its circuit is made for one number of records.
//!
//! Needs Python 3 with venv. The environment and ezkl's structured reference
//! string, of its own `gen_srs`, are kept in `target/bench-ezkl`.

use benches::{Time, output, report};
use circuits::attestation::{
    CellSet, Code, Disclosure, GroupSet, Layout, Metric, Packing, Policy, Ratio, Record, Shape, Statement,
    Subject, Table, View, circuit::AttestationCircuit, testing,
};
use prover::{
    KeyStore,
    attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, Store, prove},
};
use rand_core::OsRng;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use verifier::attestation::verify;

const RECORDS: usize = 10_000;
const GROUPS: usize = 4;
const PROVE_RUNS: u32 = 3;
const VERIFY_RUNS: u32 = 21;
const MIB: f64 = 1_048_576.0;
const REQUIREMENTS: &str = include_str!("ezkl/requirements.txt");
const MEASURE: &str = include_str!("ezkl/measure.py");

/// What `measure.py` prints.
#[derive(Deserialize)]
struct Theirs {
    prove: Time,
    verify: Time,
    memory: f64,
    proof_bytes: f64,
    logrows: f64,
    /// Selected by group, then not selected by group.
    counts: Vec<u64>,
}

/// One record: group and decision.
type Decision = (usize, bool);

fn main() {
    let records = decisions();
    let small = Layout::new(GROUPS, false, 1).expect("a layout");
    let codes = records.iter().map(|&(cell, decision)| Record { cell, label: None, decision, bin: 0 });
    let codes: Vec<Code> = codes.map(|record| small.code(&record).expect("of the layout")).collect();
    let shape = AttestationCircuit::smallest_shape(small, &[GROUPS], Packing::Two, RECORDS as u64)
        .expect("one proof");
    let rates = measure_ours("selection rates", &shape, &four_fifths(), codes);

    let full = Layout::new(24, true, 1).expect("a layout");
    let shape = AttestationCircuit::smallest_shape(full, &[4, 8, 16], Packing::Two, RECORDS as u64)
        .expect("one proof");
    let policy = testing::full_policy();
    let every = measure_ours("full policy", &shape, &policy, testing::codes(full, RECORDS));

    let theirs = measure_ezkl(&records);
    assert_eq!(theirs.counts, counts(&records), "ezkl proves the counts of these records");
    theirs.prove.report("ezkl::prove");
    theirs.verify.report("ezkl::verify");
    report("ezkl::peak memory, keys and parameters included", theirs.memory / MIB, "MiB");
    report("ezkl::proof", theirs.proof_bytes, "bytes");
    report("ezkl::k", theirs.logrows, "");
    for (name, ours) in [("selection rates", rates), ("full policy", every)] {
        theirs.prove.report_ratio(&format!("ezkl / tabella, {name}::prove"), ours.0);
        theirs.verify.report_ratio(&format!("ezkl / tabella, {name}::verify"), ours.1);
    }
}

/// The groups and decisions of the usual small audits.
fn decisions() -> Vec<Decision> {
    let layout = Layout::new(GROUPS, false, 1).expect("a layout");
    let codes = testing::codes(layout, RECORDS);
    let record = |code| layout.record(code).expect("of the layout");
    codes.into_iter().map(record).map(|record: Record| (record.cell, record.decision)).collect()
}

fn counts(records: &[Decision]) -> Vec<u64> {
    let of = |record: Decision| records.iter().filter(|&&other| other == record).count() as u64;
    [true, false]
        .into_iter()
        .flat_map(|decision| (0..GROUPS).map(move |group| (group, decision)))
        .map(of)
        .collect()
}

/// Four-fifths on four groups.
fn four_fifths() -> Policy {
    let view = View {
        groups: GROUPS,
        allowed: (0..GROUPS).map(|group| [group].into_iter().collect::<GroupSet>()).collect(),
        excluded: GroupSet::EMPTY,
        checks: vec![Metric::ImpactRatio],
    };
    Policy {
        cells: GROUPS,
        sample: CellSet::first(GROUPS),
        minimum_cell: 10,
        minimum_share: Ratio::new(2, 100),
        thresholds: testing::thresholds(),
        views: vec![view],
        disclosure: Disclosure::VerdictsOnly,
    }
}

/// Times of proving, commitment included, and of verifying.
fn measure_ours(name: &str, shape: &Shape, policy: &Policy, codes: Vec<Code>) -> (Time, Time) {
    let store = Store::new(KeyStore::default_directory().expect("a directory for keys"));
    let srs = store.development_srs(shape.k(), &|p| eprintln!("{p}")).expect("parameters");
    let key = ProvingKey::make(&srs, shape).expect("a key");
    let table = Table::new(shape.layout(), &codes).expect("a table");
    let statement = Statement::of(shape, policy, Subject([1; 32]), 2026, &table).expect("a statement");
    let made = || {
        let seed = CommitmentSeed::random(&mut OsRng);
        let data = Dataset::new(shape, codes.clone(), &seed).expect("a data set");
        let commitment = data.commit(&srs).expect("a commitment");
        let permit = ProofPermit::after(0).expect("none made");
        let proof = prove(&srs, &key, &statement, &data, &commitment, permit).expect("a proof");
        (commitment, proof)
    };
    let (commitment, proof) = made();
    let proving = Time::of(PROVE_RUNS, || {
        made();
    });
    let verifying = Time::of(VERIFY_RUNS, || {
        verify(key.verifying(), &statement, &commitment, &proof).expect("valid");
    });
    proving.report(&format!("tabella, {name}::prove"));
    verifying.report(&format!("tabella, {name}::verify"));
    report(&format!("tabella, {name}::proof"), proof.len() as f64, "bytes");
    report(&format!("tabella, {name}::k"), shape.k().into(), "");
    (proving, verifying)
}

/// Installs ezkl as pinned, and measures it in a process of its own.
fn measure_ezkl(records: &[Decision]) -> Theirs {
    let cache = cache_directory();
    let python = cache.join("venv/bin/python");
    let installed = cache.join("installed.txt");
    fs::create_dir_all(&cache).expect("the target directory is writable");
    if fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        eprintln!("ezkl is installed in {}", cache.display());
    } else {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(cache.join("venv")));
        let requirements = cache.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).expect("the directory is writable");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
        output(Command::new(&python).args(pip).arg(&requirements));
        fs::rename(requirements, installed).expect("the directory is writable");
    }
    let run = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| fs::write(run.path().join(name), text).expect("it is writable");
    write("measure.py", MEASURE);
    write("records.json", &serde_json::to_string(records).expect("numbers"));
    let script = run.path().join("measure.py");
    let arguments: [&Path; 3] = [&script, &cache, run.path()];
    let out = output(Command::new(python).args(arguments));
    let text = String::from_utf8(out).expect("text");
    serde_json::from_str(text.lines().last().unwrap_or_default()).expect("measure.py ends with one object")
}

fn cache_directory() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().expect("it lies in the target directory").join("bench-ezkl")
}

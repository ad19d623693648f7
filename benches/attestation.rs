//! Attestations of 10^4 to 10^7 records with every check of a full policy:
//! 24 cells in views of 4, 8 and 16 groups, actual outcomes, unknowns.
//! Development parameters come from the usual cache; a first run makes them.
//!
//! `cargo bench -p benches --bench attestation -- 10000 100000` runs some.

use benches::{cpu_seconds, median_and_cpu, peak_memory, report, reset_peak_memory, timed};
use circuits::attestation::{
    Layout, Packing, Shape, Statement, Subject, Table, circuit::AttestationCircuit, testing,
};
use prover::{
    KeyStore,
    attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, Receipts, Store, prove},
};
use rand_core::OsRng;
use verifier::attestation::{check_receipt, verify};

const MIB: f64 = 1_048_576.0;
/// Records of the four sizes.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let layout = Layout::new(24, true, 1).expect("a layout");
    for records in SIZES.into_iter().filter(|size| asked.is_empty() || asked.contains(size)) {
        let views = [4, 8, 16];
        let shape = AttestationCircuit::smallest_shape(layout, &views, Packing::Two, records as u64)
            .expect("one proof");
        attestation(&format!("attestation/records={records}"), &shape, records);
    }
    if asked.is_empty() {
        attestation("attestation/on chain, records=1000000", &Shape::on_chain(), 1_000_000);
        receipts();
    }
}

fn attestation(name: &str, shape: &Shape, records: usize) {
    report(&format!("{name}::k"), shape.k().into(), "");
    report(&format!("{name}::data columns"), shape.columns() as f64, "columns");
    let store = Store::new(KeyStore::default_directory().expect("a directory for keys"));
    let (srs, seconds) =
        timed(|| store.development_srs(shape.k(), &|p| eprintln!("{p}")).expect("parameters"));
    report(&format!("{name}::load parameters"), seconds, "s");
    let (key, seconds) = timed(|| ProvingKey::make(&srs, shape).expect("a key"));
    report(&format!("{name}::make keys"), seconds, "s");

    let codes = testing::codes(shape.layout(), records);
    let table = Table::new(shape.layout(), &codes).expect("a table");
    let policy = testing::full_policy();
    let statement = Statement::of(shape, &policy, Subject([1; 32]), 2026, &table).expect("a statement");
    reset_peak_memory();
    let seed = CommitmentSeed::random(&mut OsRng);
    let (data, seconds) = timed(|| Dataset::new(shape, codes, &seed).expect("a data set"));
    let (commitment, more) = timed(|| data.commit(&srs).expect("a commitment"));
    report(&format!("{name}::commit"), seconds + more, "s");

    let cpu = cpu_seconds();
    let permit = || ProofPermit::after(0).expect("none made");
    let (proof, wall) =
        timed(|| prove(&srs, &key, &statement, &data, &commitment, permit()).expect("a proof"));
    report(&format!("{name}::prove"), wall, "s");
    report(&format!("{name}::prove cpu"), cpu_seconds() - cpu, "s");
    report(&format!("{name}::prove peak memory, keys and parameters included"), peak_memory() / MIB, "MiB");
    report(&format!("{name}::proof"), proof.len() as f64, "bytes");
    report(&format!("{name}::public inputs"), statement.encode(&commitment.digest()).len() as f64, "inputs");
    let (wall, cpu) =
        median_and_cpu(20, || verify(key.verifying(), &statement, &commitment, &proof).expect("valid"));
    report(&format!("{name}::verify"), wall * 1e3, "ms");
    report(&format!("{name}::verify cpu"), cpu * 1e3, "ms");
}

/// One record per cell: 10^5 records.
fn receipts() {
    let name = "attestation::receipt";
    let layout = Layout::new(24, true, 1).expect("a layout");
    let shape =
        AttestationCircuit::smallest_shape(layout, &[4, 8, 16], Packing::One, 100_000).expect("one proof");
    let store = Store::new(KeyStore::default_directory().expect("a directory for keys"));
    let srs = store.development_srs(shape.k(), &|p| eprintln!("{p}")).expect("parameters");
    let codes = testing::codes(layout, 100_000);
    let seed = CommitmentSeed::random(&mut OsRng);
    let data = Dataset::new(&shape, codes, &seed).expect("a data set");
    let commitment = data.commit(&srs).expect("a commitment");
    let mut receipts = Receipts::new(&srs, &data).expect("the same size");
    let ((code, receipt), seconds) = timed(|| receipts.make(77_777).expect("a record"));
    report(&format!("{name} make, first of a column"), seconds * 1e3, "ms");
    let (_, seconds) = timed(|| receipts.make(77_778).expect("a record"));
    report(&format!("{name} make, next"), seconds * 1e3, "ms");
    let (wall, _) = median_and_cpu(10, || {
        check_receipt(&shape, srs.verifier(), &commitment, 100_000, 77_777, code, &receipt).expect("valid");
    });
    report(&format!("{name} check"), wall * 1e3, "ms");
}

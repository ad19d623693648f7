//! Powers-of-tau files: one made by snarkjs, and all that must be refused.

use super::*;
use crate::attestation::{
    ptau::{InvalidPtau, import},
    srs::development_tau,
};
use circuits::curve::plonk::{Fq, Fr, G1Affine, G2Affine, ff::PrimeField, group::Curve};
use halo2_proofs::halo2curves::serde::SerdeObject;
use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
};
use verifier::attestation::SrsOrigin;

/// Powers of the file: enough for the small circuits.
const POWER: &str = "12";

/// snarkjs from npm, pinned by the lock file of the command line's tests,
/// installed once under the target directory.
fn snarkjs() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/snarkjs");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/snarkjs-ptau");
    fs::create_dir_all(&target).unwrap();
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), target.join(file)).unwrap();
    }
    if !target.join("node_modules/snarkjs").is_dir() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&target));
    }
    target
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A file without, and one with a contribution.
fn files() -> (Vec<u8>, Vec<u8>) {
    let (snarkjs, out) = (snarkjs(), tempfile::tempdir().unwrap());
    let (start, end) = (out.path().join("0.ptau"), out.path().join("1.ptau"));
    let call = |arguments: &[&str]| {
        run(Command::new("node")
            .arg(snarkjs.join("node_modules/snarkjs/build/cli.cjs"))
            .arg("powersoftau")
            .args(arguments)
            .current_dir(out.path()));
    };
    call(&["new", "bn128", POWER, start.to_str().unwrap()]);
    call(&["contribute", start.to_str().unwrap(), end.to_str().unwrap(), "--name=test", "-e=tabella"]);
    (fs::read(start).unwrap(), fs::read(end).unwrap())
}

/// The start of a section's bytes.
fn section(file: &[u8], kind: u32) -> usize {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let mut at = 12;
    for _ in 0..number(8) {
        if number(at) == kind {
            return at + 12;
        }
        at += 12 + usize::try_from(u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap())).unwrap();
    }
    panic!("no section {kind}");
}

#[test]
fn a_file_of_snarkjs_serves_proofs_and_every_damage_is_refused() {
    let (bare, good) = files();
    assert!(matches!(import(&mut Cursor::new(&bare), K), Err(InvalidPtau::KnownTau)));
    let srs = import(&mut Cursor::new(&good), K).unwrap();
    assert_eq!(srs.verifier().origin, SrsOrigin::Ceremony);
    assert_ne!(srs.verifier().id(), super::srs().verifier().id());
    proves(&srs);
    refuses(&good);
}

/// A file with 2^10 powers of this tau. The points beyond are not looked at.
fn powers_of(tau: Fr) -> Vec<u8> {
    const K: u32 = 10;
    let powers = || std::iter::successors(Some(Fr::one()), move |power| Some(*power * tau));
    let g1 = powers().take(1 << K).flat_map(|x| (G1Affine::generator() * x).to_affine().to_raw_bytes());
    let g2 = powers().take(1 << K).flat_map(|x| (G2Affine::generator() * x).to_affine().to_raw_bytes());
    let mut g1: Vec<u8> = g1.collect();
    g1.resize(64 * ((2 << K) - 1), 0);
    let mut modulus = (-Fq::one()).to_repr();
    modulus[0] += 1;
    let header = [32u32.to_le_bytes().as_slice(), &modulus, &K.to_le_bytes(), &K.to_le_bytes()].concat();
    let mut out = [b"ptau".as_slice(), &1u32.to_le_bytes(), &3u32.to_le_bytes()].concat();
    for (kind, bytes) in [(1u32, header), (2, g1), (3, g2.collect())] {
        out.extend(kind.to_le_bytes());
        out.extend((bytes.len() as u64).to_le_bytes());
        out.extend(bytes);
    }
    out
}

/// Otherwise anybody who knows the source could forge under parameters that
/// readers take for those of a ceremony.
#[test]
fn a16_a_file_with_a_tau_that_everybody_knows_is_refused() {
    let import = |tau| import(&mut Cursor::new(powers_of(tau)), 10);
    assert!(import(Fr::from(7)).is_ok());
    assert!(matches!(import(Fr::one()), Err(InvalidPtau::KnownTau)));
    assert!(matches!(import(development_tau()), Err(InvalidPtau::KnownTau)));
}

/// Commits, proves and verifies under imported parameters.
fn proves(srs: &Srs) {
    let (audit, _) = audit();
    let data =
        Dataset::new(audit.data.shape(), audit.data.codes().to_vec(), &CommitmentSeed::random(&mut OsRng))
            .unwrap();
    let commitment = data.commit(srs).unwrap();
    let key = ProvingKey::make(srs, audit.data.shape()).unwrap();
    let permit = ProofPermit::after(0).unwrap();
    let proof = prove(srs, &key, &audit.statement, &data, &commitment, permit).unwrap();
    let verify = verifier::attestation::verify;
    assert_eq!(verify(key.verifying(), &audit.statement, &commitment, &proof), Ok(()));
    // Under the development parameters it means nothing.
    assert!(verify(audit.key.verifying(), &audit.statement, &commitment, &proof).is_err());
    let (code, receipt) = Receipts::new(srs, &data).unwrap().make(3).unwrap();
    let records = data.codes().len() as u64;
    let check = verifier::attestation::check_receipt;
    assert!(check(data.shape(), srs.verifier(), &commitment, records, 3, code, &receipt).is_ok());
}

fn refuses(good: &[u8]) {
    let refused = |file: &[u8]| import(&mut Cursor::new(file), K).unwrap_err();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = good.to_vec();
        change(&mut file);
        refused(&file)
    };
    let (header, g1, g2) = (section(good, 1), section(good, 2), section(good, 3));
    assert!(matches!(changed(&|f| f[0] ^= 1), InvalidPtau::Magic));
    assert!(matches!(changed(&|f| f[4] ^= 1), InvalidPtau::Magic));
    assert!(matches!(changed(&|f| f[header + 4] ^= 1), InvalidPtau::Curve));
    assert!(matches!(changed(&|f| f[header + 36] -= 1), InvalidPtau::TooSmall { wanted: K, found: 11 }));
    assert!(matches!(changed(&|f| f[header + 36] += 1), InvalidPtau::Section(2)));
    assert!(matches!(changed(&|f| f.truncate(good.len() - 1)), InvalidPtau::Section(_)));
    assert!(matches!(changed(&|f| f.truncate(10)), InvalidPtau::Io(_)));
    // Off the curve; infinity; another point of the curve; two swapped.
    assert!(matches!(changed(&|f| f[g1 + 64 * 5] ^= 1), InvalidPtau::Point { section: 2, index: 5 }));
    let infinity = changed(&|f| f[g1 + 64 * 7..g1 + 64 * 8].fill(0));
    assert!(matches!(infinity, InvalidPtau::Point { section: 2, index: 7 }));
    let repeated = changed(&|f| f.copy_within(g1 + 64..g1 + 128, g1 + 64 * 9));
    assert!(matches!(repeated, InvalidPtau::Powers(2)));
    let last = changed(&|f| f.copy_within(g1 + 64..g1 + 128, g1 + 64 * ((1 << K) - 1)));
    assert!(matches!(last, InvalidPtau::Powers(2)));
    assert!(matches!(changed(&|f| f.copy_within(g1 + 64..g1 + 128, g1)), InvalidPtau::Generator(2)));
    assert!(matches!(changed(&|f| f[g2 + 128 * 3] ^= 1), InvalidPtau::Point { section: 3, index: 3 }));
    assert!(matches!(changed(&|f| f.copy_within(g2 + 128..g2 + 256, g2)), InvalidPtau::Generator(3)));
    // tau^2 G2 for tau G2 contradicts the powers in G1.
    assert!(matches!(changed(&|f| f.copy_within(g2 + 256..g2 + 384, g2 + 128)), InvalidPtau::Powers(2)));
    assert!(matches!(changed(&|f| f.copy_within(g2 + 128..g2 + 256, g2 + 512)), InvalidPtau::Powers(3)));
    assert!(matches!(import(&mut Cursor::new(good), 13), Err(InvalidPtau::TooSmall { wanted: 13, .. })));
    assert!(matches!(import(&mut Cursor::new(good), 9), Err(InvalidPtau::Rows(9))));
}

//! A real attestation over a small sample of COMPAS, made once.

use crate::examples::{Audit, read, text};
use audit::{
    attestation::{Attestation, Checklist, Expected, Proven, Terms, Trust, verify},
    commitment::reading_digest,
    document::Document,
    mapping::Mapping,
    policy::Policy,
};
use circuits::{
    attestation::{DataDescription, Packing, Shape, SrsId, Statement, Subject, circuit::AttestationCircuit},
    types::{AccountKey, Domain},
};
use prover::attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, Srs, prove};
use std::sync::LazyLock;
use verifier::attestation::{DataCommitment, VerifyingKey};

/// Time of signing.
pub const ISSUED: u64 = 1_790_000_000;
/// Time of the end.
pub const EXPIRES: u64 = 1_821_600_000;

/// Everything that an auditor has.
#[derive(Debug)]
pub struct Auditor {
    pub key: AccountKey,
    pub srs: Srs,
    pub proving: ProvingKey,
    pub shape: Shape,
    pub policy: Policy,
    pub mapping: [u8; 32],
    pub dataset: Dataset,
    pub columns: DataCommitment,
    pub data: DataDescription,
    pub statement: Statement,
    pub proof: Vec<u8>,
}

pub static AUDITOR: LazyLock<Auditor> = LazyLock::new(make);

/// The signed attestation.
pub static ATTESTATION: LazyLock<Attestation> = LazyLock::new(|| AUDITOR.sign(AUDITOR.proven(), &terms()));

pub fn terms() -> Terms {
    Terms {
        organisation: "Example <Cooperative> & Friends".into(),
        system: "COMPAS risk of recidivism".into(),
        from: "2013-01-01".parse().unwrap(),
        to: "2014-12-31".parse().unwrap(),
        issued: ISSUED,
        expires: EXPIRES,
        supersedes: [0; 32],
        domain: Domain::default(),
    }
}

fn make() -> Auditor {
    let data = text("compas.csv");
    let rows: String = data.lines().take(1201).map(|row| format!("{row}\n")).collect();
    let (policy, mapping) = (text("compas.policy.toml"), text("compas.mapping.toml"));
    let audit = read(&policy, &mapping, &rows).unwrap();
    let mapping = Mapping::read(&Document::new("m", mapping), &audit.policy).unwrap().digest();
    let Audit { policy, dataset: records, table, .. } = audit;
    let views: Vec<usize> = policy.numbers.views.iter().map(|view| view.groups).collect();
    let shape =
        AttestationCircuit::smallest_shape(records.layout, &views, Packing::One, table.records()).unwrap();
    let srs = Srs::development(shape.k()).unwrap();
    let seed = CommitmentSeed::from_bytes(&[9; 32]).unwrap();
    let dataset = Dataset::new(&shape, records.codes.clone(), &seed).unwrap();
    let columns = dataset.commit(&srs).unwrap();
    let data = DataDescription {
        shape: shape.clone(),
        mapping: reading_digest(&policy.attributes, mapping),
        srs: srs.verifier().id(),
        records: table.records(),
        data: columns.digest(),
        file: records.file_hash(&[8; 32]),
        receipts: [0; 32],
    };
    let statement =
        Statement::of(&shape, &policy.numbers, Subject([7; 32]), terms().epoch(), &table).unwrap();
    let proving = ProvingKey::make(&srs, &shape).unwrap();
    let permit = ProofPermit::after(0).unwrap();
    let proof = prove(&srs, &proving, &statement, &dataset, &columns, permit).unwrap();
    let key = AccountKey::from_bytes(&[1; 32]).unwrap();
    Auditor { key, srs, proving, shape, policy, mapping, dataset, columns, data, statement, proof }
}

impl Auditor {
    pub fn proven(&self) -> Proven {
        Proven {
            policy: self.policy.clone(),
            mapping: self.mapping,
            data: self.data.clone(),
            statement: self.statement.clone(),
            key_hash: self.proving.verifying().hash().0,
            insecure: true,
            proof: self.proof.clone(),
        }
    }

    pub fn sign(&self, proven: Proven, terms: &Terms) -> Attestation {
        Attestation::sign(terms, proven, &self.key).unwrap()
    }

    pub fn verifying_key(&self, shape: &Shape, srs: SrsId) -> Result<VerifyingKey, String> {
        let key = self.proving.verifying();
        if key.shape() == shape && key.srs().id() == srs {
            Ok(key.clone())
        } else {
            Err("no such key".into())
        }
    }
}

/// A reader who knows nothing but the time.
pub fn check(attestation: &Attestation) -> Checklist {
    check_at(&attestation.to_bytes(), ISSUED + 1, Expected::default())
}

pub fn check_at(bytes: &[u8], now: u64, expected: Expected) -> Checklist {
    let keys = |shape: &Shape, srs| AUDITOR.verifying_key(shape, srs);
    let trust = Trust {
        now,
        keys: &keys,
        expected,
        organiser: None,
        registrations: &[],
        revocations: &[],
        others: &[],
    };
    verify(bytes, &trust).1
}

/// Ids of the checks that fail.
pub fn failing(list: &Checklist) -> Vec<&'static str> {
    list.checks.iter().filter(|check| !check.ok).map(|check| check.id).collect()
}

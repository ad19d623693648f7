//! For tests: attestations in which everything holds but key and proof, made
//! in no time, and what is signed around them.

use crate::{
    attestation::{
        Attestation, AuditorRegistration, Proven, Revocation, SignedRegistration, SignedRevocation, Terms,
    },
    commitment::reading_digest,
    data::Dataset,
    document::Document,
    log::{Anchor, SignedAnchor},
    mapping::Mapping,
    policy::Policy,
};
use circuits::{
    attestation::{DataDescription, Packing, SrsId, Statement, Subject, circuit::AttestationCircuit},
    types::{AccountKey, Address, Domain, TypedData},
};
use std::{fmt::Write, sync::OnceLock};
use verifier::attestation::DataCommitment;

/// The organisation of [`terms`].
pub const ORGANISATION: &str = "Example";
/// Commitment to the model of [`attestation`].
pub const MODEL: [u8; 32] = [7; 32];

const POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Hiring by sex"
disclosure = { table = { minimum = 1 } }
thresholds = { impact_ratio = "4/5" }
[[attributes]]
name = "sex"
groups = ["women", "men"]
[sample]
minimum_cell = 5
minimum_share = 0
[[views]]
name = "sex"
attributes = ["sex"]
checks = ["impact_ratio"]
"#;

const MAPPING: &str = r#"
format = "tabella-audit-mapping"
version = 1
row_id = { column = "id" }
decision = { column = "hired", favourable = ["yes"], unfavourable = ["no"] }
[attributes.sex]
column = "sex"
groups = { women = ["F"], men = ["M"] }
"#;

/// What the auditor says beside what is proven, signed at a time and valid
/// for a day.
pub fn terms(issued: u64) -> Terms {
    Terms {
        organisation: ORGANISATION.into(),
        system: "Hiring 1".into(),
        from: "2026-01-01".parse().expect("a day"),
        to: "2026-06-30".parse().expect("a day"),
        issued,
        expires: issued + 86_400,
        supersedes: [0; 32],
        domain: Domain::default(),
    }
}

/// A signed attestation over the records of a number. Its proof begins with
/// the commitments of the data root and ends with `end`; nothing is proven.
pub fn attestation(auditor: &AccountKey, terms: &Terms, records: u8, end: &[u8]) -> Attestation {
    let mut proven = proven(records);
    proven.statement.epoch = terms.epoch();
    proven.proof.extend_from_slice(end);
    Attestation::sign(terms, proven, auditor).expect("terms that are possible")
}

fn proven(records: u8) -> Proven {
    static PROVEN: OnceLock<Proven> = OnceLock::new();
    let mut proven = PROVEN.get_or_init(make).clone();
    proven.data.file = [records; 32];
    proven
}

fn make() -> Proven {
    let policy = Policy::read(&Document::new("policy", POLICY)).expect("a good policy");
    let mapping = Mapping::read(&Document::new("mapping", MAPPING), &policy).expect("a good mapping");
    let mut rows = "id,sex,hired\n".to_owned();
    for i in 0..40 {
        let (sex, hired) = (if i % 2 == 0 { "F" } else { "M" }, if i % 3 == 0 { "yes" } else { "no" });
        writeln!(rows, "{i},{sex},{hired}").expect("texts take everything");
    }
    let records = Dataset::read("records", rows.as_bytes(), &policy, &mapping).expect("good records");
    let table = records.table().expect("a small table");
    let views: Vec<usize> = policy.numbers.views.iter().map(|view| view.groups).collect();
    let shape = AttestationCircuit::smallest_shape(records.layout, &views, Packing::One, table.records())
        .expect("a small circuit");
    let columns = generators(shape.columns());
    let statement =
        Statement::of(&shape, &policy.numbers, Subject(MODEL), 0, &table).expect("a good statement");
    let data = DataDescription {
        mapping: reading_digest(&policy.attributes, mapping.digest()),
        srs: SrsId([3; 32]),
        records: table.records(),
        data: DataCommitment::from_bytes(&columns).expect("points").digest(),
        file: [0; 32],
        receipts: [0; 32],
        shape,
    };
    let mapping = mapping.digest();
    Proven { policy, mapping, data, statement, key_hash: [4; 32], insecure: true, proof: columns }
}

/// The point (1, 2) for each column.
fn generators(columns: usize) -> Vec<u8> {
    let mut point = [0; 64];
    (point[31], point[63]) = (1, 2);
    point.repeat(columns)
}

/// The anchor of an attestation's data root.
pub fn anchor(auditor: &AccountKey, attestation: &Attestation) -> SignedAnchor {
    let claim = &attestation.claim;
    sign_anchor(
        auditor,
        Anchor {
            organisation: claim.organisation.clone(),
            system: claim.system.clone(),
            model_commitment: claim.model_commitment,
            data_root: claim.data_root,
            from: claim.from,
            to: claim.to,
            auditor: claim.auditor,
        },
    )
}

/// Signs an anchor.
pub fn sign_anchor(auditor: &AccountKey, anchor: Anchor) -> SignedAnchor {
    let signature = auditor.sign(anchor.signing_hash(&Domain::default()));
    SignedAnchor { anchor, signature }
}

/// A registration for all times, of the organisation of [`terms`].
pub fn registration(organiser: &AccountKey, auditor: Address, counter: u64) -> SignedRegistration {
    let registration = AuditorRegistration {
        organisation: ORGANISATION.into(),
        auditor,
        name: "Auditor".into(),
        from: 0,
        until: u64::MAX,
        counter,
    };
    sign_registration(organiser, registration)
}

/// Signs a registration.
pub fn sign_registration(organiser: &AccountKey, registration: AuditorRegistration) -> SignedRegistration {
    let signature = organiser.sign(registration.signing_hash(&Domain::default()));
    SignedRegistration { registration, signature }
}

/// A revocation of an attestation.
pub fn revocation(signer: &AccountKey, attestation: [u8; 32], time: u64) -> SignedRevocation {
    let revocation = Revocation { attestation, reason: "an error in the records".into(), time };
    let signature = signer.sign(revocation.signing_hash(&Domain::default()));
    SignedRevocation { revocation, signature }
}

//! One real proof in the on-chain shape, for all tests.

use ::audit::{
    attestation::{Attestation, Proven, Terms},
    commitment::reading_digest,
    document::Document,
    policy::Policy,
};
use circuits::{
    attestation::{DataDescription, Shape, Statement, Subject, Table, testing},
    types::{AccountKey, Domain},
};
use prover::{
    KeyStore,
    attestation::{CommitmentSeed, Dataset, ProofPermit, ProvingKey, Store, prove},
};
use rand_core::OsRng;
use std::sync::LazyLock;

/// The organisation of all tests.
pub const ORGANISATION: &str = "Example Cooperative";
/// The audited system.
pub const SYSTEM: &str = "loan model";
/// The audited model.
pub const MODEL: [u8; 32] = [5; 32];
/// Unix time of signing.
pub const ISSUED: u64 = 1_790_000_000;
/// Unix time of the end.
pub const EXPIRES: u64 = ISSUED + 365 * 86_400;

/// Digest of the mapping file.
const MAPPING: [u8; 32] = [3; 32];

/// What was proven.
pub static PROVEN: LazyLock<Proven> = LazyLock::new(prove_once);

/// Two sexes and seven races, each with unknown values, and both together.
pub const POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Loans by sex and race"
disclosure = { table = { minimum = 10 } }

[[attributes]]
name = "sex"
groups = ["female", "male"]
unknown = true

[[attributes]]
name = "race"
groups = ["a", "b", "c", "d", "e", "f", "g"]
unknown = true

[sample]
minimum_cell = 10
minimum_share = "2/100"

[thresholds]
impact_ratio = "4/5"
demographic_parity_difference = "1/10"
demographic_parity_ratio = "4/5"
equal_opportunity_difference = "1/10"
equalized_odds_difference = "1/10"
average_odds_difference = "1/10"
predictive_parity_difference = "1/10"
accuracy_difference = "1/10"
two_proportion_test = 2
worst_case_impact_ratio = "4/5"

[[views]]
name = "sex"
attributes = ["sex"]
checks = ["impact_ratio", "demographic_parity_difference", "equal_opportunity_difference", "accuracy_difference"]

[[views]]
name = "race"
attributes = ["race"]
exclude = ["g"]
checks = ["impact_ratio", "demographic_parity_ratio", "equalized_odds_difference", "average_odds_difference", "worst_case_impact_ratio"]

[[views]]
name = "both"
attributes = ["sex", "race"]
checks = ["impact_ratio", "predictive_parity_difference", "two_proportion_test"]
"#;

/// The policy of all tests.
pub fn policy() -> Policy {
    Policy::read(&Document::new("policy.toml", POLICY.to_owned())).unwrap()
}

fn prove_once() -> Proven {
    let (shape, policy) = (Shape::on_chain(), policy());
    let store = Store::new(KeyStore::default_directory().unwrap());
    let srs = store.development_srs(shape.k(), &|_| ()).unwrap();
    let codes = testing::codes(shape.layout(), 3_000);
    let table = Table::new(shape.layout(), &codes).unwrap();
    let epoch = terms(Domain::default()).epoch();
    let statement = Statement::of(&shape, &policy.numbers, Subject(MODEL), epoch, &table).unwrap();
    let dataset = Dataset::new(&shape, codes, &CommitmentSeed::random(&mut OsRng)).unwrap();
    let columns = dataset.commit(&srs).unwrap();
    let key = ProvingKey::make(&srs, &shape).unwrap();
    let permit = ProofPermit::after(0).unwrap();
    let proof = prove(&srs, &key, &statement, &dataset, &columns, permit).unwrap();
    let data = DataDescription {
        shape,
        mapping: reading_digest(&policy.attributes, MAPPING),
        srs: srs.verifier().id(),
        records: statement.records,
        data: columns.digest(),
        file: [2; 32],
        receipts: [0; 32],
    };
    let key_hash = key.verifying().hash().0;
    Proven { policy, mapping: MAPPING, data, statement, key_hash, insecure: true, proof }
}

/// The terms of all tests.
pub fn terms(domain: Domain) -> Terms {
    Terms {
        organisation: ORGANISATION.into(),
        system: SYSTEM.into(),
        from: "2026-01-01".parse().unwrap(),
        to: "2026-06-30".parse().unwrap(),
        issued: ISSUED,
        expires: EXPIRES,
        supersedes: [0; 32],
        domain,
    }
}

/// The attestation with these terms.
pub fn sign(terms: &Terms, auditor: &AccountKey) -> Attestation {
    Attestation::sign(terms, PROVEN.clone(), auditor).unwrap()
}

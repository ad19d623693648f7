//! Reports.

use crate::examples::Audit;
use audit::{
    attestation::{Attestation, Checklist, Proven, Terms},
    commitment::reading_digest,
    report::{Report, groups_csv, html, verdicts_csv},
};
use circuits::{
    attestation::{DataDescription, DataDigest, Layout, Packing, Shape, SrsId, Statement, Subject, Table},
    types::AccountKey,
};

pub fn attestation(audit: Audit, key: &AccountKey) -> Attestation {
    let (policy, codes) = (audit.policy, &audit.dataset.codes);
    let layout: Layout = audit.dataset.layout;
    let capacities = policy.numbers.views.iter().map(|view| view.groups).collect();
    let shape = Shape::new(13, 8, Packing::One, layout, capacities).unwrap();
    let table = Table::new(layout, codes).unwrap();
    let mapping = [2; 32];
    let data = DataDescription {
        shape: shape.clone(),
        mapping: reading_digest(&policy.attributes, mapping),
        srs: SrsId([3; 32]),
        records: table.records(),
        data: DataDigest([4; 32]),
        file: [5; 32],
        receipts: [0; 32],
    };
    let terms = Terms {
        organisation: "Example <Cooperative> & Friends".into(),
        system: "COMPAS risk of recidivism".into(),
        from: "2013-01-01".parse().unwrap(),
        to: "2014-12-31".parse().unwrap(),
        issued: 1_790_000_000,
        expires: 1_821_536_000,
        supersedes: [0; 32],
        domain: Default::default(),
    };
    let statement = Statement::of(&shape, &policy.numbers, Subject([7; 32]), terms.epoch(), &table).unwrap();
    let proof = vec![0xab; 2304];
    let proven = Proven { policy, mapping, data, statement, key_hash: [6; 32], insecure: true, proof };
    Attestation::sign(&terms, proven, key).unwrap()
}

#[test]
fn show() {
    let key = AccountKey::from_bytes(&[1; 32]).unwrap();
    for (name, audit) in [("compas", Audit::compas()), ("screening", Audit::screening())] {
        let attestation = attestation(audit, &key);
        let bytes = attestation.to_bytes();
        assert_eq!(Attestation::from_bytes(&bytes), Ok(attestation.clone()));
        let checklist = Checklist::unreadable("not yet");
        let report = Report { attestation: &attestation, checklist: &checklist };
        std::fs::write(format!("/tmp/oracle/{name}.html"), html(&report)).unwrap();
        std::fs::write(format!("/tmp/oracle/{name}.json"), bytes).unwrap();
        println!("{}{}", groups_csv(&report), verdicts_csv(&report));
    }
}

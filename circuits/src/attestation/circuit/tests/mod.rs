//! The circuit against the relation: agreement, forgeries, tampered cells,
//! shape. A58, A60.
#![allow(clippy::unwrap_used)]

mod agreement;
mod forgery;
mod freedom;
mod proof;
mod shape;
mod tampering;

use super::*;
use crate::attestation::{Layout, Policy, testing};
use halo2_proofs::dev::{MockProver, VerifyFailure};

/// Rows of the small circuits.
const K: u32 = 12;
const DIGEST: DataDigest = DataDigest([7; 32]);

/// Two and three data columns, with and without labels and scores.
fn shapes() -> Vec<Shape> {
    let shape = |columns, packing, labelled, bins| {
        testing::shape(K, columns, packing, testing::layout(labelled, bins))
    };
    vec![shape(6, Packing::One, true, 3), shape(3, Packing::Two, true, 1), shape(1, Packing::One, false, 1)]
}

fn salt(shape: &Shape) -> Salt {
    Salt(vec![[Fr::from(11); SALT_ROWS]; shape.columns()])
}

fn public(statement: &Statement) -> Vec<Fr> {
    statement.encode(&DIGEST).into_iter().map(to_plonk).collect()
}

/// A true statement about some records, and its witness.
fn example(shape: &Shape) -> (Statement, Witness) {
    let codes = testing::codes(shape.layout(), 500);
    let mut policy = testing::policy(shape.layout());
    policy.minimum_cell = 12;
    (testing::statement(shape, &policy, &codes), Witness { codes })
}

fn circuit_of(statement: &Statement, witness: &Witness) -> AttestationCircuit {
    let salt = salt(&statement.shape);
    AttestationCircuit::unchecked(statement, witness, salt, &DIGEST, None).unwrap()
}

fn failures(circuit: &AttestationCircuit, public: Vec<Fr>) -> Vec<VerifyFailure> {
    let mock = MockProver::run(circuit.shape.k(), circuit, vec![public]).unwrap();
    mock.verify().err().unwrap_or_default()
}

fn holds(circuit: &AttestationCircuit, public: Vec<Fr>) -> bool {
    failures(circuit, public).is_empty()
}

/// The names of the gates that fail.
fn failing_gates(failures: &[VerifyFailure]) -> Vec<String> {
    let mut out: Vec<String> = failures
        .iter()
        .map(|failure| match failure {
            VerifyFailure::ConstraintNotSatisfied { constraint, .. } => format!("{constraint}"),
            VerifyFailure::Permutation { .. } => "copy".into(),
            other => format!("{other:?}"),
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

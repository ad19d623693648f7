//! A prover who computes everything from a lie. Each value that the witness
//! is free to choose is chosen wrongly, once; everything that follows from
//! it follows, the outcome too. No such witness may satisfy the circuit.

use super::*;
use crate::attestation::{Disclosed, tests::without_last_cell};

/// Public inputs as the forged plan computes them, the policy as it is.
fn forged_public(circuit: &AttestationCircuit, honest: &[Fr], policy_words: usize) -> Vec<Fr> {
    let mut out = honest.to_vec();
    for (num, index) in &circuit.plan.publics {
        if !(HEADER..HEADER + policy_words).contains(index) {
            out[*index] = num.value;
        }
    }
    out
}

#[test]
fn a58_no_free_value_can_be_chosen_otherwise() {
    for shape in shapes() {
        let (statement, witness) = example(&shape);
        let honest = public(&statement);
        let words = crate::attestation::policy_words(&shape, &statement.policy).len();
        let build = |forgery| {
            AttestationCircuit::unchecked(&statement, &witness, salt(&shape), &DIGEST, forgery).unwrap()
        };
        let hints = build(None).plan.hints;
        assert!(hints.len() > 200);
        for (index, honest_value) in hints.into_iter().enumerate() {
            // A bit becomes the other one.
            let delta = if honest_value == Fr::ZERO { 1 } else { -1 };
            let circuit = build(Some(Forgery { index, delta }));
            let public = forged_public(&circuit, &honest, words);
            assert!(!holds(&circuit, public), "free value {index} by {delta} in {shape:?}");
        }
    }
}

/// A table that is not the histogram, consistently: counts, sums, outcome.
fn with_counts(shape: &Shape, change: impl Fn(&mut AttestationCircuit)) -> Vec<String> {
    let (statement, witness) = example(shape);
    let mut circuit = circuit_of(&statement, &witness);
    change(&mut circuit);
    failing_gates(&failures(&circuit, public(&statement)))
}

#[test]
fn a56_records_counted_under_another_code_do_not_balance() {
    for shape in shapes() {
        let failed = with_counts(&shape, |circuit| {
            circuit.multiplicities[1] += Fr::ONE;
            circuit.multiplicities[2] -= Fr::ONE;
            if shape.packing() == Packing::One {
                circuit.counts = circuit.multiplicities.clone();
            }
        });
        assert!(failed.iter().any(|gate| gate.contains("ends")), "{failed:?}");
    }
}

#[test]
fn a56_a_record_that_is_no_code_cannot_go_uncounted() {
    for shape in shapes() {
        let failed = with_counts(&shape, |circuit| {
            let old = circuit.data.0[0][0];
            // Far outside of the table.
            circuit.data.0[0][0] = 1 << 30;
            circuit.multiplicities[old as usize] -= Fr::ONE;
            if shape.packing() == Packing::One {
                circuit.counts = circuit.multiplicities.clone();
            }
        });
        assert!(failed.iter().any(|gate| gate.contains("ends")), "{failed:?}");
    }
}

/// Rows beyond the table repeat the value 0. If they could count, the number
/// of padding cells, and n with it, could be split at will: the sums balance,
/// and one gate alone refuses.
pub(super) fn padding_outside_of_the_table() -> (AttestationCircuit, Statement) {
    let shape = testing::shape(K, 2, Packing::One, testing::layout(true, 1));
    let (mut statement, witness) = example(&shape);
    let mut circuit = circuit_of(&statement, &witness);
    let stolen = Fr::from(5);
    circuit.multiplicities.resize(shape.table_rows() + 1, Fr::ZERO);
    circuit.multiplicities[0] -= stolen;
    circuit.multiplicities[shape.table_rows()] += stolen;
    circuit.counts = circuit.multiplicities.clone();
    // The plan of the same lie: five more records than there are.
    let honest = circuit_of(&statement, &witness).counts[0];
    for row in &mut circuit.plan.rows {
        for value in [&mut row.a, &mut row.b, &mut row.c] {
            if *value == honest {
                *value -= stolen;
            } else if *value == -honest {
                *value += stolen;
            }
        }
    }
    let last = circuit.plan.rows.len() - 1;
    circuit.plan.rows[last].c += stolen;
    statement.records += 5;
    (circuit, statement)
}

#[test]
fn a56_padding_cannot_be_counted_outside_of_the_table() {
    let (circuit, statement) = padding_outside_of_the_table();
    let failed = failing_gates(&failures(&circuit, public(&statement)));
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].contains("no counts outside the table"), "{failed:?}");
}

/// A statement about records of which some are in a cell that the policy does
/// not have: everything but that is as the policy says.
pub(super) fn stray_records(shape: &Shape) -> (Statement, Witness) {
    let (mut statement, witness) = example(shape);
    statement.policy = without_last_cell(&statement.policy);
    let table = Table::new(shape.layout(), &witness.codes).unwrap();
    statement.outcome = relation::verdicts(&statement.policy, &table).unwrap();
    let edge = relation::edge(&statement.policy, &table).unwrap();
    statement.disclosed = Disclosed::of(&statement.policy, &table, edge);
    (statement, witness)
}

#[test]
fn a56_records_cannot_hide_in_cells_that_the_policy_does_not_have() {
    for shape in shapes() {
        let (statement, mut witness) = stray_records(&shape);
        let failed = failing_gates(&failures(&circuit_of(&statement, &witness), public(&statement)));
        assert_eq!(failed, ["copy"]);
        // Without those records the same policy holds in the same circuit.
        witness.codes.retain(|code| shape.layout().record(*code).unwrap().cell < statement.policy.cells);
        let statement = testing::statement(&shape, &statement.policy, &witness.codes);
        assert!(holds(&circuit_of(&statement, &witness), public(&statement)));
    }
}

#[test]
fn counts_of_halves_that_do_not_add_up_are_refused() {
    let shape = testing::shape(K, 2, Packing::Two, testing::layout(true, 1));
    let failed = with_counts(&shape, |circuit| {
        circuit.counts[3] += Fr::ONE;
        circuit.counts[4] -= Fr::ONE;
    });
    assert!(failed.iter().any(|gate| gate.contains("ends")), "{failed:?}");
}

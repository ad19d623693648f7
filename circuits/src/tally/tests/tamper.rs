//! A18: every variable of the circuits is changed, in several ways, and every
//! row that mentions it is evaluated afresh. Survivors must be on a reviewed
//! list.

use super::*;
use crate::{
    r1cs::{Circuit, Cs, Label},
    testing,
};
use ark_ff::Field;
use rand_chacha::rand_core::RngCore;
use std::collections::{BTreeMap, BTreeSet};

/// The reviewed survivors. In `is_zero` the inverse of 0 is free: the row
/// `a * inv = product` holds for any `inv` once `a = 0`, and `product` and
/// the resulting bit do not change.
const FREE_INVERSES: [(&str, &str); 2] = [("Y4 order", "gap = 0"), ("state", "start = 0")];

/// Changes every variable of a satisfied circuit, public inputs too; returns
/// the number of survivors, all of them reviewed.
fn survivors<C: Circuit>(circuit: &C) -> usize {
    let (shape, mut z) = Cs::shape_and_assignment(circuit);
    let survivors = testing::tamper(&shape, &z, 10_000, 7);
    for survivor in &survivors {
        let reviewed = |l: &Label| FREE_INVERSES.contains(&(l.condition, l.equation));
        assert!(!survivor.rows.is_empty() && survivor.rows.iter().all(reviewed), "{survivor}");
    }
    for input in 1..shape.num_inputs() {
        z[input] += Fr::ONE;
        assert!(shape.check(&z).is_err(), "public input {input}");
        z[input] -= Fr::ONE;
    }
    survivors.len()
}

#[test]
fn no_variable_of_the_one_proof_form_is_free() {
    let mut s = Sample::new(70);
    let one = s.honest();
    let circuit = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    // One gap is zero, that of the two entries of slot A: one free variable.
    let survivors = survivors(&circuit);
    assert!((1..=10).contains(&survivors), "{survivors}");
}

#[test]
fn no_variable_of_the_chunked_form_is_free() {
    let mut s = Sample::new(71);
    let slot = s.slots[1];
    s.log.mask(s.key.public_key, slot, &mut s.rng);
    for slot in ascending_slots(3, &mut s.rng) {
        s.log.vote(s.key.public_key, slot, &[1], &mut s.rng);
    }
    let board = s.log.board(election());
    let opened = s.key.open(&board, &[9, 1, 0, 5], &mut s.rng);
    let Plan::Chunked(mut chunks) = plan(layout(4), &board, opened, &s.z) else { panic!("eight entries") };
    for chunk in chunks.by_ref() {
        let Chunk { statement, witness } = chunk.unwrap();
        survivors(&ChunkCircuit::new(layout(4), statement, witness).unwrap());
    }
    let Final { statement, witness } = chunks.finish().unwrap();
    assert_eq!(survivors(&FinalCircuit::new(layout(4), statement, witness).unwrap()), 0);
}

/// A66: `total + l` satisfies the equation of the points, so only the range
/// refuses it; likewise every other value of the public input.
#[test]
fn totals_aliased_by_the_group_order_are_refused() {
    use ark_ff::PrimeField;
    let mut s = Sample::new(72);
    let one = s.honest();
    let circuit = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    let (shape, mut z) = Cs::shape_and_assignment(&circuit);
    let order = Fr::from_bigint(crate::curve::Scalar::MODULUS).unwrap();
    let rows = shape.rows_by_variable();
    // The total is in its range row, and in the packing row with the input.
    let packed = 3;
    let totals: Vec<usize> = (shape.num_inputs()..z.len())
        .filter(|v| z[*v] == Fr::from(TOTALS[0]) && rows[*v].iter().any(|r| rows[packed].contains(r)))
        .collect();
    assert_eq!(totals.len(), 1);
    for k in 1..8u64 {
        let alias = order * Fr::from(k);
        z[totals[0]] = Fr::from(TOTALS[0]) + alias;
        z[packed] += alias * Fr::from(2u64).pow([64]);
        let failures = shape.failures(&z);
        assert_eq!(failures.len(), 1);
        assert_eq!((failures[0].condition, failures[0].equation), ("Y7 decryption", "sum 2^i * bit_i = x"));
        z[packed] -= alias * Fr::from(2u64).pow([64]);
    }
}

/// A18, further: an adversary gives one variable another value and computes
/// all that follows from it, so that only what the statement needs can refuse
/// it. One variable of each group of constraints, and others at random.
fn survivors_when_all_follow<C: Circuit>(circuit: &C, rng: &mut ChaCha20Rng) {
    let (shape, honest) = Cs::shape_and_assignment(circuit);
    let rows = shape.rows_by_variable();
    let mut last_of_group = BTreeMap::new();
    for row in 0..shape.num_constraints() {
        let variable = shape.rows()[row].variables().max().unwrap();
        last_of_group.insert(shape.label(row), variable);
    }
    let random = (0..60).map(|_| rng.next_u64() as usize % honest.len());
    let variables: BTreeSet<usize> = last_of_group.into_values().chain(random).collect();
    for variable in variables.into_iter().filter(|v| *v >= shape.num_inputs()) {
        let x = honest[variable];
        for value in [x + Fr::ONE, Fr::ONE - x] {
            let forged = Cs::forged_assignment(circuit, variable, value);
            if value != x && shape.check(&forged).is_ok() {
                let mut labels = rows[variable].iter().map(|row| shape.label(*row as usize));
                // Reviewed: what a row that ends no slot opens is never used.
                let unused = labels.clone().all(|l| l.condition == "Y6 sum");
                let free = labels.all(|l| FREE_INVERSES.contains(&(l.condition, l.equation)));
                let first = shape.label(rows[variable][0] as usize);
                assert!(unused || free, "variable {variable}, first in {first}");
            }
        }
    }
}

#[test]
fn no_variable_is_free_when_all_others_follow() {
    let mut s = Sample::new(73);
    let one = s.honest();
    let circuit = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    survivors_when_all_follow(&circuit, &mut s.rng);

    let slot = s.slots[0];
    s.log.mask(s.key.public_key, slot, &mut s.rng);
    let board = s.log.board(election());
    let opened = s.key.open(&board, &TOTALS, &mut s.rng);
    let Plan::Chunked(mut chunks) = plan(layout(4), &board, opened, &s.z) else { panic!("five entries") };
    for chunk in chunks.by_ref() {
        let Chunk { statement, witness } = chunk.unwrap();
        let circuit = ChunkCircuit::new(layout(4), statement, witness).unwrap();
        survivors_when_all_follow(&circuit, &mut s.rng);
    }
    let Final { statement, witness } = chunks.finish().unwrap();
    survivors_when_all_follow(&FinalCircuit::new(layout(4), statement, witness).unwrap(), &mut s.rng);
}

//! A18: every variable of the circuits is changed, in several ways, and every
//! row that mentions it is evaluated afresh. Survivors must be on a reviewed
//! list.

use super::*;
use crate::r1cs::{Circuit, Cs};
use ark_ff::{AdditiveGroup, Field};
use rand_chacha::rand_core::RngCore;

/// The reviewed survivors. In `is_zero` the inverse of 0 is free: the row
/// `a * inv = product` holds for any `inv` once `a = 0`, and `product` and
/// the resulting bit do not change.
const FREE_INVERSES: [(&str, &str); 2] = [("Y4 order", "gap = 0"), ("state", "start = 0")];

/// Changes each variable of a satisfied circuit; returns mutants and survivors.
fn tamper<C: Circuit>(circuit: &C, rng: &mut ChaCha20Rng) -> (usize, usize) {
    let (shape, mut z) = Cs::shape_and_assignment(circuit);
    assert_eq!(shape.check(&z), Ok(()));
    let rows = shape.rows_by_variable();
    let (mut mutants, mut survivors) = (0, 0);
    for variable in 1..z.len() {
        let honest = z[variable];
        let changes =
            [honest + Fr::ONE, Fr::ONE - honest, -honest, Fr::ZERO, Fr::from(rng.next_u64()), Fr::rand(rng)];
        for change in changes.into_iter().filter(|c| *c != honest) {
            mutants += 1;
            z[variable] = change;
            if rows[variable].iter().all(|row| shape.row_holds(*row as usize, &z)) {
                survivors += 1;
                for row in &rows[variable] {
                    let label = shape.label(*row as usize);
                    assert!(
                        FREE_INVERSES.contains(&(label.condition, label.equation)),
                        "variable {variable} changed from {honest} to {change} unnoticed: {label}"
                    );
                }
            }
        }
        assert!(!rows[variable].is_empty(), "variable {variable} is in no row");
        z[variable] = honest;
    }
    println!("{}: {mutants} mutants, {survivors} survivors", shape.id());
    (mutants, survivors)
}

#[test]
fn no_variable_of_the_one_proof_form_is_free() {
    let mut s = Sample::new(70);
    let one = s.honest();
    let circuit = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    let (mutants, survivors) = tamper(&circuit, &mut s.rng);
    // One gap is zero: the two entries of slot A.
    assert!(mutants >= 10_000);
    assert!(survivors <= 6, "{survivors} changes of one free inverse");
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
    while let Some(chunk) = chunks.next() {
        let Chunk { statement, witness } = chunk.unwrap();
        let (mutants, _) = tamper(&ChunkCircuit::new(layout(4), statement, witness).unwrap(), &mut s.rng);
        assert!(mutants >= 10_000);
    }
    let Final { statement, witness } = chunks.finish().unwrap();
    let (mutants, survivors) = tamper(&FinalCircuit::new(layout(4), statement, witness).unwrap(), &mut s.rng);
    assert!(mutants >= 10_000);
    assert_eq!(survivors, 0);
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
#[test]
fn no_variable_is_free_when_all_others_follow() {
    let mut s = Sample::new(73);
    let one = s.honest();
    let circuit = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    let (shape, honest) = Cs::shape_and_assignment(&circuit);
    let rows = shape.rows_by_variable();
    let mut last_of_group = std::collections::BTreeMap::new();
    for row in 0..shape.num_constraints() {
        let variable = shape.rows()[row].variables().max().unwrap();
        last_of_group.insert(shape.label(row), variable);
    }
    let random = (0..100).map(|_| s.rng.next_u64() as usize % honest.len());
    let variables: std::collections::BTreeSet<usize> = last_of_group.into_values().chain(random).collect();
    for variable in variables.into_iter().filter(|v| *v >= shape.num_inputs()) {
        let forged = Cs::forged_assignment(&circuit, variable, honest[variable] + Fr::ONE);
        if shape.check(&forged).is_ok() {
            let mut labels = rows[variable].iter().map(|row| shape.label(*row as usize));
            // Reviewed: what a row that ends no slot opens is never used.
            let unused = labels.clone().all(|l| l.condition == "Y6 sum");
            let free = labels.all(|l| FREE_INVERSES.contains(&(l.condition, l.equation)));
            assert!(unused || free, "variable {variable}, in {}", shape.label(rows[variable][0] as usize));
        }
    }
}

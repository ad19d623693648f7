//! A18: every witness value of every kind of entry, changed.

use super::*;
use crate::testing::{Survivor, free_variables, tamper};
use std::collections::BTreeSet;

fn survivors(plan: &Plan, mutants: usize, seed: u64) -> Vec<Survivor> {
    tamper(shape_of(plan.statement.rule), &assignment(&plan.statement, &plan.witness), mutants, seed)
}

#[track_caller]
fn none(plan: &Plan, mutants: usize, seed: u64) {
    let survivors = survivors(plan, mutants, seed);
    assert!(survivors.is_empty(), "{} survive, the first: {}", survivors.len(), survivors[0]);
}

#[test]
fn ballot_a18_no_changed_value_of_a_vote_survives() {
    for (i, kind) in RuleKind::ALL.into_iter().enumerate() {
        let mut world = World::new(50, kind, 3);
        let votes = if kind == RuleKind::Quadratic { [12, 5, 20] } else { [1_000, 0, 0] };
        none(&world.vote(0, &votes), 10_000, i as u64);
    }
}

#[test]
fn ballot_a18_no_changed_value_of_a_mask_survives() {
    let mut world = World::new(51, RuleKind::Split, 4);
    let vote = world.vote(0, &[1, 2, 3, 4]);
    none(&world.mask(2, &vote, 7), 10_000, 10);
}

/// The reviewed list: a masker leaf has weight 0, and `0 * inverse = 0` holds
/// for every inverse, as it should: only a vote needs one.
#[test]
fn ballot_a18_only_the_inverse_of_a_masker_leaf_survives() {
    let mut world = World::new(52, RuleKind::Approval, 4);
    let vote = world.vote(0, &[1_000, 0, 0, 0]);
    let found = survivors(&world.mask(MASKER, &vote, 7), 10_000, 11);
    let inverse = Label { condition: "B1 member", equation: "weight * inverse = 1 - mask" };
    assert!(found.iter().all(|s| s.rows == [inverse]), "{found:?}");
    let variables: BTreeSet<usize> = found.iter().map(|s| s.variable).collect();
    assert_eq!(variables.len(), 1);
}

#[test]
fn ballot_a18_no_changed_value_of_a_large_ballot_survives() {
    let mut world = World::new(53, RuleKind::Quadratic, 11);
    let votes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    let vote = world.vote(0, &votes);
    none(&vote, 10_000, 12);
    none(&world.mask(1, &vote, 0), 10_000, 13);
}

/// The equations that compare with public inputs.
const STATEMENT: [&str; 5] = [
    "root of the path = census_root",
    "(1 - mask) * (slot - H_slot(sk, election_id)) = 0",
    "mask * (prev_digest - D(prev)) = 0",
    "D(next) = next_digest",
    "mask * (ticket - H_ticket(sk, election_id, j)) = 0",
];

/// Everything in the circuit follows from what the statement calls witness:
/// secret, weight, path, `prev` and ticket index. Mask, votes and digits are
/// held by other constraints.
#[track_caller]
fn free_values_are_the_witness(plan: &Plan, per_label: usize, seed: u64) {
    let circuit = BallotCircuit::new(plan.statement, plan.witness.clone()).unwrap();
    let z = Cs::assignment(&circuit);
    let w = &plan.witness;
    let mut witness: BTreeSet<Fr> = w.path.siblings.iter().flatten().copied().collect();
    witness.extend(w.prev.coordinates());
    witness.extend([w.sk.field(), Fr::from(w.weight), Fr::from(w.ticket_index)]);
    let free = free_variables(shape_of(plan.statement.rule), &circuit, &STATEMENT, per_label, seed);
    assert!(!free.is_empty(), "the sample has some of the witness");
    for variable in free {
        assert!(witness.contains(&z[variable]), "variable {variable} is free");
    }
}

#[test]
fn ballot_a18_all_values_follow_from_the_witness() {
    let mut world = World::new(54, RuleKind::SingleChoice, 3);
    let vote = world.vote(2, &[0, WEIGHTS[2], 0]);
    let mask = world.mask(4, &vote, 11);
    free_values_are_the_witness(&mask, 5, 14);
    // A vote whose unused `prev` is not the identity.
    let mut vote = vote.clone();
    vote.witness.prev = mask.next.clone();
    vote.witness.ticket_index = 9;
    free_values_are_the_witness(&vote, 5, 15);
}

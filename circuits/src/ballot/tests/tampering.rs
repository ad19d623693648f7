//! A18: every witness value of every kind of entry, changed.

use super::*;
use crate::testing::{Survivor, tamper};

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
    let variables: std::collections::BTreeSet<usize> = found.iter().map(|s| s.variable).collect();
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

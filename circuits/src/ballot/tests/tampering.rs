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

/// Equations for which no assignment was seen yet that breaks them alone.
struct Unproven {
    shape: &'static Shape,
    equations: BTreeSet<Label>,
}

impl Unproven {
    fn new(shape: &'static Shape) -> Self {
        Self { shape, equations: (0..shape.num_constraints()).map(|i| shape.label(i)).collect() }
    }

    /// Strikes off the one equation that stands between `z` and acceptance,
    /// for a public statement that fits `z` if need be.
    fn observe(&mut self, z: &[Fr]) {
        let failures = self.shape.failures(z);
        let (statement, inner): (Vec<Label>, Vec<Label>) =
            failures.into_iter().partition(|label| STATEMENT.contains(&label.equation));
        match (&statement[..], &inner[..]) {
            (_, [one]) | ([one], []) => self.equations.remove(one),
            _ => false,
        };
    }

    fn observe_plan(&mut self, plan: &Plan) {
        self.observe(&assignment(&plan.statement, &plan.witness));
    }

    /// Forges, for each equation left, the last variable of some of its rows:
    /// mostly the one that the equation defines.
    fn forge(&mut self, plan: &Plan, values: [Fr; 2]) {
        let circuit = BallotCircuit::new(plan.statement, plan.witness.clone()).unwrap();
        let mut rows = Vec::new();
        for label in &self.equations {
            let named = (0..self.shape.num_constraints()).filter(|row| self.shape.label(*row) == *label);
            rows.extend(named.step_by(7).take(3));
        }
        for row in rows {
            if self.equations.contains(&self.shape.label(row)) {
                let variable = self.shape.rows()[row].variables().max().unwrap();
                for value in values {
                    self.observe(&Cs::forged_assignment(&circuit, variable, value));
                }
            }
        }
    }

    /// The variables of the rows of one name, in order.
    fn variables(&self, condition: &str, equation: &str) -> Vec<usize> {
        let named = |row: &usize| {
            let label = self.shape.label(*row);
            label.condition == condition && label.equation == equation
        };
        let rows = (0..self.shape.num_constraints()).filter(named);
        let variables: BTreeSet<usize> = rows.flat_map(|row| self.shape.rows()[row].variables()).collect();
        variables.into_iter().filter(|v| *v >= self.shape.num_inputs()).collect()
    }
}

/// G8: every group of constraints is needed. For each there is an assignment
/// that it alone refuses; without the group, the assignment would pass, with
/// the public values that come out of it.
#[test]
fn ballot_g8_every_constraint_group_alone_refuses_some_forgery() {
    let mut world = World::new(55, RuleKind::Split, 3);
    let vote = world.vote(0, &[100, 200, 300]);
    let mask = world.mask(4, &vote, 1);
    let mut unproven = Unproven::new(shape_of(world.context.rule));
    for plan in [&vote, &mask] {
        unproven.forge(plan, [Fr::from(7u64), -Fr::from(1_000_003u64)]);
    }
    bad_statements(&mut unproven, &mut world, &vote, &mask);
    bad_bits(&mut unproven, &mask);
    bad_mask(&mut unproven, &mut world);
    assert!(unproven.equations.is_empty(), "{:#?}", unproven.equations);
}

/// Statements of which one condition does not hold.
fn bad_statements(unproven: &mut Unproven, world: &mut World, vote: &Plan, mask: &Plan) {
    let other = world.vote(0, &[1, 2, 3]);
    let change = |plan: &Plan, change: &dyn Fn(&mut Plan)| {
        let mut plan = plan.clone();
        change(&mut plan);
        plan
    };
    let revote = |votes: [u64; 4]| {
        change(vote, &|p| {
            p.witness.votes = votes.to_vec();
            rehash(&mut p.statement, &p.witness);
        })
    };
    let bad = [
        change(vote, &|p| p.statement.census_root = crate::types::CensusRoot::from_field(Fr::from(1u64))),
        change(vote, &|p| p.statement.slot = Slot::from_field(Fr::from(1u64))),
        change(vote, &|p| p.statement.next_digest = other.statement.next_digest),
        change(mask, &|p| p.statement.prev_digest = other.statement.next_digest),
        change(mask, &|p| p.statement.ticket = other.statement.ticket),
        change(mask, &|p| p.witness.ticket_index = 16),
        revote([0, 0, 0, 1]),
        revote([400, 400, 400, 0]),
    ];
    bad.iter().for_each(|plan| unproven.observe_plan(plan));
    for (kind, votes) in [(RuleKind::SingleChoice, [0, 0, 0]), (RuleKind::Approval, [999, 0, 0])] {
        let mut world = World::new(55, kind, 3);
        let mut plan = world.vote(0, &[1_000, 0, 0]);
        plan.witness.votes[..3].copy_from_slice(&votes);
        rehash(&mut plan.statement, &plan.witness);
        unproven.observe_plan(&plan);
    }
    let mut giant = World::with_weights(55, RuleKind::Split, 3, &[1 << 48, 5]);
    let small = giant.vote(1, &[1, 0, 0]);
    let mut plan = giant.mask(1, &small, 0);
    (plan.witness.sk, plan.witness.weight) = (giant.members[0].sk.clone(), 1 << 48);
    plan.witness.path = giant.members[0].path.clone();
    plan.statement.ticket = Ticket::derive(&plan.witness.sk, giant.context.election_id, 0);
    unproven.observe_plan(&plan);
}

/// "Bits" that are none but keep every sum, in a mask, where votes are 0.
fn bad_bits(unproven: &mut Unproven, mask: &Plan) {
    let z = assignment(&mask.statement, &mask.witness);
    let mut edit = |variables: &[usize], values: &[i64]| {
        let mut forged = z.clone();
        for (variable, value) in variables.iter().zip(values) {
            let magnitude = Fr::from(value.unsigned_abs());
            forged[*variable] = if *value < 0 { -magnitude } else { magnitude };
        }
        unproven.observe(&forged);
    };
    // 2 + 2 * (-1) = 0
    let shape = Unproven::new(shape_of(mask.statement.rule));
    let pair = |condition| {
        let bits = shape.variables(condition, "bit * (1 - bit) = 0");
        let zeros = bits.windows(2).find(|w| w.iter().all(|bit| z[*bit] == Fr::from(0u64)));
        zeros.unwrap().to_vec()
    };
    // The slack's bits come last in B3, and nothing else uses them.
    let slack = shape.variables("B3 rule", "bit * (1 - bit) = 0");
    edit(&slack[slack.len() - 2..], &[2, -1]);
    edit(&pair("B1 member"), &[2, -1]);
    edit(&pair("B8 ticket"), &[2, -1]);
    // Split is kind 2: (0, 0, 1, 0). Other numbers of sum 1 and code 2; single
    // choice besides; single choice instead.
    let kinds = shape.variables("B3 rule", "kind_i * (1 - kind_i) = 0");
    edit(&kinds, &[-1, 2, 0, 0]);
    edit(&kinds, &[1, 0, 1, 0]);
    edit(&kinds, &[1, 0, 0, 0]);
    // Three of four options: (1), 1, 1, 0. Not bits; not the first ones.
    let active = shape.variables("B3 rule", "active_k * (1 - active_k) = 0");
    edit(&active, &[2, 0, 0]);
    edit(&active, &[0, 1, 1]);
}

/// Without `mask * (1 - mask) = 0`, an owner would take `1 - k / weight` for
/// the mask, and have w = k in place of the weight.
fn bad_mask(unproven: &mut Unproven, world: &mut World) {
    let own = world.vote(0, &[1, 2, 3]);
    let mask = world.mask(0, &own, 0);
    let circuit = BallotCircuit::new(mask.statement, mask.witness.clone()).unwrap();
    let variable = unproven.variables("B1 member", "mask * (1 - mask) = 0")[0];
    let quotient = Fr::from(1u64 << 40) / Fr::from(mask.witness.weight);
    let mut z = Cs::forged_assignment(&circuit, variable, Fr::from(1u64) - quotient);
    let inverse = *unproven.variables("B1 member", "weight * inverse = 1 - mask").last().unwrap();
    z[inverse] = quotient / Fr::from(mask.witness.weight);
    unproven.observe(&z);
}

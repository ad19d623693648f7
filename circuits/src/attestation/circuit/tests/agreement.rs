//! Relation and circuit give the same answer, on true and on false
//! statements.

use super::*;
use crate::attestation::tests::boundaries;
use crate::attestation::{Metric, Ratio, Verdict, check, tests::records};
use proptest::prelude::*;

#[test]
fn true_statements_are_satisfied_in_every_shape() {
    for shape in shapes() {
        let (statement, witness) = example(&shape);
        let circuit = AttestationCircuit::new(&statement, &witness, salt(&shape), &DIGEST).unwrap();
        let failures = failures(&circuit, public(&statement));
        assert!(failures.is_empty(), "{shape:?}: {:?}", failing_gates(&failures));
        assert_eq!(circuit.public_inputs(), public(&statement).len());
    }
}

#[test]
fn both_sides_of_every_inequality_hold_in_the_circuit() {
    let shape = testing::shape(K, 1, Packing::One, boundaries::layout());
    for case in boundaries::cases() {
        let codes = boundaries::two_groups(boundaries::layout(), case.sides);
        let mut policy = testing::policy(boundaries::layout());
        (case.change)(&mut policy);
        let statement = testing::statement(&shape, &policy, &codes);
        let circuit = circuit_of(&statement, &Witness { codes });
        assert!(holds(&circuit, public(&statement)), "{}", case.name);
        let mut wrong = statement.clone();
        let other = if case.verdict == Verdict::Pass { Verdict::Fail } else { Verdict::Pass };
        wrong.outcome[0].verdicts[case.metric.index()] = Some(other);
        assert!(!holds(&circuit, public(&wrong)), "{}: another verdict", case.name);
    }
}

/// One change of a statement; not all make it false.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Records(i64),
    Unknown(usize),
    Compared(usize, usize),
    Verdict(usize, usize, Option<Verdict>),
    Failing(usize, usize),
    Unassessed(usize),
    Count(usize),
}

fn arb_change() -> impl Strategy<Value = Change> {
    let verdict = prop_oneof![
        Just(None),
        Just(Some(Verdict::Pass)),
        Just(Some(Verdict::Fail)),
        Just(Some(Verdict::NotAssessable)),
    ];
    let naming = proptest::sample::select(
        Metric::ALL.into_iter().filter(|m| m.names_groups()).map(Metric::index).collect::<Vec<_>>(),
    );
    prop_oneof![
        Just(Change::Nothing),
        (-1i64..2).prop_map(Change::Records),
        (0usize..3).prop_map(Change::Unknown),
        (0usize..3, 0usize..4).prop_map(|(view, base)| Change::Compared(view, base)),
        (0usize..3, 0..Metric::COUNT, verdict).prop_map(|(v, m, verdict)| Change::Verdict(v, m, verdict)),
        (0usize..3, naming).prop_map(|(view, metric)| Change::Failing(view, metric)),
        (0usize..3).prop_map(Change::Unassessed),
        (0..5 * testing::CELLS).prop_map(Change::Count),
    ]
}

fn toggle(set: &mut crate::attestation::GroupSet) {
    *set = crate::attestation::GroupSet::from_bits(set.bits() ^ 1);
}

fn apply(change: Change, s: &mut Statement) {
    match change {
        Change::Nothing => (),
        Change::Records(by) => s.records = s.records.saturating_add_signed(by),
        Change::Unknown(view) => s.outcome[view].unknown += 1,
        Change::Compared(view, base) => toggle(&mut s.outcome[view].compared[base]),
        Change::Verdict(view, metric, verdict) => s.outcome[view].verdicts[metric] = verdict,
        Change::Failing(view, metric) => toggle(&mut s.outcome[view].failing[metric]),
        Change::Unassessed(view) => toggle(&mut s.outcome[view].unassessed),
        Change::Count(at) => {
            if let Some(disclosed) = &mut s.disclosed {
                disclosed.counts[at / 5].true_positives += 1 + (at % 5) as u64;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn relation_and_circuit_agree(
        which in 0usize..3,
        rows in proptest::collection::vec(
            (0..testing::CELLS, any::<bool>(), any::<bool>(), 0usize..3, 1usize..30), 1..20),
        minimum_cell in 1u32..20,
        share in 0u16..30,
        threshold in 1u16..20,
        change in arb_change(),
    ) {
        let shape = shapes().swap_remove(which);
        let bins = shape.layout().bins();
        let rows: Vec<_> = rows.into_iter().map(|(c, l, d, bin, n)| (c, l, d, bin % bins, n)).collect();
        let witness = Witness { codes: records(shape.layout(), &rows) };
        let mut policy: Policy = testing::policy(shape.layout());
        policy.minimum_cell = minimum_cell;
        policy.minimum_share = Ratio::new(share, 100);
        policy.thresholds = Metric::ALL.map(|_| Ratio::new(threshold, 20));
        let mut statement = testing::statement(&shape, &policy, &witness.codes);
        apply(change, &mut statement);
        let relation = check(&statement, &witness).is_ok();
        let circuit = holds(&circuit_of(&statement, &witness), public(&statement));
        prop_assert_eq!(relation, circuit, "{:?}: {:?}", change, check(&statement, &witness));
    }
}

#[test]
fn every_public_input_but_subject_and_epoch_is_bound_by_a_constraint() {
    for shape in shapes() {
        let (statement, witness) = example(&shape);
        let circuit = circuit_of(&statement, &witness);
        let honest = public(&statement);
        for index in 0..honest.len() {
            let mut changed = honest.clone();
            changed[index] += Fr::ONE;
            // Subject and epoch: the transcript binds them alone.
            assert_eq!(holds(&circuit, changed), index < RECORDS, "input {index}");
        }
    }
}

#[test]
fn statements_that_are_not_true_give_no_circuit() {
    let shape = shapes().swap_remove(0);
    let (mut statement, witness) = example(&shape);
    statement.outcome[0].unknown += 1;
    let refused = AttestationCircuit::new(&statement, &witness, salt(&shape), &DIGEST);
    assert_eq!(refused.err(), Some(NoCircuit::Unsatisfied(Unsatisfied::Unknown { view: 0 })));
    let (statement, witness) = example(&shape);
    let refused = AttestationCircuit::new(&statement, &witness, Salt(vec![]), &DIGEST);
    assert_eq!(refused.err(), Some(NoCircuit::Salt));
}

//! Both sides of every inequality, in the relation; `circuit::tests` runs
//! the same tables through the circuit.

use super::records;
use crate::attestation::{Base, CellSet, Table};
use crate::attestation::{
    Code, GroupSet, Layout, Metric, Policy, Ratio, Verdict, ViewOutcome, relation, testing,
};

/// Counts of the two sexes: (n, s, p, TP, above).
type Side = (usize, usize, usize, usize, usize);

/// A table with these counts for the two sexes, race 0; with a score bin 1
/// for those above and 0 for the others.
pub(in crate::attestation) fn two_groups(layout: Layout, sides: [Side; 2]) -> Vec<Code> {
    let mut rows = vec![];
    for (sex, (n, s, p, tp, above)) in sides.into_iter().enumerate() {
        let cell = sex * (testing::RACES + 1);
        let classes = [
            (true, true, tp),
            (false, true, s - tp),
            (true, false, p - tp),
            (false, false, n - s - (p - tp)),
        ];
        let mut left = above;
        for (label, decision, count) in classes {
            let high = left.min(count);
            left -= high;
            rows.push((cell, label, decision, usize::from(layout.bins() > 1), high));
            rows.push((cell, label, decision, 0, count - high));
        }
    }
    records(layout, &rows)
}

/// A boundary: name, the sides, the policy's change, the metric and the
/// verdict on the first view.
pub(in crate::attestation) struct Case {
    pub(in crate::attestation) name: &'static str,
    pub(in crate::attestation) sides: [Side; 2],
    pub(in crate::attestation) change: fn(&mut Policy),
    pub(in crate::attestation) metric: Metric,
    pub(in crate::attestation) verdict: Verdict,
}

fn case(name: &'static str, metric: Metric, verdict: Verdict, sides: [Side; 2]) -> Case {
    Case { name, sides, change: |_| (), metric, verdict }
}

pub(in crate::attestation) fn layout() -> Layout {
    testing::layout(true, 2)
}

pub(in crate::attestation) fn cases() -> Vec<Case> {
    use Metric::*;
    use Verdict::*;
    let a = (100, 80, 50, 40, 0);
    vec![
        case("ratio of exactly 4/5", ImpactRatio, Pass, [a, (100, 64, 50, 32, 0)]),
        case("ratio just below 4/5", ImpactRatio, Fail, [a, (100, 63, 50, 32, 0)]),
        case("ratio just below 4/5, other order", ImpactRatio, Fail, [(100, 63, 50, 32, 0), a]),
        case("parity ratio of exactly 4/5", DemographicParityRatio, Pass, [a, (100, 64, 50, 32, 0)]),
        case("parity ratio just below 4/5", DemographicParityRatio, Fail, [a, (100, 63, 50, 32, 0)]),
        case("difference of exactly 1/10", DemographicParityDifference, Pass, [a, (100, 70, 50, 32, 0)]),
        case("difference just above 1/10", DemographicParityDifference, Fail, [a, (100, 69, 50, 32, 0)]),
        case("opportunity: exactly 1/10", EqualOpportunityDifference, Pass, [a, (100, 64, 50, 35, 0)]),
        case("opportunity: just above 1/10", EqualOpportunityDifference, Fail, [a, (100, 64, 50, 34, 0)]),
        // False-positive rates of 40/50 and 35/50, then 34/50.
        case("odds: exactly 1/10 in both", EqualizedOddsDifference, Pass, [a, (100, 70, 50, 35, 0)]),
        case("odds: false positives just above", EqualizedOddsDifference, Fail, [a, (100, 69, 50, 35, 0)]),
        case("odds: true positives just above", EqualizedOddsDifference, Fail, [a, (100, 69, 50, 34, 0)]),
        case("average odds of exactly 1/10", AverageOddsDifference, Pass, [a, (100, 70, 50, 35, 0)]),
        case("average odds just above 1/10", AverageOddsDifference, Fail, [a, (100, 69, 50, 35, 0)]),
        // One rate up, the other down: the average hides it, by definition.
        case("average odds of opposite signs", AverageOddsDifference, Pass, [a, (100, 80, 50, 50, 0)]),
        // Precision 1/2 and 2/5.
        case("precision: exactly 1/10", PredictiveParityDifference, Pass, [a, (100, 80, 50, 32, 0)]),
        case("precision: just above 1/10", PredictiveParityDifference, Fail, [a, (100, 80, 50, 31, 0)]),
        // Correct: 50 and 60, then 61.
        case("accuracy: exactly 1/10", AccuracyDifference, Pass, [a, (100, 50, 50, 30, 0)]),
        case("accuracy: just above 1/10", AccuracyDifference, Fail, [a, (100, 51, 50, 31, 0)]),
        // (30 - 20)^2 50 = 2 * 50 * 50: z is 2.
        case("two deviations exactly", TwoProportionTest, Pass, [(50, 30, 0, 0, 0), (50, 20, 0, 0, 0)]),
        case("just above two deviations", TwoProportionTest, Fail, [(50, 31, 0, 0, 0), (50, 20, 0, 0, 0)]),
        // 50 * 10 = 5 * 100.
        case("expected count of exactly 5", TwoProportionTest, Pass, [(50, 7, 0, 0, 0), (50, 3, 0, 0, 0)]),
        case(
            "expected count below 5",
            TwoProportionTest,
            NotAssessable,
            [(50, 7, 0, 0, 0), (50, 2, 0, 0, 0)],
        ),
        case(
            "expected rejections below 5",
            TwoProportionTest,
            NotAssessable,
            [(50, 48, 0, 0, 0), (50, 43, 0, 0, 0)],
        ),
        case("nobody selected", ImpactRatio, NotAssessable, [(100, 0, 50, 0, 0), (100, 0, 50, 0, 0)]),
        case(
            "nobody selected: difference",
            DemographicParityDifference,
            NotAssessable,
            [(100, 0, 50, 0, 0), (100, 0, 50, 0, 0)],
        ),
        case(
            "no false positives is the ideal",
            EqualizedOddsDifference,
            Pass,
            [(100, 50, 50, 50, 0), (100, 50, 50, 50, 0)],
        ),
        case(
            "no favourable outcomes",
            EqualOpportunityDifference,
            NotAssessable,
            [(100, 9, 0, 0, 0), (100, 9, 50, 9, 0)],
        ),
        case(
            "a failing rate decides odds without the other",
            EqualizedOddsDifference,
            Fail,
            [(100, 9, 0, 0, 0), (100, 50, 0, 0, 0)],
        ),
        case(
            "odds with one rate missing",
            EqualizedOddsDifference,
            NotAssessable,
            [(100, 9, 0, 0, 0), (100, 9, 0, 0, 0)],
        ),
        case("one group alone", ImpactRatio, NotAssessable, [a, (0, 0, 0, 0, 0)]),
        // Most are at or below the median, bin 0; shares 50 and 40, then 39.
        case("scores: exactly 4/5", ScoringImpactRatio, Pass, [(100, 0, 0, 0, 50), (100, 0, 0, 0, 40)]),
        case("scores: just below 4/5", ScoringImpactRatio, Fail, [(100, 0, 0, 0, 50), (100, 0, 0, 0, 39)]),
        case(
            "scores: nobody above the median",
            ScoringImpactRatio,
            NotAssessable,
            [(100, 0, 0, 0, 60), (100, 0, 0, 0, 60)],
        ),
        case("worst case without unknowns", WorstCaseImpactRatio, Pass, [a, (100, 64, 50, 32, 0)]),
        case("worst case without unknowns, below", WorstCaseImpactRatio, Fail, [a, (100, 63, 50, 32, 0)]),
        Case {
            change: |policy| policy.minimum_share = Ratio::new(2, 100),
            ..case("share of exactly 2 %", ImpactRatio, Fail, [(98, 98, 0, 0, 0), (2, 0, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.minimum_share = Ratio::new(2, 100),
            ..case("share just below 2 %", ImpactRatio, NotAssessable, [(99, 99, 0, 0, 0), (2, 0, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.minimum_cell = 10,
            ..case("cell of exactly the minimum", ImpactRatio, Fail, [a, (10, 0, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.minimum_cell = 10,
            ..case("cell just below the minimum", ImpactRatio, NotAssessable, [a, (9, 0, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.minimum_cell = 10,
            ..case(
                "positives just below the minimum",
                EqualOpportunityDifference,
                NotAssessable,
                [a, (100, 0, 9, 0, 0)],
            )
        },
        Case {
            change: |policy| policy.minimum_cell = 10,
            ..case(
                "selected just below the minimum",
                PredictiveParityDifference,
                NotAssessable,
                [a, (100, 9, 50, 0, 0)],
            )
        },
        Case {
            change: |policy| policy.views[0].excluded = [1].into_iter().collect(),
            ..case("excluded by name", ImpactRatio, NotAssessable, [a, (100, 0, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.thresholds[Metric::TwoProportionTest.index()] = Ratio::new(49, 25),
            ..case("1.96 deviations", TwoProportionTest, Fail, [(50, 30, 0, 0, 0), (50, 20, 0, 0, 0)])
        },
        Case {
            change: |policy| policy.thresholds[0] = Ratio::new(u16::MAX, u16::MAX),
            ..case("threshold 1 in its largest form", ImpactRatio, Pass, [a, a])
        },
    ]
}

fn first_view(case: &Case) -> ViewOutcome {
    let codes = two_groups(layout(), case.sides);
    let mut policy = testing::policy(layout());
    (case.change)(&mut policy);
    assert_eq!(policy.validate(), Ok(()));
    relation::verdicts(&policy, &Table::new(layout(), &codes).unwrap()).unwrap().remove(0)
}

#[test]
fn every_inequality_holds_on_its_boundary_and_not_beyond() {
    for case in cases() {
        let outcome = first_view(&case);
        assert_eq!(outcome.verdict(case.metric), Some(case.verdict), "{}: {outcome:?}", case.name);
    }
}

#[test]
fn failing_and_excluded_groups_are_named() {
    let fails = |name: &str| first_view(cases().iter().find(|case| case.name == name).unwrap());
    let below = fails("ratio just below 4/5");
    assert_eq!(below.failing(Metric::ImpactRatio), [1].into_iter().collect());
    assert_eq!(fails("ratio just below 4/5, other order").failing(Metric::ImpactRatio), GroupSet::first(1));
    let small = fails("share just below 2 %");
    assert_eq!(small.compared(Base::Records), GroupSet::first(1));
    assert_eq!(small.failing(Metric::ImpactRatio), GroupSet::EMPTY);
    assert_eq!(fails("expected count below 5").unassessed, [1].into_iter().collect());
}

#[test]
fn an_empty_sample_has_no_verdicts() {
    let codes = two_groups(layout(), [(5, 1, 1, 1, 0), (5, 1, 1, 1, 0)]);
    let mut policy = testing::policy(layout());
    policy.sample = [1].into_iter().collect::<CellSet>();
    assert_eq!(
        relation::verdicts(&policy, &Table::new(layout(), &codes).unwrap()),
        Err(relation::EmptySample)
    );
}

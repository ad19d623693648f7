//! Verdicts of the relation agree with exact fractions, on random tables.

use crate::examples::read;
use audit::policy::Fraction;
use circuits::attestation::{Bound, Metric, Verdict};
use num_rational::BigRational;
use proptest::prelude::*;

const POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Agreement"
disclosure = { table = { minimum = 1 } }
[[attributes]]
name = "group"
groups = ["a", "b", "c"]
unknown = true
[sample]
minimum_cell = 2
minimum_share = "1/20"
[thresholds]
impact_ratio = "RATIO"
demographic_parity_difference = "DIFF"
demographic_parity_ratio = "RATIO"
equal_opportunity_difference = "DIFF"
equalized_odds_difference = "DIFF"
average_odds_difference = "DIFF"
predictive_parity_difference = "DIFF"
accuracy_difference = "DIFF"
two_proportion_test = "Z"
scoring_impact_ratio = "RATIO"
worst_case_impact_ratio = "RATIO"
[[views]]
name = "group"
attributes = ["group"]
checks = ["impact_ratio", "demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference", "equalized_odds_difference", "average_odds_difference", "predictive_parity_difference", "accuracy_difference", "two_proportion_test", "scoring_impact_ratio", "worst_case_impact_ratio"]
"#;

const MAPPING: &str = r#"
format = "tabella-audit-mapping"
version = 1
row_id = { column = "id" }
attributes = { group = { column = "group", unknown = [""], groups = { a = ["a"], b = ["b"], c = ["c"] } } }
decision = { column = "decision", favourable = [1], unfavourable = [0] }
label = { column = "label", favourable = [1], unfavourable = [0] }
score = { column = "score", best = "highest", integers = { from = 1, to = 5 } }
"#;

/// Group, decision, label, score.
type Row = (&'static str, u8, u8, u8);

fn row() -> impl Strategy<Value = Row> {
    let group = prop_oneof![4 => Just("a"), 3 => Just("b"), 2 => Just("c"), 1 => Just("")];
    (group, 0..2u8, 0..2u8, 1..6u8)
}

fn csv(rows: &[Row]) -> String {
    // One record of each group, so that none is empty.
    let all = [("a", 1, 1, 1), ("b", 0, 0, 2), ("c", 1, 0, 3)].iter().chain(rows).enumerate();
    let lines =
        all.map(|(id, (group, decision, label, score))| format!("{id},{group},{decision},{label},{score}\n"));
    "id,group,decision,label,score\n".to_owned() + &lines.collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn verdicts_are_what_the_measured_fractions_say(
        rows in prop::collection::vec(row(), 0..160),
        ratio in 1..20u16,
        difference in 0..10u16,
        deviations in 1..30u16,
    ) {
        let policy = POLICY
            .replace("RATIO", &format!("{ratio}/20"))
            .replace("DIFF", &format!("{difference}/20"))
            .replace("\"Z\"", &format!("\"{deviations}/10\""));
        let audit = read(&policy, MAPPING, &csv(&rows)).unwrap();
        for (metric, measured) in &audit.figures.views[0].measured {
            let verdict = audit.outcome[0].verdict(*metric).unwrap();
            let bound = Fraction::from(audit.policy.numbers.threshold(*metric)).ratio();
            let bound = BigRational::new(bound.num.into(), bound.den.into());
            let holds = |x: &BigRational| match metric.bound() {
                Bound::RatioAtLeast => *x >= bound,
                Bound::DifferenceAtMost => *x <= bound,
                Bound::DeviationsAtMost => *x <= &bound * &bound,
            };
            match (verdict, measured) {
                (Verdict::Pass, Some(x)) => prop_assert!(holds(x), "{metric}: {x} passes"),
                (Verdict::Fail, Some(x)) => prop_assert!(!holds(x), "{metric}: {x} fails"),
                // Equalized odds fails by one rate alone.
                (Verdict::Fail, None) => prop_assert_eq!(*metric, Metric::EqualizedOddsDifference),
                (Verdict::Pass, None) => prop_assert!(false, "{metric} passes without a number"),
                (Verdict::NotAssessable, _) => {}
            }
        }
    }
}

//! COMPAS, as everybody knows it.

use crate::examples::Audit;
use audit::metrics::{self, float};
use circuits::attestation::{Base, Metric, Verdict};

fn rounded(x: f64) -> i64 {
    format!("{:.0}", x * 10_000.0).parse().unwrap()
}

#[test]
fn compas_has_the_known_rates_and_fails_four_fifths() {
    let audit = Audit::compas();
    assert_eq!(audit.table.records(), 7214);
    let view = audit.view("race");
    let figures = &audit.figures.views[view];
    let expected = [
        ("African-American", 4118, Some(5210)),
        ("Caucasian", 6520, Some(8248)),
        ("Hispanic", 7017, Some(8878)),
        ("Other", 7905, Some(10_000)),
        ("Asian", 7500, None),
        ("Native American", 3333, None),
    ];
    for (name, rate, ratio) in expected {
        let group = &figures.groups[audit.group(view, name)];
        assert_eq!(rounded(float(&metrics::selection_rate(&group.counts).unwrap())), rate, "{name}");
        assert_eq!(group.impact_ratio.as_ref().map(|r| rounded(float(r))), ratio, "{name}");
        assert_eq!(group.compared, ratio.is_some(), "{name}");
    }
    let outcome = &audit.outcome[view];
    assert_eq!(outcome.verdict(Metric::ImpactRatio), Some(Verdict::Fail));
    let failing: Vec<_> = outcome.failing(Metric::ImpactRatio).iter().collect();
    assert_eq!(failing, [audit.group(view, "African-American")]);
}

/// Unfavourable is a high score, so that ProPublica's false positives (high
/// score, no new charge) are the favourable labels without the favourable
/// decision.
#[test]
fn compas_has_propublicas_false_positive_rates() {
    let audit = Audit::compas();
    let view = audit.view("race");
    for (name, expected) in [("African-American", 4485), ("Caucasian", 2345)] {
        let counts = audit.figures.views[view].groups[audit.group(view, name)].counts;
        let rate = metrics::share(counts.false_negatives, counts.positives()).unwrap();
        assert_eq!(rounded(float(&rate)), expected, "{name}");
    }
}

#[test]
fn six_of_twelve_intersections_of_compas_are_below_two_percent() {
    let audit = Audit::compas();
    let view = audit.view("race and sex");
    assert_eq!(audit.policy.views[view].groups.len(), 12);
    assert_eq!(audit.outcome[view].compared(Base::Records).len(), 6);
}

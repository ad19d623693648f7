//! AIF360's floats, pair by pair, are our fractions.

use crate::examples::{Audit, assert_close, vectors};
use audit::metrics;
use circuits::attestation::Counts;
use num_rational::BigRational;
use serde_json::Value;

fn pair(a: &Counts, b: &Counts) -> [(&'static str, Option<BigRational>); 6] {
    let rate = |counts: &Counts| metrics::selection_rate(counts).unwrap();
    let true_positive = |counts: &Counts| metrics::true_positive_rate(counts);
    [
        ("disparate_impact", Some(rate(a) / rate(b))),
        ("statistical_parity_difference", Some(rate(a) - rate(b))),
        ("equal_opportunity_difference", true_positive(a).zip(true_positive(b)).map(|(a, b)| a - b)),
        ("average_odds_difference", metrics::average_odds_difference(a, b)),
        ("average_abs_odds_difference", metrics::average_abs_odds_difference(a, b)),
        ("equalized_odds_difference", metrics::equalized_odds_difference(&[*a, *b])),
    ]
}

fn compare(audit: &Audit, view: &str, oracle: &Value) {
    let view = audit.view(view);
    let pairs = oracle.as_array().unwrap();
    for theirs in pairs {
        let counts = |key: &str| {
            let group = audit.group(view, theirs[key].as_str().unwrap());
            audit.figures.views[view].groups[group].counts
        };
        for (key, ours) in pair(&counts("unprivileged"), &counts("privileged")) {
            if !theirs[key].is_null() {
                assert_close(&format!("{key} of {theirs}"), &ours.unwrap(), &theirs[key]);
            }
        }
    }
    let used = audit.figures.views[view].groups.iter().filter(|g| g.counts.records() > 0).count();
    assert_eq!(pairs.len(), used * (used - 1));
}

#[test]
fn compas_is_as_aif360_says() {
    let (audit, oracle) = (Audit::compas(), vectors("aif360.json"));
    compare(&audit, "race", &oracle["compas"]["race"]);
    compare(&audit, "sex", &oracle["compas"]["sex"]);
}

#[test]
fn adult_is_as_aif360_says() {
    let (audit, oracle) = (Audit::screening(), vectors("aif360.json"));
    compare(&audit, "sex", &oracle["screening"]["sex"]);
    compare(&audit, "race/ethnicity", &oracle["screening"]["race"]);
    let audit = Audit::adult();
    compare(&audit, "sex", &oracle["adult"]["sex"]);
}

#[test]
fn the_average_odds_difference_of_a_view_is_the_greatest_of_its_pairs() {
    let (audit, oracle) = (Audit::screening(), vectors("aif360.json"));
    let view = audit.view("race/ethnicity");
    let groups: Vec<Counts> = audit.figures.views[view].groups.iter().map(|group| group.counts).collect();
    let used: Vec<Counts> = groups.into_iter().filter(|counts| counts.records() > 0).collect();
    let pairs = oracle["screening"]["race"].as_array().unwrap();
    let theirs = pairs.iter().map(|pair| pair["average_odds_difference"].as_f64().unwrap().abs());
    let ours = metrics::float(&metrics::greatest_average_odds_difference(&used).unwrap());
    assert!((ours - theirs.fold(0.0, f64::max)).abs() <= 1e-12);
}

//! Fairlearn's floats are our fractions.

use crate::examples::{Audit, assert_close, vectors};
use audit::metrics::{self, Rate};
use circuits::attestation::Counts;
use num_rational::BigRational;
use serde_json::Value;

/// The groups that have records, in the order of the policy, by name.
fn groups(audit: &Audit, view: usize) -> Vec<(String, Counts)> {
    let names = audit.policy.views[view].groups.iter().cloned();
    let counts = audit.figures.views[view].groups.iter().map(|group| group.counts);
    names.zip(counts).filter(|(_, counts)| counts.records() > 0).collect()
}

fn compare(audit: &Audit, view: &str, oracle: &Value, name: impl Fn(&str) -> String) {
    let groups = groups(audit, audit.view(view));
    let rates: [(&str, Rate); 5] = [
        ("selection_rate", metrics::selection_rate),
        ("true_positive_rate", metrics::true_positive_rate),
        ("false_positive_rate", metrics::false_positive_rate),
        ("precision", metrics::precision),
        ("accuracy", metrics::accuracy),
    ];
    assert_eq!(oracle["count"].as_object().unwrap().len(), groups.len());
    for (group, counts) in &groups {
        let theirs = name(group);
        assert_eq!(oracle["count"][&theirs].as_u64(), Some(counts.records()), "{theirs}");
        for (key, rate) in rates.iter().filter(|(key, _)| !oracle[key].is_null()) {
            assert_close(&format!("{key} of {theirs}"), &rate(counts).unwrap(), &oracle[key][&theirs]);
        }
    }
    let counts: Vec<Counts> = groups.into_iter().map(|(_, counts)| counts).collect();
    for (key, ours) in differences(&counts) {
        if !oracle[key].is_null() {
            assert_close(key, &ours.unwrap(), &oracle[key]);
        }
    }
}

fn differences(counts: &[Counts]) -> [(&'static str, Option<BigRational>); 7] {
    use metrics::{accuracy, difference, precision, ratio, selection_rate, true_positive_rate};
    [
        ("demographic_parity_difference", difference(counts, selection_rate)),
        ("demographic_parity_ratio", ratio(counts, selection_rate)),
        ("equal_opportunity_difference", difference(counts, true_positive_rate)),
        ("equalized_odds_difference", metrics::equalized_odds_difference(counts)),
        ("accuracy_score_difference", difference(counts, accuracy)),
        ("accuracy_difference", difference(counts, accuracy)),
        ("precision_difference", difference(counts, precision)),
    ]
}

/// Intersections are written sex first by the oracles.
fn sex_first(name: &str) -> String {
    let (race, sex) = name.split_once(", ").unwrap();
    format!("{sex}, {race}")
}

#[test]
fn compas_is_as_fairlearn_says() {
    let (audit, oracle) = (Audit::compas(), vectors("fairlearn.json"));
    compare(&audit, "race", &oracle["compas"]["race"], str::to_owned);
    compare(&audit, "sex", &oracle["compas"]["sex"], str::to_owned);
    compare(&audit, "race and sex", &oracle["compas"]["sex and race"], sex_first);
}

#[test]
fn adult_is_as_fairlearn_says() {
    let (audit, oracle) = (Audit::adult(), vectors("fairlearn.json"));
    let theirs = |name: &str| match name {
        "Asian or Pacific Islander" => "Asian-Pac-Islander".to_owned(),
        "American Indian or Eskimo" => "Amer-Indian-Eskimo".to_owned(),
        name => name.to_owned(),
    };
    let pair = |name: &str| {
        let (race, sex) = name.split_once(", ").unwrap();
        format!("{sex}, {}", theirs(race))
    };
    compare(&audit, "race", &oracle["adult"]["race"], theirs);
    compare(&audit, "sex", &oracle["adult"]["sex"], str::to_owned);
    compare(&audit, "race and sex", &oracle["adult"]["sex and race"], pair);
}

#[test]
fn screening_is_as_fairlearn_says() {
    let (audit, oracle) = (Audit::screening(), vectors("fairlearn.json"));
    compare(&audit, "sex", &oracle["screening"]["sex"], str::to_owned);
    compare(&audit, "race/ethnicity", &oracle["screening"]["race"], str::to_owned);
    compare(&audit, "intersections", &oracle["screening"]["sex and race"], str::to_owned);
}

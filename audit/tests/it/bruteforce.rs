//! What neither library has, against a script of brute force.

use crate::examples::{Audit, fraction, read, root, vectors};
use audit::metrics;
use circuits::attestation::{Base, Metric, Verdict, relation};
use num_rational::BigRational;
use num_traits::Zero;
use serde_json::Value;
use std::fs;

/// Every group of a view against the oracle's table.
fn compare(audit: &Audit, view: &str, oracle: &Value, name: fn(&str) -> String, scores: bool) {
    let view = audit.view(view);
    let figures = &audit.figures.views[view];
    assert_eq!(oracle["unknown"].as_u64(), Some(audit.outcome[view].unknown));
    for (group, ours) in audit.policy.views[view].groups.iter().zip(&figures.groups) {
        let theirs = name(group);
        if ours.counts.records() == 0 {
            assert!(oracle["counts"].get(&theirs).is_none() && !ours.compared, "{theirs}");
            continue;
        }
        let (selected, rate, ratio) = if scores {
            (ours.counts.above, metrics::scoring_rate(&ours.counts), &ours.scoring_impact_ratio)
        } else {
            (ours.counts.selected(), metrics::selection_rate(&ours.counts), &ours.impact_ratio)
        };
        assert_eq!(
            oracle["counts"][&theirs],
            serde_json::json!([ours.counts.records(), selected]),
            "{theirs}"
        );
        assert_eq!(rate, Some(fraction(&oracle["rates"][&theirs])), "{theirs}");
        let expected = oracle["impact_ratios"].get(&theirs).map(fraction);
        assert_eq!(*ratio, expected, "{theirs}");
        let excluded = oracle["excluded"].as_array().unwrap().iter().any(|e| *e == *theirs);
        assert_eq!(ours.compared, !excluded, "{theirs}");
    }
}

fn sex_first(name: &str) -> String {
    let (race, sex) = name.split_once(", ").unwrap();
    format!("{sex}, {race}")
}

fn law(policy: &[(&str, &str)]) -> Audit {
    Audit::with("local-law-144.policy.toml", policy, "screening.mapping.toml", "adult.csv.gz")
}

#[test]
fn local_law_144_tables_with_unknowns_in_the_sample() {
    let (audit, oracle) = (law(&[]), &vectors("bruteforce.json")["datasets"]["screening"]);
    for (ours, theirs) in [("sex", "sex"), ("race/ethnicity", "race"), ("intersections", "sex and race")] {
        compare(&audit, ours, &oracle["selection"][theirs]["unknowns in"], str::to_owned, false);
        compare(&audit, ours, &oracle["scoring_above"][theirs]["unknowns in"], str::to_owned, true);
    }
}

#[test]
fn local_law_144_tables_without_unknowns_in_the_sample() {
    let audit = law(&[
        ("unknowns = \"counted\"", "unknowns = \"left_out\""),
        (", \"worst_case_impact_ratio\"", ""),
        ("worst_case_impact_ratio = \"4/5\"", ""),
    ]);
    let oracle = &vectors("bruteforce.json")["datasets"]["screening"]["selection"];
    compare(&audit, "race/ethnicity", &oracle["race"]["unknowns out"], str::to_owned, false);
    compare(&audit, "intersections", &oracle["sex and race"]["unknowns out"], str::to_owned, false);
}

#[test]
fn compas_risks_are_scored_below_the_median() {
    let scored = "[label]\n";
    let score = "[score]\ncolumn = \"decile_score\"\nbest = \"lowest\"\nintegers = { from = 1, to = 10 }\n\n";
    let mapping = crate::examples::text("compas.mapping.toml").replace(scored, &format!("{score}{scored}"));
    let policy = crate::examples::text("compas.policy.toml")
        .replace("[thresholds]\n", "[thresholds]\nscoring_impact_ratio = \"4/5\"\n")
        .replace("checks = [\"impact_ratio\"", "checks = [\"scoring_impact_ratio\", \"impact_ratio\"")
        .replace("checks = [\n", "checks = [\n  \"scoring_impact_ratio\",\n");
    let audit = read(&policy, &mapping, &crate::examples::text("compas.csv")).unwrap();
    let oracle = &vectors("bruteforce.json")["datasets"]["compas"];
    // The edge is the greatest bin that is not above the median; bins go from
    // the worst score, 10, to the best, 1.
    let edge = relation::edge(&audit.policy.numbers, &audit.table).unwrap();
    assert_eq!(
        fraction(&oracle["median"]),
        BigRational::from_integer((10 - i64::try_from(edge).unwrap()).into())
    );
    compare(&audit, "race", &oracle["scoring_below"]["race"]["unknowns in"], str::to_owned, true);
    compare(&audit, "sex", &oracle["scoring_below"]["sex"]["unknowns in"], str::to_owned, true);
    compare(&audit, "race and sex", &oracle["scoring_below"]["sex and race"]["unknowns in"], sex_first, true);
    compare(&audit, "race", &oracle["selection"]["race"]["unknowns in"], str::to_owned, false);
}

#[test]
fn two_proportion_tests_are_those_of_the_script() {
    let (audit, oracle) = (Audit::compas(), &vectors("bruteforce.json")["datasets"]["compas"]);
    for (ours, theirs) in [("race", "race"), ("sex", "sex")] {
        let view = audit.view(ours);
        let counts =
            |name: &Value| audit.figures.views[view].groups[audit.group(view, name.as_str().unwrap())].counts;
        for pair in oracle["two_proportions"][theirs].as_array().unwrap() {
            let z_squared = metrics::two_proportion_z_squared(&counts(&pair["a"]), &counts(&pair["b"]));
            assert_eq!(z_squared, pair["z_squared"].as_str().map(|_| fraction(&pair["z_squared"])), "{pair}");
        }
    }
}

/// The verdict of the test agrees with the fraction, on either side of it.
#[test]
fn two_proportion_verdicts_follow_the_fraction() {
    for (limit, deviations) in [(2u64, "2"), (20, "20"), (60, "60")] {
        let audit = Audit::with(
            "compas.policy.toml",
            &[("two_proportion_test = 2 ", &format!("two_proportion_test = {deviations} "))],
            "compas.mapping.toml",
            "compas.csv",
        );
        let view = audit.view("race");
        let measured = audit.figures.views[view].measured.iter();
        let measured = measured.into_iter().find(|(m, _)| *m == Metric::TwoProportionTest).unwrap();
        let within = measured.1.as_ref().unwrap() <= &BigRational::from_integer((limit * limit).into());
        let expected = if within { Verdict::Pass } else { Verdict::Fail };
        assert_eq!(audit.outcome[view].verdict(Metric::TwoProportionTest), Some(expected), "{limit}");
    }
}

const UNKNOWN_POLICY: &str = r#"
format = "tabella-audit-policy"
version = 1
title = "Unknowns"
thresholds = { worst_case_impact_ratio = "THRESHOLD" }
disclosure = "verdicts_only"
[[attributes]]
name = "race"
groups = ["A", "B", "C"]
unknown = true
[sample]
minimum_cell = 1
minimum_share = 0
[[views]]
name = "race"
attributes = ["race"]
checks = ["worst_case_impact_ratio"]
"#;

const UNKNOWN_MAPPING: &str = r#"
format = "tabella-audit-mapping"
version = 1
ignored = ["sample"]
row_id = { column = "id" }
attributes = { race = { column = "race", unknown = ["?"], groups = { A = ["A"], B = ["B"], C = ["C"] } } }
decision = { column = "hired", favourable = [1], unfavourable = [0] }
"#;

/// Every assignment of the unknown records was tried by the script. The
/// verdict changes exactly at the worst ratio it found.
#[test]
fn worst_cases_over_unknowns_are_those_of_every_assignment() {
    let file = fs::read_to_string(root().join("tests/vectors/audit/unknowns.csv")).unwrap();
    for case in vectors("bruteforce.json")["worst_cases"].as_array().unwrap() {
        let sample = format!("{},", case["sample"]);
        let rows = file.lines().filter(|line| line.starts_with(&sample) || line.starts_with("sample"));
        let data = rows.map(|row| format!("{row}\n")).collect::<String>();
        let verdict = |threshold: &BigRational| {
            let policy = UNKNOWN_POLICY.replace("THRESHOLD", &threshold.to_string());
            let audit = read(&policy, UNKNOWN_MAPPING, &data).unwrap();
            assert_eq!(audit.figures.views[0].measured[0].1, Some(fraction(&case["worst"])), "{case}");
            assert_eq!(audit.outcome[0].compared(Base::Records).len(), 3);
            audit.outcome[0].verdict(Metric::WorstCaseImpactRatio)
        };
        let worst = fraction(&case["worst"]);
        let above = &worst + BigRational::new(1.into(), (worst.denom() * 10i32).clone());
        // A threshold of 0 would be none.
        if !worst.is_zero() {
            assert_eq!(verdict(&worst), Some(Verdict::Pass), "{case}");
        }
        assert_eq!(verdict(&above), Some(Verdict::Fail), "{case}");
    }
}

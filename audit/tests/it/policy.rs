//! Policies: every fault at its line, and one hash for one meaning.

use crate::examples::{changed, text};
use audit::{document::Document, policy::Policy};

fn read(replaced: &[(&str, &str)]) -> Policy {
    Policy::read(&Document::new("p.toml", changed(&text("compas.policy.toml"), replaced))).unwrap()
}

fn fault(replaced: &[(&str, &str)]) -> String {
    let text = changed(&text("compas.policy.toml"), replaced);
    Policy::read(&Document::new("p.toml", text)).unwrap_err().to_string()
}

#[test]
fn each_fault_of_a_policy_names_line_field_and_remedy() {
    let cases: [(&[(&str, &str)], &str); 17] = [
        (&[("tabella-audit-policy", "policy")], "line 4: format: it must be \"tabella-audit-policy\""),
        (&[("version = 1", "version = 2")], "line 5: version: version 2 is not known"),
        (&[("title = \"COMPAS: low risk by race and sex\"", "title = \"\"")], "line 6: title: a title has"),
        (
            &[("name = \"sex\"\ngroups", "name = \"race\"\ngroups")],
            "attributes[2].name: \"race\" is there twice",
        ),
        (&[("\"Asian\"", "\"Asian, or not\"")], "attributes[1].groups[2]: \"Asian, or not\" is no name"),
        (&[("\"Asian\"", "\"=1+1\"")], "none of = + - @"),
        (
            &[("\"Female\", \"Male\"", "\"Female\"")],
            "attributes[2].groups: an attribute needs 2 to 16 groups",
        ),
        (
            &[("\"Female\", \"Male\"", "\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"")],
            "attributes: the attributes have 36 combinations",
        ),
        (
            &[("attributes = [\"sex\"]", "attributes = [\"age\"]")],
            "views[2].attributes[1]: there is no attribute",
        ),
        (
            &[("checks = [\"impact_ratio\"]", "checks = [\"ratio\"]")],
            "there is no metric \"ratio\"; the metrics are",
        ),
        (&[("impact_ratio = \"4/5\" ", "")], "thresholds: the threshold of impact_ratio is missing"),
        (
            &[("impact_ratio = \"4/5\" ", "impact_ratio = \"4/5\"\ndemographic_parity_ratio = \"4/5\"")],
            "thresholds.demographic_parity_ratio: no view checks it",
        ),
        (
            &[("impact_ratio = \"4/5\" ", "impact_ratio = \"6/5\" ")],
            "thresholds.impact_ratio: the threshold of impact_ratio cannot be 6/5",
        ),
        (
            &[("minimum_cell = 1", "minimum_cell = 0")],
            "line 18: sample.minimum_cell: the minimum cell must be",
        ),
        (&[("minimum = 1", "minimum = 0")], "disclosure: the minimum of a disclosed cell must be at least 1"),
        (
            &[("attributes = [\"sex\"]", "attributes = [\"sex\"]\nexclude = [\"Other\"]")],
            "views[2].exclude[1]: the view has no group \"Other\"",
        ),
        (
            &[
                ("impact_ratio = \"4/5\" ", "impact_ratio = \"4/5\"\nworst_case_impact_ratio = \"4/5\" "),
                ("checks = [\"impact_ratio\"]", "checks = [\"worst_case_impact_ratio\"]"),
            ],
            "views[3].checks[1]: no record can be unknown in this view",
        ),
    ];
    for (replaced, expected) in cases {
        let fault = fault(replaced);
        assert!(fault.starts_with("p.toml:") && fault.contains(expected), "{expected:?} is not in {fault}");
    }
}

#[test]
fn unknown_fields_and_malformed_thresholds_have_their_line() {
    let unknown = fault(&[("minimum_cell = 1", "minimum_cells = 1")]);
    assert!(unknown.starts_with("p.toml:18: unknown field `minimum_cells`"), "{unknown}");
    let threshold = fault(&[("impact_ratio = \"4/5\" ", "impact_ratio = \"80%\" ")]);
    assert!(threshold.contains("p.toml:27: \"80%\" is not a fraction"), "{threshold}");
}

#[test]
fn all_faults_are_listed_at_once() {
    let all = fault(&[("version = 1", "version = 2"), ("\"Female\"", "\"Male\"")]);
    assert!(all.contains("version 2") && all.contains("\"Male\" is there twice"), "{all}");
}

#[test]
fn the_hash_follows_the_meaning_and_not_the_writing() {
    let hash = read(&[]).hash();
    let same: [&[(&str, &str)]; 4] = [
        &[("# four-fifths rule", "# another comment")],
        &[("impact_ratio = \"4/5\" ", "impact_ratio = 0.8 ")],
        &[("impact_ratio = \"4/5\" ", "impact_ratio = \"80/100\" ")],
        &[(
            "checks = [\"impact_ratio\", \"two_proportion_test\"]",
            "checks = [\"two_proportion_test\", \"impact_ratio\"]",
        )],
    ];
    for replaced in same {
        assert_eq!(read(replaced).hash(), hash, "{replaced:?}");
    }
    let other: [&[(&str, &str)]; 9] = [
        &[("low risk by race", "low risk, by race")],
        &[("\"Other\"", "\"Others\"")],
        &[("impact_ratio = \"4/5\" ", "impact_ratio = \"3/4\" ")],
        &[("two_proportion_test = 2 ", "two_proportion_test = 3 ")],
        &[("minimum_cell = 1", "minimum_cell = 2")],
        &[("\"2/100\"", "\"3/100\"")],
        &[
            ("[disclosure.table]\nminimum = 1", ""),
            ("version = 1", "version = 1\ndisclosure = \"verdicts_only\""),
        ],
        &[("name = \"sex\"\nattributes", "name = \"gender\"\nattributes")],
        &[("checks = [\"impact_ratio\", \"two_proportion_test\"]", "checks = [\"impact_ratio\"]")],
    ];
    let mut hashes = vec![hash];
    for replaced in other {
        let hash = read(replaced).hash();
        assert!(!hashes.contains(&hash), "{replaced:?}");
        hashes.push(hash);
    }
}

#[test]
fn a_policy_gives_its_file_back() {
    for name in ["compas", "adult", "screening", "local-law-144"] {
        let policy = Policy::read(&Document::new(name, text(&format!("{name}.policy.toml")))).unwrap();
        assert_eq!(Policy::from_file(&policy.to_file()), Ok(policy));
    }
}

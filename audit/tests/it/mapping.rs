//! Mappings: every fault at its line.

use crate::examples::{changed, mapping_faults, text};
use audit::{document::Document, mapping::Mapping, policy::Policy};

fn fault(replaced: &[(&str, &str)]) -> String {
    mapping_faults(&text("screening.policy.toml"), &changed(&text("screening.mapping.toml"), replaced))
}

#[test]
fn each_fault_of_a_mapping_names_line_field_and_remedy() {
    let cases: [(&[(&str, &str)], &str); 17] = [
        (&[("tabella-audit-mapping", "mapping")], "line 5: format: it must be \"tabella-audit-mapping\""),
        (&[("version = 1", "version = 7")], "line 6: version: version 7 is not known"),
        (
            &[("attributes.sex", "attributes.gender")],
            "attributes.gender: the policy has no attribute of this name",
        ),
        (&[("attributes.sex", "attributes.gender")], "the policy's attribute \"sex\" is missing"),
        (
            &[("Male = [\"Male\"]", "Man = [\"Male\"]")],
            "attributes.sex.groups.Man: the policy's attribute \"sex\" has no such group",
        ),
        (&[("Male = [\"Male\"]", "")], "attributes.sex.groups: the policy's group \"Male\" has no values"),
        (
            &[("Male = [\"Male\"]", "Male = [\"Female\"]")],
            "attributes.sex.groups.Male: Female means group \"Female\" and also group \"Male\"",
        ),
        (&[("Male = [\"Male\"]", "Male = []")], "attributes.sex.groups.Male: the list is empty"),
        (
            &[("absent = [", "absent = [\"White\", ")],
            "absent[1]: the group has values, so that it is not absent",
        ),
        (
            &[("unknown = [\"Other\"]", "unknown = [\"White\"]")],
            "White means group \"White\" and also unknown",
        ),
        (
            &[("below = 13", "at_most = 13")],
            "decision.unfavourable: a number at least 1 and at most 13 and also at least 13 and at most 16 means",
        ),
        (
            &[("{ at_least = 13, at_most = 16 }", "{ at_least = 16, at_most = 13 }")],
            "decision.favourable: no number lies in this range",
        ),
        (&[("{ at_least = 13, at_most = 16 }", "{ at_least = 13, above = 12 }")], "one lower bound"),
        (&[("{ from = 1, to = 16 }", "{ from = 1, to = 1 }")], "score: 1 bins; needed are 2 to 4096"),
        (&[("integers = { from = 1, to = 16 }", "edges = [1, 1, 2]")], "score.edges: edges must rise"),
        (
            &[("integers = { from = 1, to = 16 }", "")],
            "score: bins are given by either `integers` or `edges`",
        ),
        (
            &[("column = \"row_id\"", "column = \"race\"")],
            "column \"race\" holds the row ids and can be nothing else",
        ),
    ];
    for (replaced, expected) in cases {
        let fault = fault(replaced);
        assert!(
            fault.starts_with("mapping.toml:") && fault.contains(expected),
            "{expected:?} is not in {fault}"
        );
    }
}

#[test]
fn labels_and_scores_that_a_metric_needs_are_asked_for() {
    let original = text("screening.mapping.toml");
    let (without_label, rest) = original.split_once("# Favourable: an income").unwrap();
    let (_, score) = rest.split_once("[score]").unwrap();
    let no_label = mapping_faults(&text("screening.policy.toml"), &format!("{without_label}[score]{score}"));
    assert!(
        no_label.contains("label: the policy has metrics that need labels (equal_opportunity_difference)")
    );
    let (without_score, _) = original.split_once("[score]").unwrap();
    let no_score = mapping_faults(&text("screening.policy.toml"), without_score);
    assert!(no_score.contains("score: the policy has a scoring rate (scoring_impact_ratio)"), "{no_score}");
}

#[test]
fn unknown_values_need_a_policy_that_allows_them() {
    let mapping = changed(
        &text("compas.mapping.toml"),
        &[("[attributes.sex]\ncolumn = \"sex\"", "[attributes.sex]\ncolumn = \"sex\"\nunknown = [\"\"]")],
    );
    let fault = mapping_faults(&text("compas.policy.toml"), &mapping);
    assert!(
        fault.contains("attributes.sex.unknown: the policy does not allow unknown values of \"sex\""),
        "{fault}"
    );
}

#[test]
fn wrong_types_and_unknown_fields_have_their_line() {
    let unknown = fault(&[("best = \"highest\"", "better = \"highest\"")]);
    assert!(unknown.contains("mapping.toml:45: unknown field `better`"), "{unknown}");
    let kind = fault(&[("Male = [\"Male\"]", "Male = \"Male\"")]);
    assert!(kind.contains("mapping.toml:17:") && kind.contains("a list of values such as"), "{kind}");
    let bound = fault(&[("below = 13", "below = \"thirteen\"")]);
    assert!(bound.contains("mapping.toml:35:") && bound.contains("a number is written as"), "{bound}");
}

#[test]
fn the_digest_follows_what_records_become() {
    let digest = |replaced: &[(&str, &str)]| {
        let policy = Policy::read(&Document::new("p", text("screening.policy.toml"))).unwrap();
        let text = changed(&text("screening.mapping.toml"), replaced);
        Mapping::read(&Document::new("m", text), &policy).unwrap().digest()
    };
    let original = digest(&[]);
    assert_eq!(digest(&[("# Favourable: an income", "# An income")]), original);
    assert_eq!(
        digest(&[("favourable = { at_least = 13,", "favourable = { above = 12.999999999,")]),
        original
    );
    for replaced in [
        ("unknown = [\"Other\"]", "unknown = [\"Other\", \"\"]"),
        ("below = 13", "below = 12.5"),
        ("to = 16", "to = 17"),
        ("best = \"highest\"", "best = \"lowest\""),
        (
            "favourable = [\">50K\"]\nunfavourable = [\"<=50K\"]",
            "favourable = [\"<=50K\"]\nunfavourable = [\">50K\"]",
        ),
    ] {
        assert_ne!(digest(&[replaced]), original, "{replaced:?}");
    }
}

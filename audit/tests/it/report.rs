//! Reports.

use crate::{
    examples::{Audit, text},
    proven::{ATTESTATION, AUDITOR, check, terms},
};
use audit::{
    attestation::{Attestation, Checklist, Proven},
    commitment::reading_digest,
    metrics::{float, selection_rate},
    report::{Report, groups_csv, html, verdicts_csv},
};
use circuits::attestation::{DataDescription, Packing, Shape, Statement, Subject};

/// An attestation whose proof is none: reports do not look at it.
fn unproven(audit: Audit) -> Attestation {
    let layout = audit.dataset.layout;
    let views = audit.policy.numbers.views.iter().map(|view| view.groups).collect();
    let shape = Shape::new(13, 8, Packing::One, layout, views).unwrap();
    let data = DataDescription {
        shape: shape.clone(),
        mapping: reading_digest(&audit.policy.attributes, [2; 32]),
        records: audit.table.records(),
        ..AUDITOR.data.clone()
    };
    let statement =
        Statement::of(&shape, &audit.policy.numbers, Subject([7; 32]), terms().epoch(), &audit.table)
            .unwrap();
    let (policy, mapping) = (audit.policy, [2; 32]);
    let proven =
        Proven { policy, mapping, data, statement, key_hash: [6; 32], insecure: false, proof: vec![0; 2000] };
    AUDITOR.sign(proven, &terms())
}

fn page(attestation: &Attestation, checklist: &Checklist) -> String {
    html(&Report { attestation, checklist })
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = page(&ATTESTATION, &check(&ATTESTATION));
    for forbidden in ["<script", "javascript:", "src=", "url(http", "@import", "http://", "https://", " on"] {
        let found = page.find(forbidden).map(|at| &page[at..(at + 40).min(page.len())]);
        // " on" starts event handlers, and words of sentences.
        let handler = |text: &&str| {
            forbidden != " on" || text.split_once('=').is_some_and(|(n, _)| !n.trim().contains(' '))
        };
        assert_eq!(found.filter(handler), None, "{forbidden}");
    }
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
}

#[test]
fn texts_of_the_attestation_are_escaped() {
    let page = page(&ATTESTATION, &check(&ATTESTATION));
    assert!(page.contains("Example &lt;Cooperative&gt; &amp; Friends"));
    assert!(!page.contains("<Cooperative>"));
}

#[test]
fn every_verdict_check_limit_and_name_is_on_the_page() {
    let checklist = check(&ATTESTATION);
    let page = page(&ATTESTATION, &checklist);
    let tags = |class: &str, text: &str| page.matches(&format!("<span class=\"tag {class}\">{text}")).count();
    let verdicts = ATTESTATION.verdicts().count();
    let passed = checklist.checks.iter().filter(|c| c.state.name() == "passed").count();
    let shown =
        tags("pass", "✓ pass</span>") + tags("fail", "✗ fail</span>") + tags("open", "○ not assessable");
    assert_eq!((shown, tags("pass", "✓ passed")), (verdicts, passed));
    for id in checklist.checks.iter().map(|check| check.id) {
        assert!(page.contains(&format!("<code>{id}</code>")), "{id}");
    }
    for part in ["INSECURE parameters", "id=\"scope\"", "id=\"limits\"", "Wilson", ">0.8<", ">1.25<"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(
        page.contains(&hex::encode(ATTESTATION.id()))
            && page.contains(&ATTESTATION.claim.auditor.to_string())
    );
}

#[test]
fn a_report_of_an_attestation_that_fails_says_so_first() {
    let page = page(&ATTESTATION, &Checklist::unreadable("for this test"));
    let (banner, verdicts) = (page.find("NOT VERIFIED").unwrap(), page.find("<h2>Verdicts").unwrap());
    assert!(banner < verdicts);
    assert!(!self::page(&ATTESTATION, &check(&ATTESTATION)).contains("NOT VERIFIED"));
}

#[test]
fn local_law_144_tables_name_small_and_unknown_categories() {
    let audit = Audit::with("local-law-144.policy.toml", &[], "screening.mapping.toml", "adult.csv.gz");
    let attestation = unproven(audit);
    let page = page(&attestation, &Checklist::unreadable("not proven"));
    assert_eq!(page.matches("Local Law 144 table, 6 RCNY § 5-301").count(), 3);
    assert!(page.contains("406 more records are in no group of this table"));
    assert!(
        page.contains("Not compared, since empty or below 2.00\u{202f}% of the sample: Hispanic or Latino; ")
    );
    assert!(page.contains("Scoring rate"));
}

#[test]
fn csv_has_a_row_per_group_and_check_with_unrounded_numbers() {
    let report = Report { attestation: &ATTESTATION, checklist: &check(&ATTESTATION) };
    let (groups, verdicts) = (groups_csv(&report), verdicts_csv(&report));
    let names: usize = ATTESTATION.policy.views.iter().map(|view| view.groups.len()).sum();
    assert_eq!(groups.lines().count(), names + 1);
    assert_eq!(verdicts.lines().count(), ATTESTATION.verdicts().count() + 1);
    let rate = selection_rate(&ATTESTATION.figures().unwrap().views[0].groups[0].counts).unwrap();
    let row = groups.lines().nth(1).unwrap();
    assert!(
        row.starts_with("race,African-American,true,") && row.contains(&float(&rate).to_string()),
        "{row}"
    );
}

#[test]
fn a_report_without_counts_shows_verdicts_and_no_rate() {
    let audit = Audit::with(
        "adult.policy.toml",
        &[
            ("[disclosure.table]\nminimum = 30", ""),
            ("version = 1", "version = 1\ndisclosure = \"verdicts_only\""),
        ],
        "adult.mapping.toml",
        "adult.csv.gz",
    );
    let attestation = unproven(audit);
    assert_eq!(Attestation::from_bytes(&attestation.to_bytes()), Ok(attestation.clone()));
    let report = Report { attestation: &attestation, checklist: &Checklist::unreadable("not proven") };
    let page = html(&report);
    assert!(page.contains("The policy discloses verdicts only") && !page.contains("<svg viewBox"));
    assert!(page.contains("✗ fail") && !page.contains("INSECURE"));
    assert_eq!(groups_csv(&report).lines().count(), 1);
    assert!(verdicts_csv(&report).contains("sex,impact_ratio,4/5,fail,,Female"));
    assert!(text("adult.policy.toml").contains("minimum = 30"));
}

//! The page: one HTML file without scripts, fonts or links to load.

use super::{
    Report, charts, checks,
    html::{Table, escape},
    numbers::{self, count},
    tables, text,
};
use crate::{
    attestation::Attestation,
    calendar::{Day, time},
    figures::{Figures, GroupFigures, ViewFigures},
};
use circuits::attestation::{Metric, Verdict};
use std::collections::BTreeSet;

const STYLE: &str = include_str!("style.css");
/// Seconds of a day.
const SECONDS: u64 = 24 * 60 * 60;

/// The report as one HTML page.
pub fn html(report: &Report<'_>) -> String {
    let attestation = report.attestation;
    let claim = &attestation.claim;
    let title = format!("Bias audit of {}", escape(&claim.system));
    let body = [
        head(report),
        summary(attestation),
        attestation.figures().map_or_else(hidden_counts, |figures| views(attestation, &figures)),
        sentences("What this attestation shows", "scope", &text::scope(attestation)),
        sentences("What it does not show", "limits", &text::limits(attestation)),
        verification(report),
        identity(attestation),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{}<main>\n{}</main>\n</body>\n</html>\n",
        charts::shared(),
        body.concat()
    )
}

fn head(report: &Report<'_>) -> String {
    let claim = &report.attestation.claim;
    let day = |time: u64| Day::of(time).map_or_else(String::new, |day| day.to_string());
    let facts = [
        ("Organisation", escape(&claim.organisation)),
        ("Policy", escape(&report.attestation.policy.title)),
        ("Period", format!("{} to {}", day(claim.from), day(claim.to.saturating_sub(SECONDS)))),
        ("Records", count(claim.records)),
        ("Issued", time(claim.issued)),
        ("Valid until", time(claim.expires)),
    ];
    let facts: String = facts.iter().map(|(k, v)| format!("<div><dt>{k}</dt><dd>{v}</dd></div>")).collect();
    let warning = if claim.insecure {
        "<p class=\"banner\"><strong>INSECURE parameters.</strong> Proof and commitment were made with \
         development parameters whose secret anyone can compute. This report shows how an audit looks; it proves \
         nothing against an attacker.</p>\n"
    } else {
        ""
    };
    let failed = if report.checklist.ok {
        String::new()
    } else {
        "<p class=\"banner\"><strong>NOT VERIFIED.</strong> At least one check of this attestation failed; see \
         <a href=\"#checks\">the checks</a>. Its verdicts count for nothing.</p>\n"
            .into()
    };
    format!(
        "<header>\n<p class=\"kind\">Bias audit report</p>\n<h1>{}</h1>\n<dl class=\"facts\">{facts}</dl>\n</header>\n\
         {failed}{warning}",
        escape(&claim.system)
    )
}

/// Counts of verdicts, and the table of all checks.
fn summary(attestation: &Attestation) -> String {
    let verdicts: Vec<Verdict> = attestation.verdicts().map(|(_, _, verdict)| verdict).collect();
    let of = |wanted| verdicts.iter().filter(|v| **v == wanted).count();
    let number = |wanted: Verdict, class: &str, word: &str| {
        format!("<li class=\"{class}\"><strong>{}</strong> {word}</li>", of(wanted))
    };
    format!(
        "<section>\n<h2>Verdicts</h2>\n<p>{}</p>\n<ul class=\"counts\">{}{}{}</ul>\n{}</section>\n",
        headline(attestation),
        number(Verdict::Pass, "pass", "pass"),
        number(Verdict::Fail, "fail", "fail"),
        number(Verdict::NotAssessable, "open", "not assessable"),
        verdict_table(attestation),
    )
}

/// Four-fifths in a sentence, since it is what most readers look for.
fn headline(attestation: &Attestation) -> String {
    let four_fifths = attestation.verdicts().filter(|(_, metric, _)| *metric == Metric::ImpactRatio);
    let failing: Vec<String> = four_fifths
        .filter(|(_, _, verdict)| *verdict == Verdict::Fail)
        .map(|(view, metric, _)| {
            let groups = attestation.failing(view, metric).join("; ");
            format!("<strong>{}</strong> ({})", escape(&attestation.policy.views[view].name), escape(&groups))
        })
        .collect();
    let threshold =
        numbers::threshold(Metric::ImpactRatio, attestation.policy.numbers.threshold(Metric::ImpactRatio));
    if attestation.verdicts().all(|(_, metric, _)| metric != Metric::ImpactRatio) {
        "The policy does not compare selection rates by impact ratio.".into()
    } else if failing.is_empty() {
        format!("No view fails the threshold of the impact ratio ({threshold}).")
    } else {
        format!("Impact ratios below the threshold ({threshold}): {}.", failing.join("; "))
    }
}

fn verdict_table(attestation: &Attestation) -> String {
    let figures = attestation.figures();
    let mut table = Table::new("Every check of the policy, view by view")
        .text("Check")
        .number("Threshold")
        .number("Measured")
        .text("Verdict")
        .text("Failing groups");
    let (mut last, mut explained) = (None, BTreeSet::new());
    for (view, metric, verdict) in attestation.verdicts() {
        if last.replace(view) != Some(view) {
            table.heading(&format!("By {}", attestation.policy.views[view].name));
        }
        // Explained where it is met first.
        let mut name = numbers::metric(metric).to_owned();
        if explained.insert(metric) {
            name += &format!("<br><span class=\"muted\">{}</span>", numbers::explanation(metric));
        }
        let value = figures.as_ref().and_then(|figures| figures.views[view].value(metric));
        let failing = match attestation.failing(view, metric) {
            groups if groups.is_empty() => numbers::NONE.to_owned(),
            groups => escape(&groups.join("; ")),
        };
        let threshold = attestation.policy.numbers.threshold(metric);
        table.row(
            vec![
                name,
                numbers::threshold(metric, threshold),
                numbers::measured(metric, value, threshold),
                checks::verdict(verdict),
                failing,
            ],
            false,
        );
    }
    table.html()
}

fn hidden_counts() -> String {
    "<section>\n<h2>Rates</h2>\n<p>The policy discloses verdicts only: no counts, no rates. What is proven about \
     every group is in the table above.</p>\n</section>\n"
        .into()
}

fn views(attestation: &Attestation, figures: &Figures) -> String {
    let sections = figures.views.iter().enumerate();
    sections.map(|(view, figures)| view_section(attestation, view, figures)).collect()
}

fn view_section(attestation: &Attestation, view: usize, figures: &ViewFigures) -> String {
    let (names, numbers) = (&attestation.policy.views[view], &attestation.policy.numbers.views[view]);
    let rows: Vec<(&str, &GroupFigures)> =
        names.groups.iter().map(String::as_str).zip(&figures.groups).collect();
    let failing = attestation.outcome[view].failing(Metric::ImpactRatio);
    let bound = attestation.policy.numbers.threshold(Metric::ImpactRatio);
    let mut out = format!("<section class=\"view\">\n<h2>By {}</h2>\n", escape(&names.name));
    out += "<figure><figcaption>Impact ratio of each group against the highest selection rate. Dashed lines at \
            0.8 and 1.25; the diamond is the group's rate over that of all compared groups together. Bars of groups \
            below the policy's threshold are hatched.</figcaption>\n";
    out += &charts::impact_ratios(&rows, failing, bound, &format!("Impact ratios by {}", names.name));
    out += "</figure>\n<figure><figcaption>Selection rates with 95 % confidence intervals.</figcaption>\n";
    out += &charts::rates(&rows, |g| g.counts.selected(), &format!("Selection rates by {}", names.name));
    out += "</figure>\n";
    out += &tables::selection(&rows, &attestation.policy.numbers, numbers, &caption(attestation, view));
    out += &notes(attestation, view);
    if let [first, second] = names.attributes[..] {
        let attribute = |at: usize| {
            let attribute = &attestation.policy.attributes[at];
            (attribute.name.as_str(), attribute.groups.as_slice())
        };
        out += &tables::grid(
            &rows,
            attribute(first),
            attribute(second),
            bound,
            "Impact ratios of intersections",
        );
    }
    if attestation.data.shape.layout().labelled() {
        out += &tables::errors(&rows, &format!("Decisions against actual outcomes by {}", names.name));
    }
    out + "</section>\n"
}

/// Who is not compared, and how many are unknown: Local Law 144 asks for both.
fn notes(attestation: &Attestation, view: usize) -> String {
    let unknown = attestation.outcome[view].unknown;
    let mut notes = Vec::new();
    if unknown > 0 {
        notes.push(format!(
            "{} more records are in no group of this table, since a value of theirs is unknown.",
            count(unknown)
        ));
    }
    let missing = attestation.not_compared(view);
    if !missing.is_empty() {
        notes.push(format!("Not compared, since {}: {}.", small(attestation), escape(&missing.join("; "))));
    }
    let notes: String = notes.iter().map(|note| format!("<p class=\"note\">{note}</p>\n")).collect();
    notes
}

/// Why the policy does not compare a group.
fn small(attestation: &Attestation) -> String {
    let (numbers, mut reasons) = (&attestation.policy.numbers, Vec::new());
    if numbers.views.iter().any(|view| !view.excluded.is_empty()) {
        reasons.push("excluded by the policy".to_owned());
    }
    match numbers.minimum_cell {
        1 => reasons.push("empty".into()),
        minimum => reasons.push(format!("below {} records", count(minimum.into()))),
    }
    if numbers.minimum_share.num > 0 {
        let share = crate::metrics::share(numbers.minimum_share.num.into(), numbers.minimum_share.den.into());
        reasons.push(format!("below {} of the sample", numbers::percent(share.as_ref())));
    }
    reasons.join(" or ")
}

/// The caption of a table of selection rates. With sex and race/ethnicity as
/// attributes it has the form of Local Law 144.
fn caption(attestation: &Attestation, view: usize) -> String {
    let policy = &attestation.policy;
    let has = |name: &str| policy.attributes.iter().any(|a| a.name.eq_ignore_ascii_case(name));
    let law =
        if has("sex") && has("race/ethnicity") { " (Local Law 144 table, 6 RCNY § 5-301)" } else { "" };
    let scores = policy.numbers.views[view].checks(Metric::ScoringImpactRatio);
    let rates = if scores { "Selection and scoring rates" } else { "Selection rates" };
    format!("{rates} and impact ratios by {}{law}", policy.views[view].name)
}

fn sentences(title: &str, id: &str, sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|s| format!("<li>{}</li>\n", escape(s))).collect();
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n<ul>\n{items}</ul>\n</section>\n")
}

fn verification(report: &Report<'_>) -> String {
    let warnings: String =
        report.checklist.warnings.iter().map(|w| format!("<p class=\"note\">{}</p>\n", escape(w))).collect();
    format!(
        "<section id=\"checks\">\n<h2>Checks</h2>\n<p>Made when this report was rendered. Anybody can make them \
         again, offline: <code>tabella audit verify FILE</code>.</p>\n{}{warnings}</section>\n",
        checks::table(report.checklist)
    )
}

fn identity(attestation: &Attestation) -> String {
    let claim = &attestation.claim;
    let word = |bytes: &[u8]| format!("<code>0x{}</code>", hex::encode(bytes));
    let mut table = Table::new("What names this attestation").text("Name").text("Value");
    let rows = [
        ("Attestation", word(&attestation.id())),
        ("Auditor", format!("<code>{}</code>", claim.auditor)),
        ("Policy hash", word(&claim.policy_hash)),
        ("Data root", word(&claim.data_root)),
        ("Model commitment", word(&claim.model_commitment)),
        ("Verifying key", word(&claim.key_hash)),
        ("Parameters", word(&attestation.data.srs.0)),
        ("Mapping", word(&attestation.mapping)),
        ("Supersedes", if claim.supersedes == [0; 32] { "none".into() } else { word(&claim.supersedes) }),
        (
            "Proof",
            format!("{} bytes, keccak256 {}", count(attestation.proof.len() as u64), word(&claim.proof_hash)),
        ),
    ];
    for (name, value) in rows {
        table.row(vec![name.into(), value], false);
    }
    format!("<section>\n<h2>Identity</h2>\n{}</section>\n", table.html())
}

//! Reports as CSV: one row per group, and one row per check.

use super::Report;
use crate::{
    attestation::Attestation,
    metrics::{self, float, wilson},
    policy::Fraction,
};
use circuits::attestation::{Metric, metric::Bound};
use num_rational::BigRational;

const GROUPS: [&str; 19] = [
    "view",
    "group",
    "compared",
    "records",
    "share",
    "selected",
    "selection_rate",
    "selection_rate_low",
    "selection_rate_high",
    "impact_ratio",
    "above_median",
    "scoring_rate",
    "scoring_impact_ratio",
    "favourable_outcomes",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "accuracy",
    "may_be_unknown",
];
const VERDICTS: [&str; 9] = [
    "view",
    "metric",
    "threshold",
    "verdict",
    "measured",
    "failing_groups",
    "not_compared",
    "unknown_records",
    "attestation",
];

/// One row per group of every view; only a header if no counts are
/// disclosed. Numbers are not rounded; a number that does not exist is empty.
pub fn groups_csv(report: &Report<'_>) -> String {
    let attestation = report.attestation;
    let layout = attestation.data.shape.layout();
    let mut rows = vec![GROUPS.map(str::to_owned).to_vec()];
    let Some(figures) = attestation.figures() else { return write(rows) };
    for (view, figures) in attestation.policy.views.iter().zip(&figures.views) {
        for (name, group) in view.groups.iter().zip(&figures.groups) {
            let counts = &group.counts;
            let interval = wilson(counts.selected(), counts.records());
            let labelled = |rate: metrics::Rate| number(rate(counts).filter(|_| layout.labelled()).as_ref());
            let scored = |text: String| if layout.bins() > 1 { text } else { String::new() };
            rows.push(vec![
                view.name.clone(),
                name.clone(),
                group.compared.to_string(),
                counts.records().to_string(),
                number(group.share.as_ref()),
                counts.selected().to_string(),
                number(metrics::selection_rate(counts).as_ref()),
                interval.map_or_else(String::new, |i| i.low.to_string()),
                interval.map_or_else(String::new, |i| i.high.to_string()),
                number(group.impact_ratio.as_ref()),
                scored(counts.above.to_string()),
                scored(number(metrics::scoring_rate(counts).as_ref())),
                scored(number(group.scoring_impact_ratio.as_ref())),
                if layout.labelled() { counts.positives().to_string() } else { String::new() },
                labelled(metrics::true_positive_rate),
                labelled(metrics::false_positive_rate),
                labelled(metrics::precision),
                labelled(metrics::accuracy),
                (group.unknown.selected + group.unknown.unselected).to_string(),
            ]);
        }
    }
    write(rows)
}

/// One row per check of every view.
pub fn verdicts_csv(report: &Report<'_>) -> String {
    let attestation = report.attestation;
    let mut rows = vec![VERDICTS.map(str::to_owned).to_vec()];
    let id = format!("0x{}", hex::encode(attestation.id()));
    for (view, names) in attestation.policy.views.iter().enumerate() {
        let outcome = &attestation.outcome[view];
        for metric in &attestation.policy.numbers.views[view].checks {
            let threshold = Fraction::from(attestation.policy.numbers.threshold(*metric));
            rows.push(vec![
                names.name.clone(),
                metric.name().into(),
                threshold.to_string(),
                outcome.verdict(*metric).map_or("", |v| v.name()).into(),
                measured(attestation, view, *metric),
                attestation.failing(view, *metric).join("; "),
                attestation.not_compared(view).join("; "),
                outcome.unknown.to_string(),
                id.clone(),
            ]);
        }
    }
    write(rows)
}

/// Unrounded, in the unit of the threshold.
fn measured(attestation: &Attestation, view: usize, metric: Metric) -> String {
    let figures = attestation.figures();
    let measured = figures.and_then(|figures| figures.views[view].value(metric).cloned());
    match (metric.bound(), measured) {
        (Bound::DeviationsAtMost, Some(square)) => float(&square).sqrt().to_string(),
        (_, measured) => number(measured.as_ref()),
    }
}

fn number(x: Option<&BigRational>) -> String {
    x.map_or_else(String::new, |x| float(x).to_string())
}

fn write(rows: Vec<Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory can be written, and all rows have one length");
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("texts and numbers are UTF-8")
}

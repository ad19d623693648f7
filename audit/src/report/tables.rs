//! The tables of a view.

use super::{
    html::{Table, escape},
    numbers::{NONE, count, interval, percent, ratio},
};
use crate::{figures::GroupFigures, metrics};
use circuits::attestation::{Metric, Policy, Ratio, View};

/// Rows of a view: name and figures.
pub type Rows<'a> = [(&'a str, &'a GroupFigures)];

/// The table that Local Law 144 asks for: applicants, selected ones, rates
/// and impact ratios; scores too where the policy checks them.
pub fn selection(rows: &Rows<'_>, policy: &Policy, view: &View, caption: &str) -> String {
    let bound = |metric| policy.threshold(metric);
    let scores = view.checks(Metric::ScoringImpactRatio);
    let mut table = Table::new(caption)
        .text("Group")
        .number("Records")
        .number("Share")
        .number("Selected")
        .number("Selection rate")
        .number("95 % interval")
        .number("Impact ratio");
    if scores {
        table = table.number("Scoring rate").number("Impact ratio, scores");
    }
    for (name, group) in rows {
        let counts = &group.counts;
        let mut cells = vec![
            escape(name),
            count(counts.records()),
            percent(group.share.as_ref()),
            count(counts.selected()),
            percent(metrics::selection_rate(counts).as_ref()),
            interval(counts.selected(), counts.records()),
            ratio(group.impact_ratio.as_ref(), bound(Metric::ImpactRatio)),
        ];
        if scores {
            cells.push(percent(metrics::scoring_rate(counts).as_ref()));
            cells.push(ratio(group.scoring_impact_ratio.as_ref(), bound(Metric::ScoringImpactRatio)));
        }
        table.row(cells, !group.compared);
    }
    table.html()
}

/// Rates against actual outcomes.
pub fn errors(rows: &Rows<'_>, caption: &str) -> String {
    let mut table = Table::new(caption)
        .text("Group")
        .number("Favourable outcomes")
        .number("True-positive rate")
        .number("95 % interval")
        .number("False-positive rate")
        .number("95 % interval")
        .number("Precision")
        .number("Accuracy");
    for (name, group) in rows {
        let c = &group.counts;
        let cells = vec![
            escape(name),
            count(c.positives()),
            percent(metrics::true_positive_rate(c).as_ref()),
            interval(c.true_positives, c.positives()),
            percent(metrics::false_positive_rate(c).as_ref()),
            interval(c.false_positives, c.negatives()),
            percent(metrics::precision(c).as_ref()),
            percent(metrics::accuracy(c).as_ref()),
        ];
        table.row(cells, !group.compared);
    }
    table.html()
}

/// Intersections of two attributes as a grid of impact ratios.
pub fn grid(
    rows: &Rows<'_>,
    first: (&str, &[String]),
    second: (&str, &[String]),
    bound: Ratio,
    caption: &str,
) -> String {
    let mut table = Table::new(caption).text(&format!("{} \\ {}", second.0, first.0));
    for name in first.1 {
        table = table.number(name);
    }
    for (s, name) in second.1.iter().enumerate() {
        let cell =
            |f: usize| rows.get(f * second.1.len() + s).map_or(NONE.into(), |(_, g)| grid_cell(g, bound));
        table.row([escape(name)].into_iter().chain((0..first.1.len()).map(cell)).collect(), false);
    }
    table.html()
}

fn grid_cell(group: &GroupFigures, bound: Ratio) -> String {
    match (&group.impact_ratio, group.counts.records()) {
        (_, 0) => NONE.into(),
        (Some(x), _) => ratio(Some(x), bound),
        (None, n) => format!("<span class=\"muted\">not compared ({})</span>", count(n)),
    }
}

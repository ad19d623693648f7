//! Charts as inline SVG: no script, no font, no colour that alone carries
//! meaning.

use super::{
    html::escape,
    numbers::{self, percent},
};
use crate::{
    figures::GroupFigures,
    metrics::{self, float, wilson},
};
use circuits::attestation::{GroupSet, Ratio};
use std::fmt::Write;

/// Pixels of the drawing before scaling.
const WIDTH: f64 = 760.0;
const LABEL: f64 = 280.0;
const VALUE: f64 = 70.0;
const ROW: f64 = 24.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 8.0;
/// Right end of the axis of ratios, unless a mark lies further out.
const RATIO_MAX: f64 = 1.4;
/// Longest group name that is drawn, in characters.
const NAME: usize = 46;

/// Names with their figures, in the order of the view.
pub type Rows<'a> = [(&'a str, &'a GroupFigures)];

struct Axis {
    max: f64,
}

impl Axis {
    fn x(&self, value: f64) -> f64 {
        LABEL + value.clamp(0.0, self.max) / self.max * (WIDTH - LABEL - VALUE)
    }
}

/// Impact ratios as bars, with lines at 0.8 and 1.25. A mark shows each
/// rate over the one of all compared groups together.
pub fn impact_ratios(rows: &Rows<'_>, failing: GroupSet, bound: Ratio, title: &str) -> String {
    let marks = marks(rows);
    let axis = Axis { max: marks.iter().flatten().fold(RATIO_MAX, |max, mark| max.max(mark + 0.1)) };
    let mut body = String::new();
    for (value, class, label) in
        [(0.8, "limit", "0.8"), (1.0, "grid", "1"), (1.25, "limit", "1.25"), (0.0, "grid", "0")]
    {
        vertical(&mut body, &axis, value, class, label, rows.len());
    }
    for (i, (name, group)) in rows.iter().enumerate() {
        let y = TOP + place(i) * ROW;
        name_of(&mut body, name, y, group.compared);
        let Some(ratio) = &group.impact_ratio else {
            note(&mut body, axis.x(0.0) + 4.0, y, "not compared");
            continue;
        };
        let class = if failing.contains(i) { "bar fails" } else { "bar" };
        bar(&mut body, &axis, float(ratio), class, y);
        if let Some(mark) = marks[i] {
            diamond(&mut body, axis.x(mark), y);
        }
        value(&mut body, y, &numbers::ratio(Some(ratio), bound));
    }
    svg(rows.len(), title, &body)
}

/// Rates as points with their 95 % intervals.
pub fn rates(rows: &Rows<'_>, part: fn(&GroupFigures) -> u64, title: &str) -> String {
    let axis = Axis { max: 1.0 };
    let mut body = String::new();
    for step in 0..=4 {
        let at = f64::from(step) / 4.0;
        vertical(&mut body, &axis, at, "grid", &format!("{:.0} %", at * 100.0), rows.len());
    }
    for (i, (name, group)) in rows.iter().enumerate() {
        let y = TOP + place(i) * ROW;
        name_of(&mut body, name, y, group.compared);
        let records = group.counts.records();
        let (Some(interval), Some(rate)) =
            (wilson(part(group), records), metrics::share(part(group), records))
        else {
            note(&mut body, axis.x(0.0) + 4.0, y, "no records");
            continue;
        };
        let (low, high, middle) = (axis.x(interval.low), axis.x(interval.high), y + ROW / 2.0);
        let class = if group.compared { "whisker" } else { "whisker muted" };
        let _ = writeln!(
            body,
            "<path class=\"{class}\" d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v8M{high:.1} {:.1}v8\"/>\
             <circle class=\"point{}\" cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"4\"/>",
            middle - 4.0,
            middle - 4.0,
            if group.compared { "" } else { " muted" },
            axis.x(float(&rate)),
        );
        value(&mut body, y, &percent(Some(&rate)));
    }
    svg(rows.len(), title, &body)
}

/// The selection rate of each compared group over that of all compared
/// groups together; none if nobody is selected.
fn marks(rows: &Rows<'_>) -> Vec<Option<f64>> {
    let compared = || rows.iter().filter(|(_, group)| group.compared).map(|(_, group)| group.counts);
    let selected = compared().map(|counts| counts.selected()).sum();
    let records = compared().map(|counts| counts.records()).sum();
    let all = metrics::share(selected, records).map(|rate| float(&rate)).filter(|rate| *rate > 0.0);
    let mark = |(_, group): &(&str, &GroupFigures)| {
        let rate = metrics::selection_rate(&group.counts).filter(|_| group.compared)?;
        Some(float(&rate) / all?)
    };
    rows.iter().map(mark).collect()
}

/// The number of a row; there are at most 16.
fn place(row: usize) -> f64 {
    u16::try_from(row).map_or(0.0, f64::from)
}

fn height(rows: usize) -> f64 {
    TOP + place(rows) * ROW + BOTTOM
}

fn svg(rows: usize, title: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"{title}\">\n{body}</svg>\n",
        height(rows),
        title = escape(title),
    )
}

/// What all charts of a page share: the hatching of failing bars, which
/// survives printing in black and white.
pub fn shared() -> &'static str {
    "<svg width=\"0\" height=\"0\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
     patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" \
     fill=\"#c2410c\"/><path d=\"M0 0v6\" stroke=\"#fff\" stroke-width=\"2.4\"/></pattern></defs></svg>\n"
}

fn vertical(out: &mut String, axis: &Axis, value: f64, class: &str, label: &str, rows: usize) {
    let x = axis.x(value);
    let _ = writeln!(
        out,
        "<path class=\"{class}\" d=\"M{x:.1} {:.1}V{:.1}\"/>\
         <text class=\"tick\" x=\"{x:.1}\" y=\"14\">{label}</text>",
        TOP - 6.0,
        height(rows) - BOTTOM / 2.0,
    );
}

fn name_of(out: &mut String, name: &str, y: f64, compared: bool) {
    let mut short: String = name.chars().take(NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    let _ = writeln!(
        out,
        "<text class=\"name{}\" x=\"{:.0}\" y=\"{:.1}\">{}</text>",
        if compared { "" } else { " muted" },
        LABEL - 10.0,
        y + ROW / 2.0 + 4.0,
        escape(&short),
    );
}

fn bar(out: &mut String, axis: &Axis, value: f64, class: &str, y: f64) {
    let (x, end) = (axis.x(0.0), axis.x(value));
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        y + 4.0,
        (end - x).max(1.0),
        ROW - 8.0,
    );
}

fn diamond(out: &mut String, x: f64, y: f64) {
    let middle = y + ROW / 2.0;
    let _ = writeln!(out, "<path class=\"mark\" d=\"M{:.1} {middle:.1}l5-5 5 5-5 5z\"/>", x - 5.0);
}

fn value(out: &mut String, y: f64, text: &str) {
    let _ = writeln!(
        out,
        "<text class=\"value\" x=\"{:.0}\" y=\"{:.1}\">{text}</text>",
        WIDTH - 4.0,
        y + ROW / 2.0 + 4.0,
    );
}

fn note(out: &mut String, x: f64, y: f64, text: &str) {
    let _ =
        writeln!(out, "<text class=\"note\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>", y + ROW / 2.0 + 4.0,);
}

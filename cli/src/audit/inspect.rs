//! `tabella audit inspect`: the table, the rates and the verdicts in clear.

use super::inputs::{InputOptions, Inputs, Loaded};
use anyhow::Result;
use audit::{
    figures::Figures,
    metrics::{float, selection_rate},
};
use circuits::attestation::{Base, Bound, Counts, Metric, ViewOutcome, relation};
use clap::Args;
use serde_json::{Map, Value, json};
use std::{fmt::Write, process::ExitCode};

/// `tabella audit inspect`
#[derive(Clone, Debug, Args)]
pub struct InspectOptions {
    #[command(flatten)]
    inputs: InputOptions,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Prints what would be proven, or every error of every row.
///
/// # Errors
/// If a file cannot be read or has faults.
pub fn run(options: &InspectOptions) -> Result<ExitCode> {
    let inputs = match options.inputs.load()? {
        Loaded::Good(inputs) => inputs,
        Loaded::Bad(errors) => return Ok(options.inputs.refuse(errors, options.json)),
    };
    let view = Inspection::new(&inputs)?;
    if options.json {
        println!("{}", view.json());
    } else {
        print!("{}", view.text()?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that a dry run shows.
pub struct Inspection<'a> {
    inputs: &'a Inputs,
    cells: Vec<Counts>,
    outcome: Vec<ViewOutcome>,
    figures: Figures,
}

impl<'a> Inspection<'a> {
    /// Counts and judges.
    ///
    /// # Errors
    /// If there are too many records, or the sample is empty.
    pub fn new(inputs: &'a Inputs) -> Result<Self> {
        let table = inputs.dataset.table()?;
        let numbers = &inputs.policy.numbers;
        let outcome = relation::verdicts(numbers, &table)?;
        let edge = relation::edge(numbers, &table).unwrap_or_default();
        let cells: Vec<Counts> = (0..numbers.cells).map(|cell| table.counts(cell, edge)).collect();
        let figures = Figures::new(&inputs.policy, &cells, &outcome);
        Ok(Self { inputs, cells, outcome, figures })
    }

    fn json(&self) -> Value {
        let policy = &self.inputs.policy;
        let views = policy.views.iter().enumerate().map(|(at, view)| (view.name.clone(), self.view_json(at)));
        let cells = self.cells.iter().enumerate().map(|(cell, c)| {
            json!({
                "cell": policy.cell_name(cell), "records": c.records(), "selected": c.selected(),
                "true_positives": c.true_positives, "false_positives": c.false_positives,
                "false_negatives": c.false_negatives, "true_negatives": c.true_negatives,
                "above_median": c.above,
            })
        });
        json!({
            "ok": true,
            "records": self.inputs.dataset.codes.len(),
            "sample": self.figures.sample,
            "policy_hash": super::word(policy.hash()),
            "mapping": super::word(self.inputs.mapping.digest()),
            "cells": cells.collect::<Vec<_>>(),
            "views": Value::Object(views.collect::<Map<_, _>>()),
        })
    }

    fn view_json(&self, view: usize) -> Value {
        let (names, figures, outcome) =
            (&self.inputs.policy.views[view], &self.figures.views[view], &self.outcome[view]);
        let groups = names.groups.iter().zip(&figures.groups).map(|(name, group)| {
            json!({
                "group": name, "records": group.counts.records(), "selected": group.counts.selected(),
                "selection_rate": selection_rate(&group.counts).as_ref().map(float),
                "impact_ratio": group.impact_ratio.as_ref().map(float),
                "scoring_impact_ratio": group.scoring_impact_ratio.as_ref().map(float),
                "compared": group.compared,
            })
        });
        let checks = figures.measured.iter().map(|(metric, value)| {
            let failing: Vec<_> = outcome.failing(*metric).iter().map(|group| &names.groups[group]).collect();
            let verdict = outcome.verdict(*metric).map(|verdict| verdict.name());
            json!({
                "metric": metric.name(), "verdict": verdict, "measured": value.as_ref().map(|v| in_unit(*metric, float(v))),
                "exact": value.as_ref().map(ToString::to_string), "failing": failing,
            })
        });
        json!({
            "groups": groups.collect::<Vec<_>>(),
            "unknown": outcome.unknown,
            "checks": checks.collect::<Vec<_>>(),
        })
    }

    /// As text.
    ///
    /// # Errors
    /// Never: strings can be written.
    pub fn text(&self) -> Result<String> {
        let mut out = String::new();
        let policy = &self.inputs.policy;
        writeln!(out, "{}", policy.title)?;
        writeln!(out, "{} records, {} in the sample", self.inputs.dataset.codes.len(), self.figures.sample)?;
        writeln!(out, "policy hash {}", super::word(policy.hash()))?;
        for view in 0..policy.views.len() {
            self.view_text(view, &mut out)?;
        }
        Ok(out)
    }

    fn view_text(&self, view: usize, out: &mut String) -> Result<()> {
        let (names, figures, outcome) =
            (&self.inputs.policy.views[view], &self.figures.views[view], &self.outcome[view]);
        let width = names.groups.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        writeln!(out, "\nBy {}", names.name)?;
        writeln!(
            out,
            "    {:<width$} {:>10} {:>10} {:>8} {:>8}",
            "group", "records", "selected", "rate", "ratio"
        )?;
        for (name, group) in names.groups.iter().zip(&figures.groups) {
            let rate = selection_rate(&group.counts).map_or("-".into(), |r| format!("{:.4}", float(&r)));
            let ratio = match (&group.impact_ratio, group.compared) {
                (Some(ratio), _) => format!("{:.4}", float(ratio)),
                (None, true) => "-".into(),
                (None, false) => "n/c".into(),
            };
            let (records, selected) = (group.counts.records(), group.counts.selected());
            writeln!(out, "    {name:<width$} {records:>10} {selected:>10} {rate:>8} {ratio:>8}")?;
        }
        let compared = outcome.compared(Base::Records).len();
        if compared < names.groups.len() {
            writeln!(
                out,
                "    n/c: not compared, by the policy's exclusions, minimum cell or minimum share"
            )?;
        }
        if outcome.unknown > 0 {
            writeln!(out, "    {} records are in no group: a value is unknown", outcome.unknown)?;
        }
        for (metric, value) in &figures.measured {
            let verdict = outcome.verdict(*metric).map_or("", |verdict| verdict.name());
            let value = value.as_ref().map_or("-".into(), |v| format!("{:.4}", in_unit(*metric, float(v))));
            let failing: Vec<_> = outcome.failing(*metric).iter().map(|g| names.groups[g].as_str()).collect();
            writeln!(out, "    {:<30} {value:>8}  {verdict:<14} {}", metric.name(), failing.join("; "))?;
        }
        Ok(())
    }
}

/// The two-proportion test is measured as a square.
fn in_unit(metric: Metric, value: f64) -> f64 {
    if metric.bound() == Bound::DeviationsAtMost { value.sqrt() } else { value }
}

//! `tabella election report`: what totals could reveal. spec: `census.disclosure`

use super::which::{ElectionOptions, Found};
use crate::{census, options::NodeOptions};
use anyhow::{Context, Result};
use clap::Args;
use client::{
    Node,
    organiser::{
        self,
        disclosure::{self, Coarser, Report, Risk, SubsetSums},
    },
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// `tabella election report`
#[derive(Clone, Debug, Args)]
pub struct ReportOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Table of holders from `tabella census import`; needed until the census
    /// is frozen.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    #[command(flatten)]
    node: NodeOptions,
    /// Print one JSON object: {voters, total, distinct, alone, .., risk}.
    #[arg(long)]
    json: bool,
}

/// Reports on the members of an election.
///
/// # Errors
/// If the node refuses, or the census is not the signed one.
pub async fn run(options: &ReportOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    let report = match (&found.census, &options.table) {
        (Some(_), _) => of_frozen(&node, &found).await?,
        (None, Some(table)) => {
            let preview = census::preview(&node, &found, table).await?;
            of_census(&found, preview.census.entries().iter().map(|e| e.weight).collect())
        }
        (None, None) => anyhow::bail!("the census is not frozen yet: name the table of holders with --table"),
    };
    if options.json {
        println!("{}", object(&report));
    } else {
        print(&report);
    }
    Ok(())
}

/// The report on a frozen census, which is downloaded and compared with the
/// organiser's statement.
///
/// # Errors
/// If the node refuses, or shows another census.
pub async fn of_frozen(node: &Node, found: &Found) -> Result<Report> {
    let statement = found.census.as_ref().context("the census is not frozen yet")?;
    let census = organiser::fetch_frozen(node, found.draft(), statement).await?;
    Ok(of_census(found, census.entries().iter().map(|e| e.weight).collect()))
}

/// The report on these members' weights.
pub fn of_census(found: &Found, weights: Vec<u64>) -> Report {
    disclosure::report(&weights, found.draft().rule.kind())
}

/// Prints a report, and how to get coarser weights where they would help.
pub fn print(report: &Report) {
    for line in report.to_string().lines() {
        println!("  {line}");
    }
    if report.risk > Risk::Low && !report.coarser.is_empty() {
        println!("  For coarser weights import the table with fewer --decimals and make a new draft.");
    }
}

/// The verdict in one word.
pub fn risk(report: &Report) -> &'static str {
    match report.risk {
        Risk::Low => "low",
        Risk::Medium => "medium",
        Risk::High => "high",
    }
}

fn object(report: &Report) -> Value {
    let sums = match report.sums {
        Some(SubsetSums::Exact { unique }) => json!({ "exact": true, "unique": unique }),
        Some(SubsetSums::Estimated { bits_per_sum }) => {
            json!({ "exact": false, "bits_per_sum": bits_per_sum })
        }
        None => Value::Null,
    };
    let coarser = |c: &Coarser| json!({ "decimals_fewer": c.decimals_fewer, "losing_all": c.losing_all, "alone": c.alone });
    json!({
        "voters": report.voters,
        "total": report.total,
        "distinct": report.distinct,
        "alone": report.alone,
        "largest_permille": report.largest_permille,
        "dominant": report.dominant,
        "sums": sums,
        "coarser": report.coarser.iter().map(coarser).collect::<Vec<_>>(),
        "risk": risk(report),
    })
}

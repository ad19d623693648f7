//! `tabella census rebuild`: anyone shows that nobody was left out and nobody
//! let in. spec: `census.frozen`

use crate::{
    chart,
    election::which::{ElectionOptions, Found},
    keys,
    options::NodeOptions,
    progress,
};
use anyhow::{Result, bail, ensure};
use circuits::types::{Census, CensusStatement, Holder, Registration};
use clap::Args;
use client::{
    Node, census, organiser,
    registration::{self, Registered},
};
use serde_json::json;
use std::path::PathBuf;

/// `tabella census rebuild`
#[derive(Clone, Debug, Args)]
pub struct RebuildOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// Table of holders from `tabella census import`; needed until the census
    /// is frozen.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Print one JSON object: {draft_id, root, total, members, frozen, matches}.
    #[arg(long)]
    json: bool,
}

/// Rebuilds, prints root and total, and compares with a frozen census.
///
/// # Errors
/// If holders or registrations are refused, or the frozen census differs.
pub async fn run(options: &RebuildOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    let holders = holders(options, &node, &found).await?;
    let log = registration::fetch(&node, &found.draft().organisation).await?;
    match found.census {
        Some(statement) => compare(options, &node, &found, &statement, &holders, &log).await,
        None => print(options, &found, &build(&found, &holders, &log)?, log.len(), false),
    }
}

async fn holders(options: &RebuildOptions, node: &Node, found: &Found) -> Result<Vec<Holder>> {
    let holders = match &options.table {
        Some(table) => crate::election::read_table(table)?.holders,
        None => {
            ensure!(
                found.census.is_some(),
                "the census is not frozen yet: name the table of holders with --table"
            );
            census::fetch_holders(node, found.draft_id()).await?
        }
    };
    let source = circuits::types::holders_digest(&holders);
    ensure!(
        source == found.draft().census.source,
        "the table of holders is not the one that the draft names"
    );
    Ok(holders)
}

/// The census of the first registrations of the log, each checked.
fn build(found: &Found, holders: &[Holder], log: &[Registration]) -> Result<Census> {
    let (key, draft) = (keys::registration_alone()?, found.draft());
    let line = progress::spinner("checking registrations");
    let registered = Registered::check(&key, log, draft.registration_chain_id, &draft.organisation);
    line.finish_and_clear();
    let registered = registered?;
    Ok(Census::of_registered(&draft.census, holders, |a| registered.identity(a))?)
}

async fn compare(
    options: &RebuildOptions,
    node: &Node,
    found: &Found,
    statement: &CensusStatement,
    holders: &[Holder],
    log: &[Registration],
) -> Result<()> {
    let frozen = organiser::fetch_frozen(node, found.draft(), statement).await?;
    let Some(seen) = census::frozen_after(frozen.entries(), found.draft(), holders, log) else {
        if options.json {
            let object = json!({ "draft_id": found.draft_id(), "frozen": true, "matches": false });
            println!("{object}");
        }
        bail!(
            "holders and registrations give, at no time, the census that the organiser signed (root {}): somebody was \
             left out or let in; do not vote, and tell the others",
            statement.root
        );
    };
    let rebuilt = build(found, holders, &log[..seen])?;
    let same = (rebuilt.root(), rebuilt.total()) == (statement.root, statement.total);
    ensure!(same, "the rebuilt census has root {}, the signed one {}", rebuilt.root(), statement.root);
    print(options, found, &rebuilt, seen, true)
}

fn print(options: &RebuildOptions, found: &Found, census: &Census, seen: usize, frozen: bool) -> Result<()> {
    if options.json {
        let object = json!({
            "draft_id": found.draft_id(),
            "root": census.root(),
            "total": census.total(),
            "members": census.entries().len(),
            "registrations": seen,
            "frozen": frozen,
            "matches": frozen.then_some(true),
        });
        println!("{object}");
        return Ok(());
    }
    let tokens = chart::units(census.total(), found.draft().census.decimals);
    println!("{} members with {tokens} tokens, from {seen} registrations", census.entries().len());
    println!("Root {}", census.root());
    println!("{}", if frozen { "The frozen census is the same." } else { "Nothing is frozen yet." });
    Ok(())
}

//! `tabella census freeze`: registration ends for a draft. spec: `census.frozen`

use crate::{
    account, chart,
    election::{report, which::ElectionOptions},
    options::{NodeOptions, PassphraseOptions},
};
use anyhow::{Result, ensure};
use circuits::types::Draft;
use clap::Args;
use client::organiser::{self, Preview, disclosure::Report};
use serde_json::json;
use std::path::PathBuf;

/// `tabella census freeze`
#[derive(Clone, Debug, Args)]
pub struct FreezeOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Table of holders from `tabella census import`, as the draft names it.
    #[arg(long, value_name = "FILE")]
    table: PathBuf,
    /// Sealed account of the organiser.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    account: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// Show the census that would be frozen; sign and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object: {draft_id, root, total, members, unregistered, ..}.
    #[arg(long)]
    json: bool,
}

/// Builds the census, shows who is in it, signs it, and freezes it.
///
/// # Errors
/// If the table is not the draft's, a registration is wrong, or the node
/// refuses: registrations may have arrived meanwhile, then try again.
pub async fn run(options: &FreezeOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find_of(&node, account::public(&options.account)?).await?;
    ensure!(found.census.is_none(), "the census is frozen already; `tabella census show` shows it");
    let preview = super::preview(&node, &found, &options.table).await?;
    let weights = preview.census.entries().iter().map(|e| e.weight).collect();
    let disclosure = report::of_census(&found, weights);
    if !options.json {
        print(found.draft(), &preview, &disclosure);
    }
    if !options.dry_run {
        let key = account::load(&options.account, &options.passphrase)?;
        let holders = crate::election::read_table(&options.table)?.holders;
        organiser::freeze(&node, &key, found.draft(), &holders, &preview.census).await?;
    }
    if options.json {
        let object = json!({
            "draft_id": found.draft_id(),
            "dry_run": options.dry_run,
            "root": preview.census.root(),
            "total": preview.census.total(),
            "members": preview.census.entries().len(),
            "unregistered": { "holders": preview.unregistered, "weight": preview.unregistered_weight },
            "risk": report::risk(&disclosure),
        });
        println!("{object}");
    } else if options.dry_run {
        println!("\nNothing was signed or sent (dry run).");
    } else {
        println!(
            "\nFrozen. The trustees make the key now; then: tabella election open --draft {} ..",
            found.draft_id()
        );
    }
    Ok(())
}

fn print(draft: &Draft, preview: &Preview, disclosure: &Report) {
    let tokens = |units| chart::units(units, draft.census.decimals);
    println!("{} members with {} tokens", preview.census.entries().len(), tokens(preview.census.total()));
    println!(
        "{} holders with {} tokens are not registered: they cannot vote",
        preview.unregistered,
        tokens(preview.unregistered_weight)
    );
    println!("Root {}", preview.census.root());
    println!("What totals could tell about single votes:");
    report::print(disclosure);
}

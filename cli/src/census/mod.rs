//! `tabella census ..`: who may vote, with which weight. spec: `cli.census`

mod freeze;
mod import;
mod rebuild;
mod show;

use crate::{
    election::{read_table, which::Found},
    keys, progress,
};
use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use client::{
    Node,
    organiser::{self, Preview},
};
use std::path::Path;

/// `tabella census ..`
#[derive(Debug, Subcommand)]
pub enum CensusCommand {
    /// Turn a table of balances (CSV) into weights, and say what is lost.
    Import(import::ImportOptions),
    /// Freeze the census of a draft: whoever is registered now may vote.
    Freeze(freeze::FreezeOptions),
    /// Show a frozen census, checked against the organiser's signature.
    Show(show::ShowOptions),
    /// Rebuild a census from holders and registrations, and compare.
    Rebuild(rebuild::RebuildOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: CensusCommand) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            CensusCommand::Import(options) => import::run(&options).await,
            CensusCommand::Freeze(options) => freeze::run(&options).await,
            CensusCommand::Show(options) => show::run(&options).await,
            CensusCommand::Rebuild(options) => rebuild::run(&options).await,
        }
    })
}

/// The census that would be frozen now, from a table and the registrations
/// so far, each of which is checked.
///
/// # Errors
/// If the table is not the draft's, or the node or a registration is refused.
pub async fn preview(node: &Node, found: &Found, table: &Path) -> Result<Preview> {
    let holders = read_table(table)?.holders;
    let source = circuits::types::holders_digest(&holders);
    ensure!(
        source == found.draft().census.source,
        "{} is not the table that the draft was made with; its digest is 0x{}, the draft's 0x{}",
        table.display(),
        hex::encode(source),
        hex::encode(found.draft().census.source)
    );
    let line = progress::spinner("checking registrations");
    let key = keys::registration_alone()?;
    let preview = organiser::preview(node, found.draft(), &holders, &key).await;
    line.finish_and_clear();
    Ok(preview?)
}

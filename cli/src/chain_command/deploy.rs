//! `tabella chain deploy`: the contract of elections.

use super::{created::Created, options::PosterOptions};
use anyhow::Result;
use chain::{Artifact, settlement::Elections};
use clap::Args;

/// `tabella chain deploy`
#[derive(Clone, Debug, Args)]
pub struct DeployOptions {
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {chain_id, contract, gas, transaction}.
    #[arg(long)]
    json: bool,
}

/// Creates the contract, or finds the one that this outbox has created.
///
/// # Errors
/// If it cannot be posted.
pub async fn run(options: &DeployOptions) -> Result<()> {
    let mut poster = options.poster.open().await?;
    let created = Created::new(&mut poster, "elections", Artifact::elections()?.bytecode).await?;
    Elections::at(poster.chain(), created.contract).await?;
    if options.json {
        println!("{}", created.json(poster.chain_id()));
    } else {
        println!("{}", created.contract);
        eprintln!(
            "Elections on chain {}, {} gas. Name both in the election file: [chain].",
            poster.chain_id(),
            created.mined.gas
        );
    }
    Ok(())
}

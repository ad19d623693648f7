//! `tabella chain deploy`: the contract of elections.

use super::options::PosterOptions;
use anyhow::{Context, Result};
use chain::{Backend, poster::Posted, settlement};
use clap::Args;
use serde_json::json;

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
    if poster.chain().endow(poster.account()).await? {
        eprintln!("    a development chain pays for {}", poster.account());
    }
    let posting = settlement::deploy()?;
    let id = posting.id.clone();
    let Posted::Mined(mined) = poster.post(posting).await? else {
        anyhow::bail!("the contract was created by another transaction; this is a bug, report it");
    };
    poster.settle(&[id]).await?;
    let receipt = poster.chain().receipt(mined.hash).await?;
    let contract = receipt.and_then(|r| r.created).context("the transaction created no contract")?;
    settlement::Elections::at(poster.chain(), contract).await?;
    let chain_id = poster.chain_id();
    if options.json {
        let object = json!({
            "chain_id": chain_id, "contract": contract, "gas": mined.gas, "transaction": mined.hash,
        });
        println!("{object}");
    } else {
        println!("{contract}");
        eprintln!(
            "Elections on chain {chain_id}, {} gas. Name both in the election file: [chain].",
            mined.gas
        );
    }
    Ok(())
}

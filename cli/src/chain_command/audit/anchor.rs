//! `tabella chain audit anchor`.

use super::ContractOptions;
use crate::{
    audit::{commit, word},
    chain_command::posting::{OneOptions, settle},
};
use anyhow::Result;
use chain::audits::Office;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `tabella chain audit anchor`
#[derive(Clone, Debug, Args)]
pub struct AnchorOptions {
    /// Directory that `audit commit` wrote.
    #[arg(long, value_name = "DIR")]
    commitment: PathBuf,
    #[command(flatten)]
    contract: ContractOptions,
    #[command(flatten)]
    one: OneOptions,
}

/// Anchors the commitment's data root.
///
/// # Errors
/// If the commitment cannot be read, or it cannot be posted.
pub async fn run(options: &AnchorOptions) -> Result<()> {
    let root = commit::load(&options.commitment)?.data.root();
    let (mut poster, domain) = options.contract.open(&options.one.poster).await?;
    let posted = settle(&mut poster, Office { contract: domain.contract }.anchor(root)).await?;
    let object = json!({
        "data_root": word(root.0), "chain_id": domain.chain_id, "contract": domain.contract,
    });
    options.one.tell(posted, &word(root.0), object);
    Ok(())
}

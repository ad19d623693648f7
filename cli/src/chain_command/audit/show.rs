//! `tabella chain audit show`.

use super::ContractOptions;
use crate::{
    audit::{bytes32, word},
    chain_command::ChainOptions,
    times,
};
use anyhow::Result;
use chain::{Backend, audits::Attestations};
use clap::Args;
use serde_json::json;

/// `tabella chain audit show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    /// The attestation's id.
    #[arg(value_name = "ID", value_parser = bytes32)]
    id: [u8; 32],
    #[command(flatten)]
    contract: ContractOptions,
    #[command(flatten)]
    chain: ChainOptions,
    /// Print one JSON object: {attestation, status, insecure, model, data_root, policy_hash,
    /// auditor, issued, expires, chain_id, contract}.
    #[arg(long)]
    json: bool,
}

/// Asks the contract.
///
/// # Errors
/// If the chain does not answer, or the contract is another one.
pub async fn run(options: &ShowOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let contract = options.contract.contract;
    let attestations = Attestations::at(&chain, contract).await?;
    let (status, found) = (attestations.status(options.id).await?, attestations.record(options.id).await?);
    let insecure = attestations.insecure().await?;
    if options.json {
        let object = json!({
            "attestation": word(options.id),
            "status": status,
            "insecure": insecure,
            "model": found.map(|r| word(r.model)),
            "data_root": found.map(|r| word(r.data_root)),
            "policy_hash": found.map(|r| word(r.policy_hash)),
            "auditor": found.map(|r| r.auditor),
            "issued": found.map(|r| r.issued),
            "expires": found.map(|r| r.expires),
            "chain_id": chain.chain_id().await?,
            "contract": contract,
        });
        println!("{object}");
        return Ok(());
    }
    println!("{}: {}", word(options.id), status.name());
    if let Some(found) = found {
        println!("    model       {}", word(found.model));
        println!("    policy      {}", word(found.policy_hash));
        println!("    data root   {}", word(found.data_root));
        println!("    auditor     {}", found.auditor);
        println!("    issued      {}", times::show(found.issued));
        println!("    expires     {}", times::show(found.expires));
    }
    if insecure {
        println!("INSECURE development parameters: anyone can forge with them.");
    }
    Ok(())
}

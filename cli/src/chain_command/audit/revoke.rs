//! `tabella chain audit revoke`.

use super::ContractOptions;
use crate::{
    account,
    audit::{self as files, bytes32, word},
    chain_command::posting::{OneOptions, settle},
};
use anyhow::Result;
use audit::attestation::{Revocation, SignedRevocation};
use chain::{Backend, audits::Office};
use circuits::types::TypedData;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `tabella chain audit revoke`
#[derive(Clone, Debug, Args)]
pub struct RevokeOptions {
    /// The attestation's id.
    #[arg(value_name = "ID", value_parser = bytes32)]
    id: [u8; 32],
    /// Why, in words for everybody; it stays on the chain.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Unix time in seconds from which it no longer counts; by default that
    /// of the newest block.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Sealed account of the attestation's auditor, or of the organiser.
    #[arg(long, value_name = "FILE")]
    signer: PathBuf,
    /// File to write the revocation to, for whoever checks offline.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    contract: ContractOptions,
    #[command(flatten)]
    one: OneOptions,
}

/// Signs and posts a revocation.
///
/// # Errors
/// If the account may not revoke it, or it cannot be posted.
pub async fn run(options: &RevokeOptions) -> Result<()> {
    let signer = account::load(&options.signer, &options.one.poster.passphrase)?;
    let (mut poster, domain) = options.contract.open(&options.one.poster).await?;
    let time = match options.at {
        Some(time) => time,
        None => poster.chain().latest().await?.timestamp,
    };
    let revocation = Revocation { attestation: options.id, reason: options.reason.clone(), time };
    let signature = signer.sign(revocation.signing_hash(&domain));
    let signed = SignedRevocation { revocation, signature };
    if let Some(out) = &options.out {
        files::write(out, &files::pretty(&signed)?)?;
    }
    let posted = settle(&mut poster, Office { contract: domain.contract }.revoke(&signed)).await?;
    let id = word(options.id);
    let object = json!({
        "attestation": id, "time": time, "chain_id": domain.chain_id, "contract": domain.contract, "out": options.out,
    });
    options.one.tell(posted, &format!("{id} no longer counts"), object);
    Ok(())
}

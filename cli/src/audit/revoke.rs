//! `tabella audit revoke`: the auditor or the organiser withdraws an
//! attestation.

use super::{
    bytes32,
    log::{LogOptions, block_on, receipt_json, receipt_line},
    word,
};
use crate::{account, options::PassphraseOptions};
use anyhow::Result;
use audit::attestation::{Revocation, SignedRevocation};
use circuits::types::{Domain, TypedData};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit revoke`
#[derive(Clone, Debug, Args)]
pub struct RevokeOptions {
    /// The attestation's id.
    #[arg(value_name = "ID", value_parser = bytes32)]
    id: [u8; 32],
    /// Why, in words for everybody; it stays on the log.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Unix time in seconds from which it no longer counts; by default now.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Sealed account of the attestation's auditor, or of the organiser.
    #[arg(long, value_name = "FILE")]
    signer: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Print {id, log, seq, logged, size, root, event} as JSON.
    #[arg(long)]
    json: bool,
}

/// Signs and sends a revocation; the receipt is checked.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub fn run(options: &RevokeOptions) -> Result<ExitCode> {
    let signer = account::load(&options.signer, &options.passphrase)?;
    let time = options.at.map_or_else(super::now, Ok)?;
    let revocation = Revocation { attestation: options.id, reason: options.reason.clone(), time };
    let signature = signer.sign(revocation.signing_hash(&Domain::default()));
    let signed = SignedRevocation { revocation, signature };
    let (parties, receipt) = block_on(async {
        let (node, parties) = options.log.open().await?;
        let receipt = client::attestation::revoke(&node, &parties, &signed).await?;
        Ok((parties, receipt))
    })?;
    if options.json {
        let mut object = receipt_json(&parties, &receipt);
        object["id"] = word(options.id).into();
        println!("{object}");
    } else {
        println!("{} no longer counts", word(options.id));
        eprintln!("{}", receipt_line(&parties, &receipt));
    }
    Ok(ExitCode::SUCCESS)
}

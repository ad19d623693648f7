//! `tabella audit submit`.

use super::{
    log::{LogOptions, block_on, receipt_json, receipt_line},
    word,
};
use anyhow::{Context, Result};
use audit::attestation::Attestation;
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit submit`
#[derive(Clone, Debug, Args)]
pub struct SubmitOptions {
    /// The attestation.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    log: LogOptions,
    /// Print {id, log, seq, logged, size, root, event} as JSON.
    #[arg(long)]
    json: bool,
}

/// Submits an attestation; the receipt is checked.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub fn run(options: &SubmitOptions) -> Result<ExitCode> {
    let name = || options.file.display().to_string();
    let attestation = Attestation::from_bytes(&super::read(&options.file)?).with_context(name)?;
    let (parties, receipt) = block_on(async {
        let (node, parties) = options.log.open().await?;
        let receipt = client::attestation::submit(&node, &parties, &attestation).await?;
        Ok((parties, receipt))
    })?;
    let id = word(attestation.id());
    if options.json {
        let mut object = receipt_json(&parties, &receipt);
        object["id"] = id.into();
        println!("{object}");
    } else {
        println!("{id}");
        eprintln!("{}", receipt_line(&parties, &receipt));
    }
    Ok(ExitCode::SUCCESS)
}

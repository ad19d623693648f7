//! `tabella audit anchor`: fixes the records of an audit, before it.

use super::{
    bytes32, commit,
    log::{LogOptions, block_on, receipt_json, receipt_line},
    word,
};
use crate::{account, options::PassphraseOptions};
use anyhow::{Result, ensure};
use audit::{
    calendar::Day,
    log::{Anchor, SignedAnchor},
};
use circuits::types::{Domain, TypedData};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit anchor`
#[derive(Clone, Debug, Args)]
pub struct AnchorOptions {
    /// Directory that `audit commit` wrote.
    #[arg(long, value_name = "DIR")]
    commitment: PathBuf,
    /// The system that made the decisions, in the words of `audit prove`.
    #[arg(long, value_name = "NAME")]
    system: String,
    /// Commitment to the model that made them: 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    model: [u8; 32],
    /// First day of the period, as 2026-01-31.
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day of the period.
    #[arg(long, value_name = "DAY")]
    to: Day,
    /// Sealed account of the auditor, whom the organiser has registered.
    #[arg(long, value_name = "FILE")]
    auditor: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    log: LogOptions,
    /// Print {data_root, log, seq, logged, size, root, event} as JSON.
    #[arg(long)]
    json: bool,
}

/// Signs and sends the anchor; the receipt is checked.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub fn run(options: &AnchorOptions) -> Result<ExitCode> {
    ensure!(
        options.from <= options.to,
        "the period ends on {}, before it starts on {}",
        options.to,
        options.from
    );
    let commitment = commit::load(&options.commitment)?;
    let auditor = account::load(&options.auditor, &options.passphrase)?;
    let (parties, receipt, data_root) = block_on(async {
        let (node, parties) = options.log.open().await?;
        let anchor = Anchor {
            organisation: parties.organisation.clone(),
            system: options.system.clone(),
            model_commitment: options.model,
            data_root: commitment.data.root().0,
            from: options.from.start(),
            to: options.to.end(),
            auditor: auditor.address(),
        };
        let signature = auditor.sign(anchor.signing_hash(&Domain::default()));
        let signed = SignedAnchor { anchor, signature };
        let receipt = client::attestation::anchor(&node, &parties, &signed).await?;
        Ok((parties, receipt, signed.anchor.data_root))
    })?;
    if options.json {
        let mut object = receipt_json(&parties, &receipt);
        object["data_root"] = word(data_root).into();
        println!("{object}");
    } else {
        println!("{}", word(data_root));
        eprintln!("{}", receipt_line(&parties, &receipt));
    }
    Ok(ExitCode::SUCCESS)
}

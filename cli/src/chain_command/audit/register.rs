//! `tabella chain audit register`.

use super::ContractOptions;
use crate::{
    account,
    audit::{self as files, register::AuditorOptions},
    chain_command::posting::{OneOptions, settle},
};
use anyhow::Result;
use chain::audits::Office;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `tabella chain audit register`
#[derive(Clone, Debug, Args)]
pub struct RegisterOptions {
    #[command(flatten)]
    auditor: AuditorOptions,
    /// Sealed account of the organiser.
    #[arg(long, value_name = "FILE")]
    organiser: PathBuf,
    /// File to write the registration to, for whoever checks offline.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    contract: ContractOptions,
    /// The passphrase opens the organiser's account, too.
    #[command(flatten)]
    one: OneOptions,
}

/// Signs the registration for the contract, and posts it.
///
/// # Errors
/// If an account cannot be opened, or it cannot be posted.
pub async fn run(options: &RegisterOptions) -> Result<()> {
    let organiser = account::load(&options.organiser, &options.one.poster.passphrase)?;
    let (mut poster, domain) = options.contract.open(&options.one.poster).await?;
    let signed = options.auditor.sign(&organiser, &domain)?;
    if let Some(out) = &options.out {
        files::write(out, &files::pretty(&signed)?)?;
    }
    let posted = settle(&mut poster, Office { contract: domain.contract }.register(&signed)).await?;
    let it = &signed.registration;
    let object = json!({
        "auditor": it.auditor, "counter": it.counter,
        "chain_id": domain.chain_id, "contract": domain.contract, "out": options.out,
    });
    options.one.tell(
        posted,
        &format!("{} may sign from {} to {}", it.auditor, options.auditor.from, options.auditor.until),
        object,
    );
    Ok(())
}

//! `tabella audit list`.

use super::{
    address, bytes32,
    log::{LogOptions, block_on},
    word,
};
use crate::{text, times};
use anyhow::Result;
use audit::attestation::Status;
use circuits::types::Address;
use clap::Args;
use client::attestation::{Filter, Summary};
use serde_json::{Value, json};
use std::process::ExitCode;

/// `tabella audit list`
#[derive(Clone, Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    log: LogOptions,
    /// Only those of this system.
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// Only those of this model commitment.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    model: Option<[u8; 32]>,
    /// Only those of this auditor.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    auditor: Option<Address>,
    /// Only those over this anchored root.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    data_root: Option<[u8; 32]>,
    /// Only those with this status: valid, expired, revoked, superseded or
    /// unregistered.
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Unix time in seconds at which they should count; by default now.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Print one JSON object: {time, attestations: [{id, status, system, ..}]}.
    #[arg(long)]
    json: bool,
}

/// Lists attestations. The claims are signed by their auditors; the statuses
/// are the node's word, which `audit show` checks.
///
/// # Errors
/// If the node refuses.
pub fn run(options: &ListOptions) -> Result<ExitCode> {
    let filter = Filter {
        model_commitment: options.model,
        system: options.system.clone(),
        auditor: options.auditor,
        data_root: options.data_root,
        status: options.status,
        time: options.at,
    };
    let (all, time) = block_on(async {
        let (node, parties) = options.log.open().await?;
        Ok(client::attestation::list(&node, parties.log(), &filter).await?)
    })?;
    if options.json {
        println!("{}", json!({ "time": time, "attestations": all.iter().map(object).collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    for line in &all {
        let insecure = if line.claim.insecure { "  INSECURE" } else { "" };
        println!("{:<12} {}{insecure}", line.status.name(), text::line(&line.claim.system));
        println!("  {}", word(line.id));
        println!("  by {}, issued {}", line.claim.auditor, times::show(line.claim.issued));
    }
    if all.is_empty() {
        println!("no attestations");
    }
    Ok(ExitCode::SUCCESS)
}

fn object(line: &Summary) -> Value {
    let claim = &line.claim;
    json!({
        "id": word(line.id),
        "status": line.status,
        "system": claim.system,
        "model": word(claim.model_commitment),
        "auditor": claim.auditor,
        "data_root": word(claim.data_root),
        "policy_hash": word(claim.policy_hash),
        "records": claim.records,
        "from": claim.from,
        "to": claim.to,
        "issued": claim.issued,
        "expires": claim.expires,
        "insecure": claim.insecure,
        "seq": line.seq,
        "logged": line.logged,
        "successor": line.successor.map(word),
        "revoked": line.revocation.as_ref().map(|r| &r.revocation.reason),
    })
}

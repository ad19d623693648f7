//! `tabella audit show`.

use super::{
    bytes32,
    log::{LogOptions, block_on, receipt_json},
    pretty, word,
};
use crate::{text, times};
use anyhow::{Context, Result, ensure};
use audit::log::Parties;
use clap::Args;
use client::attestation::{Shown, fetch};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// File of the attestation in a directory that `--save` writes.
const ATTESTATION: &str = "attestation.json";
/// File of the auditor's registration.
const REGISTRATION: &str = "registration.json";
/// File of what withdrew it.
const REVOCATION: &str = "revocation.json";
/// File of what has taken its place.
const SUCCESSOR: &str = "successor.json";

/// `tabella audit show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    /// The attestation's id.
    #[arg(value_name = "ID", value_parser = bytes32)]
    id: [u8; 32],
    #[command(flatten)]
    log: LogOptions,
    /// Unix time in seconds at which it should count; by default now.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Directory to write: attestation.json, registration.json, and
    /// revocation.json and successor.json if there are any, as `audit verify`
    /// and `audit report` take them.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Print one JSON object: {id, status, time, verdicts, saved, ..}.
    #[arg(long)]
    json: bool,
}

/// Shows an attestation with its status. Receipts and signatures are checked,
/// and that the status follows from them; the proof by `audit verify`.
///
/// # Errors
/// If the node refuses, what it shows does not hold, or a file cannot be
/// written.
pub fn run(options: &ShowOptions) -> Result<ExitCode> {
    let (parties, shown, successor) = block_on(async {
        let (node, parties) = options.log.open().await?;
        let shown = fetch(&node, &parties, options.id, options.at).await?;
        let successor = match shown.successor {
            Some(id) => Some(fetch(&node, &parties, id, options.at).await?),
            None => None,
        };
        Ok((parties, shown, successor))
    })?;
    if let Some(new) = &successor {
        ensure!(
            new.attestation.supersedes(&shown.attestation),
            "the node names a successor that does not name this attestation; tell the monitors"
        );
    }
    let saved = options.save.as_deref().map(|directory| save(directory, &shown, successor.as_ref()));
    let saved = saved.transpose()?;
    if options.json {
        println!("{}", object(&parties, &shown, saved.as_ref()));
    } else {
        print(&parties, &shown);
    }
    Ok(ExitCode::SUCCESS)
}

/// The files that were written, by what they are.
fn save(directory: &Path, shown: &Shown, successor: Option<&Shown>) -> Result<Value> {
    fs::create_dir(directory)
        .with_context(|| format!("cannot make {}; name a new directory", directory.display()))?;
    let mut files = json!({});
    let mut put = |what: &str, name: &str, bytes: &[u8]| -> Result<()> {
        let path = directory.join(name);
        super::write(&path, bytes)?;
        files[what] = json!(path);
        Ok(())
    };
    put("attestation", ATTESTATION, &shown.attestation.to_bytes())?;
    put("registration", REGISTRATION, &pretty(&shown.registration)?)?;
    if let Some(revocation) = &shown.revocation {
        put("revocation", REVOCATION, &pretty(revocation)?)?;
    }
    if let Some(new) = successor {
        put("successor", SUCCESSOR, &new.attestation.to_bytes())?;
    }
    Ok(files)
}

fn object(parties: &Parties, shown: &Shown, saved: Option<&Value>) -> Value {
    let claim = &shown.attestation.claim;
    let attestation = &shown.attestation;
    let verdict = |(view, metric, verdict): (
        usize,
        circuits::attestation::Metric,
        circuits::attestation::Verdict,
    )| {
        json!({
            "view": attestation.policy.views[view].name, "metric": metric.name(), "verdict": verdict.name(),
            "failing": attestation.failing(view, metric),
        })
    };
    json!({
        "id": word(attestation.id()),
        "status": shown.status,
        "time": shown.time,
        "organisation": claim.organisation,
        "system": claim.system,
        "model": word(claim.model_commitment),
        "auditor": claim.auditor,
        "auditor_name": shown.registration.registration.name,
        "data_root": word(claim.data_root),
        "anchored": shown.anchor.1.row.time,
        "policy_hash": word(claim.policy_hash),
        "records": claim.records,
        "issued": claim.issued,
        "expires": claim.expires,
        "insecure": claim.insecure,
        "verdicts": attestation.verdicts().map(verdict).collect::<Vec<_>>(),
        "revocation": shown.revocation,
        "successor": shown.successor.map(word),
        "receipt": receipt_json(parties, &shown.receipt),
        "saved": saved,
    })
}

fn print(parties: &Parties, shown: &Shown) {
    let (attestation, claim) = (&shown.attestation, &shown.attestation.claim);
    println!("{}  {}", shown.status.name().to_uppercase(), text::line(&claim.system));
    println!("  of {}, at {}", text::line(&claim.organisation), times::show(shown.time));
    println!("  audited by {} ({})", text::line(&shown.registration.registration.name), claim.auditor);
    println!("  {} records, anchored {}", claim.records, times::show(shown.anchor.1.row.time));
    println!("  issued {}, expires {}", times::show(claim.issued), times::show(claim.expires));
    for (view, metric, verdict) in attestation.verdicts() {
        let (view_name, failing) = (&attestation.policy.views[view].name, attestation.failing(view, metric));
        println!(
            "  {:<20} {:<30} {:<14} {}",
            text::line(view_name),
            metric.name(),
            verdict.name(),
            text::line(&failing.join("; "))
        );
    }
    if let Some(signed) = &shown.revocation {
        println!(
            "  revoked {}: {}",
            times::show(signed.revocation.time),
            text::line(&signed.revocation.reason)
        );
    }
    if let Some(new) = shown.successor {
        println!("  superseded by {}", word(new));
    }
    if claim.insecure {
        println!("  INSECURE development parameters: anyone can forge");
    }
    println!("  event {} of log {}", shown.receipt.path.index, parties.log());
}

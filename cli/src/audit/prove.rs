//! `tabella audit prove`.

use super::{
    address, bytes32, commit,
    inputs::{InputOptions, Loaded},
    parameters::ParameterOptions,
    work::{self, Made},
};
use crate::{account, options::PassphraseOptions};
use anyhow::{Context, Result};
use audit::{attestation::Terms, calendar::Day, commitment::Vault};
use circuits::{
    attestation::Subject,
    types::{Address, Domain},
};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit prove`
#[derive(Clone, Debug, Args)]
pub struct ProveOptions {
    #[command(flatten)]
    inputs: InputOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// Directory that `audit commit` wrote.
    #[arg(long, value_name = "DIR")]
    commitment: PathBuf,
    /// The organisation whose policy it is.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The audited system, in words.
    #[arg(long, value_name = "NAME")]
    system: String,
    /// Commitment to the audited model: 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    model: [u8; 32],
    /// First day of the period, as 2026-01-31.
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day of the period.
    #[arg(long, value_name = "DAY")]
    to: Day,
    /// Last day on which it counts; by default twelve months from now.
    #[arg(long, value_name = "DAY")]
    expires: Option<Day>,
    /// Attestation that this one takes the place of.
    #[arg(long, value_name = "ID", value_parser = bytes32)]
    supersedes: Option<[u8; 32]>,
    /// Chain of the contract that it is for; without chain and contract it is
    /// for nodes' logs.
    #[arg(long, value_name = "ID", requires = "contract")]
    chain_id: Option<u64>,
    /// Contract that it is for (`tabella chain audit deploy`).
    #[arg(long, value_name = "ADDRESS", value_parser = address, requires = "chain_id")]
    contract: Option<Address>,
    /// Sealed account of the auditor (`tabella account new`).
    #[arg(long, value_name = "FILE")]
    auditor: PathBuf,
    /// Opens the auditor's account and the commitment's secrets.
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {attestation, id, verdicts, prove_ms, proof_bytes} as JSON.
    #[arg(long)]
    json: bool,
}

/// Proves, signs and writes the attestation.
///
/// # Errors
/// Which condition cannot be met, or which file not be read or written.
pub fn run(options: &ProveOptions) -> Result<ExitCode> {
    let inputs = match options.inputs.load()? {
        Loaded::Good(inputs) => *inputs,
        Loaded::Bad(errors) => return Ok(options.inputs.refuse(errors, options.json)),
    };
    anyhow::ensure!(!options.out.exists(), "{} exists; name another file", options.out.display());
    let terms = terms(options)?;
    terms.check()?;
    let commitment = commit::load(&options.commitment)?;
    let auditor = account::load(&options.auditor, &options.passphrase)?;
    let secrets = options.commitment.join(commit::SECRETS);
    let mut vault = Vault::open(&secrets, &options.passphrase.get(&secrets.display().to_string())?)?;
    let subject = Subject(options.model);
    let made = work::prove(inputs, &commitment, &mut vault, subject, &terms, &auditor, &options.parameters)?;
    super::write(&options.out, &made.attestation.to_bytes())?;
    print(options, &made, vault.proofs());
    Ok(ExitCode::SUCCESS)
}

fn terms(options: &ProveOptions) -> Result<Terms> {
    let issued = super::now()?;
    let expires = match options.expires {
        Some(day) => day.end(),
        None => year_later(issued)?,
    };
    Ok(Terms {
        organisation: options.organisation.clone(),
        system: options.system.clone(),
        from: options.from,
        to: options.to,
        issued,
        expires,
        supersedes: options.supersedes.unwrap_or_default(),
        domain: Domain {
            chain_id: options.chain_id.unwrap_or_default(),
            contract: options.contract.unwrap_or_default(),
        },
    })
}

/// The end of the day twelve months after a time.
///
/// # Errors
/// If the calendar ends before.
pub fn year_later(time: u64) -> Result<u64> {
    let day = Day::of(time).and_then(Day::plus_year).context("the clock is beyond the calendar")?;
    Ok(day.end())
}

fn print(options: &ProveOptions, made: &Made, proofs: u32) {
    let attestation = &made.attestation;
    let verdicts: Vec<_> = attestation
        .verdicts()
        .map(|(view, metric, verdict)| {
            json!({
                "view": attestation.policy.views[view].name, "metric": metric.name(), "verdict": verdict.name(),
                "failing": attestation.failing(view, metric),
            })
        })
        .collect();
    if options.json {
        println!(
            "{}",
            json!({
                "attestation": options.out, "id": super::word(attestation.id()), "verdicts": verdicts,
                "key_ms": made.key_ms, "prove_ms": made.prove_ms, "proof_bytes": attestation.proof.len(),
                "proofs_made": proofs, "insecure": attestation.claim.insecure,
            })
        );
        return;
    }
    for (view, metric, verdict) in attestation.verdicts() {
        let name = &attestation.policy.views[view].name;
        println!(
            "{name:<20} {:<30} {:<14} {}",
            metric.name(),
            verdict.name(),
            attestation.failing(view, metric).join("; ")
        );
    }
    println!("{}", super::word(attestation.id()));
    eprintln!(
        "Proof number {proofs} over this commitment, {} bytes, in {} ms.",
        attestation.proof.len(),
        made.prove_ms
    );
}

//! `tabella audit commit`.

use super::{
    inputs::{InputOptions, Loaded},
    parameters::ParameterOptions,
    work::{self, Form},
};
use crate::{options::PassphraseOptions, record};
use anyhow::{Result, ensure};
use audit::commitment::{Commitment, Secrets, Vault};
use circuits::attestation::Packing;
use clap::Args;
use keyfile::Cost;
use rand_core::OsRng;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use verifier::attestation::SrsOrigin;

/// The public file of a commitment.
pub const COMMITMENT: &str = "commitment.json";
/// The sealed secrets.
pub const SECRETS: &str = "commitment.secret";

/// `tabella audit commit`
#[derive(Clone, Debug, Args)]
pub struct CommitOptions {
    #[command(flatten)]
    inputs: InputOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Put two records into one cell: half the columns, but no receipts.
    #[arg(long)]
    packed: bool,
    /// Take the circuit whose verifier is a contract, for attestations that
    /// are to stand on a chain; no receipts.
    #[arg(long, conflicts_with = "packed")]
    on_chain: bool,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Print {data_root, commitment, secrets, insecure} as JSON.
    #[arg(long)]
    json: bool,
}

/// Writes the public commitment and the sealed secrets.
///
/// # Errors
/// If a file cannot be read or written, or no circuit takes the records.
pub fn run(options: &CommitOptions) -> Result<ExitCode> {
    let inputs = match options.inputs.load()? {
        Loaded::Good(inputs) => inputs,
        Loaded::Bad(errors) => return Ok(options.inputs.refuse(errors, options.json)),
    };
    ensure!(
        !options.packed || inputs.dataset.nonces.is_empty(),
        "--packed: receipts need one record per cell, and the mapping has nonces"
    );
    let form = match (options.on_chain, options.packed) {
        (true, _) => Form::OnChain,
        (false, true) => Form::Smallest(Packing::Two),
        (false, false) => Form::Smallest(Packing::One),
    };
    let secrets = Secrets::random(&mut OsRng);
    let commitment = work::commit(&inputs, &secrets, form, &options.parameters)?;
    record::prepare(&options.out)?;
    let passphrase = options.passphrase.choose("the commitment's secrets")?;
    let root = commitment.data.root();
    Vault::create(&options.out.join(SECRETS), secrets, root, &passphrase, Cost::STANDARD)?;
    super::write(&options.out.join(COMMITMENT), &commitment.to_bytes())?;
    print(options, &commitment)
}

fn print(options: &CommitOptions, commitment: &Commitment) -> Result<ExitCode> {
    let insecure = commitment.origin == SrsOrigin::Development;
    let (file, secrets) = (options.out.join(COMMITMENT), options.out.join(SECRETS));
    if options.json {
        let root = super::word(commitment.data.root().0);
        println!(
            "{}",
            json!({
                "data_root": root, "records": commitment.data.records, "commitment": file, "secrets": secrets,
                "insecure": insecure,
            })
        );
    } else {
        println!("{}", super::word(commitment.data.root().0));
        eprintln!("Anchor this data root before you prove. Public file: {}", file.display());
        eprintln!("Back up {}: without it no proof and no receipt can be made.", secrets.display());
        if insecure {
            eprintln!("INSECURE development parameters: the commitment binds nobody who wants to cheat.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the public file in a commitment's directory.
///
/// # Errors
/// If it is missing or malformed.
pub fn load(directory: &Path) -> Result<Commitment> {
    use anyhow::Context;
    let path = directory.join(COMMITMENT);
    Commitment::from_bytes(&super::read(&path)?).with_context(|| path.display().to_string())
}

//! `tabella audit receipt ..`: receipts for single people.

use super::{
    address, bytes32, commit,
    inputs::{InputOptions, Loaded},
    parameters::ParameterOptions,
    work,
};
use crate::{account, options::PassphraseOptions};
use anyhow::{Context, Result, ensure};
use audit::{
    commitment::Vault,
    data::Dataset,
    receipt::{Promise, Receipt, ReceiptTrust, log_path, nonce_leaf},
};
use circuits::types::{Address, Domain, TypedData};
use clap::{Args, Subcommand};
use prover::attestation::Receipts;
use rand_core::{OsRng, RngCore};
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit receipt ..`
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Choose a nonce: keep it, and give its hash to whoever decides about you.
    Nonce(NonceOptions),
    /// Make the receipt of one record.
    Make(MakeOptions),
    /// Check a receipt.
    Check(CheckOptions),
}

/// `tabella audit receipt nonce`
#[derive(Clone, Debug, Args)]
pub struct NonceOptions {
    /// Print {nonce, hash} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella audit receipt make`
#[derive(Clone, Debug, Args)]
pub struct MakeOptions {
    #[command(flatten)]
    inputs: InputOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// Directory that `audit commit` wrote.
    #[arg(long, value_name = "DIR")]
    commitment: PathBuf,
    /// Row id of the record.
    #[arg(long, value_name = "ID")]
    row: String,
    /// Sealed account of the auditor, who promises the record.
    #[arg(long, value_name = "FILE")]
    auditor: PathBuf,
    /// Opens the auditor's account and the commitment's secrets.
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {receipt, index} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella audit receipt check`
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// The receipt.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// The anchored data root.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    data_root: Option<[u8; 32]>,
    /// The auditor's account.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    auditor: Option<Address>,
    /// The nonce that you chose.
    #[arg(long, value_name = "NONCE", value_parser = bytes32)]
    nonce: Option<[u8; 32]>,
    /// Print one JSON object: {ok, checks: [{id, name, ok, state, detail}], warnings}.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the family.
///
/// # Errors
/// If a step cannot be made.
pub fn run(command: ReceiptCommand) -> Result<ExitCode> {
    match command {
        ReceiptCommand::Nonce(options) => nonce(&options),
        ReceiptCommand::Make(options) => make(&options),
        ReceiptCommand::Check(options) => check(&options),
    }
}

fn nonce(options: &NonceOptions) -> Result<ExitCode> {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    let (nonce, hash) = (super::word(nonce), super::word(nonce_leaf(&nonce)));
    if options.json {
        println!("{}", json!({ "nonce": nonce, "hash": hash }));
    } else {
        println!("nonce {nonce}\nhash  {hash}");
    }
    Ok(ExitCode::SUCCESS)
}

fn make(options: &MakeOptions) -> Result<ExitCode> {
    let inputs = match options.inputs.load()? {
        Loaded::Good(inputs) => *inputs,
        Loaded::Bad(errors) => return Ok(options.inputs.refuse(errors, options.json)),
    };
    ensure!(!inputs.dataset.nonces.is_empty(), "the mapping has no [receipt] column: there are no nonces");
    let index = Dataset::position(&options.inputs.data, &inputs.mapping, &options.row)?;
    let index = index.with_context(|| format!("no record has the row id {:?}", options.row))?;
    let at = usize::try_from(index)?;
    let commitment = commit::load(&options.commitment)?;
    let secrets = options.commitment.join(commit::SECRETS);
    let vault = Vault::open(&secrets, &options.passphrase.get(&secrets.display().to_string())?)?;
    work::check_inputs(&inputs, &commitment, &vault)?;
    let auditor = account::load(&options.auditor, &options.passphrase)?;
    let shape = &commitment.data.shape;
    let srs = options.parameters.srs(shape.k())?;
    let dataset = work::committed(&inputs, shape, vault.secrets())?;
    ensure!(dataset.commit(&srs)? == commitment.columns, "records and secrets give another commitment");
    let (code, opening) = Receipts::new(&srs, &dataset)?.make(index)?;
    let leaf = inputs.dataset.nonces[at];
    let promise = Promise { leaf, index, code: code.0, reading: commitment.data.mapping };
    let receipt = Receipt {
        domain: Domain::default(),
        data: commitment.data.clone(),
        mapping: commitment.mapping,
        attributes: inputs.policy.attributes.clone(),
        columns: commitment.columns.clone(),
        index,
        code,
        leaf,
        path: log_path(&inputs.dataset.nonces, at).context("the log has no such leaf")?,
        opening,
        auditor: auditor.address(),
        promise: auditor.sign(promise.signing_hash(&Domain::default())),
    };
    super::write(&options.out, &receipt.to_bytes())?;
    if options.json {
        println!("{}", json!({ "receipt": options.out, "index": index }));
    } else {
        println!("{}", options.out.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn check(options: &CheckOptions) -> Result<ExitCode> {
    let receipt = Receipt::from_bytes(&super::read(&options.file)?);
    let receipt = receipt.with_context(|| format!("{} is no receipt", options.file.display()))?;
    let srs = options.parameters.srs(receipt.data.shape.k())?;
    let trust = ReceiptTrust {
        srs: srs.verifier(),
        data_root: options.data_root,
        auditor: options.auditor,
        nonce: options.nonce,
    };
    let (checklist, _) = receipt.check(&trust);
    if options.json {
        println!("{}", serde_json::to_string(&checklist)?);
    } else {
        print!("{checklist}");
        println!("{}", if checklist.ok { "GOOD" } else { "NOT GOOD" });
    }
    Ok(if checklist.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! `tabella audit ..`: bias audits, offline and on a node's log.
//! spec: `cli.audit`.

mod anchor;
pub mod commit;
pub mod inputs;
pub mod inspect;
mod list;
mod log;
mod parameters;
mod prove;
mod receipt;
pub mod register;
pub mod report;
mod revoke;
mod show;
mod submit;
pub mod verify;
pub mod work;

pub use commit::{COMMITMENT, SECRETS};
pub use parameters::ParameterOptions;
pub use prove::year_later;
pub use verify::check_file;

use anyhow::{Context, Result};
use circuits::types::Address;
use clap::Subcommand;
use serde::Serialize;
use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

/// `tabella audit ..`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Read a file of records and show table, rates and verdicts: a dry run.
    Inspect(inspect::InspectOptions),
    /// Commit to a file of records; anchor the data root that is printed.
    Commit(commit::CommitOptions),
    /// Fix the committed records on a node's log, before the audit.
    Anchor(anchor::AnchorOptions),
    /// Prove what a policy gives on committed records, and sign it.
    Prove(prove::ProveOptions),
    /// Check an attestation offline.
    Verify(verify::VerifyOptions),
    /// Write the report of an attestation as HTML and CSV.
    Report(report::ReportOptions),
    /// Name an auditor of an organisation, signed by the organiser.
    Register(register::RegisterOptions),
    /// Submit an attestation to a node, which verifies and logs it.
    Submit(submit::SubmitOptions),
    /// List a node's attestations of an organisation.
    List(list::ListOptions),
    /// Show an attestation of a node, with its status; save it.
    Show(show::ShowOptions),
    /// Withdraw an attestation: by its auditor or the organiser.
    Revoke(revoke::RevokeOptions),
    /// Receipts for the people whose records are audited.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
}

/// Runs a command of the family: exit code 0 for success, 1 for failure.
///
/// # Errors
/// If a step cannot be made.
pub fn run(command: AuditCommand) -> Result<ExitCode> {
    match command {
        AuditCommand::Inspect(options) => inspect::run(&options),
        AuditCommand::Commit(options) => commit::run(&options),
        AuditCommand::Anchor(options) => anchor::run(&options),
        AuditCommand::Submit(options) => submit::run(&options),
        AuditCommand::List(options) => list::run(&options),
        AuditCommand::Show(options) => show::run(&options),
        AuditCommand::Revoke(options) => revoke::run(&options),
        AuditCommand::Prove(options) => prove::run(&options),
        AuditCommand::Verify(options) => verify::run(&options),
        AuditCommand::Report(options) => report::run(&options),
        AuditCommand::Register(options) => register::run(&options),
        AuditCommand::Receipt(command) => receipt::run(command),
    }
}

/// Unix time in seconds.
///
/// # Errors
/// If the clock is before 1970.
pub fn now() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is set before 1970")?;
    Ok(now.as_secs())
}

/// 32 bytes from 0x and 64 hexadecimal digits.
///
/// # Errors
/// If it is something else.
pub fn bytes32(text: &str) -> Result<[u8; 32], String> {
    let digits = text.strip_prefix("0x").ok_or("it starts with 0x")?;
    let mut out = [0; 32];
    hex::decode_to_slice(digits, &mut out).map_err(|_| "0x and 64 hexadecimal digits are needed")?;
    Ok(out)
}

/// 0x and 64 hexadecimal digits.
pub fn word(bytes: [u8; 32]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// An account or contract.
///
/// # Errors
/// If it is none.
pub fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|e| format!("{e}"))
}

/// Reads a file.
///
/// # Errors
/// Which one cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A JSON file for people and programs.
///
/// # Errors
/// Never for the project's own types.
pub fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes a new file.
///
/// # Errors
/// If it exists or cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    anyhow::ensure!(!path.exists(), "{} exists; name another file", path.display());
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

//! `tabella trustee`: a trustee with a directory of its own. spec:
//! `cli.trustee`, `trustee`.

mod directory;
mod init;
mod progress;
mod run;
mod session;
mod status;

use crate::options::PassphraseOptions;
use anyhow::{Context, Result};
use circuits::types::DraftId;
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub use directory::IDENTITY_FILE;

/// `tabella trustee ..`
#[derive(Debug, Subcommand)]
pub enum TrusteeCommand {
    /// Make a trustee's keys and its identity for the organiser.
    Init(init::InitOptions),
    /// Make keys with the other trustees, and decrypt closed elections.
    Run(run::RunOptions),
    /// Show what this trustee has done, draft by draft.
    Status(status::StatusOptions),
    /// Show what a node has from all trustees of a draft, and who is missing.
    Progress(progress::ProgressOptions),
}

/// Where a trustee lives, and what opens it.
#[derive(Clone, Debug, Args)]
pub struct DirectoryOptions {
    /// Directory of the trustee; nothing else may be in it.
    #[arg(long, env = "TABELLA_TRUSTEE_DIR", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: TrusteeCommand) -> Result<()> {
    match command {
        TrusteeCommand::Init(options) => init::run(&options),
        TrusteeCommand::Run(options) => run::run(&options),
        TrusteeCommand::Status(options) => status::run(&options),
        TrusteeCommand::Progress(options) => progress::run(&options),
    }
}

/// A draft's id as people write it.
fn draft_id(text: &str) -> Result<DraftId> {
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let bytes = bytes.context("a draft's id is 0x and 64 hexadecimal digits")?;
    Ok(DraftId::from_bytes(&bytes)?)
}

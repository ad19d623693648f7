//! Arguments of every command.

use circuits::types::{BallotShape, RuleKind};
use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// Anonymous, token-weighted votes whose outcome anyone can check.
#[derive(Debug, Parser)]
#[command(name = "tabella", version, about, propagate_version = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole private election on this machine and verify it.
    Demo(DemoOptions),
    /// Check an election record offline.
    Verify(VerifyOptions),
    /// Get election records from nodes.
    #[command(subcommand)]
    Record(RecordCommand),
    /// Write proofs in the forms of other tools.
    #[command(subcommand)]
    Export(ExportCommand),
}

/// `tabella record ..`
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// Download the record of a tallied election and verify it.
    Export(RecordOptions),
}

/// `tabella export ..`
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write every proof of a record in snarkjs's JSON.
    Snarkjs(SnarkjsOptions),
}

/// `tabella demo`
#[derive(Clone, Debug, ClapArgs)]
pub struct DemoOptions {
    /// How many members of the census vote, each at least once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub voters: u32,
    /// Names of the options, separated by commas; 1 to 16.
    #[arg(long, value_delimiter = ',', default_value = "Approve,Reject,Abstain", value_parser = option_name)]
    pub options: Vec<String>,
    /// How weight may be spread: single, approval, split or quadratic.
    #[arg(long, default_value = "single")]
    pub rule: RuleKind,
    /// Table of holders (CSV: address, balance or balance_wei) instead of the
    /// sample of ENS holders. Weights are real, addresses are replaced by
    /// fresh ones.
    #[arg(long, value_name = "FILE")]
    pub census: Option<PathBuf>,
    /// Fixes choices, re-votes and masks; never keys or randomness.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where everything is written; by default a new directory under the
    /// system's one for temporary files.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the node running afterwards, until ctrl-c, to try other commands
    /// and clients against it.
    #[arg(long)]
    pub serve: bool,
    /// Print the result as one JSON object on the last line; progress goes
    /// to standard error.
    #[arg(long)]
    pub json: bool,
}

fn option_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("an option needs a name".into());
    }
    Ok(name.into())
}

impl DemoOptions {
    /// Checks what clap cannot.
    ///
    /// # Errors
    /// If there are too many options or two of one name.
    pub fn check(&self) -> anyhow::Result<()> {
        let most = BallotShape::Shape16.options();
        anyhow::ensure!(
            self.options.len() <= most,
            "--options: {} names; at most {most}",
            self.options.len()
        );
        for (i, name) in self.options.iter().enumerate() {
            anyhow::ensure!(!self.options[..i].contains(name), "--options: {name:?} is there twice");
        }
        Ok(())
    }
}

/// `tabella verify`
#[derive(Clone, Debug, ClapArgs)]
pub struct VerifyOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Print one JSON object: {ok, checks: [{id, name, ok, detail}], warnings}.
    #[arg(long)]
    pub json: bool,
}

/// `tabella record export`
#[derive(Clone, Debug, ClapArgs)]
pub struct RecordOptions {
    /// Address of the node.
    #[arg(long, value_name = "URL")]
    pub node: String,
    /// Id of the election, 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    pub election: String,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Print the verification as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `tabella export snarkjs`
#[derive(Clone, Debug, ClapArgs)]
pub struct SnarkjsOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

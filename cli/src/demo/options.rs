//! Options of `tabella demo`.

use crate::options::PassphraseOptions;
use circuits::types::{BallotShape, RuleKind};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `tabella demo`
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DemoOptions {
    /// Another demo than that of an election.
    #[command(subcommand)]
    pub what: Option<DemoCommand>,
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
    /// Settle on this chain, a node's address (JSON-RPC over http or https),
    /// instead of one embedded in this program.
    #[arg(long, env = "TABELLA_CHAIN", value_name = "URL")]
    pub chain: Option<String>,
    /// Sealed account that pays for transactions; a development chain pays by
    /// itself.
    #[arg(long, value_name = "FILE", requires = "chain")]
    pub account: Option<PathBuf>,
    #[command(flatten)]
    pub passphrase: PassphraseOptions,
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

/// `tabella demo ..`
#[derive(Clone, Debug, Subcommand)]
pub enum DemoCommand {
    /// Audit COMPAS for bias: commit to its records, prove, verify, report.
    Audit(AuditDemoOptions),
}

/// `tabella demo audit`
#[derive(Clone, Debug, Args)]
pub struct AuditDemoOptions {
    /// Where everything is written; by default a new directory under the
    /// system's one for temporary files.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the result as one JSON object on the last line; progress goes
    /// to standard error.
    #[arg(long)]
    pub json: bool,
}

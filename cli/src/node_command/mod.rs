//! `tabella node`: runs a node and looks after its files. spec: `cli.node`

mod init;
mod kind;
mod run;
mod settings;
#[cfg(test)]
mod tests;

use crate::options::PassphraseOptions;
use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

pub use init::InitOptions;

/// `tabella node ..`
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Write a configuration and an operator's key for a new node.
    Init(InitOptions),
    /// Serve, until SIGINT or SIGTERM.
    Run(RunOptions),
    /// Check configuration and stored data as a start does, without serving.
    Check(OfflineOptions),
    /// Build the index anew from the journal; the node must not be running.
    Reindex(OfflineOptions),
}

/// Where a node's configuration comes from: flags come before environment
/// variables, those before the file, and that before the defaults.
#[derive(Clone, Debug, Args)]
pub struct ConfigOptions {
    /// Configuration file; examples/node.toml documents every key.
    #[arg(long, env = settings::FILE_VARIABLE, value_name = "FILE", default_value = "node.toml")]
    config: PathBuf,
    /// Another value for a key of the file, as in limits.slot_burst=6; also
    /// as environment variable TABELLA_NODE_LIMITS_SLOT_BURST.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
}

/// `tabella node run`
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    config: ConfigOptions,
    /// Address and port to listen on, instead of the file's.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Print {address, operator, metrics} as JSON once the node serves.
    #[arg(long)]
    json: bool,
}

/// `tabella node check`, `tabella node reindex`
#[derive(Clone, Debug, Args)]
pub struct OfflineOptions {
    #[command(flatten)]
    config: ConfigOptions,
    /// Print {frames, elections, entries, cut_bytes} as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the family.
///
/// # Errors
/// If a file cannot be used, or the node does not start or ends by itself.
pub fn run(command: NodeCommand) -> Result<()> {
    match command {
        NodeCommand::Init(options) => init::run(&options),
        NodeCommand::Run(options) => run::serve(&options),
        NodeCommand::Check(options) => run::offline(&options, false),
        NodeCommand::Reindex(options) => run::offline(&options, true),
    }
}

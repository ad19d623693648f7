//! `tabella chain`: elections on an EVM chain. spec: `cli.chain`

mod compare;
mod deploy;
mod options;
mod post;
mod status;
mod void;
mod watch;

use anyhow::{Context, Result};
use clap::Subcommand;

pub use compare::compare;
pub use options::ChainOptions;
pub use post::prove as prove_for_chain;

/// `tabella chain ..`
#[derive(Debug, Subcommand)]
pub enum ChainCommand {
    /// Create the contract of elections.
    Deploy(deploy::DeployOptions),
    /// What the chain, an election on it and the outbox are at.
    Status(status::StatusOptions),
    /// Post an election's record: everything that is not on the chain yet.
    Post(post::PostOptions),
    /// Follow an election on a node and post what happens, up to the result.
    Watch(watch::WatchOptions),
    /// End an election that missed a deadline; anybody may.
    Void(void::VoidOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: ChainCommand) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            ChainCommand::Deploy(options) => deploy::run(&options).await,
            ChainCommand::Status(options) => status::run(&options).await,
            ChainCommand::Post(options) => post::run(&options).await,
            ChainCommand::Watch(options) => watch::run(&options).await,
            ChainCommand::Void(options) => void::run(&options).await,
        }
    })
}

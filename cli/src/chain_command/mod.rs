//! `tabella chain`: elections, audits and what obeys them on an EVM chain.
//! spec: `cli.chain`

mod audit;
mod check;
mod compare;
mod created;
mod creation;
mod deploy;
mod executor;
mod gate;
mod options;
mod post;
mod posting;
mod status;
mod void;
mod votes;
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
    /// How a contract came to be, and with what terms: before relying on it.
    Creation(creation::CreationOptions),
    /// Whether the contracts that a vote is to move would obey it.
    Check(check::CheckOptions),
    /// Audits in a contract that checks and records them.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// The gate that says which models may be used.
    #[command(subcommand)]
    Gate(gate::GateCommand),
    /// The executor that runs what members voted for.
    #[command(subcommand)]
    Executor(executor::ExecutorCommand),
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
            ChainCommand::Creation(options) => creation::run(&options).await,
            ChainCommand::Check(options) => check::run(&options).await,
            ChainCommand::Audit(command) => audit::run(command).await,
            ChainCommand::Gate(command) => gate::run(command).await,
            ChainCommand::Executor(command) => executor::run(command).await,
        }
    })
}

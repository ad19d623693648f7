//! `tabella chain executor`: runs what members voted for.
//! spec: `cli.chain.executor`

mod deploy;
mod run;
mod show;

use anyhow::Result;
use clap::Subcommand;

/// `tabella chain executor ..`
#[derive(Debug, Subcommand)]
pub enum ExecutorCommand {
    /// Create an executor that obeys votes of one kind, and its timelock.
    Deploy(deploy::DeployOptions),
    /// Let the delay of a passed vote's calls begin; anybody may.
    Queue(run::QueueOptions),
    /// Make the calls once the delay is over; anybody may.
    Execute(run::ExecuteOptions),
    /// Where the calls of an election stand.
    Show(show::ShowOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub async fn run(command: ExecutorCommand) -> Result<()> {
    match command {
        ExecutorCommand::Deploy(options) => deploy::run(&options).await,
        ExecutorCommand::Queue(options) => run::queue(&options).await,
        ExecutorCommand::Execute(options) => run::execute(&options).await,
        ExecutorCommand::Show(options) => show::run(&options).await,
    }
}

//! `tabella chain gate`: the gate of an organisation's models.
//! spec: `cli.chain.gate`

mod deploy;
mod enact;
mod propose;
mod show;

use anyhow::Result;
use clap::Subcommand;

pub use enact::{Obeyed, obey};

/// `tabella chain gate ..`
#[derive(Debug, Subcommand)]
pub enum GateCommand {
    /// Create a gate that obeys votes of one kind, and asks for audits.
    Deploy(deploy::DeployOptions),
    /// Print the call by which a vote approves an audited model.
    Approve(propose::ApproveOptions),
    /// Print the call by which a vote sanctions a model.
    Sanction(propose::SanctionOptions),
    /// Let the gates that a vote calls obey it; anybody may.
    Enact(enact::EnactOptions),
    /// Whether a model may be used, and why.
    Show(show::ShowOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub async fn run(command: GateCommand) -> Result<()> {
    match command {
        GateCommand::Deploy(options) => deploy::run(&options).await,
        GateCommand::Approve(options) => propose::approve(&options),
        GateCommand::Sanction(options) => propose::sanction(&options),
        GateCommand::Enact(options) => enact::run(&options).await,
        GateCommand::Show(options) => show::run(&options).await,
    }
}

//! The commands. Each family of commands has its options in its own module.

use crate::{
    account, audit, census, chain_command, demo, election, export, identity, manual, mask, monitor_command,
    node_command, outcome, receipt, record, register, trustee, verify, vote,
};
use clap::{Parser, Subcommand};

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
    Demo(demo::DemoOptions),
    /// Keep the keys of accounts sealed.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Keep the secret that you vote with.
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Register your identity with an organisation.
    Register(register::RegisterOptions),
    /// Vote, or prepare a vote that others send.
    #[command(subcommand)]
    Vote(vote::VoteCommand),
    /// Mask slots, so that votes cannot be proven to others.
    #[command(subcommand)]
    Mask(mask::MaskCommand),
    /// Check that the operator keeps its promises.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Who may vote: weights from balances, the frozen census.
    #[command(subcommand)]
    Census(census::CensusCommand),
    /// Prepare, open, watch and close elections.
    #[command(subcommand)]
    Election(election::ElectionCommand),
    /// Show the result of an election, verified here.
    Tally(outcome::TallyOptions),
    /// Run a node.
    #[command(subcommand)]
    Node(node_command::NodeCommand),
    /// Make an election's key with other trustees, and decrypt its result.
    #[command(subcommand)]
    Trustee(trustee::TrusteeCommand),
    /// Follow elections, verify everything, and keep evidence.
    Monitor(monitor_command::MonitorOptions),
    /// Audit decisions for bias, and prove it.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Settle elections on an EVM chain.
    #[command(subcommand)]
    Chain(chain_command::ChainCommand),
    /// Check an election record, offline or against a chain.
    Verify(verify::VerifyOptions),
    /// Get election records from nodes.
    #[command(subcommand)]
    Record(record::RecordCommand),
    /// Write proofs in the forms of other tools.
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Print completions for a shell.
    Completions(manual::CompletionsOptions),
    /// Write manual pages.
    Man(manual::ManOptions),
}

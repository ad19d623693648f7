//! The commands. Each family of commands has its options in its own module.

use crate::{account, demo, export, record, verify};
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
    /// Check an election record offline.
    Verify(verify::VerifyOptions),
    /// Get election records from nodes.
    #[command(subcommand)]
    Record(record::RecordCommand),
    /// Write proofs in the forms of other tools.
    #[command(subcommand)]
    Export(export::ExportCommand),
}

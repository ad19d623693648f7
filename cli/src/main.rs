//! The `tabella` command. spec: `cli`.

mod args;
mod chart;
mod demo;
mod export;
mod keys;
mod progress;
mod record;
mod tally;
mod trustee;
mod verify;

use args::{Args, Command, ExportCommand, RecordCommand};
use clap::Parser;
use std::process::ExitCode;

/// Exit codes: 0 success, 1 failure, 2 wrong usage (by clap).
fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Demo(options) => demo::run(&options),
        Command::Verify(options) => return verify::run(&options),
        Command::Record(RecordCommand::Export(options)) => record::export(&options),
        Command::Export(ExportCommand::Snarkjs(options)) => export::snarkjs(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

//! The `tabella` command. spec: `cli`.

mod account;
mod args;
mod chart;
mod demo;
mod export;
mod keys;
mod options;
mod progress;
mod record;
mod tally;
mod trustee;
mod verify;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Exit codes: 0 success, 1 failure, 2 wrong usage (by clap).
fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Account(command) => account::run(command),
        Command::Verify(options) => return verify::run(&options),
        Command::Record(command) => record::run(command),
        Command::Export(command) => export::run(command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

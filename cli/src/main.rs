//! The `tabella` command. spec: `cli`.

mod account;
mod args;
mod ask;
mod chart;
mod demo;
mod export;
mod home;
mod identity;
mod keys;
mod mask;
mod options;
mod progress;
mod receipt;
mod record;
mod register;
mod tally;
mod text;
mod times;
mod trustee;
mod verify;
mod vote;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Exit codes: 0 success, 1 failure, 2 wrong usage (by clap).
fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Account(command) => account::run(command),
        Command::Identity(command) => identity::run(command),
        Command::Register(options) => register::run(&options),
        Command::Vote(command) => vote::run(command),
        Command::Mask(command) => mask::run(command),
        Command::Receipt(command) => receipt::run(command),
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

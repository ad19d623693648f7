//! The `tabella` command. spec: `cli`.

mod account;
mod amounts;
mod args;
mod ask;
mod attestations;
mod audit;
mod census;
mod chain_command;
mod chart;
mod demo;
mod election;
mod examples;
mod export;
mod home;
mod identity;
mod keys;
mod log;
mod manual;
mod mask;
mod metrics;
mod monitor_command;
mod node_command;
mod options;
mod outcome;
mod pipe;
mod progress;
mod receipt;
mod record;
mod register;
mod signals;
mod tally;
mod text;
mod times;
mod trustee;
mod verify;
mod vote;

use args::{Args, Command};
use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

/// Exit codes: 0 success, 1 failure, 2 wrong usage (by clap).
fn main() -> ExitCode {
    pipe::end_quietly();
    // Named here, since TLS libraries with two providers to choose from take
    // none. It is the first call of the process, so it cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let result = match parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Account(command) => account::run(command),
        Command::Identity(command) => identity::run(command),
        Command::Register(options) => register::run(&options),
        Command::Vote(command) => vote::run(command),
        Command::Mask(command) => mask::run(command),
        Command::Receipt(command) => receipt::run(command),
        Command::Census(command) => census::run(command),
        Command::Election(command) => election::run(command),
        Command::Tally(options) => outcome::run(&options),
        Command::Node(command) => node_command::run(command),
        Command::Trustee(command) => trustee::run(command),
        Command::Monitor(options) => monitor_command::run(options),
        Command::Audit(command) => match audit::run(command) {
            Ok(code) => return code,
            Err(e) => Err(e),
        },
        Command::Chain(command) => chain_command::run(command),
        Command::Verify(options) => return verify::run(&options),
        Command::Record(command) => record::run(command),
        Command::Export(command) => export::run(command),
        Command::Completions(options) => manual::completions(options),
        Command::Man(options) => manual::man(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line, or ends with what is wrong with it.
fn parse() -> Args {
    let matches = examples::add(Args::command()).get_matches();
    Args::from_arg_matches(&matches).unwrap_or_else(|e| e.exit())
}

//! `tabella verify`: a record offline.

use crate::{progress, record};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};
use verifier::record::{Files, Report};

/// `tabella verify`
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Print one JSON object: {ok, checks: [{id, name, ok, detail}], warnings}.
    #[arg(long)]
    pub json: bool,
}

/// Checks a record and prints the checklist; exit code 0 only if every check
/// passed.
pub fn run(options: &VerifyOptions) -> ExitCode {
    let report = match record::read(&options.record) {
        Ok(files) => check(&files),
        Err(e) => Report::unreadable(&format!("{e:#}")),
    };
    print(&report, options.json);
    if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks files with a progress line on standard error.
pub fn check(files: &Files) -> Report {
    let line = progress::spinner("verifying");
    let report =
        verifier::record::check(files, &mut |id| line.set_message(format!("verifying: {}", id.name())));
    line.finish_and_clear();
    report
}

/// Prints a report as a checklist or as JSON.
pub fn print(report: &Report, json: bool) {
    if json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
        return;
    }
    print!("{report}");
    println!("{}", if report.ok { "VERIFIED" } else { "NOT VERIFIED" });
}

//! `tabella verify`: a record offline, and against a chain if one is named.

use crate::{
    chain_command::{self, ChainOptions},
    home::HomeOptions,
    progress, record,
};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};
use verifier::record::{Files, Record, Report};

/// `tabella verify`
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// Also compare with what this chain has finalised: the address of a node
    /// (JSON-RPC over http or https), or `embedded`.
    #[arg(long, value_name = "URL")]
    pub chain: Option<String>,
    /// Directory of the embedded chain; `chain` in the home if not given.
    #[arg(long, value_name = "DIR")]
    pub chain_dir: Option<PathBuf>,
    #[command(flatten)]
    pub home: HomeOptions,
    /// Print one JSON object: {ok, checks: [{id, name, ok, detail}], warnings}.
    #[arg(long)]
    pub json: bool,
}

/// Checks a record and prints the checklist; exit code 0 only if every check
/// passed.
pub fn run(options: &VerifyOptions) -> ExitCode {
    let report = match record::read(&options.record) {
        Ok(files) => {
            let mut report = check(&files);
            if let Some(chain) = options.chain() {
                compare(&chain, &files, &mut report);
            }
            report
        }
        Err(e) => Report::unreadable(&format!("{e:#}")),
    };
    print(&report, options.json);
    if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl VerifyOptions {
    /// The chain to compare with, if one is named.
    fn chain(&self) -> Option<ChainOptions> {
        let url = self.chain.clone().filter(|url| url != "embedded");
        let named = self.chain.is_some() || self.chain_dir.is_some();
        named.then(|| ChainOptions { url, chain_dir: self.chain_dir.clone(), home: self.home.clone() })
    }
}

/// Adds the comparison with a chain to a report.
fn compare(chain: &ChainOptions, files: &Files, report: &mut Report) {
    // The report says already why a record cannot be decoded.
    let Ok(record) = Record::from_files(files) else { return };
    let check = chain_command::compare(chain, &record);
    report.ok &= check.ok;
    report.checks.push(check);
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

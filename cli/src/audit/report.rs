//! `tabella audit report`.

use super::verify::{TrustOptions, check_file};
use crate::record;
use anyhow::{Context, Result};
use audit::report::{Report, groups_csv, html, verdicts_csv};
use clap::Args;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// `tabella audit report`
#[derive(Clone, Debug, Args)]
pub struct ReportOptions {
    /// The attestation.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    trust: TrustOptions,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print {html, groups, verdicts, verified} as JSON.
    #[arg(long)]
    json: bool,
}

/// Checks an attestation and writes its report. A report of an attestation
/// that fails its checks says so; exit code 1.
///
/// # Errors
/// If the attestation cannot be read, or a file cannot be written.
pub fn run(options: &ReportOptions) -> Result<ExitCode> {
    record::prepare(&options.out)?;
    let verified = write(&options.file, &options.trust, &options.out)?;
    let path = |name: &str| options.out.join(name);
    if options.json {
        println!(
            "{}",
            json!({
                "html": path(HTML), "groups": path(GROUPS), "verdicts": path(VERDICTS), "verified": verified,
            })
        );
    } else {
        println!("{}", path(HTML).display());
    }
    Ok(if verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const HTML: &str = "report.html";
const GROUPS: &str = "groups.csv";
const VERDICTS: &str = "verdicts.csv";

/// Writes the files of a report into a directory; returns whether the
/// attestation passes its checks.
///
/// # Errors
/// If the attestation cannot be read, or a file cannot be written.
pub fn write(file: &Path, trust: &TrustOptions, directory: &Path) -> Result<bool> {
    let (attestation, checklist) = check_file(file, trust)?;
    let attestation = attestation
        .with_context(|| format!("{} is no attestation: {}", file.display(), checklist.checks[0].detail))?;
    let report = Report { attestation: &attestation, checklist: &checklist };
    super::write(&directory.join(HTML), html(&report).as_bytes())?;
    super::write(&directory.join(GROUPS), groups_csv(&report).as_bytes())?;
    super::write(&directory.join(VERDICTS), verdicts_csv(&report).as_bytes())?;
    Ok(checklist.ok)
}

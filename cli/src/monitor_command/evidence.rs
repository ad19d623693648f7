//! `tabella monitor evidence`: files of evidence, checked offline.

use crate::{attestations::AttestationKeys, text};
use ::monitor::{Evidence, evidence::Culprit, logs::Evidence as LogEvidence};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::Address;
use clap::{Args, Subcommand};
use serde_json::json;
use std::{fs, path::PathBuf};

/// `tabella monitor evidence ..`
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Check a file by itself: no node, no network.
    Check(CheckOptions),
}

/// `tabella monitor evidence check`
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// A file of a monitor's evidence.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The organiser's account, as the organisation publishes it: shows that
    /// the election is the organisation's.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    /// Powers of tau of a ceremony, if the evidence is about an attestation
    /// under it; without it, the INSECURE development parameters.
    #[arg(long, value_name = "FILE")]
    ptau: Option<PathBuf>,
    /// Print {ok, culprit, role, election, organiser, what} as JSON.
    #[arg(long)]
    json: bool,
}

/// Longest file that is read: a board of a million rows.
const FILE_MAX: u64 = 1 << 30;

/// Runs a command of the family.
///
/// # Errors
/// If the file proves nothing.
pub fn run(command: EvidenceCommand) -> Result<()> {
    let EvidenceCommand::Check(options) = command;
    let name = || options.file.display().to_string();
    ensure!(fs::metadata(&options.file).with_context(name)?.len() <= FILE_MAX, "{}: too long", name());
    let bytes = fs::read(&options.file).with_context(name)?;
    if LogEvidence::is_format(&bytes) {
        return check_log(&options, &bytes);
    }
    let evidence = Evidence::from_json(&bytes).with_context(|| format!("{}: no evidence", name()))?;
    let organiser = evidence.draft.draft.organiser;
    require_organiser(&options, organiser)?;
    let checked = evidence.check();
    if options.json {
        let (what, verdict) = (checked.as_ref().err().map(ToString::to_string), checked.as_ref().ok());
        let (role, culprit) = verdict.map_or((None, None), |v| match v.culprit {
            Culprit::Operator(address) => (Some("operator"), Some(address)),
            Culprit::Trustee { address, .. } => (Some("trustee"), Some(address)),
        });
        let object = json!({
            "ok": verdict.is_some(),
            "culprit": culprit,
            "role": role,
            "election": verdict.and_then(|v| v.election),
            "organiser": organiser,
            "what": what.or(verdict.map(|v| v.what.clone())),
        });
        println!("{object}");
    }
    let verdict = checked.with_context(|| format!("{} proves nothing", name()))?;
    if !options.json {
        println!("PROVEN: {} {}", verdict.culprit, verdict.what);
        if let Some(election) = verdict.election {
            println!("Election {election}");
        }
        println!("Organisation {:?}, organiser {organiser}", evidence.draft.draft.organisation);
    }
    Ok(())
}

fn require_organiser(options: &CheckOptions, found: Address) -> Result<()> {
    match options.organiser.filter(|expected| *expected != found) {
        Some(expected) => bail!(
            "{}: it is organised by {found}, not by {expected}; --organiser names the organisation's account",
            options.file.display()
        ),
        None => Ok(()),
    }
}

/// Evidence about a log of audits.
fn check_log(options: &CheckOptions, bytes: &[u8]) -> Result<()> {
    let name = || options.file.display().to_string();
    let evidence = LogEvidence::from_json(bytes).with_context(|| format!("{}: no evidence", name()))?;
    let parties = &evidence.log;
    require_organiser(options, parties.organiser)?;
    let checked = evidence.check(&AttestationKeys::new(options.ptau.clone(), None));
    if options.json {
        let proven = checked.is_ok();
        let object = json!({
            "ok": proven,
            "culprit": proven.then_some(parties.operator),
            "role": proven.then_some("operator"),
            "log": parties.log(),
            "organisation": parties.organisation,
            "organiser": parties.organiser,
            "what": checked.as_ref().map_or_else(ToString::to_string, Clone::clone),
        });
        println!("{object}");
    }
    let what = checked.with_context(|| format!("{} proves nothing", name()))?;
    if !options.json {
        println!("PROVEN: operator {} {what}", parties.operator);
        println!("Log {} of audits of {}", parties.log(), text::line(&parties.organisation));
        println!("Organiser {}", parties.organiser);
    }
    Ok(())
}

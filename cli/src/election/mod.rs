//! `tabella election ..`: the organiser's side of an election.
//! spec: `cli.election`

mod close;
mod create;
mod file;
mod list;
mod open;
pub mod report;
pub mod show;
#[cfg(test)]
mod tests;
pub mod which;

pub use file::{ElectionFile, read_table};

use crate::{chart, text, times};
use anyhow::{Context, Result};
use circuits::types::{Draft, VERIFYING_KEYS};
use clap::Subcommand;
use proto::v1::Phase;
use std::{fmt, fs, path::Path};
use verifier::KeyHash;

/// Shown wherever an election is, as long as this holds.
pub const INSECURE: &str =
    "INSECURE: the proving keys are development keys. Anyone can forge votes and results.";

/// `tabella election ..`
#[derive(Debug, Subcommand)]
pub enum ElectionCommand {
    /// Publish the draft of an election, signed by the organiser.
    Create(create::CreateOptions),
    /// Show an election: its terms, its phase, and what it waits for.
    Show(show::ShowOptions),
    /// List the elections of a node.
    List(list::ListOptions),
    /// Report what totals could reveal about single votes.
    Report(report::ReportOptions),
    /// Open voting, once the trustees have made the key.
    Open(open::OpenOptions),
    /// End voting.
    Close(close::CloseOptions),
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: ElectionCommand) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            ElectionCommand::Create(options) => create::run(&options).await,
            ElectionCommand::Show(options) => show::run(&options).await,
            ElectionCommand::List(options) => list::run(&options).await,
            ElectionCommand::Report(options) => report::run(&options).await,
            ElectionCommand::Open(options) => open::run(&options).await,
            ElectionCommand::Close(options) => close::run(&options).await,
        }
    })
}

/// The phase as one word for programs and people.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Unspecified => "unknown",
        Phase::Draft => "draft",
        Phase::KeyGeneration => "key_generation",
        Phase::Keyed => "keyed",
        Phase::Voting => "voting",
        Phase::Closed => "closed",
        Phase::Tallied => "tallied",
    }
}

/// Hashes of the keys that this program would use for an election.
///
/// # Errors
/// If there are none for its shape and threshold.
pub fn development_hashes(draft: &Draft) -> Result<[KeyHash; VERIFYING_KEYS]> {
    let (shape, t) = (draft.rule.shape(), usize::from(draft.threshold));
    prover::pinned_hashes(shape, t).context("this program has no keys for the election's shape and threshold")
}

/// Prints what a draft says, but its text.
pub fn print_terms(draft: &Draft) {
    let (pass, decimals) = (&draft.pass_rule, draft.census.decimals);
    let options: Vec<String> = draft.options.iter().map(|o| text::line(o)).collect();
    println!("Organisation  {}", text::line(&draft.organisation));
    println!("Options       {}", options.join(", "));
    println!("Rule          {}", draft.rule.kind());
    println!(
        "Passes        if {} gets more than {}/{} of all units, and all get {} tokens or more",
        options.get(usize::from(pass.winning_option)).map_or("?", String::as_str),
        pass.majority_numerator,
        pass.majority_denominator,
        chart::units(pass.quorum, decimals)
    );
    println!("Census        {}, {decimals} decimals", text::line(&draft.census.snapshot));
    if !draft.census.maskers.is_empty() {
        println!("Maskers       {}", draft.census.maskers.len());
    }
    print_times(draft);
    println!(
        "Trustees      {} of {} decrypt, from {} ballots on",
        draft.threshold,
        draft.trustees.len(),
        draft.min_ballots
    );
    for (trustee, index) in draft.trustees.iter().zip(1..) {
        println!("  trustee {index}   {}", trustee.signer);
    }
    println!("Organiser     {}", draft.organiser);
    println!("Operator      {}", draft.operator);
}

/// Prints when voting is.
pub fn print_times(draft: &Draft) {
    let (opening, closing) = (times::show(draft.times.opening), times::show(draft.times.closing));
    let early = if draft.early_close { ", or earlier if the organiser says so" } else { "" };
    println!("Voting        from {opening} to {closing}{early}");
}

/// Writes an id on one line, for scripts and for whoever publishes it.
fn write_id(file: Option<&Path>, id: impl fmt::Display) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, format!("{id}\n")).with_context(|| format!("cannot write {}", file.display()))
}

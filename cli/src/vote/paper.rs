//! The ballot paper: what a member reads before voting. Everything on it was
//! checked; others' words are shown without control characters.

use crate::{chart, text, times};
use anyhow::Result;
use circuits::types::{Address, RuleKind};
use client::{choice::Choice, election::Election, state::State};
use std::fmt::Write;

/// The election as a text of some lines.
pub fn show(state: &State, organiser: Option<Address>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_paper(&mut out, state, organiser);
    out
}

fn write_paper(out: &mut String, state: &State, organiser: Option<Address>) -> std::fmt::Result {
    let (election, draft) = (&state.election, state.election.draft());
    writeln!(out, "{} asks:", text::line(&draft.organisation))?;
    writeln!(out)?;
    for line in text::plain(&election.signed_draft.proposal).lines() {
        writeln!(out, "    {line}")?;
    }
    writeln!(out)?;
    for (i, option) in draft.options.iter().enumerate() {
        writeln!(out, "{:>4}. {}", i + 1, text::line(option))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", rule(draft.rule.kind()))?;
    let early = if draft.early_close { ", or earlier if the organiser closes" } else { "" };
    writeln!(
        out,
        "Voting from {} to {}{early}.",
        times::show(draft.times.opening),
        times::show(draft.times.closing)
    )?;
    let total = chart::units(state.census.total(), draft.census.decimals);
    writeln!(out, "{} members with {total} tokens; {}.", state.census.entries().len(), board(state))?;
    let (t, n) = (draft.threshold, draft.trustees.len());
    writeln!(
        out,
        "Any {t} of {n} trustees together could decrypt single votes; they promise to decrypt totals only."
    )?;
    if !draft.calls.is_empty() {
        writeln!(out, "If it passes, {} calls are run on chain {}.", draft.calls.len(), draft.chain_id)?;
    }
    write_warnings(out, election, organiser)
}

fn write_warnings(out: &mut String, election: &Election, organiser: Option<Address>) -> std::fmt::Result {
    if election.insecure_development_keys {
        writeln!(
            out,
            "INSECURE development keys: anyone can forge votes and results. Not for a vote that matters."
        )?;
    }
    if organiser.is_none() {
        let organiser = election.draft().organiser;
        writeln!(
            out,
            "Organised by {organiser}, as the election's id says: have the id from the organisation,"
        )?;
        writeln!(out, "not from the node, or compare this account with what it publishes (--organiser).")?;
    }
    Ok(())
}

fn board(state: &State) -> String {
    let entries = state.mirror.len();
    match state.mirror.head() {
        Some(head) => format!("{entries} entries on the board at {}", times::show(head.head.time)),
        None => format!("{entries} entries on the board"),
    }
}

fn rule(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::SingleChoice => "One option gets your whole weight.",
        RuleKind::Approval => "Each option that you approve of gets your whole weight; none is possible too.",
        RuleKind::Split => "You split your weight: option=tokens, in sum at most your weight.",
        RuleKind::Quadratic => {
            "You give votes: option=votes. v votes cost v*v units of your weight, in sum at most all of it."
        }
    }
}

/// Reads a choice for the election.
///
/// # Errors
/// If it breaks the rule.
pub fn choose(election: &Election, text: &str, weight: u64) -> Result<Choice> {
    let draft = election.draft();
    let choice = Choice::parse(draft.rule.kind(), &draft.options, draft.census.decimals, text)?;
    choice.votes(draft.rule, weight)?;
    Ok(choice)
}

/// The choice in words.
pub fn describe(election: &Election, choice: &Choice, weight: u64) -> String {
    let draft = election.draft();
    let name = |i: usize| draft.options.get(i).map_or_else(|| (i + 1).to_string(), |o| text::line(o));
    let tokens = |units| chart::units(units, draft.census.decimals);
    let list = |parts: Vec<String>| if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    match choice {
        Choice::Single(i) => format!("{} with {} tokens", name(*i), tokens(weight)),
        Choice::Approval(all) => {
            format!("{} with {} tokens each", list(all.iter().map(|i| name(*i)).collect()), tokens(weight))
        }
        Choice::Split(all) => {
            list(all.iter().map(|(i, units)| format!("{} {}", name(*i), tokens(*units))).collect())
        }
        Choice::Quadratic(all) => list(all.iter().map(|(i, v)| format!("{} {v} votes", name(*i))).collect()),
    }
}

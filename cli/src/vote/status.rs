//! `tabella vote status`: found in the member's own copy of the board. A
//! question to the node about one member would tell it who votes (A64).

use super::{
    booth,
    options::{ElectionOptions, MemberOptions, SourceOptions},
};
use crate::{chart, identity};
use anyhow::Result;
use circuits::types::Slot;
use clap::Args;
use client::state::State;
use serde_json::json;

/// `tabella vote status`
#[derive(Clone, Debug, Args)]
pub struct StatusOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    member: MemberOptions,
    /// Print {election, weight, slot, entries, closed} as JSON; `entries` are
    /// the numbers of the entries in your slot.
    #[arg(long)]
    json: bool,
}

/// Prints what the board holds for the member.
///
/// # Errors
/// If the state cannot be had, or the identity is not a member.
pub async fn run(options: &StatusOptions) -> Result<()> {
    let home = options.member.home.open()?;
    let state = booth::look(&home, &options.source, &options.election).await?;
    let identity = identity::load(&home, &options.member.passphrase)?;
    let weight = booth::weight(&state, &identity)?;
    let slot = Slot::derive(identity.secret(), state.election.id);
    let entries = entries_of(&state, slot);
    if options.json {
        let object = json!({
            "election": state.election.id, "weight": weight, "slot": slot, "entries": entries,
            "closed": state.mirror.is_closed(),
        });
        println!("{}", serde_json::to_string(&object)?);
        return Ok(());
    }
    println!("Your weight: {} tokens.", chart::units(weight, state.election.draft().census.decimals));
    match entries[..] {
        [] => println!("Nothing of yours is on the board."),
        [first] => println!("Your slot has one entry, number {first}: your vote."),
        [first, .., last] => println!(
            "Your slot has {} entries, {first} to {last}: your vote, then re-votes or masks. The last vote counts.",
            entries.len()
        ),
    }
    Ok(())
}

fn entries_of(state: &State, slot: Slot) -> Vec<usize> {
    let rows = state.mirror.rows().iter().enumerate();
    rows.filter(|(_, row)| row.slot == slot).map(|(seq, _)| seq).collect()
}

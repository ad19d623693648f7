//! `tabella mask`: encrypt a slot's content afresh, so that nobody can prove
//! what it holds. spec: `ballot.receipt_freeness`, `cli.mask`.

mod run;

use crate::{
    identity,
    options::NodeOptions,
    vote::{
        booth,
        options::{DelayOptions, ElectionOptions, MemberOptions},
        receipts,
    },
};
use anyhow::{Context, Result, ensure};
use circuits::types::Slot;
use clap::{Args, Subcommand};
use client::{board::Mirror, vote::Policy};
use serde_json::json;

/// `tabella mask ..`
#[derive(Debug, Subcommand)]
pub enum MaskCommand {
    /// Mask one slot.
    Once(OnceOptions),
    /// Mask random slots at random times, until closing.
    Run(run::RunOptions),
}

/// `tabella mask once`
#[derive(Clone, Debug, Args)]
pub struct OnceOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    member: MemberOptions,
    /// The slot: `random`, or 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "SLOT", default_value = "random", value_parser = target)]
    slot: Target,
    #[command(flatten)]
    delay: DelayOptions,
    /// Print {election, seq, file, receipt, attempts} as JSON.
    #[arg(long)]
    json: bool,
}

/// Which slot to mask.
#[derive(Clone, Copy, Debug)]
enum Target {
    Random,
    Slot(Slot),
}

fn target(text: &str) -> Result<Target> {
    if text == "random" {
        return Ok(Target::Random);
    }
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    let bytes = bytes.context("write random, or 0x and 64 hexadecimal digits")?;
    Ok(Target::Slot(Slot::from_bytes(&bytes)?))
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: MaskCommand) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    match command {
        MaskCommand::Once(options) => runtime.block_on(once(&options)),
        MaskCommand::Run(options) => runtime.block_on(run::run(&options)),
    }
}

async fn once(options: &OnceOptions) -> Result<()> {
    let home = options.member.home.open()?;
    let identity = identity::load(&home, &options.member.passphrase)?;
    let node = options.node.connect().await?;
    let mut state = booth::follow(&home, &node, &options.election).await?;
    if state.election.insecure_development_keys {
        eprintln!("INSECURE development keys: anyone can forge votes and results.");
    }
    let policy = Policy { delay: options.delay.longest(), ..Policy::default() };
    let voter = booth::voter(&home, &state, &identity, policy)?;
    let slot = choose(&state.mirror, options.slot)?;
    eprintln!("Proving and sending ..");
    let accepted = voter.cast_mask(&node, &mut state.mirror, slot).await?;
    let kept = receipts::keep(&home, state.election.id, state.election.draft(), accepted.receipt)?;
    kept.print(options.json, &[("attempts", json!(accepted.attempts))])
}

fn choose(mirror: &Mirror, target: Target) -> Result<Slot> {
    match target {
        Target::Random => mirror.random_slot().context("the board is empty; there is nothing to mask yet"),
        Target::Slot(slot) => {
            ensure!(mirror.slot(slot).is_some(), "slot {slot} is empty; there is nothing to mask in it");
            Ok(slot)
        }
    }
}

//! `tabella mask run`: a masker that works by itself. spec: `cli.mask_run`,
//! `client.masker`.

use crate::{
    identity, log,
    options::NodeOptions,
    signals, times,
    vote::{
        booth,
        options::{ElectionOptions, MemberOptions},
        receipts,
    },
};
use anyhow::{Result, bail};
use circuits::params::TICKETS_PER_MEMBER;
use clap::Args;
use client::{
    Error, Node,
    masker::{End, Pace, Step, step},
    state::State,
    vote::{Policy, Voter, random_up_to},
};
use serde_json::json;
use std::time::Duration;

/// `tabella mask run`
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    member: MemberOptions,
    /// Mean time between masks: 90s, 30m, 2h. Without it, the masks that are
    /// left are spread over the time that is left.
    #[arg(long, value_name = "TIME", value_parser = mean)]
    every: Option<Duration>,
    /// How lines of the log look.
    #[arg(long, value_enum, default_value = "text")]
    log_format: log::Format,
    /// Print {election, masks, missed, left, ended} as JSON in the end.
    #[arg(long)]
    json: bool,
}

fn mean(text: &str) -> Result<Duration> {
    match times::seconds(text)? {
        0 => bail!("at least 1s"),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// Longest wait before a node that did not answer is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the masker has done since it was started.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    masks: u32,
    missed: u32,
}

/// Masks until closing, or until the tickets or a signal end it.
///
/// # Errors
/// If the home cannot be used, or the node shows something that cannot be.
pub async fn run(options: &RunOptions) -> Result<()> {
    log::init("info", options.log_format)?;
    let home = options.member.home.open()?;
    let identity = identity::load(&home, &options.member.passphrase)?;
    let node = options.node.connect().await?;
    let mut state = booth::follow(&home, &node, &options.election).await?;
    if state.election.insecure_development_keys {
        tracing::warn!("INSECURE development keys: anyone can forge votes and results");
    }
    let voter = booth::voter(&home, &state, &identity, Policy::default())?;
    let pace = options.every.map_or(Pace::Spread, Pace::Every);
    let on_board = voter.masks(&state.mirror);
    tracing::info!(election = %options.election.id, on_board, of = TICKETS_PER_MEMBER, "masking");
    let mut done = Done::default();
    let mut signal = std::pin::pin!(signals::ended());
    let ended = loop {
        let left = time_left(&state)?;
        let next = tokio::select! {
            next = attempt(&voter, &node, &mut state, pace, left) => next?,
            signal = &mut signal => break signal?,
        };
        match next {
            Step::Masked(accepted) => {
                done.masks += 1;
                // The receipt names the slot: into the home, not into the log.
                receipts::keep(&home, state.election.id, state.election.draft(), accepted.receipt)?;
                tracing::info!(masks = done.masks, "a mask is on the board");
            }
            Step::Missed => done.missed += 1,
            Step::End(End::Closed) => break "closing",
            Step::End(End::Tickets) => break "tickets",
        }
    };
    report(options, &voter, &state, done, ended);
    Ok(())
}

/// A step; a node that does not answer is asked again later.
async fn attempt(voter: &Voter, node: &Node, state: &mut State, pace: Pace, left: Duration) -> Result<Step> {
    match step(voter, node, &mut state.mirror, pace, left).await {
        Err(Error::Refused { call, refusal }) if refusal.is_transient() => {
            tracing::warn!(call, %refusal, "the node did not take the mask; trying again later");
            tokio::time::sleep(PATIENCE / 4 + random_up_to(PATIENCE / 2)).await;
            Ok(Step::Missed)
        }
        other => Ok(other?),
    }
}

fn time_left(state: &State) -> Result<Duration> {
    let closing = state.election.draft().times.closing;
    Ok(Duration::from_secs(closing.saturating_sub(times::now()?)))
}

fn report(options: &RunOptions, voter: &Voter, state: &State, done: Done, ended: &str) {
    let on_board = voter.masks(&state.mirror);
    let left = TICKETS_PER_MEMBER - on_board;
    if options.json {
        let Done { masks, missed } = done;
        let election = options.election.id;
        println!(
            "{}",
            json!({ "election": election, "masks": masks, "missed": missed, "left": left, "ended": ended })
        );
        return;
    }
    println!(
        "Masked {} times in this run; {on_board} of your {TICKETS_PER_MEMBER} masks are on the board.",
        done.masks
    );
    println!("Ended by {ended}.");
}

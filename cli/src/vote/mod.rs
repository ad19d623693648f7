//! `tabella vote`: a member's side of an election. spec: `cli.vote`.

pub mod booth;
pub mod options;
mod paper;
mod prepared;
pub mod receipts;
mod status;

use crate::{
    ask,
    home::Home,
    identity,
    keys::MemberKeys,
    options::{NodeOptions, PassphraseOptions},
    text, times,
};
use anyhow::{Context, Result, bail};
use circuits::types::Address;
use clap::{Args, Subcommand};
use client::{
    choice::Choice,
    election::{self, Reference},
    identity::Identity,
    state::State,
    submission::Submission,
    tickets::FileTickets,
    vote::Policy,
};
use options::{DelayOptions, ElectionOptions, MemberOptions, SourceOptions};
use serde_json::json;
use std::{io::IsTerminal, path::PathBuf};

/// `tabella vote ..`
#[derive(Debug, Subcommand)]
pub enum VoteCommand {
    /// Prove and send a vote; others may have been faster, then again.
    Cast(CastOptions),
    /// Prove a vote and write it to a file that anybody can send.
    Prepare(PrepareOptions),
    /// Send a prepared vote, one's own or somebody else's, and print the receipt.
    Submit(SubmitOptions),
    /// Fetch or update a file with all that `vote prepare` needs of a node.
    State(StateOptions),
    /// Say what is on the board for you, without asking the node about you.
    Status(status::StatusOptions),
}

/// What a member wants to say.
#[derive(Clone, Debug, Args)]
struct ChoiceOptions {
    /// Options by name or number: `Approve` (single), `Approve,Abstain`
    /// (approval), `Approve=100,Abstain=20.5` (split, in tokens),
    /// `Approve=3,Abstain=1` (quadratic, in votes). Asked for if not given,
    /// so that it is in no history of commands.
    #[arg(long, value_name = "CHOICE")]
    choice: Option<String>,
    /// Do not ask before the vote is made.
    #[arg(long)]
    yes: bool,
}

/// `tabella vote cast`
#[derive(Clone, Debug, Args)]
pub struct CastOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    choice: ChoiceOptions,
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    member: MemberOptions,
    #[command(flatten)]
    delay: DelayOptions,
    /// Print {election, seq, file, receipt, attempts} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella vote prepare`
#[derive(Clone, Debug, Args)]
pub struct PrepareOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    choice: ChoiceOptions,
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    member: MemberOptions,
    /// File to write: one SubmitBallotRequest in protobuf, without secrets.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {election, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella vote submit`
#[derive(Clone, Debug, Args)]
pub struct SubmitOptions {
    /// A prepared vote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    node: NodeOptions,
    /// The organiser's account, as the organisation publishes it.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    #[command(flatten)]
    home: crate::home::HomeOptions,
    #[command(flatten)]
    delay: DelayOptions,
    /// Print {election, seq, file, receipt} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella vote state`
#[derive(Clone, Debug, Args)]
pub struct StateOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// File to make or to bring up to date.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {election, file, members, entries} as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: VoteCommand) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    runtime.block_on(async {
        match command {
            VoteCommand::Cast(o) => cast(&o).await,
            VoteCommand::Prepare(o) => prepare(&o).await,
            VoteCommand::Submit(o) => submit(&o).await,
            VoteCommand::State(o) => state(&o).await,
            VoteCommand::Status(o) => status::run(&o).await,
        }
    })
}

async fn cast(options: &CastOptions) -> Result<()> {
    let home = options.member.home.open()?;
    let node = options.node.connect().await?;
    let mut state = booth::follow(&home, &node, &options.election).await?;
    let organiser = options.election.organiser;
    let vote = fill_in(&home, &state, organiser, &options.choice, &options.member.passphrase)?;
    let policy = Policy { delay: options.delay.longest(), ..Policy::default() };
    let voter = booth::voter(&home, &state, &vote.identity, policy)?;
    eprintln!("Proving and sending ..");
    let accepted = voter.cast_vote(&node, &mut state.mirror, &vote.choice).await?;
    let (id, draft) = (state.election.id, state.election.draft());
    let kept = receipts::keep(&home, id, draft, accepted.receipt)?;
    kept.print(options.json, &[("attempts", json!(accepted.attempts))])
}

async fn prepare(options: &PrepareOptions) -> Result<()> {
    prepared::check_place(&options.out)?;
    let home = options.member.home.open()?;
    let state = booth::look(&home, &options.source, &options.election).await?;
    let organiser = options.election.organiser;
    let vote = fill_in(&home, &state, organiser, &options.choice, &options.member.passphrase)?;
    let voter = booth::voter(&home, &state, &vote.identity, Policy::default())?;
    // From here on a ticket is kept: a second ballot for this slot has it too (A63).
    let intent = voter.intend_vote(&state.mirror, &vote.choice)?;
    eprintln!("Proving ..");
    let entry = voter.prove(&state.mirror, &intent).await?;
    prepared::write(&options.out, &Submission { election: state.election.id, entry })?;
    if options.json {
        println!(
            "{}",
            serde_json::to_string(&json!({ "election": state.election.id, "file": options.out }))?
        );
    } else {
        let file = options.out.display();
        eprintln!("The vote is in {file}. It holds no secret; anybody can send it:");
        println!("tabella vote submit {} --node URL", text::shell(&file.to_string()));
    }
    Ok(())
}

/// What a member said, and who it is.
struct Vote {
    identity: Identity,
    choice: Choice,
}

/// Shows the ballot paper and fills it in.
fn fill_in(
    home: &Home,
    state: &State,
    organiser: Option<Address>,
    options: &ChoiceOptions,
    passphrase: &PassphraseOptions,
) -> Result<Vote> {
    let election = &state.election;
    eprintln!("{}", paper::show(state, organiser));
    warn_about_time(state)?;
    let identity = identity::load(home, passphrase)?;
    let weight = booth::weight(state, &identity)?;
    let text = match &options.choice {
        Some(text) => text.clone(),
        None if std::io::stdin().is_terminal() => ask::line("Your choice: ")?,
        None => bail!("--choice CHOICE: what to vote for"),
    };
    let choice = paper::choose(election, &text, weight)?;
    eprintln!("Your vote: {}.", paper::describe(election, &choice, weight));
    ask::agree("Is this right?", options.yes)?;
    Ok(Vote { identity, choice })
}

fn warn_about_time(state: &State) -> Result<()> {
    let (times, now) = (state.election.draft().times, times::now()?);
    if now < times.opening {
        eprintln!("Voting has not begun: a node takes votes from {} on.", times::show(times.opening));
    }
    if now >= times.closing {
        eprintln!("The closing time is past by this machine's clock: a node will refuse the vote.");
    }
    Ok(())
}

async fn submit(options: &SubmitOptions) -> Result<()> {
    let submission = prepared::read(&options.file)?;
    let home = options.home.open()?;
    options.delay.wait().await;
    let node = options.node.connect().await?;
    let which = Reference::Election(submission.election);
    let raw = election::fetch_raw(&node, which).await?;
    let election = election::accept(raw, which, &MemberKeys::trust(options.organiser))?;
    let receipt = submission.send(&node, &election, &Policy::default()).await?;
    let kept = receipts::keep(&home, election.id, election.draft(), receipt)?;
    FileTickets::new(home.tickets()).forget_spent(election.id, submission.entry.ticket)?;
    kept.print(options.json, &[])
}

async fn state(options: &StateOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let state = booth::keep(&options.out, &node, &options.election).await?;
    let (members, entries) = (state.census.entries().len(), state.mirror.len());
    if options.json {
        let object = json!({
            "election": state.election.id, "file": options.out, "members": members, "entries": entries,
        });
        println!("{}", serde_json::to_string(&object)?);
    } else {
        println!("{}: {members} members, {entries} entries", options.out.display());
    }
    Ok(())
}

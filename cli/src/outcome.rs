//! `tabella tally`: a result, verified on this machine. spec: `cli.tally`

use crate::{
    chart,
    election::{
        self,
        show::Status,
        which::{ElectionOptions, Found},
    },
    options::NodeOptions,
    progress, record, text, verify,
};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::Address;
use clap::Args;
use client::Node;
use proto::v1::Phase;
use serde_json::json;
use std::time::Duration;
use verifier::record::{Record, Report};

/// Time between two looks at the node.
const POLL: Duration = Duration::from_secs(1);

/// `tabella tally`
#[derive(Clone, Debug, Args)]
pub struct TallyOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Refuse an election of anybody but this organiser.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    #[command(flatten)]
    node: NodeOptions,
    /// Wait until the result is proven.
    #[arg(long)]
    wait: bool,
    /// Print one JSON object: {election_id, options, totals, passed, verified, ..}.
    #[arg(long)]
    json: bool,
}

/// Shows the result of an election once its record verifies.
///
/// # Errors
/// If there is no result yet, or the record does not verify.
pub fn run(options: &TallyOptions) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let (found, files) = runtime.block_on(fetch(options))?;
    let report = verify::check(&files);
    if !report.ok {
        eprint!("{report}");
        bail!(
            "the record does not verify; do not trust the result, keep the record (`tabella record export`)"
        );
    }
    let record = Record::from_files(&files)?;
    ensure!(
        record.election.draft == found.signed,
        "the record is of another election than the one asked for; do not trust the node"
    );
    if options.json {
        print_json(&record, &report)
    } else {
        print(&record, &report)
    }
    Ok(())
}

async fn fetch(options: &TallyOptions) -> Result<(Found, verifier::record::Files)> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    if let Some(organiser) = options.organiser {
        let named = found.draft().organiser;
        ensure!(named == organiser, "the election is organised by {named}, not by {organiser}");
    }
    let found = if options.wait { wait(&node, options.election).await? } else { found };
    if found.phase != Phase::Tallied {
        let status = Status::fetch(&node, found).await?;
        bail!("there is no result yet; the election waits for {}; --wait waits with it", status.awaited());
    }
    let files = record::download(&node, found.require_id()?).await?;
    Ok((found, files))
}

async fn wait(node: &Node, which: ElectionOptions) -> Result<Found> {
    let line = progress::spinner("waiting");
    loop {
        let found = which.find(node).await?;
        if found.phase == Phase::Tallied {
            line.finish_and_clear();
            return Ok(found);
        }
        let status = Status::fetch(node, found).await?;
        ensure!(!status.is_dead(), "there will be no result; the election waits for {}", status.awaited());
        line.set_message(format!("waiting for {}", status.awaited()));
        tokio::time::sleep(POLL).await;
    }
}

fn print(record: &Record, report: &Report) {
    let (election, tally) = (&record.election, &record.tally);
    let draft = &election.draft.draft;
    println!("{}\n", text::plain(&election.draft.proposal).trim_end());
    let options: Vec<String> = draft.options.iter().map(|o| text::line(o)).collect();
    print!("{}", chart::bars(&options, &tally.totals, draft.census.decimals));
    let verdict = if draft.pass_rule.passed(&tally.totals) { "PASSED" } else { "NOT PASSED" };
    println!("\n{verdict}");
    let members = record.registrations.len();
    println!(
        "{} of {members} members voted, with {} entries; trustees {:?} decrypted.",
        tally.slots,
        record.entries.len(),
        tally.quorum
    );
    println!("Organiser {}, operator {}", draft.organiser, draft.operator);
    println!("Verified here: {} checks of the record passed.", report.checks.len());
    if election.setup == verifier::record::Setup::InsecureDevelopment {
        println!("{}", election::INSECURE);
    }
}

fn print_json(record: &Record, report: &Report) {
    let (election, tally) = (&record.election, &record.tally);
    let draft = &election.draft.draft;
    let object = json!({
        "election_id": election.key.key.election_id(),
        "draft_id": draft.id(),
        "organiser": draft.organiser,
        "operator": draft.operator,
        "options": draft.options,
        "totals": tally.totals,
        "decimals": draft.census.decimals,
        "passed": draft.pass_rule.passed(&tally.totals),
        "slots": tally.slots,
        "entries": record.entries.len(),
        "members": record.registrations.len(),
        "trustees": tally.quorum,
        "verified": report.ok,
        "insecure_development_keys": election.setup == verifier::record::Setup::InsecureDevelopment,
    });
    println!("{object}");
}

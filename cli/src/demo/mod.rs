//! `tabella demo`: a whole election on this machine, over real gRPC.

mod bias;
mod election;
mod ledger;
mod options;
mod parties;
mod plan;
mod story;
mod trustees;

use crate::{chart, record, text, verify};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use story::Story;

pub use options::{DemoCommand, DemoOptions};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Summary {
    voters: usize,
    entries: usize,
    slots: u32,
    revotes: usize,
    masks: usize,
    tally_proofs: usize,
    totals: Vec<u64>,
    expected_totals: Vec<u64>,
    timings_ms: BTreeMap<&'static str, u64>,
    record: PathBuf,
    verified: bool,
    election: String,
    chain: ledger::Summary,
    /// Address of the node, if it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
}

/// Runs the demo.
///
/// # Errors
/// If any step fails, or the outcome is not what the members chose.
pub fn run(options: &DemoOptions) -> Result<()> {
    if let Some(DemoCommand::Audit(options)) = &options.what {
        return bias::run(options);
    }
    options.check()?;
    let out = directory(options.out.as_deref())?;
    let mut story = Story::new(options.json);
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let outcome = runtime.block_on(election::run(options, &out, &mut story))?;

    story.chapter("Verification");
    let record_dir = out.join("record");
    story
        .say("The record goes to disk; `tabella verify` needs nothing else: no node, no network, no secret.");
    record::write(&record_dir, &outcome.files)?;
    let report = story.timed("verify", || record::read(&record_dir).map(|files| verify::check(&files)))?;
    story.show(&report.to_string());
    ensure!(report.ok, "the record in {} does not verify", record_dir.display());
    let tally = &outcome.tally;
    ensure!(
        tally.totals == outcome.expected_totals,
        "totals {:?} differ from the members' choices {:?}",
        tally.totals,
        outcome.expected_totals
    );

    story.chapter("Result");
    story.show(&chart::bars(&options.options, &tally.totals, outcome.decimals));
    story.say(&format!(
        "{} votes were counted of {} entries; who cast which, nobody can tell. They are what the members chose.",
        tally.slots, outcome.entries
    ));
    story.say(&format!("Record: {}", record_dir.display()));
    let record = text::shell(&record_dir.display().to_string());
    let chain = match &options.chain {
        // An address may hold an access key.
        Some(_) => "--chain URL".into(),
        None => format!("--chain-dir {}", text::shell(&out.join("chain").display().to_string())),
    };
    story.say(&format!("Compare it with the chain:  tabella verify {record} {chain}"));
    story.say(&format!("Check it again:  tabella verify {record}"));
    story.say(
        "These keys are INSECURE development keys: anyone can forge with them. See docs/spec/14-setup.md.",
    );
    if options.json {
        let summary = Summary {
            voters: outcome.voters,
            entries: outcome.entries,
            slots: tally.slots,
            revotes: outcome.revotes,
            masks: outcome.masks,
            tally_proofs: tally.proofs.len(),
            totals: tally.totals.clone(),
            expected_totals: outcome.expected_totals,
            timings_ms: story.timings(),
            record: record_dir,
            verified: report.ok,
            election: outcome.election.to_string(),
            chain: outcome.chain,
            node: options.serve.then_some(outcome.address.clone()),
        };
        println!("{}", serde_json::to_string(&summary)?);
    }
    if options.serve {
        story.say(&format!("The node serves at {} until ctrl-c.", outcome.address));
        runtime.block_on(tokio::signal::ctrl_c())?;
    }
    runtime.block_on(outcome.node.shutdown())?;
    Ok(())
}

fn directory(out: Option<&Path>) -> Result<PathBuf> {
    let directory = match out {
        Some(out) => out.to_owned(),
        None => tempfile::Builder::new().prefix("tabella-demo-").tempdir()?.keep(),
    };
    record::prepare(&directory)?;
    directory.canonicalize().with_context(|| format!("{}", directory.display()))
}

//! `tabella receipt`: whether promises were kept. spec: `client.receipt_check`,
//! `cli.receipt`; A36.

use crate::{
    home::HomeOptions,
    record, times, verify,
    vote::{
        booth,
        options::{ElectionOptions, MaybeNode},
        receipts::{self, Kept},
    },
};
use anyhow::{Context, Result, bail};
use circuits::types::{Address, SignedHead};
use clap::{Args, Subcommand};
use client::{
    board::Mirror,
    receipt::{Document, Evidence, Verdict, verdict},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use verifier::record::Record;

/// `tabella receipt ..`
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Compare a receipt with the board of a node or of a record.
    Check(CheckOptions),
    /// List the receipts that are kept.
    List(ListOptions),
}

/// `tabella receipt check`
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    /// The receipt.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    node: MaybeNode,
    /// Compare with this election record, offline.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// The organiser's account, as the organisation publishes it.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    #[command(flatten)]
    home: HomeOptions,
    /// Print {ok, verdict, election, seq, size, evidence} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella receipt list`
#[derive(Clone, Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    home: HomeOptions,
    /// Print {receipts: [{file, election, seq, time}]} as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the family.
///
/// # Errors
/// If a receipt is not honoured, or something cannot be read.
pub fn run(command: ReceiptCommand) -> Result<()> {
    match command {
        ReceiptCommand::Check(options) => check(&options),
        ReceiptCommand::List(options) => list(&options),
    }
}

fn check(options: &CheckOptions) -> Result<()> {
    let document = receipts::read(&options.file)?;
    let verdict = match &options.record {
        Some(record) => against_record(&document, record)?,
        None => {
            let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
            runtime.block_on(against_node(&document, options))?
        }
    };
    let kept = Kept { path: options.file.clone(), document };
    report(&kept, &verdict, options.json)
}

/// The whole board is fetched: asking for one entry would show whose it is.
async fn against_node(document: &Document, options: &CheckOptions) -> Result<Verdict> {
    let node = options.node.required()?.connect().await?;
    let election = ElectionOptions { id: document.election(), organiser: options.organiser };
    let state = booth::follow(&options.home.open()?, &node, &election).await?;
    document.require(state.election.id, state.election.draft())?;
    verdict(&document.receipt, &state.mirror).context("the node has signed no head yet")
}

fn against_record(document: &Document, directory: &Path) -> Result<Verdict> {
    let files = record::read(directory)?;
    let report = verify::check(&files);
    if !report.ok {
        eprint!("{report}");
        bail!("{}: the record itself is not valid; it proves nothing", directory.display());
    }
    let record = Record::from_files(&files)?;
    let draft = &record.election.draft.draft;
    document.require(record.election.key.key.election_id(), draft)?;
    let mirror = Mirror::of_record(&record)?;
    verdict(&document.receipt, &mirror).context("the record has no head")
}

fn report(kept: &Kept, verdict: &Verdict, json: bool) -> Result<()> {
    let receipt = &kept.document.receipt;
    let seq = receipt.path.index;
    if json {
        println!("{}", serde_json::to_string(&to_json(kept, verdict))?);
    }
    match verdict {
        Verdict::Honoured(size) => {
            if !json {
                println!("HONOURED: entry {seq} is on the board of {size} entries, as promised.");
            }
            Ok(())
        }
        Verdict::Behind(size) => bail!(
            "the board shows {size} entries, but its operator signed for {} at {}: the node lags, or was rolled back \
             (A37); ask another node or wait, and tell the monitors",
            receipt.head.head.size,
            times::show(receipt.head.head.time)
        ),
        Verdict::Broken(evidence) => {
            let path = kept.path.with_extension("evidence.json");
            let mut text = serde_json::to_vec_pretty(&evidence_json(kept, evidence))?;
            text.push(b'\n');
            keyfile::replace(&path, &text)?;
            bail!(
                "BROKEN: entry {seq} was promised and is not on the board (A36); the proof, for anyone, is in {}: give \
                 it to the organiser and the monitors",
                path.display()
            )
        }
    }
}

fn to_json(kept: &Kept, verdict: &Verdict) -> Value {
    let (name, size, evidence) = match verdict {
        Verdict::Honoured(size) => ("honoured", Some(size), Value::Null),
        Verdict::Behind(size) => ("behind", Some(size), Value::Null),
        Verdict::Broken(evidence) => ("broken", None, evidence_json(kept, evidence)),
    };
    json!({
        "ok": matches!(verdict, Verdict::Honoured(_)),
        "verdict": name,
        "election": kept.document.election(),
        "seq": kept.document.receipt.path.index,
        "size": size,
        "evidence": evidence,
    })
}

/// Both halves of the proof; each carries the operator's signature.
fn evidence_json(kept: &Kept, evidence: &Evidence) -> Value {
    let document = |receipt: &circuits::types::Receipt| {
        let document = Document { receipt: receipt.clone(), ..kept.document.clone() };
        serde_json::from_slice::<Value>(&document.to_json()).expect("a document is JSON")
    };
    match evidence {
        Evidence::Contradiction(pair) => {
            json!({ "kind": "contradiction", "receipts": [document(&pair[0]), document(&pair[1])] })
        }
        Evidence::Dropped(pair) => {
            let head: &SignedHead = &pair.1;
            json!({ "kind": "dropped", "receipts": [document(&pair.0)], "last_head": head })
        }
    }
}

fn list(options: &ListOptions) -> Result<()> {
    let directory = options.home.open()?.receipts()?;
    let mut lines = Vec::new();
    for file in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let other = [".evidence.json", ".contradiction.json"].iter().any(|end| name.ends_with(end));
        if name.ends_with(".json") && !other {
            let document = receipts::read(&path)?;
            lines.push((document.receipt.head.head.time, document, path));
        }
    }
    lines.sort_by_key(|(time, document, _)| (*time, document.receipt.path.index));
    print_list(&lines, options.json)
}

fn print_list(lines: &[(u64, Document, PathBuf)], json: bool) -> Result<()> {
    if json {
        let object = |(time, document, path): &(u64, Document, PathBuf)| {
            json!({
                "file": path, "election": document.election(),
                "seq": document.receipt.path.index, "time": time,
            })
        };
        let receipts: Vec<Value> = lines.iter().map(object).collect();
        println!("{}", serde_json::to_string(&json!({ "receipts": receipts }))?);
        return Ok(());
    }
    for (time, document, path) in lines {
        let (seq, election) = (document.receipt.path.index, document.election());
        println!("{}  entry {seq:>6} of {election}  {}", times::show(*time), path.display());
    }
    if lines.is_empty() {
        eprintln!("No receipts are kept here.");
    }
    Ok(())
}

//! `tabella election create`: a draft from `election.toml`.

use super::{file::ElectionFile, report};
use crate::{
    account,
    options::{NodeOptions, PassphraseOptions},
    text, times,
};
use anyhow::{Context, Result, ensure};
use circuits::types::{Address, Draft};
use clap::Args;
use client::{
    info::{self, Info},
    organiser::{
        self,
        disclosure::{self, Report},
        draft::{fresh_nonce, sign},
    },
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Difference of clocks above which the organiser is warned, in seconds.
const CLOCK_TOLERANCE: u64 = 30;

/// `tabella election create`
#[derive(Clone, Debug, Args)]
pub struct CreateOptions {
    /// What is decided and how (TOML); paths in it are relative to it.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Sealed account of the organiser, who signs the draft.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    account: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// Also write the draft's id to this file.
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// Show the draft and its id; sign and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object: {draft_id, organiser, operator, nonce, times, risk, ..}.
    #[arg(long)]
    json: bool,
}

/// Makes the draft, shows it, signs it and publishes it.
///
/// # Errors
/// If the file is wrong, the node is another operator's, or it refuses.
pub async fn run(options: &CreateOptions) -> Result<()> {
    let file = options.file.display().to_string();
    let read = fs::read_to_string(&options.file).with_context(|| format!("cannot read {file}"))?;
    let parsed = ElectionFile::parse(&read).with_context(|| file.clone())?;
    let organiser = account::public(&options.account)?;
    let node = options.node.connect().await?;
    let info = info::fetch(&node).await?;
    let operator = check_node(&info, parsed.operator, organiser)?;
    let base = options.file.parent().unwrap_or(Path::new("."));
    let prepared = parsed.prepare(base, times::now()?, operator).with_context(|| file.clone())?;
    let members = prepared.table.holders.len() as u64;
    ensure!(
        members <= info.holders_max,
        "the table has {members} holders, this node takes {}; ask its operator",
        info.holders_max
    );
    let nonce = prepared.nonce.unwrap_or_else(fresh_nonce);
    let (draft, proposal) = prepared.resolution.draft(organiser, nonce).with_context(|| file.clone())?;
    let draft = match prepared.settlement {
        Some(settlement) => settlement.of(draft).with_context(|| file)?,
        None => draft,
    };
    let weights: Vec<u64> = prepared.table.holders.iter().map(|h| h.weight).collect();
    let disclosure = disclosure::report(&weights, draft.rule.kind());
    if !options.json {
        print(&draft, &proposal, info.insecure_development_keys);
        println!("\nWhat totals could tell, if all {} holders register:", weights.len());
        report::print(&disclosure);
    }
    if !options.dry_run {
        let key = account::load(&options.account, &options.passphrase)?;
        let signed = sign(draft.clone(), proposal, &key)?;
        let id = organiser::publish(&node, &signed).await?;
        super::write_id(options.id_file.as_deref(), id)?;
    }
    conclude(options, &draft, &disclosure, info.insecure_development_keys)
}

/// The operator, after comparing what the node says with what is expected.
fn check_node(info: &Info, expected: Option<Address>, organiser: Address) -> Result<Address> {
    let found = info.operator;
    if let Some(expected) = expected {
        ensure!(
            expected == found,
            "operator: the file names {expected}, this node is {found}'s; mend the file, or connect to the right node"
        );
    }
    ensure!(
        info.organisers.is_empty() || info.organisers.contains(&organiser),
        "this node takes no drafts of {organiser}; ask its operator to add the account to its organisers"
    );
    let now = times::now()?;
    if info.time.abs_diff(now) > CLOCK_TOLERANCE {
        let (here, there) = (times::show(now), times::show(info.time));
        eprintln!("warning: it is {there} on the node and {here} here; voting goes by the node's clock");
    }
    Ok(found)
}

fn conclude(options: &CreateOptions, draft: &Draft, disclosure: &Report, insecure: bool) -> Result<()> {
    let id = draft.id();
    if options.json {
        let object = json!({
            "draft_id": id,
            "dry_run": options.dry_run,
            "organiser": draft.organiser,
            "operator": draft.operator,
            "nonce": format!("0x{}", hex::encode(draft.nonce)),
            "proposal_digest": format!("0x{}", hex::encode(draft.proposal_digest)),
            "organisation": draft.organisation,
            "options": draft.options,
            "times": draft.times,
            "census": draft.census,
            "risk": report::risk(disclosure),
            "insecure_development_keys": insecure,
        });
        println!("{object}");
    } else if options.dry_run {
        println!("\nDraft {id} (dry run: nothing was signed or sent)");
        println!(
            "The id holds for nonce = \"0x{}\" and for times that are not relative.",
            hex::encode(draft.nonce)
        );
    } else {
        println!("\nDraft {id} is published.");
        println!("Members register now; then freeze the census:");
        println!("  tabella census freeze --election {id} ..");
    }
    Ok(())
}

/// Shows everything that the organiser is about to sign.
fn print(draft: &Draft, proposal: &str, insecure: bool) {
    if insecure {
        println!("{}\n", super::INSECURE);
    }
    println!("{}\n", text::plain(proposal).trim_end());
    super::print_terms(draft);
}

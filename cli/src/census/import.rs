//! `tabella census import`: balances to weights. spec: `census.import`

use crate::{chart, keys, progress, vote::options::MaybeNode};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{Holder, holders_digest};
use clap::Args;
use client::{
    organiser::holders::{InvalidTable, RowError, Survey, survey},
    registration::{self, Registered},
};
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    io::{BufReader, Write},
    path::{Path, PathBuf},
};

/// Line numbers printed per kind; all of them with `--json`.
const LINES_SHOWN: usize = 20;

/// `tabella census import`
#[derive(Clone, Debug, Args)]
pub struct ImportOptions {
    /// Table of balances (CSV): address,balance or address,balance_wei.
    #[arg(value_name = "CSV")]
    file: PathBuf,
    /// Decimals of the token.
    #[arg(long, value_name = "N", default_value_t = 18)]
    token_decimals: u8,
    /// Decimals of a census unit; fewer make weights coarser.
    #[arg(long, value_name = "N", default_value_t = 2)]
    decimals: u8,
    /// File to write, for election.toml and `tabella census freeze`.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Say everything about the table; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also say which holders are not registered with this organisation yet.
    #[arg(long, value_name = "NAME", requires = "url")]
    organisation: Option<String>,
    /// Chain id in the members' registrations.
    #[arg(long, value_name = "N", default_value_t = 1)]
    registration_chain_id: u64,
    #[command(flatten)]
    node: MaybeNode,
    /// Print one JSON object: {ok, rows, holders, total, dust, malformed, ..}.
    #[arg(long)]
    json: bool,
}

/// Holders without a registration.
struct Unregistered {
    count: usize,
    /// Census units.
    weight: u64,
}

/// Reads the table, says all that is to say about it, and writes the weights.
///
/// # Errors
/// If a row is malformed, the total is over the limit, or the file cannot be
/// written.
pub async fn run(options: &ImportOptions) -> Result<()> {
    let name = options.file.display().to_string();
    let reader = BufReader::new(File::open(&options.file).with_context(|| format!("cannot read {name}"))?);
    let survey = survey(reader, options.token_decimals, options.decimals).with_context(|| name.clone())?;
    let unregistered = unregistered(options, &survey.holders).await?;
    let table = survey.clone().into_table();
    if options.json {
        println!("{}", object(&survey, unregistered.as_ref(), table.is_ok()));
    } else {
        print(&survey, unregistered.as_ref());
    }
    let table = table.map_err(|e| refusal(&e)).with_context(|| name)?;
    if let Some(out) = options.out.as_ref().filter(|_| !options.dry_run) {
        write(out, &table.to_text())?;
        eprintln!("written to {}", out.display());
    }
    Ok(())
}

/// The rows at fault were printed one by one.
fn refusal(e: &InvalidTable) -> anyhow::Error {
    match e {
        InvalidTable::Rows(rows) => {
            anyhow::anyhow!("{} malformed rows; mend them, nothing was written", rows.len())
        }
        other => anyhow::anyhow!("{other}"),
    }
}

async fn unregistered(options: &ImportOptions, holders: &[Holder]) -> Result<Option<Unregistered>> {
    let Some(organisation) = &options.organisation else { return Ok(None) };
    let node = options.node.required()?.connect().await?;
    let all = registration::fetch(&node, organisation).await?;
    let line = progress::spinner("checking registrations");
    let key = keys::registration_alone()?;
    let registered = Registered::check(&key, &all, options.registration_chain_id, organisation);
    line.finish_and_clear();
    let registered = registered?;
    let missing = || holders.iter().filter(|h| registered.identity(h.address).is_none());
    let weight = missing().map(|h| h.weight).fold(0, u64::saturating_add);
    Ok(Some(Unregistered { count: missing().count(), weight }))
}

fn write(out: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(out);
    let mut file = match file {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            // A repeat of the same import is no mistake.
            let same = fs::read_to_string(out).is_ok_and(|old| old == text);
            ensure!(same, "{} exists with another content; name a new file", out.display());
            return Ok(());
        }
        other => other.with_context(|| format!("cannot write {}", out.display()))?,
    };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(e) = written {
        let _ = fs::remove_file(out); // half a table is worse than none
        bail!("cannot write {}: {e}", out.display());
    }
    Ok(())
}

fn print(survey: &Survey, unregistered: Option<&Unregistered>) {
    let tokens = |units: u64| chart::units(units, survey.decimals);
    println!("{} rows", survey.rows);
    for row in &survey.malformed {
        println!("  {row}");
    }
    println!("{} malformed, {} of them repeat an address", survey.malformed.len(), survey.duplicates);
    println!("{} rows weigh nothing after rounding{}", survey.zero.len(), lines(&survey.zero));
    if !survey.over_limit.is_empty() {
        println!(
            "{} rows are over the limit of 2^44 units{}",
            survey.over_limit.len(),
            lines(&survey.over_limit)
        );
    }
    println!("{} holders with a weight", survey.holders.len());
    match (survey.total, survey.fitting) {
        (Some(total), _) => println!("{} tokens in total, {} decimals", tokens(total), survey.decimals),
        (None, Some(decimals)) => {
            println!("the total is over the limit of 2^44 units; use --decimals {decimals}")
        }
        (None, None) => println!("the total is over the limit of 2^44 units, whatever the decimals"),
    }
    println!("{} base units are dropped by rounding", survey.dust);
    if let Some(Unregistered { count, weight }) = unregistered {
        println!("{count} of the holders are not registered; they hold {} tokens", tokens(*weight));
    }
    if survey.malformed.is_empty() && !survey.holders.is_empty() {
        println!("source 0x{}", hex::encode(holders_digest(&survey.holders)));
    }
}

fn lines(lines: &[u64]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = lines.iter().take(LINES_SHOWN).map(u64::to_string).collect();
    let more = if lines.len() > LINES_SHOWN { ", .." } else { "" };
    format!(": lines {}{more}", shown.join(", "))
}

fn object(survey: &Survey, unregistered: Option<&Unregistered>, ok: bool) -> Value {
    let row = |r: &RowError| json!({ "line": r.row, "column": r.column, "problem": r.problem });
    json!({
        "ok": ok,
        "rows": survey.rows,
        "holders": survey.holders.len(),
        "total": survey.total,
        "decimals": survey.decimals,
        "fitting_decimals": survey.fitting,
        "dust": survey.dust.to_string(),
        "malformed": survey.malformed.iter().map(row).collect::<Vec<_>>(),
        "duplicates": survey.duplicates,
        "zero_weight_lines": survey.zero,
        "over_limit_lines": survey.over_limit,
        "source": format!("0x{}", hex::encode(holders_digest(&survey.holders))),
        "unregistered": unregistered.map(|u| json!({ "holders": u.count, "weight": u.weight })),
    })
}

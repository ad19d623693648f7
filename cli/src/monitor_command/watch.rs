//! The monitor itself.

use super::WatchOptions;
use crate::{attestations::AttestationKeys, keys::MemberKeys, log, metrics, signals, text, times};
use ::monitor::{Config, Endpoint, Monitor, Pass, Problem, Progress, Recorded, logs};
use anyhow::{Context, Result, bail};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Follows until there is nothing more to verify, or somebody misbehaves.
///
/// # Errors
/// See [`super::run`].
pub fn run(options: &WatchOptions) -> Result<()> {
    log::init("info", options.log_format)?;
    let mut registry = Registry::default();
    let mut monitor = Monitor::open(config(options)?, &mut registry)?;
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let pass = runtime.block_on(async {
        if let Some(address) = options.metrics {
            let address = metrics::serve(address, Arc::new(registry)).await?;
            tracing::info!(%address, "metrics are served");
        }
        tokio::select! {
            pass = follow(options, &mut monitor) => pass,
            signal = signals::ended() => Err(Interrupted(signal?).into()),
        }
    });
    let (pass, finished) = match pass {
        Err(e) if e.is::<Interrupted>() => {
            tracing::info!("{e}; what was verified is kept");
            let finished = !options.once;
            (monitor.known(), finished)
        }
        other => (other?, true),
    };
    report(options.json, &pass);
    judge(options, &pass, finished)
}

/// A signal has ended the monitor.
#[derive(Debug, thiserror::Error)]
#[error("ended by {0}")]
struct Interrupted(&'static str);

fn config(options: &WatchOptions) -> Result<Config> {
    let authority = options.authority()?;
    let endpoint = |url: &String| Endpoint::new(url.trim_end_matches('/'), authority.clone());
    Ok(Config {
        directory: options.dir.clone(),
        nodes: options.nodes.iter().map(endpoint).collect(),
        trust: MemberKeys::trust(options.organiser),
        elections: options.elections.clone(),
        receipts: options.receipts.clone(),
        peer_heads: options.peer_heads.clone(),
        patience: options.patience,
        operator: options.operator,
        attestations: Arc::new(AttestationKeys::new(options.ptau.clone(), None)),
    })
}

async fn follow(options: &WatchOptions, monitor: &mut Monitor) -> Result<Pass> {
    let mut told = (Vec::new(), Vec::new());
    loop {
        let pass = monitor.pass().await?;
        tell(&pass, &mut told);
        let found = !pass.findings.is_empty() && !options.keep_going;
        let verified = options.once || monitor.is_done();
        if found || verified && !pass.unsettled {
            return Ok(pass);
        }
        monitor.wait(options.interval).await;
    }
}

/// Logs what is new since the last time.
fn tell(pass: &Pass, told: &mut (Vec<Value>, Vec<Problem>)) {
    let elections: Vec<Value> = pass.elections.iter().map(election).collect();
    for line in elections.iter().filter(|line| !told.0.contains(line)) {
        let (verified, slots) = (&line["verified"], &line["slots"]);
        tracing::info!(election = %line["election"], %verified, %slots, closed = %line["closed"], "verified");
    }
    for problem in pass.problems.iter().filter(|p| !told.1.contains(p)) {
        tracing::warn!(source = problem.source, what = problem.what, "cannot verify");
    }
    *told = (elections, pass.problems.clone());
}

fn election(p: &Progress) -> Value {
    json!({
        "election": p.election,
        "organisation": p.organisation,
        "verified": p.verified,
        "slots": p.slots,
        "root": p.head.map(|h| h.head.root),
        "closed": p.head.is_some_and(|h| h.head.closed),
        "totals": p.totals,
        "insecure_development_keys": p.insecure_development_keys,
    })
}

fn log_of_audits(p: &logs::Progress) -> Value {
    json!({
        "log": p.log,
        "organisation": p.parties.organisation,
        "operator": p.parties.operator,
        "verified": p.verified,
        "attestations": p.attestations,
        "valid": p.valid,
        "root": p.head.map(|h| h.head.root),
        "insecure": p.insecure,
    })
}

fn misbehaviour(f: &Recorded) -> Value {
    json!({ "kind": f.kind, "node": f.node, "detail": f.detail, "evidence": f.evidence, "proof": f.proof })
}

fn problem(p: &Problem) -> Value {
    json!({ "source": p.source, "election": p.election, "what": p.what })
}

fn report(json: bool, pass: &Pass) {
    if json {
        let object = json!({
            "ok": pass.is_ok(),
            "elections": pass.elections.iter().map(election).collect::<Vec<_>>(),
            "logs": pass.logs.iter().map(log_of_audits).collect::<Vec<_>>(),
            "waiting": pass.waiting,
            "misbehaviours": pass.findings.iter().map(misbehaviour).collect::<Vec<_>>(),
            "problems": pass.problems.iter().map(problem).collect::<Vec<_>>(),
        });
        println!("{object}");
        return;
    }
    for p in &pass.elections {
        println!("Election {} of {}", p.election, p.organisation);
        println!("  {} entries in {} slots verified in full", p.verified, p.slots);
        if let Some(head) = p.head {
            let state = if head.head.closed { "closed" } else { "open" };
            println!("  board {state}, root {}, signed at {}", head.head.root, times::show(head.head.time));
        }
        if let Some(totals) = &p.totals {
            println!("  totals {totals:?}: decryption and proofs verified");
        }
        if p.insecure_development_keys {
            println!("  INSECURE development keys: anyone can forge votes and results");
        }
    }
    for p in &pass.logs {
        println!("Audits of {}, log {}", text::line(&p.parties.organisation), p.log);
        println!("  {} events verified; {} attestations, {} valid", p.verified, p.attestations, p.valid);
        if p.insecure {
            println!("  INSECURE development parameters: anyone can forge attestations");
        }
    }
    pass.waiting.iter().for_each(|id| println!("Election {id} is not open yet, or no node has shown it"));
    for f in &pass.findings {
        println!("MISBEHAVIOUR {}: {} {}", f.kind, f.node, f.detail);
        let proof = if f.proof { "proof for everybody" } else { "a report, not proof" };
        println!("  {proof}: {}", f.evidence.display());
    }
    pass.problems.iter().for_each(|p| println!("NOT VERIFIED {}: {}", p.source, p.what));
}

/// What the exit code says. `finished` is false if a signal ended a run that
/// was to verify everything.
fn judge(options: &WatchOptions, pass: &Pass, finished: bool) -> Result<()> {
    if !pass.findings.is_empty() {
        let mut kinds: Vec<&str> = pass.findings.iter().map(|f| f.kind.name()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        bail!(
            "misbehaviour: {}; publish the files of evidence, and see docs/guide/monitor.md",
            kinds.join(", ")
        );
    }
    if options.once && !pass.problems.is_empty() {
        bail!("not everything could be verified; mend what is named above, and run again");
    }
    if !finished {
        bail!("ended before everything was verified; run again");
    }
    Ok(())
}

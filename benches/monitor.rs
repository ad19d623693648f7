//! Catch-up of a monitor over gRPC: every entry of a board downloaded,
//! verified in full and put on disk. The node is a process of its own on the
//! same machine.
//!
//! The ballots are those of the intake bench (`target/scenarios`):
//!
//! ```text
//! cargo bench -p benches --bench monitor           # 2,000 ballots
//! cargo bench -p benches --bench monitor -- 500    # fewer
//! ```

use anyhow::{Context, Result, ensure};
use benches::{cpu_seconds_of, report};
use e2e::{
    keys::Keys,
    scenario::{Scenario, scenario},
    serve,
};
use monitor::{Config, Endpoint, Monitor};
use prometheus_client::registry::Registry;
use proto::v1::{SubmitBallotRequest, ballot_service_client::BallotServiceClient};
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};
use tokio::task::JoinSet;

const BALLOTS: usize = 2_000;
const RUNS: usize = 3;
/// Ballots under way while the board is filled.
const IN_FLIGHT: usize = 128;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match &arguments[..] {
        [word, ballots] if word == "serve" => runtime.block_on(serve_until_stdin_ends(ballots.parse()?)),
        [ballots] => runtime.block_on(measure(ballots.parse()?)),
        _ => runtime.block_on(measure(BALLOTS)),
    }
}

/// The node: prints its address, and ends with its standard input.
async fn serve_until_stdin_ends(ballots: usize) -> Result<()> {
    let place = tempfile::tempdir_in("../target")?;
    let scenario = tokio::task::spawn_blocking(move || scenario(ballots)).await??;
    let node = serve::start(serve::config(&scenario, place.path()), &Keys::load()?).await?;
    println!("http://{}", node.address());
    drop(scenario);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    node.shutdown().await?;
    Ok(())
}

/// A node in a process of its own, which ends when this is dropped.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(ballots: usize) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", &ballots.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let output = process.stdout.take().context("the output is a pipe")?;
        BufReader::new(output).read_line(&mut address)?;
        ensure!(!address.is_empty(), "the node did not start");
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself once its input has ended.
        let _ = self.process.wait();
    }
}

async fn measure(ballots: usize) -> Result<()> {
    let scenario = tokio::task::spawn_blocking(move || scenario(ballots)).await??;
    let served = Served::start(ballots)?;
    scenario.open_on(&client::Node::connect(&served.address).await?).await?;
    fill(&served.address, &scenario.first).await?;
    let entries = scenario.first.len();
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let directory = tempfile::tempdir_in("../target")?;
        best = best.min(catch_up(&scenario, &served, directory.path(), entries).await?);
        let start = Instant::now();
        let mut monitor = open(&scenario, &served, directory.path())?;
        ensure!(monitor.pass().await?.is_ok(), "the monitor finds fault");
        report("monitor::resume", start.elapsed().as_secs_f64() * 1e3, "ms");
    }
    report(&format!("monitor::catch_up/n={entries}"), entries as f64 / best, "entries/s");
    Ok(())
}

/// Seconds until every entry is verified, draft, census and registrations
/// included.
async fn catch_up(scenario: &Scenario, served: &Served, directory: &Path, entries: usize) -> Result<f64> {
    let mut monitor = open(scenario, served, directory)?;
    let node = || cpu_seconds_of(&served.process.id().to_string());
    let (cpu, node_cpu, start) = (benches::cpu_seconds(), node(), Instant::now());
    // The first pass checks the census too; it is not part of the board.
    let pass = monitor.pass().await?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(pass.is_ok(), "the monitor finds fault: {:?}", pass.findings);
    ensure!(pass.elections.iter().map(|e| e.verified as usize).sum::<usize>() == entries, "not all entries");
    report("monitor::catch_up cpu", (benches::cpu_seconds() - cpu) / entries as f64 * 1e3, "ms/entry");
    report("monitor::catch_up node cpu", (node() - node_cpu) / entries as f64 * 1e3, "ms/entry");
    Ok(seconds)
}

fn open(scenario: &Scenario, served: &Served, directory: &Path) -> Result<Monitor> {
    let trust = client::election::Trust {
        organiser: Some(scenario.organiser.address()),
        verifying_keys: prover::pinned_hashes,
        development_keys: true,
    };
    let config = Config {
        directory: directory.to_owned(),
        nodes: vec![Endpoint::new(&served.address, None)],
        trust,
        elections: vec![scenario.election_id()],
        receipts: None,
        peer_heads: Vec::new(),
        operator: None,
        attestations: std::sync::Arc::new(node::NoAttestations),
    };
    Ok(Monitor::open(config, &mut Registry::default())?)
}

async fn fill(address: &str, ballots: &[SubmitBallotRequest]) -> Result<()> {
    let client = BallotServiceClient::connect(address.to_owned()).await?;
    for batch in ballots.chunks(IN_FLIGHT) {
        let mut requests = JoinSet::new();
        for ballot in batch.iter().cloned() {
            let mut client = client.clone();
            requests.spawn(async move { client.submit(ballot).await });
        }
        while let Some(answer) = requests.join_next().await {
            answer??;
        }
    }
    Ok(())
}

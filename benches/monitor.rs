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

use anyhow::{Result, ensure};
use benches::{
    report,
    served::{self, Served},
};
use e2e::scenario::{Scenario, scenario};
use monitor::{Config, Endpoint, Monitor};
use prometheus_client::registry::Registry;
use std::{
    path::Path,
    time::{Duration, Instant},
};

const BALLOTS: usize = 2_000;
const RUNS: usize = 3;

fn main() -> Result<()> {
    served::run(BALLOTS, measure)
}

async fn measure(ballots: usize) -> Result<()> {
    let scenario = tokio::task::spawn_blocking(move || scenario(ballots)).await??;
    let served = Served::opened(&scenario).await?;
    let directories: Vec<_> =
        (0..RUNS).map(|_| tempfile::tempdir_in("../target")).collect::<std::io::Result<_>>()?;
    for directory in &directories {
        let members = scenario.members.len();
        pass("monitor::census", &scenario, &served, directory.path(), members).await?;
    }
    served.fill(&scenario).await?;
    let entries = scenario.first.len();
    for directory in &directories {
        pass("monitor::catch_up", &scenario, &served, directory.path(), entries).await?;
        let start = Instant::now();
        let mut monitor = open(&scenario, &served, directory.path())?;
        ensure!(monitor.pass().await?.is_ok(), "the monitor finds fault");
        report("monitor::resume", start.elapsed().as_secs_f64() * 1e3, "ms");
    }
    Ok(())
}

/// One pass of a monitor that has seen the draft, or what came before.
async fn pass(
    name: &str,
    scenario: &Scenario,
    served: &Served,
    directory: &Path,
    items: usize,
) -> Result<()> {
    let mut monitor = open(scenario, served, directory)?;
    let (cpu, node_cpu, start) = (benches::cpu_seconds(), served.cpu(), Instant::now());
    let pass = monitor.pass().await?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(pass.is_ok(), "the monitor finds fault: {:?}", pass.findings);
    let items = items as f64;
    report(name, items / seconds, "per second");
    report(&format!("{name} cpu"), (benches::cpu_seconds() - cpu) / items * 1e3, "ms each");
    report(&format!("{name} node cpu"), (served.cpu() - node_cpu) / items * 1e3, "ms each");
    Ok(())
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
        patience: Duration::ZERO,
        operator: None,
        attestations: std::sync::Arc::new(node::NoAttestations),
    };
    Ok(Monitor::open(config, &mut Registry::default())?)
}

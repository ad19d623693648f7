//! Intake of distinct valid `Shape4` ballots over gRPC, each verified in full
//! and acknowledged once it is on disk. The node is a process of its own, the
//! load comes from this one.
//!
//! The ballots are proven beforehand and kept (`target/scenarios`), which
//! takes ten minutes and more the first time:
//!
//! ```text
//! cargo bench -p benches --bench intake              # 2,000 ballots
//! cargo bench -p benches --bench intake -- 500       # fewer
//! cargo bench -p benches --bench intake -- prepare   # only prove them
//! ```

use anyhow::{Context, Result};
use benches::{
    report,
    served::{self, Served},
};
use e2e::scenario::{Scenario, scenario};
use proto::v1::{SubmitBallotRequest, ballot_service_client::BallotServiceClient};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tonic::transport::Channel;

const BALLOTS: usize = 2_000;
/// Connections of the load.
const CONNECTIONS: usize = 8;
/// Ballots under way per connection when the load is closed-loop.
const IN_FLIGHT: usize = 32;
/// Ballots per second of the open loop.
const RATE: u32 = 200;

fn main() -> Result<()> {
    served::run(BALLOTS, measure)
}

async fn measure(ballots: usize) -> Result<()> {
    let scenario = Arc::new(tokio::task::spawn_blocking(move || scenario(ballots)).await??);
    closed_loop(&scenario).await?;
    open_loop(&scenario).await
}

async fn opened(scenario: &Scenario) -> Result<(Served, Vec<BallotServiceClient<Channel>>)> {
    let served = Served::start(scenario.first.len())?;
    scenario.open_on(&client::Node::connect(&served.address).await?).await?;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(BallotServiceClient::connect(served.address.clone()).await?);
    }
    Ok((served, clients))
}

/// As many ballots as the node takes.
async fn closed_loop(scenario: &Arc<Scenario>) -> Result<()> {
    let (served, clients) = opened(scenario).await?;
    let (cpu, start) = (served.cpu(), Instant::now());
    let next = Arc::new(AtomicUsize::new(0));
    let worker = |client: &BallotServiceClient<Channel>| {
        let (scenario, next, mut client) = (scenario.clone(), next.clone(), client.clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some(request) = scenario.first.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(send(&mut client, request).await?);
            }
            anyhow::Ok(done)
        })
    };
    let workers: Vec<_> = (0..IN_FLIGHT).flat_map(|_| clients.iter().map(worker)).collect();
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await??);
    }
    let (wall, cpu) = (start.elapsed().as_secs_f64(), served.cpu() - cpu);
    let count = done.len() as f64;
    report("intake::closed_loop", count / wall, "ballots/s");
    report("intake::closed_loop cpu of the node", cpu / count * 1e3, "ms/ballot");
    quantiles("intake::closed_loop", done)
}

/// Ballots at a fixed rate, whatever the node does: a late answer delays no
/// later ballot, and the wait counts from the time when it was due.
async fn open_loop(scenario: &Arc<Scenario>) -> Result<()> {
    let (served, clients) = opened(scenario).await?;
    let (cpu, start) = (served.cpu(), Instant::now());
    let mut calls = Vec::new();
    for (n, client) in (0u32..).zip(clients.iter().cycle()).take(scenario.first.len()) {
        let due = start + Duration::from_secs(1) * n / RATE;
        tokio::time::sleep_until(due.into()).await;
        let (scenario, mut client) = (scenario.clone(), client.clone());
        calls.push(tokio::spawn(async move {
            send(&mut client, &scenario.first[n as usize]).await?;
            anyhow::Ok(due.elapsed())
        }));
    }
    let mut done = Vec::new();
    for call in calls {
        done.push(call.await??);
    }
    let name = format!("intake::open_loop/rate={RATE}");
    report(&format!("{name} cpu of the node"), (served.cpu() - cpu) / done.len() as f64 * 1e3, "ms/ballot");
    quantiles(&name, done)
}

/// The time until the receipt.
async fn send(client: &mut BallotServiceClient<Channel>, request: &SubmitBallotRequest) -> Result<Duration> {
    let start = Instant::now();
    client.submit(request.clone()).await?.into_inner().receipt.context("a receipt")?;
    Ok(start.elapsed())
}

fn quantiles(name: &str, mut times: Vec<Duration>) -> Result<()> {
    times.sort();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1));
    for percent in [50, 99] {
        let time = at(percent).context("there are ballots")?;
        report(&format!("{name} p{percent}"), time.as_secs_f64() * 1e3, "ms");
    }
    Ok(())
}

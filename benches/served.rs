//! A node that serves a scenario in a process of its own: the bench's binary,
//! started again with the word `serve`.

use crate::cpu_seconds_of;
use anyhow::{Context, Result, ensure};
use e2e::{
    keys::Keys,
    scenario::{Scenario, scenario},
    serve,
};
use proto::v1::{SubmitBallotRequest, ballot_service_client::BallotServiceClient};
use std::{
    future::Future,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};
use tokio::{runtime::Runtime, task::JoinSet};

/// Ballots under way while a board is filled.
const IN_FLIGHT: usize = 128;

/// Runs a bench on the ballots of a scenario, as many as its argument says:
/// `measure`, or the node of it (`serve N`). `prepare` only proves the ballots.
///
/// # Errors
/// If the scenario cannot be made, or `measure` fails.
pub fn run<F: Future<Output = Result<()>>>(ballots: usize, measure: impl FnOnce(usize) -> F) -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let runtime = Runtime::new()?;
    match &arguments[..] {
        [word, ballots] if word == "serve" => runtime.block_on(serve_until_stdin_ends(ballots.parse()?)),
        [word] if word == "prepare" => scenario(ballots).map(|_| ()),
        [ballots] => runtime.block_on(measure(ballots.parse()?)),
        _ => runtime.block_on(measure(ballots)),
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
#[derive(Debug)]
pub struct Served {
    process: Child,
    /// Its URL.
    pub address: String,
}

impl Served {
    /// Starts it.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(ballots: usize) -> Result<Self> {
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

    /// Starts it with the scenario's election, and all first ballots on the
    /// board.
    ///
    /// # Errors
    /// If it does not start, or refuses anything.
    pub async fn filled(scenario: &Scenario) -> Result<Self> {
        let served = Self::opened(scenario).await?;
        served.fill(scenario).await?;
        Ok(served)
    }

    /// Starts it with the scenario's election and an empty board.
    ///
    /// # Errors
    /// If it does not start, or refuses anything.
    pub async fn opened(scenario: &Scenario) -> Result<Self> {
        let served = Self::start(scenario.first.len())?;
        scenario.open_on(&client::Node::connect(&served.address).await?).await?;
        Ok(served)
    }

    /// Puts all first ballots on the board.
    ///
    /// # Errors
    /// If it refuses one.
    pub async fn fill(&self, scenario: &Scenario) -> Result<()> {
        fill(&self.address, &scenario.first).await
    }

    /// CPU time of the node so far, in seconds.
    pub fn cpu(&self) -> f64 {
        cpu_seconds_of(&self.process.id().to_string())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself once its input has ended.
        let _ = self.process.wait();
    }
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

//! What a member's copy of a board costs: fetching and checking all of it,
//! reading it again from its file, and preparing a vote with it. The node is a
//! process of its own on the same machine.
//!
//! The ballots are those of the intake bench (`target/scenarios`):
//!
//! ```text
//! cargo bench -p benches --bench mirror           # 2,000 ballots
//! cargo bench -p benches --bench mirror -- 500    # fewer
//! ```

use anyhow::{Context, Result, ensure};
use benches::{
    cpu_seconds, report,
    served::{self, Served},
};
use client::{
    Node,
    choice::Choice,
    election::{Reference, Trust},
    state::State,
    tickets::MemoryTickets,
    vote::Voter,
};
use e2e::{
    keys::Keys,
    scenario::{Scenario, scenario},
};
use std::{path::Path, sync::Arc, time::Instant};

const BALLOTS: usize = 2_000;
const RUNS: usize = 3;

fn main() -> Result<()> {
    served::run(BALLOTS, measure)
}

async fn measure(ballots: usize) -> Result<()> {
    let scenario = tokio::task::spawn_blocking(move || scenario(ballots)).await??;
    let served = Served::filled(&scenario).await?;
    let keys = Keys::load()?;
    let node = Node::connect(&served.address).await?;
    let (which, trust) = (Reference::Election(scenario.election_id()), trust(&scenario));
    for _ in 0..RUNS {
        let place = tempfile::tempdir_in("../target")?;
        let file = place.path().join("board.state");
        let clock = Clock::start();
        drop(State::keep(&file, &node, which, &trust).await?);
        clock.report("mirror::fetch", ballots);
        let clock = Clock::start();
        drop(State::keep(&file, &node, which, &trust).await?);
        clock.report("mirror::resume", ballots);
        prepare(&scenario, &keys, &file).await?;
    }
    Ok(())
}

/// What `vote prepare --state` does once the identity is unsealed.
async fn prepare(scenario: &Scenario, keys: &Keys, file: &Path) -> Result<()> {
    let (which, trust) = (Reference::Election(scenario.election_id()), trust(scenario));
    let clock = Clock::start();
    let state = State::read(file, which, &trust)?;
    ensure!(state.mirror.len() as usize == scenario.first.len(), "the copy is not whole");
    let member = scenario.members.last().context("a scenario has members")?;
    let tickets = Arc::new(MemoryTickets::default());
    let (election, key) = (state.election.clone(), keys.prove_ballot()?);
    let voter = Voter::new(election, &state.census, &member.identity, key, tickets)?;
    let intent = voter.intend_vote(&state.mirror, &Choice::Single(0))?;
    voter.prove(&state.mirror, &intent).await?;
    clock.report("mirror::prepare", scenario.first.len());
    Ok(())
}

fn trust(scenario: &Scenario) -> Trust {
    Trust {
        organiser: Some(scenario.organiser.address()),
        verifying_keys: prover::pinned_hashes,
        development_keys: true,
    }
}

struct Clock {
    start: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_seconds() }
    }

    fn report(&self, name: &str, ballots: usize) {
        report(&format!("{name}/n={ballots}"), self.start.elapsed().as_secs_f64(), "s");
        report(&format!("{name}/n={ballots} cpu"), cpu_seconds() - self.cpu, "s");
    }
}

//! A47, G1: the real node is killed with SIGKILL at random moments, while it
//! starts, while its election is set up and while clients submit ballots.
//! After each start: every acknowledged receipt is honoured, with the same
//! leaf under a head that continues the receipt's; nothing is doubled and
//! nothing invented. Slow: about two minutes, most of it proofs the first
//! time. `CONTRIBUTING.md` has the command for 1,000 rounds.
//!
//! When all ballots are on the board, the next epoch begins with a copy of
//! the node as it was when voting opened.

mod audit;
mod load;
mod process;

use audit::Epoch;
use e2e::scenario::{Scenario, scenario};
use load::Load;
use process::{Place, Process};
use rand_chacha::{ChaCha20Rng, rand_core::RngCore, rand_core::SeedableRng};
use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

/// Clients that submit at the same time.
const CLIENTS: usize = 8;
/// Longest time between the first request and the kill, in milliseconds.
const LIFE: u64 = 300;
/// Longest time between the last of these answers and the kill.
const INSTANT: Duration = Duration::from_millis(30);
/// Answers after which a kill comes, at most.
const ANSWERS: u64 = 48;
/// Longest time between the start of a process and a kill before it serves.
const BIRTH: Duration = Duration::from_millis(700);
/// G1: every start serves within this time, on a machine of its own.
const RECOVERY_MAX: Duration = Duration::from_secs(5);
/// How much slower a busy machine may be.
const PATIENCE: u32 = 6;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|e| panic!("{name}={text}: {e}")))
}

#[test]
fn a47_nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    let rounds = setting("TABELLA_CRASH_ROUNDS", 50);
    let ballots = usize::try_from(setting("TABELLA_CRASH_BALLOTS", 64)).unwrap();
    let seed = setting("TABELLA_CRASH_SEED", rand_core::OsRng.next_u64());
    println!("seed {seed} (TABELLA_CRASH_SEED), {rounds} rounds, {ballots} first ballots");
    let scenario = Arc::new(scenario(ballots).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let life = Duration::from_millis(setting("TABELLA_CRASH_LIFE_MS", LIFE));
    let (rng, answers) = (ChaCha20Rng::seed_from_u64(seed), setting("TABELLA_CRASH_ANSWERS", ANSWERS).max(1));
    let mut run = Run { scenario, rng, runtime, life, answers, sum: Sum::default() };
    // Connections are made lazily, and from this thread.
    let handle = run.runtime.handle().clone();
    let _context = handle.enter();
    run.all(rounds);
    println!("{}", run.sum);
    assert!(run.sum.acknowledged > 0 && run.sum.repeats > 0, "the load has done something");
    let slowest = run.sum.recovery.iter().max().copied().unwrap_or_default();
    assert!(slowest < RECOVERY_MAX * PATIENCE, "a start took {slowest:?}");
}

/// What has happened.
#[derive(Debug, Default)]
struct Sum {
    kills: u64,
    early_kills: u64,
    setup_kills: u64,
    epochs: u64,
    acknowledged: u64,
    repeats: u64,
    recovery: Vec<Duration>,
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut times = self.recovery.clone();
        times.sort();
        write!(
            f,
            "killed {} times under load, {} times while starting, {} times during set-up; {} epochs, {} \
             acknowledgements, {} of them repeats; starts after a kill: median {:?}, slowest {:?}",
            self.kills,
            self.early_kills,
            self.setup_kills,
            self.epochs,
            self.acknowledged,
            self.repeats,
            times.get(times.len() / 2).copied().unwrap_or_default(),
            times.last().copied().unwrap_or_default(),
        )
    }
}

struct Run {
    scenario: Arc<Scenario>,
    rng: ChaCha20Rng,
    runtime: tokio::runtime::Runtime,
    life: Duration,
    answers: u64,
    sum: Sum,
}

impl Run {
    fn all(&mut self, rounds: u64) {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let opened = Place::new(directory.path().join("opened"), &self.scenario);
        self.set_up(&opened);
        let mut done = 0;
        while done < rounds {
            let place = opened.copy_to(&directory.path().join(format!("epoch-{}", self.sum.epochs)));
            done += self.epoch(&place, rounds - done);
            self.sum.epochs += 1;
            std::fs::remove_dir_all(place.directory()).unwrap();
        }
    }

    /// Opens the election; the first attempts are killed half-way.
    fn set_up(&mut self, place: &Place) {
        for attempt in 0.. {
            let process = self.start(place);
            let (scenario, url) = (self.scenario.clone(), process.url().to_owned());
            let opening = self.runtime.spawn(async move {
                scenario.open_on(&client::Node::connect(&url).await?).await.map(|_| ())
            });
            if attempt < 5 {
                std::thread::sleep(self.up_to(self.life * 2));
                process.kill();
                self.sum.setup_kills += 1;
                // Refused or broken off: both are in order.
                let _ = self.runtime.block_on(opening).unwrap();
                continue;
            }
            self.runtime.block_on(opening).unwrap().unwrap();
            return process.stop();
        }
    }

    /// Rounds on one node until all ballots are acknowledged, at most `most`.
    fn epoch(&mut self, place: &Place, most: u64) -> u64 {
        let mut process = self.start(place);
        let election = self.runtime.block_on(self.scenario.fetch_from(&process.client())).unwrap();
        let mut epoch = Epoch::new(self.scenario.clone(), &election);
        for round in 1..=most {
            let seeds = [(); CLIENTS].map(|()| self.rng.next_u64());
            let load = load::start(&self.runtime, &process, &epoch, seeds);
            self.wait_for_the_kill(&load);
            process.kill();
            self.sum.kills += 1;
            for answer in self.runtime.block_on(load.answers()) {
                self.sum.acknowledged += 1;
                self.sum.repeats += u64::from(epoch.acknowledge(answer));
            }
            process = self.start(place);
            self.runtime.block_on(epoch.audit(&process.client(), process.url()));
            if epoch.is_complete() || round == most {
                process.stop();
                if round == most || self.rng.next_u32().is_multiple_of(8) {
                    place.reindexed_is_the_same(epoch.size());
                }
                return round;
            }
        }
        most
    }

    /// One life in four ends at any time, the others after some answers: on a
    /// busy machine there would be few otherwise.
    fn wait_for_the_kill(&mut self, load: &Load) {
        if self.rng.next_u32().is_multiple_of(4) {
            return std::thread::sleep(self.up_to(self.life));
        }
        let (start, answers) = (Instant::now(), self.rng.next_u64() % self.answers);
        while (load.count() as u64) < answers && start.elapsed() < self.life * PATIENCE * 10 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(self.up_to(INSTANT));
    }

    /// A process that serves. One start in six is killed before it does.
    fn start(&mut self, place: &Place) -> Process {
        while self.rng.next_u32().is_multiple_of(6) {
            let process = Process::spawn(place);
            std::thread::sleep(self.up_to(BIRTH));
            process.kill();
            self.sum.early_kills += 1;
        }
        let start = Instant::now();
        let process = Process::spawn(place).until_it_serves();
        self.sum.recovery.push(start.elapsed());
        process
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        longest * (self.rng.next_u32() % 1000) / 1000
    }
}

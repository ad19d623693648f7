//! Fixtures and the harness of the benches: each prints `name value unit`
//! lines, one per figure.

pub mod iden3;
pub mod served;

use ark_ff::UniformRand;
use circuits::{
    ballot::{BallotCircuit, Context, Member, Plan},
    curve::{Fr, Scalar},
    primitives::merkle::{CensusTree, census_leaf},
    r1cs::{Circuit, Cs, Num},
    types::{
        BallotShape, CiphertextDigest, ElectionId, GroupElement, IdentityCommitment, MemberSecret, Rule,
        RuleKind, Ticket,
    },
};
use rand_core::OsRng;
use serde::Deserialize;
use std::{
    process::{Command, Stdio},
    time::Instant,
};

/// Prints one figure.
pub fn report(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.3} {unit}");
}

/// The result of `f` and the seconds that it took.
pub fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let out = f();
    (out, start.elapsed().as_secs_f64())
}

/// Seconds of CPU time of all threads of this process, user and system; on
/// a busy machine it repeats where wall time does not. 0 where the system
/// does not tell.
pub fn cpu_seconds() -> f64 {
    cpu_seconds_of("self")
}

/// [`cpu_seconds`] of another process.
pub fn cpu_seconds_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Fields 14 and 15 in ticks of 10 ms; field 2 is in parentheses.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Least wall time and mean CPU time of `runs` runs, in seconds.
pub fn wall_and_cpu(runs: u32, mut f: impl FnMut()) -> (f64, f64) {
    let start = cpu_seconds();
    let wall = (0..runs).map(|_| timed(&mut f).1).fold(f64::INFINITY, f64::min);
    (wall, (cpu_seconds() - start) / f64::from(runs))
}

/// Median wall time and mean CPU time of `runs` runs, in seconds, after one
/// that only warms.
pub fn median_and_cpu(runs: u32, mut f: impl FnMut()) -> (f64, f64) {
    f();
    let start = cpu_seconds();
    let mut walls: Vec<f64> = (0..runs).map(|_| timed(&mut f).1).collect();
    let cpu = (cpu_seconds() - start) / f64::from(runs);
    walls.sort_by(f64::total_cmp);
    (walls[walls.len() / 2], cpu)
}

/// Median wall and mean CPU time, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Time {
    /// Wall time.
    pub wall: f64,
    /// CPU time of all threads.
    pub cpu: f64,
}

impl Time {
    /// Of `runs` runs, after one that only warms.
    pub fn of(runs: u32, f: impl FnMut()) -> Time {
        let (wall, cpu) = median_and_cpu(runs, f);
        Time { wall, cpu }
    }

    /// Prints both, in milliseconds.
    pub fn report(self, name: &str) {
        report(name, self.wall * 1e3, "ms");
        report(&format!("{name} cpu"), self.cpu * 1e3, "ms");
    }

    /// Prints how many times as long as `ours` this takes.
    pub fn report_ratio(self, name: &str, ours: Time) {
        report(name, self.wall / ours.wall, "times");
        report(&format!("{name} cpu"), self.cpu / ours.cpu, "times");
    }
}

/// Standard output of a command that must succeed; its errors are shown.
///
/// # Panics
/// If it does not.
pub fn output(command: &mut Command) -> Vec<u8> {
    let out = command.stderr(Stdio::inherit()).output();
    let out = out.unwrap_or_else(|why| panic!("{command:?} does not start: {why}; it has to be installed"));
    assert!(out.status.success(), "{command:?}: {}", out.status);
    out.stdout
}

/// Most bytes of memory that this process has held at once, since its start
/// or [`reset_peak_memory`]. 0 where the system does not tell.
pub fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or_default() * 1024.0
}

/// Starts [`peak_memory`] anew. Where the system refuses, the peak stays
/// that of the whole process: too high, never too low.
pub fn reset_peak_memory() {
    // 5 resets VmHWM: proc_pid_clear_refs(5).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A small circuit with the ballot's nine public inputs, of full size.
#[derive(Clone, Copy, Debug)]
pub struct NineInputs(
    /// The witness.
    pub Fr,
);

impl Circuit for NineInputs {
    fn id(&self) -> String {
        "ballot/4".into()
    }

    fn public_inputs(&self) -> Vec<Fr> {
        (1u64..=9).map(|i| self.0 * Fr::from(i)).collect()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let x = cs.witness(self.0);
        for (i, input) in (1u64..).zip(inputs) {
            cs.equal("i * x = input", &x.scale(Fr::from(i)), input);
        }
    }
}

/// A vote over all options of `shape` in a census of one.
///
/// # Panics
/// Never: the vote is valid.
pub fn vote(shape: BallotShape) -> BallotCircuit {
    let rng = &mut OsRng;
    let (sk, weight) = (MemberSecret::random(rng), 1_000);
    let tree = CensusTree::new(vec![census_leaf(IdentityCommitment::derive(&sk), weight)]);
    let path = tree.path(0).expect("one leaf");
    let member = Member { sk, weight, path };
    let context = Context {
        census_root: tree.root(),
        election_id: ElectionId::from_field(Fr::from(7u64)),
        rule: Rule::new(RuleKind::Split, shape.options()).expect("a rule"),
        pk: GroupElement::mul_generator(Scalar::rand(rng)).expect("not zero"),
    };
    let votes = vec![weight / shape.options() as u64; shape.options()];
    let ticket = Ticket::random(rng);
    let plan = Plan::vote(&context, &member, CiphertextDigest::empty(), &votes, ticket, rng);
    let plan = plan.expect("a valid vote");
    BallotCircuit::new(plan.statement, plan.witness).expect("of the right form")
}

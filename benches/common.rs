//! Fixtures and the harness of the benches: each prints `name value unit`
//! lines, one per figure.

use circuits::{
    curve::Fr,
    r1cs::{Circuit, Cs, Num},
};
use std::time::Instant;

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
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
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

/// A circuit with the ballot's nine public inputs and any number of rows, of
/// `terms` terms each, over full-size witness values.
#[derive(Clone, Copy, Debug)]
pub struct Synthetic {
    /// Number of constraints.
    pub rows: usize,
    /// Terms of each constraint's first factor.
    pub terms: usize,
    /// The witness.
    pub x: Fr,
}

/// Public inputs of a ballot.
pub const INPUTS: u64 = 9;

impl Circuit for Synthetic {
    fn id(&self) -> String {
        "ballot/4".into()
    }

    fn public_inputs(&self) -> Vec<Fr> {
        (1..=INPUTS).map(|i| self.x * Fr::from(i)).collect()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let x = cs.witness(self.x);
        for (i, input) in (1..=INPUTS).zip(inputs) {
            cs.equal("i * x = input", &x.scale(Fr::from(i)), input);
        }
        let mut last: Vec<Num> = vec![x; self.terms];
        for row in inputs.len()..self.rows {
            let coefficients = (1u64..).map(Fr::from);
            let sum = Num::combine(cs, coefficients.zip(&last));
            last[row % self.terms] = cs.mul("sum * last = next", &sum, &last[(row + 1) % self.terms]);
        }
    }
}

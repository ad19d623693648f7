//! What the tests of all circuits share: tampering, forging and shape snapshots.

use crate::{
    curve::Fr,
    r1cs::{Circuit, Cs, Label, Shape},
};
use ark_ff::{AdditiveGroup, Field, UniformRand};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// How a witness value is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mutation {
    /// `x + 1`
    Increment,
    /// `x - 1`
    Decrement,
    /// `-x`
    Negate,
    /// `0`
    Clear,
    /// `1 - x`: the other bit, if x is one.
    Complement,
    /// A random value.
    Random,
    /// Changes places with another witness variable.
    Swap(usize),
}

impl Mutation {
    const SIMPLE: [Mutation; 6] = [
        Mutation::Increment,
        Mutation::Decrement,
        Mutation::Negate,
        Mutation::Clear,
        Mutation::Complement,
        Mutation::Random,
    ];
}

/// A changed witness that still satisfies every constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// The variable: its place in the assignment.
    pub variable: usize,
    /// What was done to it.
    pub mutation: Mutation,
    /// The constraints that mention it, by name, without repetition. Empty:
    /// no constraint does.
    pub rows: Vec<Label>,
}

impl fmt::Display for Survivor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "variable {} survives {:?}; it is in", self.variable, self.mutation)?;
        self.rows.iter().try_for_each(|label| write!(f, " [{label}]"))
    }
}

/// Changes the witness part of the valid assignment `z`, one mutant at a
/// time, and evaluates afresh the constraints that mention a changed
/// variable. Returns the mutants that satisfy them all: each needs a reason
/// why the statement is unaffected (A18).
///
/// Every witness variable gets every kind of mutation once; random ones
/// follow until there are at least `mutants`. Mutations that change nothing
/// do not count. The seed is printed.
///
/// # Panics
/// If `z` does not satisfy `shape`, or has no two different witness values.
pub fn tamper(shape: &Shape, z: &[Fr], mutants: usize, seed: u64) -> Vec<Survivor> {
    if let Err(unsatisfied) = shape.check(z) {
        panic!("tampering starts from a valid assignment: {unsatisfied}");
    }
    println!("tamper {} with seed {seed}", shape.id());
    let mut run = Run {
        shape,
        rows: shape.rows_by_variable(),
        z: z.to_vec(),
        rng: ChaCha20Rng::seed_from_u64(seed),
        tried: 0,
        survivors: Vec::new(),
    };
    for variable in shape.num_inputs()..z.len() {
        for mutation in Mutation::SIMPLE {
            run.mutate(variable, mutation);
        }
        run.swap(variable);
    }
    assert!(run.tried > 0, "an assignment with witness values that can be changed");
    while run.tried < mutants {
        let variable = run.variable();
        run.mutate(variable, Mutation::Random);
        run.swap(variable);
    }
    println!("{} mutants of {} variables, {} survive", run.tried, z.len(), run.survivors.len());
    run.survivors
}

struct Run<'a> {
    shape: &'a Shape,
    rows: Vec<Vec<u32>>,
    z: Vec<Fr>,
    rng: ChaCha20Rng,
    tried: usize,
    survivors: Vec<Survivor>,
}

impl Run<'_> {
    fn mutate(&mut self, variable: usize, mutation: Mutation) {
        let x = self.z[variable];
        let value = match mutation {
            Mutation::Increment => x + Fr::ONE,
            Mutation::Decrement => x - Fr::ONE,
            Mutation::Negate => -x,
            Mutation::Clear => Fr::ZERO,
            Mutation::Complement => Fr::ONE - x,
            Mutation::Random => Fr::rand(&mut self.rng),
            Mutation::Swap(other) => self.z[other],
        };
        if value == x {
            return;
        }
        let other = if let Mutation::Swap(other) = mutation { other } else { variable };
        self.z[other] = x;
        self.z[variable] = value;
        self.tried += 1;
        if [variable, other].iter().all(|v| self.satisfied(*v)) {
            self.survivors.push(Survivor { variable, mutation, rows: self.labels(variable) });
        }
        self.z[other] = value;
        self.z[variable] = x;
    }

    /// Swaps with the next variable, often of one kind, or with any other.
    fn swap(&mut self, variable: usize) {
        let next = if variable + 1 < self.z.len() { variable + 1 } else { self.shape.num_inputs() };
        let any = self.variable();
        for other in [next, any] {
            self.mutate(variable, Mutation::Swap(other));
        }
    }

    /// A random witness variable.
    fn variable(&mut self) -> usize {
        let first = self.shape.num_inputs();
        let count = (self.z.len() - first) as u64;
        first + usize::try_from(self.rng.next_u64() % count).expect("below the length of a vector")
    }

    fn satisfied(&self, variable: usize) -> bool {
        self.rows[variable].iter().all(|row| self.shape.row_holds(*row as usize, &self.z))
    }

    fn labels(&self, variable: usize) -> Vec<Label> {
        let mut labels: Vec<Label> =
            self.rows[variable].iter().map(|row| self.shape.label(*row as usize)).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }
}

/// The variables that a prover may choose: changed to a random value, with
/// everything computed later following it, they break no constraint but those
/// named in `statement`, the equations that compare with public inputs.
///
/// [`tamper`] changes one value and leaves what depends on it, so that it
/// overlooks, say, a free slope whose sum is used further on. This finds it.
/// Each run computes the witness anew: of the variables that rows with one
/// name mention, up to `per_label` are tried.
///
/// # Panics
/// If the circuit's own assignment is not valid.
pub fn free_variables(
    shape: &Shape,
    circuit: &impl Circuit,
    statement: &[&str],
    per_label: usize,
    seed: u64,
) -> Vec<usize> {
    if let Err(unsatisfied) = shape.check(&Cs::assignment(circuit)) {
        panic!("forging starts from a valid assignment: {unsatisfied}");
    }
    println!("forge {} with seed {seed}", shape.id());
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let sample = sample(shape, per_label, &mut rng);
    let mut is_free = |variable: &usize| {
        let z = Cs::forged_assignment(circuit, *variable, Fr::rand(&mut rng));
        shape.failures(&z).iter().all(|label| statement.contains(&label.equation))
    };
    sample.into_iter().filter(|variable| is_free(variable)).collect()
}

/// Up to `per_label` witness variables of the rows of each name.
fn sample(shape: &Shape, per_label: usize, rng: &mut ChaCha20Rng) -> BTreeSet<usize> {
    let mut by_label: BTreeMap<Label, BTreeSet<usize>> = BTreeMap::new();
    for (index, row) in shape.rows().iter().enumerate() {
        let variables = row.variables().filter(|v| *v >= shape.num_inputs());
        by_label.entry(shape.label(index)).or_default().extend(variables);
    }
    let mut chosen = BTreeSet::new();
    for variables in by_label.into_values() {
        let mut variables: Vec<usize> = variables.into_iter().collect();
        for _ in 0..per_label.min(variables.len()) {
            let i = rng.next_u64() % variables.len() as u64;
            chosen.insert(variables.swap_remove(usize::try_from(i).expect("below a length")));
        }
    }
    chosen
}

/// The conditions with a constraint that does not hold on `z`, in order of
/// their names.
pub fn failing_conditions(shape: &Shape, z: &[Fr]) -> Vec<&'static str> {
    let mut conditions: Vec<&str> = shape.failures(z).iter().map(|label| label.condition).collect();
    conditions.dedup();
    conditions
}

/// One line per shape: what a key or a snapshot fixes.
pub fn describe(shape: &Shape) -> String {
    format!(
        "{} constraints={} inputs={} variables={} sha256={}",
        shape.id(),
        shape.num_constraints(),
        shape.num_inputs(),
        shape.num_variables(),
        hex::encode(shape.digest())
    )
}

/// Compares shapes with the snapshot at `path`, a path in `circuits/src`.
/// With `UPDATE_SHAPES=1` in the environment it writes the snapshot: any
/// change makes all keys of the circuit useless, so the commit says why.
///
/// # Panics
/// If they differ, or the file cannot be read or written.
pub fn check_snapshot<'a>(path: &str, shapes: impl IntoIterator<Item = &'a Shape>) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
    let found: String = shapes.into_iter().map(|shape| describe(shape) + "\n").collect();
    if std::env::var_os("UPDATE_SHAPES").is_some_and(|v| v == "1") {
        std::fs::write(&path, &found).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("there is a snapshot; UPDATE_SHAPES=1 makes one");
    assert_eq!(found, expected, "{} differs; if that is meant, run with UPDATE_SHAPES=1", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r1cs::Num;

    /// y = a * b with a + b = s, and the holes of a careless author.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Hole {
        None,
        /// A witness that no constraint mentions.
        Unused,
        /// A quotient by zero.
        Division,
        /// Nothing says which factor is which.
        Symmetric,
        /// Only the square of a root is bound.
        Sign,
        /// A bit without its constraint, times zero.
        Masked,
        /// A quotient by zero that is used further on.
        Chain,
    }

    impl Circuit for Hole {
        fn id(&self) -> String {
            "test/hole".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            vec![Fr::from(12u64), Fr::from(25u64)]
        }
        fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
            cs.condition("T1 hole");
            let (a, b) = (cs.witness(Fr::from(3u64)), cs.witness(Fr::from(4u64)));
            cs.enforce("a * b = y", &a, &b, &inputs[0]);
            if *self != Hole::Symmetric {
                cs.equal("a + 2 b = 11", &(&a + b.scale(Fr::from(2u64))), &cs.constant(Fr::from(11u64)));
            }
            let zero = &a - cs.constant(Fr::from(3u64));
            match self {
                Hole::Unused => {
                    cs.witness(Fr::from(9u64));
                }
                Hole::Division => {
                    cs.div_nonzero("q * 0 = 0", &zero, &zero);
                }
                Hole::Sign => {
                    let root = cs.witness(Fr::from(5u64));
                    cs.enforce("root * root = s", &root, &root, &inputs[1]);
                }
                Hole::Masked => {
                    let bit = cs.witness(Fr::ONE);
                    cs.enforce("bit * 0 = 0", &bit, &zero, &zero);
                }
                Hole::Chain => {
                    let q = cs.div_nonzero("q * 0 = 0", &zero, &zero);
                    cs.mul("q * a = c", &q, &a);
                }
                Hole::None | Hole::Symmetric => {}
            }
        }
    }

    fn survivors(hole: Hole) -> Vec<Survivor> {
        let (shape, z) = Cs::shape_and_assignment(&hole);
        tamper(&shape, &z, 200, 1)
    }

    #[test]
    fn a18_tampering_finds_every_hole_of_circuits_known_to_be_broken() {
        assert_eq!(survivors(Hole::None), []);
        assert!(survivors(Hole::Unused).iter().any(|s| s.rows.is_empty()));
        let named = |hole, equation: &str| {
            let found = survivors(hole);
            assert!(found.iter().any(|s| s.rows.iter().any(|l| l.equation == equation)), "{equation}");
            found
        };
        named(Hole::Division, "q * 0 = 0");
        named(Hole::Masked, "bit * 0 = 0");
        let symmetric = named(Hole::Symmetric, "a * b = y");
        assert!(symmetric.iter().all(|s| matches!(s.mutation, Mutation::Swap(_))));
        let sign = named(Hole::Sign, "root * root = s");
        assert!(sign.iter().all(|s| s.mutation == Mutation::Negate));
    }

    /// One changed value at a time misses what forging finds.
    #[test]
    fn a18_forging_finds_a_free_value_that_others_depend_on() {
        let free = |hole: Hole| {
            let (shape, z) = Cs::shape_and_assignment(&hole);
            let free = free_variables(&shape, &hole, &[], 10, 1);
            (free.into_iter().map(|v| v - shape.num_inputs()).collect::<Vec<_>>(), z.len())
        };
        assert_eq!(free(Hole::None).0, [0; 0]);
        // a, b, then q and its product.
        assert_eq!(free(Hole::Chain).0, [2]);
        assert_eq!(survivors(Hole::Chain), []);
    }

    #[test]
    #[should_panic(expected = "a * b = y")]
    fn tampering_refuses_an_invalid_assignment() {
        let (shape, mut z) = Cs::shape_and_assignment(&Hole::None);
        z[3] += Fr::ONE;
        tamper(&shape, &z, 1, 1);
    }
}

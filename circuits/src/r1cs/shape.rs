//! The rows of a circuit: digest, evaluation, and the bridge to arkworks.

use crate::curve::Fr;
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};
use ark_relations::{
    gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable},
    utils::matrix::Matrix,
};
use sha2::{Digest, Sha256};
use std::fmt;

/// One constraint: three sparse rows (variable, coefficient) and its name.
#[derive(Clone, Debug)]
pub struct Row {
    pub(super) a: Vec<(u32, Fr)>,
    pub(super) b: Vec<(u32, Fr)>,
    pub(super) c: Vec<(u32, Fr)>,
    pub(super) label: u32,
}

impl Row {
    fn holds(&self, z: &[Fr]) -> bool {
        let eval = |row: &[(u32, Fr)]| row.iter().fold(Fr::ZERO, |s, (i, k)| s + z[*i as usize] * k);
        eval(&self.a) * eval(&self.b) == eval(&self.c)
    }

    /// The sparse rows of A, B and C: (variable, coefficient).
    pub fn parts(&self) -> [&[(u32, Fr)]; 3] {
        [&self.a, &self.b, &self.c]
    }

    /// Every variable of the row, possibly repeated.
    pub fn variables(&self) -> impl Iterator<Item = usize> + '_ {
        [&self.a, &self.b, &self.c].into_iter().flatten().map(|(i, _)| *i as usize)
    }
}

/// The name of a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The condition of the statement, e.g. `B4 encryption`.
    pub condition: &'static str,
    /// The equation, e.g. `lambda * du = dv`.
    pub equation: &'static str,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.condition, self.equation)
    }
}

/// The first constraint that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("constraint {index} does not hold ({label})")]
pub struct Unsatisfied {
    /// Row number.
    pub index: usize,
    /// Its name.
    pub label: Label,
}

/// The rows of one circuit.
#[derive(Clone, Debug)]
pub struct Shape {
    pub(super) id: String,
    pub(super) num_inputs: usize,
    pub(super) num_variables: usize,
    pub(super) rows: Vec<Row>,
    pub(super) labels: Vec<Label>,
}

impl Shape {
    /// The circuit's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Public inputs, the constant one included.
    pub fn num_inputs(&self) -> usize {
        self.num_inputs
    }

    /// Constant, inputs and witness variables together.
    pub fn num_variables(&self) -> usize {
        self.num_variables
    }

    /// Number of constraints.
    pub fn num_constraints(&self) -> usize {
        self.rows.len()
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Name of row `index`.
    pub fn label(&self, index: usize) -> Label {
        self.labels[self.rows[index].label as usize]
    }

    /// SHA-256 over id, sizes and all rows.
    pub fn digest(&self) -> [u8; 32] {
        let mut h = Sha256::new();
        h.update((self.id.len() as u64).to_be_bytes());
        h.update(self.id.as_bytes());
        for n in [self.num_inputs, self.num_variables, self.rows.len()] {
            h.update((n as u64).to_be_bytes());
        }
        for row in &self.rows {
            for part in [&row.a, &row.b, &row.c] {
                h.update((part.len() as u64).to_be_bytes());
                for (i, k) in part {
                    h.update(i.to_be_bytes());
                    h.update(k.into_bigint().to_bytes_be());
                }
            }
        }
        h.finalize().into()
    }

    /// Evaluates every row afresh on a full assignment (one, inputs,
    /// witness); names the first row that does not hold.
    ///
    /// # Panics
    /// If the assignment has another length than the circuit.
    pub fn check(&self, z: &[Fr]) -> Result<(), Unsatisfied> {
        assert_eq!(z.len(), self.num_variables, "assignment of another circuit");
        match self.rows.iter().position(|r| !r.holds(z)) {
            None => Ok(()),
            Some(index) => Err(Unsatisfied { index, label: self.label(index) }),
        }
    }

    /// The names of all rows that do not hold, without repetition.
    pub fn failures(&self, z: &[Fr]) -> Vec<Label> {
        let mut out: Vec<Label> =
            (0..self.rows.len()).filter(|i| !self.rows[*i].holds(z)).map(|i| self.label(i)).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// For each variable the rows that mention it: lets a tamper test
    /// evaluate only what a change can affect.
    pub fn rows_by_variable(&self) -> Vec<Vec<u32>> {
        let mut out = vec![Vec::new(); self.num_variables];
        for (index, row) in self.rows.iter().enumerate() {
            let index = u32::try_from(index).expect("below 2^32 rows");
            for v in row.variables() {
                if out[v].last() != Some(&index) {
                    out[v].push(index);
                }
            }
        }
        out
    }

    /// Whether row `index` holds on `z`.
    pub fn row_holds(&self, index: usize, z: &[Fr]) -> bool {
        self.rows[index].holds(z)
    }

    /// The matrices A, B, C as `ark-groth16` takes them.
    pub fn into_ark_matrices(self) -> [Matrix<Fr>; 3] {
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for row in self.rows {
            for (matrix, part) in out.iter_mut().zip([row.a, row.b, row.c]) {
                matrix.push(part.into_iter().map(|(i, k)| (k, i as usize)).collect());
            }
        }
        out
    }
}

/// Replays the rows into an arkworks constraint system, for key generation.
impl ConstraintSynthesizer<Fr> for &Shape {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut variables = vec![Variable::One];
        for _ in 1..self.num_inputs {
            variables.push(cs.new_input_variable(|| Ok(Fr::ZERO))?);
        }
        for _ in self.num_inputs..self.num_variables {
            variables.push(cs.new_witness_variable(|| Ok(Fr::ZERO))?);
        }
        let lc = |part: &[(u32, Fr)]| {
            let mut lc = LinearCombination::new();
            for (i, k) in part {
                lc.0.push((*k, variables[*i as usize]));
            }
            lc
        };
        for row in &self.rows {
            cs.enforce_r1cs_constraint(|| lc(&row.a), || lc(&row.b), || lc(&row.c))?;
        }
        Ok(())
    }
}

//! The rows of a circuit, packed for repeated evaluation.
//!
//! A coefficient is an index into a table of the distinct ones, which are
//! few: 8 bytes per term instead of the 40 of `(Fr, usize)`.

use crate::parallel::map_range;
use ark_ff::{AdditiveGroup, Field};
use circuits::{
    curve::Fr,
    r1cs::{Label, Shape, Unsatisfied},
};
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Position of 1 in the table of coefficients.
const ONE: u32 = 0;
/// Position of -1.
const MINUS_ONE: u32 = 1;

/// The matrices A, B, C of a circuit.
#[derive(Debug)]
pub struct Matrices {
    num_inputs: usize,
    num_variables: usize,
    coefficients: Vec<Fr>,
    parts: [Sparse; 3],
    labels: Vec<Label>,
}

#[derive(Debug)]
struct Sparse {
    /// Where each row starts in `terms`, and the end of the last.
    starts: Vec<usize>,
    /// (variable, position of the coefficient)
    terms: Vec<(u32, u32)>,
}

/// The values of A, B and C on an assignment, one per row; secret.
pub(crate) type Values = [Zeroizing<Vec<Fr>>; 3];

impl Matrices {
    /// Packs the rows of `shape`.
    pub fn new(shape: &Shape) -> Self {
        let mut table = Table::new();
        let parts = [0, 1, 2].map(|part| {
            let count = shape.rows().iter().map(|r| r.parts()[part].len()).sum();
            let mut terms = Vec::with_capacity(count);
            let mut starts = Vec::with_capacity(shape.num_constraints() + 1);
            for row in shape.rows() {
                starts.push(terms.len());
                terms.extend(row.parts()[part].iter().map(|(i, k)| (*i, table.position(*k))));
            }
            starts.push(terms.len());
            Sparse { starts, terms }
        });
        Self {
            num_inputs: shape.num_inputs(),
            num_variables: shape.num_variables(),
            coefficients: table.coefficients,
            parts,
            labels: (0..shape.num_constraints()).map(|i| shape.label(i)).collect(),
        }
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
        self.labels.len()
    }

    /// The name of row `index`.
    pub fn label(&self, index: usize) -> Label {
        self.labels[index]
    }

    /// Evaluates every row on a full assignment of `num_variables` values.
    pub(crate) fn evaluate(&self, z: &[Fr]) -> Values {
        [0, 1, 2].map(|part| {
            Zeroizing::new(map_range(self.num_constraints(), |row| self.evaluate_row(part, row, z)))
        })
    }

    fn evaluate_row(&self, part: usize, row: usize, z: &[Fr]) -> Fr {
        let Sparse { starts, terms } = &self.parts[part];
        let mut sum = Fr::ZERO;
        for (variable, coefficient) in &terms[starts[row]..starts[row + 1]] {
            let value = &z[*variable as usize];
            match *coefficient {
                ONE => sum += value,
                MINUS_ONE => sum -= value,
                position => sum += self.coefficients[position as usize] * value,
            }
        }
        sum
    }

    /// The first row where `a * b = c` does not hold.
    pub(crate) fn check([a, b, c]: &Values, labels: impl Fn(usize) -> Label) -> Result<(), Unsatisfied> {
        match (0..a.len()).find(|i| a[*i] * b[*i] != c[*i]) {
            None => Ok(()),
            Some(index) => Err(Unsatisfied { index, label: labels(index) }),
        }
    }

    /// For each matrix the combination of its rows with `weights`, one per
    /// row: the vectors `weights * A`, `weights * B`, `weights * C`.
    pub(crate) fn combine_rows(&self, weights: &[Fr]) -> [Vec<Fr>; 3] {
        [0, 1, 2].map(|part| {
            let Sparse { starts, terms } = &self.parts[part];
            let mut out = vec![Fr::ZERO; self.num_variables];
            for (row, weight) in weights.iter().enumerate().take(self.num_constraints()) {
                for (variable, coefficient) in &terms[starts[row]..starts[row + 1]] {
                    out[*variable as usize] += self.coefficients[*coefficient as usize] * weight;
                }
            }
            out
        })
    }
}

/// Distinct coefficients in the order of their first use.
struct Table {
    coefficients: Vec<Fr>,
    positions: HashMap<Fr, u32>,
}

impl Table {
    fn new() -> Self {
        let coefficients = vec![Fr::ONE, -Fr::ONE];
        let positions = HashMap::from([(Fr::ONE, ONE), (-Fr::ONE, MINUS_ONE)]);
        Self { coefficients, positions }
    }

    fn position(&mut self, k: Fr) -> u32 {
        *self.positions.entry(k).or_insert_with(|| {
            self.coefficients.push(k);
            u32::try_from(self.coefficients.len() - 1).expect("fewer than 2^32 terms")
        })
    }
}

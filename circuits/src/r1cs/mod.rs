//! A rank-1 constraint system builder with named constraints.
//!
//! One description of a circuit serves three purposes: [`Shape`] (matrices,
//! for key generation, snapshots and tests), the full assignment (for
//! proving, without building a single linear combination), and evaluation of
//! every row afresh (for tamper tests, free of cached values).
//! The bridge to arkworks is [`Shape::into_ark_matrices`] and
//! [`Shape`]'s `ConstraintSynthesizer`. ADR 0002 says why this exists.

mod lc;
mod shape;
#[cfg(test)]
mod tests;

pub use lc::Num;
pub use shape::{Label, Row, Shape, Unsatisfied};

use crate::curve::Fr;
use ark_ff::{AdditiveGroup, Field};
use lc::Lc;

/// A statement with its witness, as constraints.
pub trait Circuit {
    /// Name and version of the circuit, e.g. `ballot/4`; part of its shape.
    fn id(&self) -> String;

    /// The public inputs, in the one order.
    fn public_inputs(&self) -> Vec<Fr>;

    /// Enforces every condition. `inputs` are the allocated public inputs,
    /// in the order of [`Circuit::public_inputs`].
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]);
}

/// What a synthesis run keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Rows and values.
    Shape,
    /// Values only.
    Assignment,
}

/// A constraint system under construction.
#[derive(Debug)]
pub struct Cs {
    mode: Mode,
    /// `1`, the public inputs, then the witness.
    values: Vec<Fr>,
    num_inputs: usize,
    rows: Vec<Row>,
    labels: Vec<Label>,
    condition: &'static str,
    /// A witness variable and the value that it gets instead of its own.
    forged: Option<(usize, Fr)>,
}

impl Cs {
    fn run<C: Circuit + ?Sized>(circuit: &C, mode: Mode, forged: Option<(usize, Fr)>) -> Cs {
        let mut cs = Cs {
            forged,
            mode,
            values: vec![Fr::ONE],
            num_inputs: 1,
            rows: Vec::new(),
            labels: Vec::new(),
            condition: "",
        };
        let inputs: Vec<Num> = circuit.public_inputs().into_iter().map(|v| cs.witness(v)).collect();
        cs.num_inputs = cs.values.len();
        circuit.synthesize(&mut cs, &inputs);
        cs
    }

    /// The rows of `circuit`, which may hold any witness, valid or not.
    pub fn shape<C: Circuit + ?Sized>(circuit: &C) -> Shape {
        Self::shape_and_assignment(circuit).0
    }

    /// The rows and the full assignment (one, inputs, witness).
    pub fn shape_and_assignment<C: Circuit + ?Sized>(circuit: &C) -> (Shape, Vec<Fr>) {
        let cs = Self::run(circuit, Mode::Shape, None);
        let shape = Shape {
            id: circuit.id(),
            num_inputs: cs.num_inputs,
            num_variables: cs.values.len(),
            rows: cs.rows,
            labels: cs.labels,
        };
        (shape, cs.values)
    }

    /// The full assignment (one, inputs, witness) without any row: what a
    /// prover with cached matrices needs.
    pub fn assignment<C: Circuit + ?Sized>(circuit: &C) -> Vec<Fr> {
        Self::run(circuit, Mode::Assignment, None).values
    }

    /// The full assignment of a prover who gives `variable` another value and
    /// computes all that follows from it.
    #[cfg(any(test, feature = "testing"))]
    pub fn forged_assignment<C: Circuit + ?Sized>(circuit: &C, variable: usize, value: Fr) -> Vec<Fr> {
        Self::run(circuit, Mode::Assignment, Some((variable, value))).values
    }

    /// Names the condition that the following constraints belong to.
    pub fn condition(&mut self, name: &'static str) {
        self.condition = name;
    }

    /// A new witness variable.
    pub fn witness(&mut self, value: Fr) -> Num {
        let index = self.values.len();
        let value = match self.forged {
            Some((variable, forged)) if variable == index => forged,
            _ => value,
        };
        self.values.push(value);
        Num { value, lc: self.lc(|| Lc::variable(index)) }
    }

    /// A constant.
    pub fn constant(&self, value: Fr) -> Num {
        Num { value, lc: self.lc(|| Lc::constant(value)) }
    }

    fn lc(&self, f: impl FnOnce() -> Lc) -> Option<Lc> {
        (self.mode == Mode::Shape).then(f)
    }

    /// Enforces `a * b = c`. `label` is the equation, for failing tests.
    pub fn enforce(&mut self, label: &'static str, a: &Num, b: &Num, c: &Num) {
        if self.mode == Mode::Assignment {
            return;
        }
        let label = Label { condition: self.condition, equation: label };
        if self.labels.last() != Some(&label) {
            self.labels.push(label);
        }
        let label = u32::try_from(self.labels.len() - 1).expect("fewer labels than rows");
        self.rows.push(Row { a: a.row(), b: b.row(), c: c.row(), label });
    }

    /// Enforces `a = b`, in one constraint.
    pub fn equal(&mut self, label: &'static str, a: &Num, b: &Num) {
        let one = self.constant(Fr::ONE);
        self.enforce(label, &(a - b), &one, &self.constant(Fr::ZERO));
    }

    /// The product `a * b`, in one constraint.
    pub fn mul(&mut self, label: &'static str, a: &Num, b: &Num) -> Num {
        let c = self.witness(a.value * b.value);
        self.enforce(label, a, b, &c);
        c
    }

    /// A witness `q` with `q * b = a`. If `b` is zero the constraint leaves
    /// `q` free, so callers must know that `b` cannot be zero, and say why.
    pub fn div_nonzero(&mut self, label: &'static str, a: &Num, b: &Num) -> Num {
        let q = self.witness(b.value.inverse().unwrap_or(Fr::ZERO) * a.value);
        self.enforce(label, &q, b, a);
        q
    }

    /// A witness `i` with `i * a = 1`: unsatisfiable if `a` is zero.
    pub fn inverse(&mut self, label: &'static str, a: &Num) -> Num {
        let one = self.constant(Fr::ONE);
        self.div_nonzero(label, &one, a)
    }

    /// A witness that is 0 or 1, in one constraint.
    pub fn boolean(&mut self, label: &'static str, value: bool) -> Bit {
        let b = Bit(self.witness(Fr::from(value)));
        let zero = self.constant(Fr::ZERO);
        self.enforce(label, &b.0, &b.not(), &zero);
        b
    }

    /// The bit `a = 0`, in two constraints: with `is = 1 - a*inv` and
    /// `a*is = 0`, `is` is 1 when `a` is 0, and 0 otherwise.
    pub fn is_zero(&mut self, label: &'static str, a: &Num) -> Bit {
        let inv = self.witness(a.value.inverse().unwrap_or(Fr::ZERO));
        let product = self.mul(label, a, &inv);
        let is = Num::one(self) - product;
        let zero = self.constant(Fr::ZERO);
        self.enforce(label, a, &is, &zero);
        Bit(is)
    }

    /// `a AND b`, in one constraint.
    pub fn and(&mut self, label: &'static str, a: &Bit, b: &Bit) -> Bit {
        Bit(self.mul(label, &a.0, &b.0))
    }

    /// `if bit { t } else { f }`, in one constraint.
    pub fn select(&mut self, label: &'static str, bit: &Bit, t: &Num, f: &Num) -> Num {
        self.mul(label, &bit.0, &(t - f)) + f
    }
}

/// A number known to be 0 or 1.
#[derive(Clone, Debug)]
pub struct Bit(Num);

impl Bit {
    /// Declares that `n` is 0 or 1. The caller says why that holds.
    pub fn known(n: Num) -> Bit {
        Bit(n)
    }

    /// The constant bit.
    pub fn constant(cs: &Cs, value: bool) -> Bit {
        Bit(cs.constant(Fr::from(value)))
    }

    /// The bit as a number.
    pub fn num(&self) -> &Num {
        &self.0
    }

    /// `1 - self`, free.
    pub fn not(&self) -> Num {
        (-&self.0).add_constant(Fr::ONE)
    }

    /// Its value in the present assignment.
    pub fn value(&self) -> bool {
        self.0.value == Fr::ONE
    }
}

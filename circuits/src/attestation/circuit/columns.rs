//! Columns, gates and what they guarantee. spec: `attestation.gates`.

use super::super::{Packing, Shape};
use crate::curve::plonk::{Fr, ff::Field};
use halo2_proofs::{
    plonk::{
        Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, Instance, SecondPhase,
    },
    poly::Rotation,
};

/// Data columns that one helper column sums: the gate's degree is two more.
pub(crate) const HELPED: usize = 3;
/// Data columns that the running sum takes without a helper.
pub(crate) const DIRECT: usize = 2;
/// The proof system's code for EVM caps gates at this degree, silently; a
/// test holds all gates to it.
pub const MAX_GATE_DEGREE: usize = 5;

/// The columns of one shape.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(crate) data: Vec<Column<Advice>>,
    /// m: cells with each value of the table.
    pub(crate) multiplicity: Column<Advice>,
    /// Records with each code; the same column where a cell is a record.
    pub(crate) count: Column<Advice>,
    pub(crate) scores: Option<ScoreColumns>,
    pub(crate) a: Column<Advice>,
    pub(crate) b: Column<Advice>,
    pub(crate) c: Column<Advice>,
    pub(crate) lanes: Vec<Column<Advice>>,
    pub(crate) helpers: Vec<Column<Advice>>,
    /// phi
    pub(crate) running: Column<Advice>,
    /// psi, where a cell holds two records.
    pub(crate) split: Option<Column<Advice>>,
    pub(crate) fixed: FixedColumns,
    pub(crate) public: Column<Instance>,
    /// X, drawn after all columns of the first phase are committed.
    pub(crate) challenge: Challenge,
}

/// Weights and running sums over the codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScoreColumns {
    pub(crate) weight: Column<Advice>,
    pub(crate) sum: Column<Advice>,
    pub(crate) active: Column<Fixed>,
}

/// What the keys fix.
#[derive(Clone, Debug)]
pub(crate) struct FixedColumns {
    /// 1 on the U data rows.
    pub(crate) active: Column<Fixed>,
    /// 1 on the rows of the table.
    pub(crate) table: Column<Fixed>,
    /// 1 on row 0 and on row U.
    pub(crate) ends: Column<Fixed>,
    /// First and second code of the table's values; 0 beyond the table.
    pub(crate) first: Column<Fixed>,
    pub(crate) second: Option<Column<Fixed>>,
    /// The row's own code below B, and B beyond: no code.
    pub(crate) code: Option<Column<Fixed>>,
    pub(crate) m: Column<Fixed>,
    pub(crate) p: Column<Fixed>,
    pub(crate) q: Column<Fixed>,
    pub(crate) k: Column<Fixed>,
    pub(crate) carry: Column<Fixed>,
    pub(crate) boolean: Column<Fixed>,
    pub(crate) ranges: Vec<Column<Fixed>>,
}

impl Columns {
    /// Declares columns and gates. The data columns come first and in the
    /// first phase, so that every proof begins with their commitments.
    pub(crate) fn configure(meta: &mut ConstraintSystem<Fr>, shape: &Shape, lanes: usize) -> Self {
        let data = (0..shape.columns()).map(|_| meta.advice_column()).collect();
        let two = shape.packing() == Packing::Two;
        let multiplicity = meta.advice_column();
        let count = if two { meta.advice_column() } else { multiplicity };
        let scores = (shape.layout().bins() > 1).then(|| ScoreColumns {
            weight: meta.advice_column(),
            sum: meta.advice_column(),
            active: meta.fixed_column(),
        });
        let [a, b, c] = [(); 3].map(|()| meta.advice_column());
        let lanes: Vec<_> = (0..lanes).map(|_| meta.advice_column()).collect();
        let challenge = meta.challenge_usable_after(FirstPhase);
        let helped = shape.columns().saturating_sub(DIRECT).div_ceil(HELPED);
        let helpers = (0..helped).map(|_| meta.advice_column_in(SecondPhase)).collect();
        let running = meta.advice_column_in(SecondPhase);
        let split = two.then(|| meta.advice_column_in(SecondPhase));
        let fixed = FixedColumns::configure(meta, two, lanes.len());
        let public = meta.instance_column();
        let columns = Self {
            data,
            multiplicity,
            count,
            scores,
            a,
            b,
            c,
            lanes,
            helpers,
            running,
            split,
            fixed,
            public,
            challenge,
        };
        columns.enable_copies(meta);
        columns.histogram_gates(meta, shape);
        columns.score_gate(meta);
        columns.arithmetic_gates(meta);
        columns.range_gates(meta);
        columns
    }

    /// All advice columns with their names.
    #[cfg(test)]
    pub(crate) fn advice(&self) -> Vec<(String, Column<Advice>)> {
        let numbered = |name: &str, columns: &[Column<Advice>]| -> Vec<_> {
            columns.iter().enumerate().map(|(i, column)| (format!("{name} {i}"), *column)).collect()
        };
        let mut out = numbered("data", &self.data);
        out.push(("multiplicity".into(), self.multiplicity));
        if self.count != self.multiplicity {
            out.push(("count".into(), self.count));
        }
        if let Some(scores) = self.scores {
            out.extend([("weight".into(), scores.weight), ("sum".into(), scores.sum)]);
        }
        out.extend([("a".into(), self.a), ("b".into(), self.b), ("c".into(), self.c)]);
        out.extend(numbered("lane", &self.lanes));
        out.extend(numbered("helper", &self.helpers));
        out.push(("running".into(), self.running));
        out.extend(self.split.map(|column| ("split".into(), column)));
        out
    }

    fn enable_copies(&self, meta: &mut ConstraintSystem<Fr>) {
        meta.enable_equality(self.public);
        for column in [self.count, self.a, self.b, self.c].iter().chain(&self.lanes) {
            meta.enable_equality(*column);
        }
        if let Some(scores) = self.scores {
            meta.enable_equality(scores.weight);
            meta.enable_equality(scores.sum);
        }
    }

    /// T1 and T2: `m` is the histogram of the data cells.
    ///
    /// | row | d_1 .. d_J | m | table t | helpers h | phi |
    /// | --- | --- | --- | --- | --- | --- |
    /// | 0 | cells | cells with value t_0 | t_0 | sums of 3 inverses | 0 |
    /// | i | cells | cells with value t_i | t_i | .. | phi_i |
    /// | rows beyond the table | cells | 0 | 0 | .. | .. |
    /// | U | salt | | | | 0 |
    ///
    /// 1. helper: `h = sum 1/(X - d)` over its three columns
    /// 2. running sum: `phi' - phi = sum h + 1/(X - d_1) + 1/(X - d_2) - m/(X - t)`
    /// 3. ends: phi is 0 on rows 0 and U
    /// 4. no counts outside the table: m = 0 where the row has no table value
    ///
    /// Together `sum 1/(X - cell) = sum m_i/(X - t_i)` over all cells and
    /// table rows, for an X drawn after cells and m are committed. As
    /// rational functions of X the two sides are equal except with
    /// probability below `(cells + table) / r < 2^-228`. The table's values
    /// are distinct, by 4 also for value 0, which its unused rows repeat. So
    /// every cell is a value of the table (a range check), and m_i is the
    /// number of cells with value t_i modulo r; there are fewer than 2^24
    /// cells, so it is that number. The equations are multiplied by their
    /// denominators, which are zero for at most as many X.
    ///
    /// Two records per cell, `t = t1 + B t2`:
    ///
    /// 5. split: `psi' - psi = m/(X - t1) + m/(X - t2) - count/(X - code)`
    /// 6. ends: psi is 0 on rows 0 and U
    ///
    /// By the same argument count_c, on the row of code c, is the number of
    /// cells whose first code is c and of those whose second is. Rows beyond
    /// B share the pole B, which no code is; the counts there add up to 0
    /// and are used nowhere.
    fn histogram_gates(&self, meta: &mut ConstraintSystem<Fr>, shape: &Shape) {
        let fixed = &self.fixed;
        let base = Fr::from(shape.layout().codes() as u64);
        let (direct, helped) = self.data.split_at(self.data.len().min(DIRECT));
        for (helper, columns) in self.helpers.iter().zip(helped.chunks(HELPED)) {
            meta.create_gate("helper: h = sum 1/(X - d)", |cells| {
                let x = cells.query_challenge(self.challenge);
                let active = cells.query_fixed(fixed.active, Rotation::cur());
                let h = cells.query_advice(*helper, Rotation::cur());
                let poles: Vec<_> = columns
                    .iter()
                    .map(|d| (one(), x.clone() - cells.query_advice(*d, Rotation::cur())))
                    .collect();
                vec![active * (h * denominator(&poles) - numerator(&poles))]
            });
        }
        meta.create_gate("running sum: phi' - phi = sum h + sum 1/(X - d) - m/(X - t)", |cells| {
            let x = cells.query_challenge(self.challenge);
            let active = cells.query_fixed(fixed.active, Rotation::cur());
            let phi = cells.query_advice(self.running, Rotation::cur());
            let next = cells.query_advice(self.running, Rotation::next());
            let helped = self
                .helpers
                .iter()
                .fold(next - phi, |rest, helper| rest - cells.query_advice(*helper, Rotation::cur()));
            let mut poles: Vec<_> =
                direct.iter().map(|d| (one(), x.clone() - cells.query_advice(*d, Rotation::cur()))).collect();
            let first = cells.query_fixed(fixed.first, Rotation::cur());
            let table = match fixed.second {
                Some(second) => first + cells.query_fixed(second, Rotation::cur()) * base,
                None => first,
            };
            let m = cells.query_advice(self.multiplicity, Rotation::cur());
            poles.push((zero() - m, x - table));
            vec![active * (helped * denominator(&poles) - numerator(&poles))]
        });
        meta.create_gate("ends: phi = 0", |cells| {
            let ends = cells.query_fixed(fixed.ends, Rotation::cur());
            vec![ends * cells.query_advice(self.running, Rotation::cur())]
        });
        meta.create_gate("no counts outside the table: m = 0", |cells| {
            let active = cells.query_fixed(fixed.active, Rotation::cur());
            let table = cells.query_fixed(fixed.table, Rotation::cur());
            vec![(active - table) * cells.query_advice(self.multiplicity, Rotation::cur())]
        });
        self.split_gates(meta);
    }

    /// 5 and 6 of [`Columns::histogram_gates`].
    fn split_gates(&self, meta: &mut ConstraintSystem<Fr>) {
        let fixed = &self.fixed;
        let (Some(psi), Some(second), Some(code)) = (self.split, fixed.second, fixed.code) else { return };
        meta.create_gate("split: psi' - psi = m/(X - t1) + m/(X - t2) - count/(X - code)", |cells| {
            let x = cells.query_challenge(self.challenge);
            let active = cells.query_fixed(fixed.active, Rotation::cur());
            let step = cells.query_advice(psi, Rotation::next()) - cells.query_advice(psi, Rotation::cur());
            let m = cells.query_advice(self.multiplicity, Rotation::cur());
            let count = cells.query_advice(self.count, Rotation::cur());
            let first = x.clone() - cells.query_fixed(fixed.first, Rotation::cur());
            let second = x.clone() - cells.query_fixed(second, Rotation::cur());
            let code = x - cells.query_fixed(code, Rotation::cur());
            let poles = [(m.clone(), first), (m, second), (zero() - count, code)];
            vec![active * (step * denominator(&poles) - numerator(&poles))]
        });
        meta.create_gate("ends: psi = 0", |cells| {
            let ends = cells.query_fixed(fixed.ends, Rotation::cur());
            vec![ends * cells.query_advice(psi, Rotation::cur())]
        });
    }

    /// | row | count | weight w | sum s |
    /// | --- | --- | --- | --- |
    /// | 1 | count of code 1 | w of its bin | 0, by a copy |
    /// | c | count of code c | w of its bin, by a copy | sum of the weighted counts below c |
    /// | B | | | sum of all weighted counts |
    fn score_gate(&self, meta: &mut ConstraintSystem<Fr>) {
        let Some(scores) = self.scores else { return };
        meta.create_gate("weighted counts: s' = s + w count", |cells| {
            let active = cells.query_fixed(scores.active, Rotation::cur());
            let weight = cells.query_advice(scores.weight, Rotation::cur());
            let count = cells.query_advice(self.count, Rotation::cur());
            let sum = cells.query_advice(scores.sum, Rotation::cur());
            let next = cells.query_advice(scores.sum, Rotation::next());
            vec![active * (next - sum - weight * count)]
        });
    }

    /// See [`super::plan`] for the rows. The first gate is active on all data
    /// rows: those without an operation make the next c zero.
    fn arithmetic_gates(&self, meta: &mut ConstraintSystem<Fr>) {
        let fixed = &self.fixed;
        meta.create_gate("arithmetic: c' = m a b + p a + q b + k + e c", |cells| {
            let active = cells.query_fixed(fixed.active, Rotation::cur());
            let [m, p, q, k, e] = [fixed.m, fixed.p, fixed.q, fixed.k, fixed.carry]
                .map(|column| cells.query_fixed(column, Rotation::cur()));
            let [a, b, c] =
                [self.a, self.b, self.c].map(|column| cells.query_advice(column, Rotation::cur()));
            let next = cells.query_advice(self.c, Rotation::next());
            vec![active * (m * a.clone() * b.clone() + p * a + q * b + k + e * c - next)]
        });
        meta.create_gate("bit: b (b - 1) = 0", |cells| {
            let boolean = cells.query_fixed(fixed.boolean, Rotation::cur());
            let b = cells.query_advice(self.b, Rotation::cur());
            vec![boolean * b.clone() * (b - one())]
        });
    }

    /// A value below 4^t is a column of quotients by 4, which ends in 0:
    ///
    /// | row | z | active |
    /// | --- | --- | --- |
    /// | i | the value, by a copy | 1 |
    /// | .. | quotients | 1 |
    /// | i + t | 0, by a copy | 0 |
    ///
    /// Then `value = sum digit_j 4^j` with t digits in 0..=3.
    fn range_gates(&self, meta: &mut ConstraintSystem<Fr>) {
        for (lane, active) in self.lanes.iter().zip(&self.fixed.ranges) {
            meta.create_gate("digit: z - 4 z' in 0..=3", |cells| {
                let active = cells.query_fixed(*active, Rotation::cur());
                let z = cells.query_advice(*lane, Rotation::cur());
                let next = cells.query_advice(*lane, Rotation::next());
                let digit = z - next * Fr::from(4);
                vec![(1..4u64).fold(active * digit.clone(), |product, value| {
                    product * (digit.clone() - Expression::Constant(Fr::from(value)))
                })]
            });
        }
    }
}

impl FixedColumns {
    fn configure(meta: &mut ConstraintSystem<Fr>, two: bool, lanes: usize) -> Self {
        Self {
            active: meta.fixed_column(),
            table: meta.fixed_column(),
            ends: meta.fixed_column(),
            first: meta.fixed_column(),
            second: two.then(|| meta.fixed_column()),
            code: two.then(|| meta.fixed_column()),
            m: meta.fixed_column(),
            p: meta.fixed_column(),
            q: meta.fixed_column(),
            k: meta.fixed_column(),
            carry: meta.fixed_column(),
            boolean: meta.fixed_column(),
            ranges: (0..lanes).map(|_| meta.fixed_column()).collect(),
        }
    }
}

type Pole = (Expression<Fr>, Expression<Fr>);

fn one() -> Expression<Fr> {
    Expression::Constant(Fr::ONE)
}

fn zero() -> Expression<Fr> {
    Expression::Constant(Fr::ZERO)
}

/// `prod y_i`
fn denominator(poles: &[Pole]) -> Expression<Fr> {
    let mut factors = poles.iter().map(|(_, y)| y.clone());
    let first = factors.next().unwrap_or_else(one);
    factors.fold(first, |product, y| product * y)
}

/// `sum x_i prod_{j != i} y_j`, so that with the denominator
/// `sum x_i / y_i = numerator / denominator`.
fn numerator(poles: &[Pole]) -> Expression<Fr> {
    let term = |i: usize| {
        let others = poles.iter().enumerate().filter(|(j, _)| *j != i);
        others.fold(poles[i].0.clone(), |product, (_, (_, y))| product * y.clone())
    };
    let mut terms = (0..poles.len()).map(term);
    let first = terms.next().unwrap_or_else(zero);
    terms.fold(first, |sum, next| sum + next)
}

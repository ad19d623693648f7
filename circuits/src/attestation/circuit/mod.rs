//! The conditions of [`super`] for the proof system. T1 and T2 are the
//! histogram argument in `columns.rs`, T3 to T8 and the last part of T1 the
//! rows of `checks.rs`, laid out by `plan.rs`. spec: `attestation.circuit`.
//!
//! The data columns are committed with 32 random rows each, and blinded by
//! the proof system; see `prover::attestation` for what makes their
//! commitments repeat.

mod checks;
mod choice;
mod columns;
mod plan;
#[cfg(test)]
mod tests;

pub use columns::{Columns, MAX_GATE_DEGREE};

use super::{
    Code, DataDigest, Packing, SALT_ROWS, Shape, Statement, Table, Unsatisfied, Witness,
    encoding::{Field, policy_fields},
    relation,
};
use crate::curve::plonk::{
    Fr,
    ff::{BatchInvert, Field as _, PrimeField as _},
    to_plonk,
};
use checks::{HEADER, Inputs, RECORDS, class_counts};
use halo2_proofs::{
    circuit::{Layouter, Region, SimpleFloorPlanner, Value},
    plonk::{Advice, Circuit, Column, ConstraintSystem, Error, Fixed},
};
use plan::{Forgery, Lane, Num, Place, Plan};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroize;

/// Most range lanes: beyond it, more rows serve better.
pub const MAX_LANES: usize = 6;

/// Why a shape has no circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCircuit {
    /// The verdict part needs too many range lanes.
    #[error("the checks need {needed} range lanes, and a circuit has up to {MAX_LANES}; use more rows")]
    Lanes {
        /// Lanes of the verdict part.
        needed: usize,
    },
    /// The verdict part does not fit.
    #[error("the checks need {needed} rows, and the shape has {rows}; use more rows")]
    Rows {
        /// Rows of the verdict part.
        needed: usize,
        /// Data rows of the shape.
        rows: usize,
    },
    /// The records do not make the statement true.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
    /// The random rows are not 32 for each data column.
    #[error("{SALT_ROWS} random values are needed for each data column")]
    Salt,
}

/// What configures a circuit: the shape, with the number of its lanes.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Option<(Shape, usize)>);

/// Random rows of the data columns, column by column. `Debug` is redacted,
/// memory is cleared on drop.
#[derive(Clone)]
pub struct Salt(pub Vec<[Fr; SALT_ROWS]>);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl Drop for Salt {
    fn drop(&mut self) {
        self.0.iter_mut().flatten().for_each(|value| *value = Fr::ZERO);
    }
}

/// The values of the data cells, column by column.
#[derive(Clone, PartialEq, Eq)]
pub struct DataColumns(Vec<Vec<u32>>);

impl fmt::Debug for DataColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataColumns({} columns)", self.0.len())
    }
}

impl Drop for DataColumns {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl DataColumns {
    /// Cell i is in column floor(i / U), on row i mod U, and holds record i,
    /// or records 2 i and 2 i + 1 as `c1 + B c2`. The rest is padding.
    /// spec: `attestation.cells`
    ///
    /// # Errors
    /// [`Unsatisfied::Records`] if the records do not fit.
    pub fn new(shape: &Shape, codes: &[Code]) -> Result<Self, Unsatisfied> {
        if codes.len() as u64 > shape.capacity() {
            return Err(Unsatisfied::Records);
        }
        let base = u32::try_from(shape.layout().codes()).map_err(|_| Unsatisfied::Records)?;
        let mut columns = vec![vec![0; shape.data_rows()]; shape.columns()];
        for (i, records) in codes.chunks(shape.packing().records()).enumerate() {
            let second = records.get(1).map_or(0, |code| code.0);
            columns[i / shape.data_rows()][i % shape.data_rows()] = records[0].0 + base * second;
        }
        Ok(Self(columns))
    }

    /// The columns.
    pub fn columns(&self) -> &[Vec<u32>] {
        &self.0
    }
}

/// A column's cells as the proof system commits to them, before its own
/// blinding: data, salt, zeros up to `usable` rows.
pub fn column_values(data: &[u32], salt: &[Fr; SALT_ROWS], usable: usize) -> Vec<Fr> {
    let mut out: Vec<Fr> = data.iter().map(|value| Fr::from(u64::from(*value))).collect();
    out.extend(salt);
    out.resize(usable, Fr::ZERO);
    out
}

/// The circuit of one shape, with or without a witness.
#[derive(Clone)]
pub struct AttestationCircuit {
    shape: Shape,
    data: DataColumns,
    salt: Salt,
    /// m by row of the table.
    multiplicities: Vec<Fr>,
    /// Counts by code.
    counts: Vec<Fr>,
    scores: Option<ScoreRows>,
    plan: Plan,
    lanes: Vec<Lane>,
    /// Cells that a test sets to another value: column in the order of
    /// [`Columns::advice`], row, value.
    #[cfg(test)]
    overrides: Vec<(usize, usize, Fr)>,
}

impl fmt::Debug for AttestationCircuit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttestationCircuit({:?})", self.shape)
    }
}

/// Weights and running sums by code, the last sum on row B.
#[derive(Clone)]
struct ScoreRows {
    weights: Vec<Fr>,
    sums: Vec<Fr>,
}

impl AttestationCircuit {
    /// The circuit without a witness: what keys are made of.
    ///
    /// # Errors
    /// [`NoCircuit::Rows`].
    pub fn blank(shape: &Shape) -> Result<Self, NoCircuit> {
        let table = Table::new(shape.layout(), &[]).map_err(|_| Unsatisfied::Records)?;
        let fields: Vec<Field> = policy_fields(shape, &blank_policy(shape));
        let salt = Salt(vec![[Fr::ZERO; SALT_ROWS]; shape.columns()]);
        let data = DataColumns::new(shape, &[])?;
        Self::assemble(shape, &table, data, salt, &Values { fields, edge: 0, point: Fr::ZERO, forgery: None })
    }

    /// The circuit with its witness, after the relation is checked: a proof
    /// that cannot be made says which condition fails.
    ///
    /// # Errors
    /// If the statement is not true of the witness, or the shape too small.
    pub fn new(
        statement: &Statement,
        witness: &Witness,
        salt: Salt,
        digest: &DataDigest,
    ) -> Result<Self, NoCircuit> {
        relation::check(statement, witness)?;
        Self::unchecked(statement, witness, salt, digest, None)
    }

    /// The circuit with whatever the statement says.
    fn unchecked(
        statement: &Statement,
        witness: &Witness,
        salt: Salt,
        digest: &DataDigest,
        forgery: Option<Forgery>,
    ) -> Result<Self, NoCircuit> {
        let shape = &statement.shape;
        if salt.0.len() != shape.columns() {
            return Err(NoCircuit::Salt);
        }
        let table = Table::new(shape.layout(), &witness.codes).map_err(|_| Unsatisfied::Records)?;
        let edge = relation::edge(&statement.policy, &table).ok_or(Unsatisfied::Sample)?;
        let fields = policy_fields(shape, &statement.policy);
        let point = to_plonk(statement.point(digest));
        let data = DataColumns::new(shape, &witness.codes)?;
        Self::assemble(shape, &table, data, salt, &Values { fields, edge, point, forgery })
    }

    fn assemble(
        shape: &Shape,
        table: &Table,
        data: DataColumns,
        salt: Salt,
        values: &Values,
    ) -> Result<Self, NoCircuit> {
        let multiplicities = multiplicities(shape, &data);
        let counts = counts(shape, &multiplicities);
        let mut plan = Plan::new(values.forgery);
        let scores = (shape.layout().bins() > 1).then(|| ScoreRows::of(shape, &counts, values.edge));
        let inputs = Inputs {
            shape,
            policy: &values.fields,
            counts: &nums(&counts, Place::Count),
            sums: &scores.as_ref().map_or_else(Vec::new, |scores| scores.at_classes(shape)),
            classes: &class_counts(table, values.edge),
            edge: values.edge,
            point: values.point,
        };
        let weights = checks::build(&mut plan, &inputs);
        let padding = plan.sum(&[plan::scaled(-1, inputs.counts[0])]);
        let cells = plan.constant(i64::try_from(shape.capacity()).unwrap_or(i64::MAX));
        let records = plan.add(cells, padding);
        plan.public(records, RECORDS);
        copy_weights(&mut plan, shape, &weights.0);
        let lanes = plan.lanes(shape.data_rows());
        let rows = shape.data_rows();
        if plan.rows.len() > rows {
            return Err(NoCircuit::Rows { needed: plan.rows.len(), rows });
        }
        if lanes.len() > MAX_LANES {
            return Err(NoCircuit::Lanes { needed: lanes.len() });
        }
        Ok(Self {
            shape: shape.clone(),
            data,
            salt,
            multiplicities,
            counts,
            scores,
            plan,
            lanes,
            #[cfg(test)]
            overrides: vec![],
        })
    }

    /// The number of public inputs.
    pub fn public_inputs(&self) -> usize {
        self.plan.publics.iter().map(|(_, index)| index + 1).max().unwrap_or(HEADER)
    }

    /// Rows at the end of each column that the proof system fills with
    /// random values.
    pub fn blinding_rows(&self) -> usize {
        let mut meta = ConstraintSystem::default();
        Columns::configure(&mut meta, &self.shape, self.lanes.len());
        meta.blinding_factors() + 1
    }

    /// SHA-256 over all that a key depends on beside the parameters: columns
    /// and gates, fixed cells, copies, inputs. A key that was kept under this
    /// name is that of this circuit.
    pub fn digest(&self) -> [u8; 32] {
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &self.shape, self.lanes.len());
        let mut hash = Sha256::new();
        hash.update(format!("{:?} 2^{}", meta.pinned(), self.shape.k()));
        self.fixed_cells(&columns, |column, row, value| {
            hash.update(word(column.index()));
            hash.update(word(row));
            hash.update(value.to_repr());
        });
        for (left, right) in &self.plan.copies {
            for (column, row) in [left, right].map(|place| self.place(&columns, *place)) {
                hash.update(word(column.index()));
                hash.update(word(row));
            }
        }
        for (num, index) in &self.plan.publics {
            let (column, row) = self.place(&columns, num.place);
            for part in [column.index(), row, *index] {
                hash.update(word(part));
            }
        }
        hash.finalize().into()
    }

    /// Arithmetic rows and range lanes of the verdict part.
    pub fn size(&self) -> (usize, usize) {
        (self.plan.rows.len(), self.lanes.len())
    }
}

/// A number for a hash.
fn word(x: usize) -> [u8; 8] {
    (x as u64).to_be_bytes()
}

/// What fills the plan in.
struct Values {
    fields: Vec<Field>,
    edge: usize,
    point: Fr,
    forgery: Option<Forgery>,
}

/// A policy of the right widths.
fn blank_policy(shape: &Shape) -> super::Policy {
    let blank = super::Ratio::new(0, 0);
    let view = |groups: &usize| super::View {
        groups: *groups,
        allowed: vec![],
        excluded: super::GroupSet::EMPTY,
        checks: vec![],
    };
    super::Policy {
        cells: 0,
        sample: super::CellSet::EMPTY,
        minimum_cell: 0,
        minimum_share: blank,
        thresholds: [blank; super::Metric::COUNT],
        views: shape.views().iter().map(view).collect(),
        disclosure: super::Disclosure::VerdictsOnly,
    }
}

fn nums(values: &[Fr], place: fn(usize) -> Place) -> Vec<Num> {
    values.iter().enumerate().map(|(row, value)| Num { value: *value, place: place(row) }).collect()
}

/// The first and second code of a table value; the second is 0 where a cell
/// is a record, and both are beyond the table.
fn table_value(shape: &Shape, row: usize) -> (usize, usize) {
    match shape.packing() {
        _ if row >= shape.table_rows() => (0, 0),
        Packing::One => (row, 0),
        Packing::Two => (row % shape.layout().codes(), row / shape.layout().codes()),
    }
}

fn multiplicities(shape: &Shape, data: &DataColumns) -> Vec<Fr> {
    let mut counts = vec![0u64; shape.table_rows()];
    for value in data.0.iter().flatten() {
        counts[*value as usize] += 1;
    }
    counts.into_iter().map(Fr::from).collect()
}

fn counts(shape: &Shape, multiplicities: &[Fr]) -> Vec<Fr> {
    if shape.packing() == Packing::One {
        return multiplicities.to_vec();
    }
    let mut counts = vec![Fr::ZERO; shape.layout().codes()];
    for (row, m) in multiplicities.iter().enumerate() {
        let (first, second) = table_value(shape, row);
        counts[first] += m;
        counts[second] += m;
    }
    counts
}

impl ScoreRows {
    fn of(shape: &Shape, counts: &[Fr], edge: usize) -> Self {
        let bins = shape.layout().bins();
        let mut weights = vec![Fr::ZERO];
        weights.extend((0..counts.len() - 1).map(|i| checks::weight(i % bins, edge)));
        let mut sums = vec![Fr::ZERO; 2];
        for (weight, count) in weights.iter().zip(counts).skip(1) {
            sums.push(sums[sums.len() - 1] + *weight * count);
        }
        Self { weights, sums }
    }

    /// The sums at the first row of each class, and the last.
    fn at_classes(&self, shape: &Shape) -> Vec<Num> {
        let sums = nums(&self.sums, Place::Sum);
        sums.into_iter().skip(1).step_by(shape.layout().bins()).collect()
    }
}

/// Every code's row has the weight of its bin, and the sums start at 0.
fn copy_weights(plan: &mut Plan, shape: &Shape, weights: &[Num]) {
    if weights.is_empty() {
        return;
    }
    for row in 1..shape.layout().codes() {
        plan.copies.push((Place::Weight(row), weights[(row - 1) % weights.len()].place));
    }
    let zero = plan.zero();
    plan.copies.push((Place::Sum(1), zero.place));
}

impl Circuit<Fr> for AttestationCircuit {
    type Config = Columns;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Parameters;

    fn params(&self) -> Parameters {
        Parameters(Some((self.shape.clone(), self.lanes.len())))
    }

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, parameters: Parameters) -> Columns {
        let (shape, lanes) = parameters.0.expect("a circuit's parameters name its shape");
        Columns::configure(meta, &shape, lanes)
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Columns {
        Self::configure_with_params(meta, Parameters::default())
    }

    /// One region from row 0. The second phase is synthesised in the same
    /// pass, after the first one's commitments give the challenge.
    fn synthesize(&self, columns: Columns, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_region(
            || "attestation",
            |mut region| {
                self.assign_fixed(&columns, &mut region);
                self.assign_data(&columns, &mut region);
                self.assign_plan(&columns, &mut region);
                #[cfg(test)]
                self.assign_overrides(&columns, &mut region);
                region.next_phase();
                if let Some(x) = known(region.get_challenge(columns.challenge)) {
                    self.assign_sums(&columns, &mut region, x);
                    #[cfg(test)]
                    self.assign_overrides(&columns, &mut region);
                }
                Ok(())
            },
        )?;
        for (num, index) in &self.plan.publics {
            let (column, row) = self.place(&columns, num.place);
            let cell = halo2_proofs::circuit::Cell { row_offset: row, column: column.into() };
            layouter.constrain_instance(cell, columns.public, *index);
        }
        Ok(())
    }
}

/// The value of a challenge that has been drawn.
fn known(value: Value<Fr>) -> Option<Fr> {
    let mut out = None;
    value.map(|x| out = Some(x));
    out
}

impl AttestationCircuit {
    #[cfg(test)]
    fn assign_overrides(&self, columns: &Columns, region: &mut Region<'_, Fr>) {
        let all = columns.advice();
        for (column, row, value) in &self.overrides {
            region.assign_advice(all[*column].1, *row, Value::known(*value));
        }
    }

    fn place(&self, columns: &Columns, place: Place) -> (Column<Advice>, usize) {
        let scores = || columns.scores.expect("only plans of shapes with scores place cells there");
        match place {
            Place::A(row) => (columns.a, row),
            Place::B(row) => (columns.b, row),
            Place::C(row) => (columns.c, row),
            Place::Range(lane, row) => (columns.lanes[lane], row),
            Place::Count(row) => (columns.count, row),
            Place::Weight(row) => (scores().weight, row),
            Place::Sum(row) => (scores().sum, row),
        }
    }

    fn assign_fixed(&self, columns: &Columns, region: &mut Region<'_, Fr>) {
        self.fixed_cells(columns, |column, row, value| {
            region.assign_fixed(column, row, value);
        });
    }

    /// All fixed cells that are not zero.
    fn fixed_cells(&self, columns: &Columns, mut assign: impl FnMut(Column<Fixed>, usize, Fr)) {
        let fixed = &columns.fixed;
        let codes = self.shape.layout().codes();
        let mut set = |column: Column<Fixed>, row: usize, value: Fr| {
            if value != Fr::ZERO {
                assign(column, row, value);
            }
        };
        let number = |v: usize| Fr::from(v as u64);
        set(fixed.ends, 0, Fr::ONE);
        set(fixed.ends, self.shape.data_rows(), Fr::ONE);
        for row in 0..self.shape.data_rows() {
            let (first, second) = table_value(&self.shape, row);
            set(fixed.active, row, Fr::ONE);
            set(fixed.table, row, number(usize::from(row < self.shape.table_rows())));
            set(fixed.first, row, number(first));
            if let (Some(column), Some(code)) = (fixed.second, fixed.code) {
                set(column, row, number(second));
                set(code, row, number(row.min(codes)));
            }
        }
        if let Some(scores) = columns.scores {
            (1..codes).for_each(|row| set(scores.active, row, Fr::ONE));
        }
        for (at, row) in self.plan.rows.iter().enumerate() {
            set(fixed.m, at, row.fixed.m);
            set(fixed.p, at, row.fixed.p);
            set(fixed.q, at, row.fixed.q);
            set(fixed.k, at, row.fixed.k);
            set(fixed.carry, at, number(row.fixed.carry.into()));
            set(fixed.boolean, at, number(row.fixed.boolean.into()));
        }
        for (lane, column) in self.lanes.iter().zip(&fixed.ranges) {
            for (at, (_, active)) in lane.cells.iter().enumerate() {
                set(*column, at, number((*active).into()));
            }
        }
    }

    fn assign_data(&self, columns: &Columns, region: &mut Region<'_, Fr>) {
        let cells = self.data.0.iter().zip(&self.salt.0);
        for ((data, salt), column) in cells.zip(&columns.data) {
            let usable = data.len() + SALT_ROWS;
            for (row, value) in column_values(data, salt, usable).into_iter().enumerate() {
                region.assign_advice(*column, row, Value::known(value));
            }
        }
        let mut fill = |column: Column<Advice>, values: &[Fr]| {
            for (row, value) in values.iter().enumerate() {
                region.assign_advice(column, row, Value::known(*value));
            }
        };
        fill(columns.multiplicity, &self.multiplicities);
        if self.shape.packing() == Packing::Two {
            fill(columns.count, &self.counts);
        }
        if let (Some(columns), Some(scores)) = (columns.scores, &self.scores) {
            fill(columns.weight, &scores.weights);
            fill(columns.sum, &scores.sums);
        }
    }

    fn assign_plan(&self, columns: &Columns, region: &mut Region<'_, Fr>) {
        for (at, row) in self.plan.rows.iter().enumerate() {
            for (column, value) in [(columns.a, row.a), (columns.b, row.b), (columns.c, row.c)] {
                region.assign_advice(column, at, Value::known(value));
            }
        }
        for (lane, column) in self.lanes.iter().zip(&columns.lanes) {
            for (at, (value, _)) in lane.cells.iter().enumerate() {
                region.assign_advice(*column, at, Value::known(*value));
            }
        }
        for (left, right) in &self.plan.copies {
            let [left, right] = [*left, *right].map(|place| {
                let (column, row_offset) = self.place(columns, place);
                halo2_proofs::circuit::Cell { row_offset, column: column.into() }
            });
            region.constrain_equal(left, right);
        }
    }

    /// The second phase: helpers, phi and psi.
    fn assign_sums(&self, columns: &Columns, region: &mut Region<'_, Fr>, x: Fr) {
        let inverses = Inverses::new(&self.shape, x);
        let (mut phi, mut psi) = (Fr::ZERO, Fr::ZERO);
        let mut put = |column: Column<Advice>, row: usize, value: Fr| {
            region.assign_advice(column, row, Value::known(value));
        };
        for row in 0..self.shape.data_rows() {
            put(columns.running, row, phi);
            let (direct, helped) = self.data.0.split_at(self.data.0.len().min(columns::DIRECT));
            phi += direct.iter().map(|column| inverses.of(column[row])).sum::<Fr>();
            for (helper, data) in columns.helpers.iter().zip(helped.chunks(columns::HELPED)) {
                let h: Fr = data.iter().map(|column| inverses.of(column[row])).sum();
                put(*helper, row, h);
                phi += h;
            }
            let m = self.multiplicities.get(row).copied().unwrap_or(Fr::ZERO);
            let value = if row < self.shape.table_rows() { row } else { 0 };
            phi -= m * inverses.of_table(value);
            if let Some(split) = columns.split {
                put(split, row, psi);
                let (first, second) = table_value(&self.shape, row);
                let count = self.counts.get(row).copied().unwrap_or(Fr::ZERO);
                let code = row.min(self.shape.layout().codes());
                psi += m * (inverses.of_table(first) + inverses.of_table(second));
                psi -= count * inverses.of_table(code);
            }
        }
        put(columns.running, self.shape.data_rows(), phi);
        if let Some(split) = columns.split {
            put(split, self.shape.data_rows(), psi);
        }
    }
}

/// `1 / (X - v)` for all values v of the table, and for v = B. Zero where
/// X = v, which happens with probability 2^-230 and makes no proof.
struct Inverses {
    x: Fr,
    of: Vec<Fr>,
}

impl Inverses {
    fn new(shape: &Shape, x: Fr) -> Self {
        let values = shape.table_rows().max(shape.layout().codes() + 1);
        let mut of: Vec<Fr> = (0..values as u64).map(|v| x - Fr::from(v)).collect();
        of.iter_mut().batch_invert();
        Self { x, of }
    }

    fn of(&self, value: u32) -> Fr {
        // Only a forged cell is outside of the table.
        let outside = || (self.x - Fr::from(u64::from(value))).invert().unwrap_or(Fr::ZERO);
        self.of.get(value as usize).copied().unwrap_or_else(outside)
    }

    fn of_table(&self, value: usize) -> Fr {
        self.of[value]
    }
}

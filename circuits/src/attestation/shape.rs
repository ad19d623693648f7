//! The shape of a circuit: everything that its keys depend on. One circuit
//! per shape, never per policy. spec: `attestation.shape`.

use super::{Layout, MAX_GROUPS, MAX_RECORDS, MAX_VIEWS, Policy, metric::Metric};

/// Random rows of each data column: they hide the data from up to
/// [`PROOFS_PER_COMMITMENT`] proofs.
pub const SALT_ROWS: usize = 32;
/// Rows at the end of each column that the proof system blinds, and rows
/// that the argument needs beyond the data.
pub const RESERVED_ROWS: usize = 16;
/// Most proofs over one commitment: each reveals one evaluation of every
/// data column, and at most one more linear combination of them.
pub const PROOFS_PER_COMMITMENT: u32 = 16;
const _: () = assert!(2 * PROOFS_PER_COMMITMENT as usize <= SALT_ROWS);

/// Fewest and most rows, as a power of two.
pub const K_RANGE: std::ops::RangeInclusive<u32> = 10..=20;
/// Most data columns.
pub const MAX_COLUMNS: usize = 64;

/// How many records share one cell of a data column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// One: receipts can be given.
    One,
    /// Two, `c1 + B c2`: half the columns, no receipts.
    Two,
}

impl Packing {
    /// Records in one cell.
    pub const fn records(self) -> usize {
        match self {
            Packing::One => 1,
            Packing::Two => 2,
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    k: u32,
    columns: usize,
    packing: Packing,
    layout: Layout,
    views: Vec<usize>,
}

/// A shape that no circuit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShape {
    /// Rows.
    #[error("2^{0} rows; a circuit has 2^{start} to 2^{end}", start = K_RANGE.start(), end = K_RANGE.end())]
    Rows(u32),
    /// Data columns.
    #[error("{0} data columns; a circuit has 1 to {MAX_COLUMNS}")]
    Columns(usize),
    /// Views, or groups of one.
    #[error("a circuit has 1 to {MAX_VIEWS} views of 2 to {MAX_GROUPS} groups")]
    Views,
    /// The table is longer than a column.
    #[error(
        "the table has {table} rows, and a column only {rows}; use more rows, fewer codes or one record per cell"
    )]
    Table {
        /// Rows of the table.
        table: usize,
        /// Data rows of a column.
        rows: usize,
    },
    /// More cells than a count can express.
    #[error("room for {0} records, and a proof counts up to {MAX_RECORDS}; use fewer columns or rows")]
    TooLarge(u64),
}

/// Why a policy does not fit a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// More cells.
    #[error("the policy has {policy} group cells, the circuit's shape {shape}; choose a larger shape")]
    Cells {
        /// Of the policy.
        policy: usize,
        /// Of the shape.
        shape: usize,
    },
    /// Another number of views.
    #[error("the policy has {policy} views, the circuit's shape {shape}; choose another shape")]
    Views {
        /// Of the policy.
        policy: usize,
        /// Of the shape.
        shape: usize,
    },
    /// More groups.
    #[error("view {view} (from 0) has more groups than the circuit's shape; choose a larger shape")]
    Groups {
        /// The view.
        view: usize,
    },
    /// No labels.
    #[error("{0} needs actual outcomes, which the records do not have")]
    Labels(Metric),
    /// No scores.
    #[error("{0} needs scores, which the records do not have")]
    Scores(Metric),
}

impl Shape {
    /// 2^k rows, `columns` data columns, and room for `views[v]` groups in
    /// view v.
    ///
    /// # Errors
    /// One variant per limit.
    pub fn new(
        k: u32,
        columns: usize,
        packing: Packing,
        layout: Layout,
        views: Vec<usize>,
    ) -> Result<Self, InvalidShape> {
        if !K_RANGE.contains(&k) {
            return Err(InvalidShape::Rows(k));
        }
        if !(1..=MAX_COLUMNS).contains(&columns) {
            return Err(InvalidShape::Columns(columns));
        }
        let fits = (1..=MAX_VIEWS).contains(&views.len())
            && views.iter().all(|groups| (2..=MAX_GROUPS).contains(groups));
        if !fits {
            return Err(InvalidShape::Views);
        }
        let shape = Self { k, columns, packing, layout, views };
        let (table, rows) = (shape.table_rows(), shape.data_rows());
        if table > rows {
            return Err(InvalidShape::Table { table, rows });
        }
        if shape.capacity() > MAX_RECORDS {
            return Err(InvalidShape::TooLarge(shape.capacity()));
        }
        Ok(shape)
    }

    /// The shape whose verifier is on chain: up to 1,046,000 records.
    ///
    /// # Panics
    /// Never: a test makes it.
    pub fn on_chain() -> Self {
        let layout = Layout::new(24, true, 1).expect("within the limits");
        Self::new(16, 8, Packing::Two, layout, vec![4, 8, 16]).expect("within the limits")
    }

    /// log2 of the rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// J: data columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Records per cell.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Codes of records.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Room for groups, for each view.
    pub fn views(&self) -> &[usize] {
        &self.views
    }

    /// U: rows of a column that hold data.
    pub fn data_rows(&self) -> usize {
        (1 << self.k) - SALT_ROWS - RESERVED_ROWS
    }

    /// Values that a cell can have: B, or B^2.
    pub fn table_rows(&self) -> usize {
        self.layout.codes().pow(match self.packing {
            Packing::One => 1,
            Packing::Two => 2,
        })
    }

    /// Most records.
    pub fn capacity(&self) -> u64 {
        // Both factors are below 2^20 and 2^7.
        (self.data_rows() * self.columns * self.packing.records()) as u64
    }

    /// Whether the circuit can prove for this policy.
    ///
    /// # Errors
    /// What does not fit.
    pub fn fits(&self, policy: &Policy) -> Result<(), Misfit> {
        if policy.cells > self.layout.cells() {
            return Err(Misfit::Cells { policy: policy.cells, shape: self.layout.cells() });
        }
        if policy.views.len() != self.views.len() {
            return Err(Misfit::Views { policy: policy.views.len(), shape: self.views.len() });
        }
        if let Some(view) = (0..self.views.len()).find(|v| policy.views[*v].groups > self.views[*v]) {
            return Err(Misfit::Groups { view });
        }
        let checks = || policy.views.iter().flat_map(|view| view.checks.iter().copied());
        if let Some(metric) = checks().find(|m| m.needs_labels() && !self.layout.labelled()) {
            return Err(Misfit::Labels(metric));
        }
        match checks().find(|m| m.needs_scores() && self.layout.bins() == 1) {
            Some(metric) => Err(Misfit::Scores(metric)),
            None => Ok(()),
        }
    }
}

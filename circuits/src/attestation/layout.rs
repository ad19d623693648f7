//! Records and their codes. spec: `attestation.code`.

use std::fmt;

/// Most group cells of a layout.
pub const MAX_CELLS: usize = 32;
/// Most score bins of a layout.
pub const MAX_BINS: usize = 4096;
/// Most codes of a layout, code 0 included: a table must fit into a column.
pub const MAX_CODES: usize = 1 << 17;

/// How a record becomes a code: the finest grid that an audit looks at.
///
/// A **cell** is one combination of attribute values, "unknown" being a
/// value of its own (for instance: female, race unknown). Which cells make
/// up which group is the policy's matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Layout {
    cells: usize,
    labelled: bool,
    bins: usize,
}

/// A layout that no table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLayout {
    /// No cells, or too many.
    #[error("a layout has 1 to {MAX_CELLS} group cells, not {0}; merge attribute values")]
    Cells(usize),
    /// No bins, or too many.
    #[error("a layout has 1 (no score) to {MAX_BINS} score bins, not {0}; use wider bins")]
    Bins(usize),
    /// Too many codes.
    #[error("{0} codes, and a table holds {MAX_CODES}; use fewer cells or wider bins")]
    Codes(usize),
}

impl Layout {
    /// `cells` group cells, an actual outcome beside the decision if
    /// `labelled`, and `bins` score bins: 1 where there is no score.
    ///
    /// # Errors
    /// One variant per limit.
    pub fn new(cells: usize, labelled: bool, bins: usize) -> Result<Self, InvalidLayout> {
        if !(1..=MAX_CELLS).contains(&cells) {
            return Err(InvalidLayout::Cells(cells));
        }
        if !(1..=MAX_BINS).contains(&bins) {
            return Err(InvalidLayout::Bins(bins));
        }
        let layout = Self { cells, labelled, bins };
        if layout.codes() > MAX_CODES { Err(InvalidLayout::Codes(layout.codes())) } else { Ok(layout) }
    }

    /// Group cells.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Whether records carry the actual outcome.
    pub fn labelled(&self) -> bool {
        self.labelled
    }

    /// Score bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Classes of a cell: decisions, times labels if there are any.
    pub fn classes(&self) -> usize {
        if self.labelled { 4 } else { 2 }
    }

    /// The base B: all codes, code 0 of padding included.
    pub fn codes(&self) -> usize {
        1 + self.cells * self.classes() * self.bins
    }

    /// `1 + ((cell * labels + label) * 2 + decision) * bins + bin`
    ///
    /// # Errors
    /// If a part of the record is outside the layout.
    pub fn code(&self, record: &Record) -> Result<Code, InvalidRecord> {
        if record.cell >= self.cells {
            return Err(InvalidRecord::Cell { found: record.cell, cells: self.cells });
        }
        if record.bin >= self.bins {
            return Err(InvalidRecord::Bin { found: record.bin, bins: self.bins });
        }
        if record.label.is_some() != self.labelled {
            return Err(InvalidRecord::Label { needed: self.labelled });
        }
        let class = 2 * usize::from(record.label.unwrap_or(false)) + usize::from(record.decision);
        let index = (record.cell * self.classes() + class) * self.bins + record.bin;
        // Below MAX_CODES, which has 18 bits.
        Ok(Code(u32::try_from(1 + index).unwrap_or(u32::MAX)))
    }

    /// The record of a code, or `None` for padding and beyond the layout.
    pub fn record(&self, code: Code) -> Option<Record> {
        let index = usize::try_from(code.0).ok()?.checked_sub(1)?;
        if index >= self.codes() - 1 {
            return None;
        }
        let (class, bin) = (index / self.bins, index % self.bins);
        let (cell, class) = (class / self.classes(), class % self.classes());
        let label = self.labelled.then_some(class >= 2);
        Some(Record { cell, label, decision: class % 2 == 1, bin })
    }

    /// All records of the layout, in the order of their codes.
    pub fn records(self) -> impl Iterator<Item = (Code, Record)> {
        (1u32..).map(Code).map_while(move |code| Some((code, self.record(code)?)))
    }
}

/// One decision of the audited system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The group cell, from 0.
    pub cell: usize,
    /// The actual outcome, favourable or not, in a labelled layout.
    pub label: Option<bool>,
    /// Whether the decision was favourable ("selected").
    pub decision: bool,
    /// The score bin, from 0. Bins are in the order of scores, and records
    /// of one bin have one score.
    pub bin: usize,
}

/// A record that has no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecord {
    /// No such cell.
    #[error("group cell {found} does not exist; the layout has {cells}")]
    Cell {
        /// Given.
        found: usize,
        /// Of the layout.
        cells: usize,
    },
    /// No such bin.
    #[error("score bin {found} does not exist; the layout has {bins}")]
    Bin {
        /// Given.
        found: usize,
        /// Of the layout.
        bins: usize,
    },
    /// A label is missing, or one too many.
    #[error("{}", if *needed { "the actual outcome is missing" } else { "an actual outcome, which the layout has no room for" })]
    Label {
        /// Whether the layout is labelled.
        needed: bool,
    },
}

/// A record as a small number; 0 is padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Code(pub u32);

impl Code {
    /// No record.
    pub const PADDING: Code = Code(0);
}

impl fmt::Debug for Code {
    /// Codes are the private data: none is printed by accident.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

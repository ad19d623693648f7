//! The table: how many records have each code. spec: `attestation.table`.

use super::{Code, Layout};
use std::fmt;

/// Bits of a number of records: tables hold fewer than 2^24.
pub const COUNT_BITS: usize = 24;
/// Most records of one proof.
pub const MAX_RECORDS: u64 = (1 << COUNT_BITS) - 1;

/// A table that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTable {
    /// Padding, or a code of another layout.
    #[error("record {0} (from 0) has a code that the layout does not have")]
    Code(usize),
    /// Too many records.
    #[error("more than {MAX_RECORDS} records; split them into audits of disjoint periods")]
    TooMany,
}

/// Counts per code. `Debug` tells the number of records only.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    layout: Layout,
    counts: Vec<u64>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} records)", self.records())
    }
}

impl Table {
    /// The table of these records.
    ///
    /// # Errors
    /// If a code is padding or not of the layout, or there are too many.
    pub fn new(layout: Layout, codes: &[Code]) -> Result<Self, InvalidTable> {
        if u64::try_from(codes.len()).map_or(true, |n| n > MAX_RECORDS) {
            return Err(InvalidTable::TooMany);
        }
        let mut counts = vec![0; layout.codes()];
        for (i, code) in codes.iter().enumerate() {
            let at = usize::try_from(code.0).ok().filter(|at| *at != 0);
            *at.and_then(|at| counts.get_mut(at)).ok_or(InvalidTable::Code(i))? += 1;
        }
        Ok(Self { layout, counts })
    }

    /// The layout.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// n: all records.
    pub fn records(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Records with this code; 0 for padding.
    pub fn count(&self, code: Code) -> u64 {
        usize::try_from(code.0).ok().and_then(|at| self.counts.get(at)).copied().unwrap_or(0)
    }

    /// Records of a cell by class; `above` counts those with a bin above
    /// `edge`.
    pub fn counts(&self, cell: usize, edge: usize) -> Counts {
        let mut out = Counts::default();
        for (code, record) in self.layout.records().filter(|(_, r)| r.cell == cell) {
            let count = self.count(code);
            let class = match (record.label, record.decision) {
                (Some(true), true) => &mut out.true_positives,
                (Some(true), false) => &mut out.false_negatives,
                (_, true) => &mut out.false_positives,
                (_, false) => &mut out.true_negatives,
            };
            *class += count;
            out.above += if record.bin > edge { count } else { 0 };
        }
        out
    }
}

/// Counts of a cell, or sums of them over a group. Without labels every
/// selected record counts as a false positive and every other as a true
/// negative, and no metric looks at the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Selected, and the actual outcome is favourable.
    pub true_positives: u64,
    /// Selected, and the actual outcome is not favourable.
    pub false_positives: u64,
    /// Not selected, and the actual outcome is favourable.
    pub false_negatives: u64,
    /// Not selected, and the actual outcome is not favourable.
    pub true_negatives: u64,
    /// With a score above the sample's median.
    pub above: u64,
}

impl Counts {
    /// n: all records.
    pub fn records(&self) -> u64 {
        self.selected() + self.unselected()
    }

    /// s: favourable decisions.
    pub fn selected(&self) -> u64 {
        self.true_positives + self.false_positives
    }

    /// n - s
    pub fn unselected(&self) -> u64 {
        self.false_negatives + self.true_negatives
    }

    /// p: favourable actual outcomes.
    pub fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// n - p
    pub fn negatives(&self) -> u64 {
        self.false_positives + self.true_negatives
    }

    /// Decisions that equal the actual outcome.
    pub fn correct(&self) -> u64 {
        self.true_positives + self.true_negatives
    }

    /// The five counts, in the order of the disclosed table.
    pub fn to_array(self) -> [u64; 5] {
        [self.true_positives, self.false_positives, self.false_negatives, self.true_negatives, self.above]
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
        self.above += other.above;
    }
}

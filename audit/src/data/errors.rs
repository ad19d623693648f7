//! What is wrong with a file of records, row by row.

use std::fmt;

/// Most errors that are kept in words; all are counted.
pub const LISTED_MAX: usize = 1000;

/// What is wrong in a cell, a row or the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// See the message.
    #[error("the file has no column of this name, but the mapping uses it")]
    MissingColumn,
    /// See the message.
    #[error("the mapping does not say what this column is; name it under `ignored` if it plays no part")]
    UnmappedColumn,
    /// See the message.
    #[error("the mapping ignores it, but the file has no such column; correct the name")]
    IgnoredColumn,
    /// See the message.
    #[error("two columns have this name; rename one")]
    RepeatedColumn,
    /// See the message.
    #[error("the header is one column that holds {0:?}; if that separates the cells, write `separator = {text:?}` into the mapping, before its first table", text = .0.to_string())]
    Separator(char),
    /// See the message.
    #[error("the row has {found} cells, the header {expected}; quote cells that hold the separator")]
    Cells {
        /// Of this row.
        found: usize,
        /// Of the header.
        expected: usize,
    },
    /// See the message.
    #[error("{0} is not text in UTF-8; convert the file")]
    NotText(String),
    /// See the message.
    #[error("{0} is not a number; write digits with at most one point, and map texts by a list of values")]
    NotNumber(String),
    /// See the message.
    #[error("{value} is none of the mapping's values ({known}); mend the record or the mapping")]
    Outside {
        /// What the cell holds.
        value: String,
        /// What it may hold.
        known: String,
    },
    /// See the message.
    #[error("the row id is empty; every record needs one")]
    EmptyId,
    /// See the message.
    #[error("the row id {id} is also in row {first}; a record is counted once")]
    DuplicateId {
        /// The id.
        id: String,
        /// Where it was first.
        first: u64,
    },
    /// See the message.
    #[error(
        "{0} is no hash of a nonce; write 0x and 64 hexadecimal digits, and choose a nonce for whoever has none"
    )]
    NotHash(String),
    /// See the message.
    #[error("the nonce is also that of row {first}; every record has its own, or two people share a receipt")]
    DuplicateNonce {
        /// Where it was first.
        first: u64,
    },
    /// See the message.
    #[error(
        "no record is in group {0:?}; check the mapping, or list the group under `absent` if this file has none"
    )]
    EmptyGroup(String),
    /// See the message.
    #[error("the file has no records")]
    NoRecords,
    /// See the message.
    #[error("more than {0} records; one proof takes no more, so split the audit")]
    TooMany(u64),
    /// See the message.
    #[error("{0}")]
    Layout(#[from] circuits::attestation::InvalidLayout),
}

/// An error with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line in the file, from 1; the header is line 1. `None` for the file
    /// as a whole.
    pub row: Option<u64>,
    /// Name of the column, if one is to blame.
    pub column: Option<String>,
    /// What is wrong and how to mend it.
    pub problem: RowProblem,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "row {row}")?,
            None => f.write_str("all rows")?,
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column:?}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// All errors of a file: the first [`LISTED_MAX`] in words, all counted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RowErrors {
    /// The first ones, in the order of the file.
    pub listed: Vec<RowError>,
    /// How many there are.
    pub total: u64,
}

impl RowErrors {
    /// Adds one.
    pub fn push(&mut self, row: Option<u64>, column: Option<&str>, problem: RowProblem) {
        self.total += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push(RowError { row, column: column.map(str::to_owned), problem });
        }
    }
}

impl fmt::Display for RowErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} errors", self.total)?;
        self.listed.iter().try_for_each(|e| write!(f, "\n  {e}"))?;
        match self.total - self.listed.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Why a file of records is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidData {
    /// See the message.
    #[error("{file}: {cause}")]
    Read {
        /// Path.
        file: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// See the message.
    #[error("{file}: the file cannot be read as CSV: {cause}")]
    Csv {
        /// Path.
        file: String,
        /// What is wrong.
        cause: csv::Error,
    },
    /// See the message.
    #[error("{file}: {errors}")]
    Rows {
        /// Path.
        file: String,
        /// All of them.
        errors: RowErrors,
    },
}

/// A cell as messages show it: quoted and cut.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const SHOWN: usize = 40;
    let text = String::from_utf8_lossy(bytes);
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    format!("{short:?}")
}

//! Mapping files: which column of a file of records is what, and which of its
//! values mean which group or outcome. spec: `audit.mapping`.

mod check;
mod file;
mod values;

pub use check::MappingFault;
pub use file::{
    AttributeMapping, Best, Ignored, Mapping, Outcome, ReceiptColumn, RowId, Score, ScoreBins, Separator,
};
pub use values::{InvalidValues, Range, Values};

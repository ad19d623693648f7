//! The JSON form of a data description and a circuit's shape.

use circuits::attestation::{
    DataDescription, DataDigest, InvalidLayout, InvalidShape, Layout, Packing, Shape, SrsId,
};
use serde::{Deserialize, Serialize};

/// Why fields are no shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeFault {
    /// See the message.
    #[error("{0}")]
    Layout(#[from] InvalidLayout),
    /// See the message.
    #[error("{0}")]
    Shape(#[from] InvalidShape),
    /// See the message.
    #[error("{0} records per cell; known are 1 and 2")]
    Packing(usize),
}

/// The fields of a shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeFile {
    k: u32,
    columns: usize,
    records_per_cell: usize,
    cells: usize,
    labelled: bool,
    bins: usize,
    views: Vec<usize>,
}

impl ShapeFile {
    /// Writes.
    pub fn of(shape: &Shape) -> Self {
        let layout = shape.layout();
        Self {
            k: shape.k(),
            columns: shape.columns(),
            records_per_cell: shape.packing().records(),
            cells: layout.cells(),
            labelled: layout.labelled(),
            bins: layout.bins(),
            views: shape.views().to_vec(),
        }
    }

    /// Reads.
    ///
    /// # Errors
    /// If no circuit has this shape.
    pub fn read(self) -> Result<Shape, ShapeFault> {
        let layout = Layout::new(self.cells, self.labelled, self.bins)?;
        let packing = [Packing::One, Packing::Two].into_iter().find(|p| p.records() == self.records_per_cell);
        let packing = packing.ok_or(ShapeFault::Packing(self.records_per_cell))?;
        Ok(Shape::new(self.k, self.columns, packing, layout, self.views)?)
    }
}

/// The fields of a data description.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    shape: ShapeFile,
    #[serde(with = "circuits::types::json::bytes")]
    reading: [u8; 32],
    #[serde(with = "circuits::types::json::bytes")]
    srs: [u8; 32],
    records: u64,
    #[serde(with = "circuits::types::json::bytes")]
    commitments: [u8; 32],
    #[serde(with = "circuits::types::json::bytes")]
    file: [u8; 32],
    #[serde(with = "circuits::types::json::bytes")]
    receipts: [u8; 32],
}

impl DataFile {
    /// Writes.
    pub fn of(data: &DataDescription) -> Self {
        Self {
            shape: ShapeFile::of(&data.shape),
            reading: data.mapping,
            srs: data.srs.0,
            records: data.records,
            commitments: data.data.0,
            file: data.file,
            receipts: data.receipts,
        }
    }

    /// Reads.
    ///
    /// # Errors
    /// If no circuit has this shape.
    pub fn read(self) -> Result<DataDescription, ShapeFault> {
        Ok(DataDescription {
            shape: self.shape.read()?,
            mapping: self.reading,
            srs: SrsId(self.srs),
            records: self.records,
            data: DataDigest(self.commitments),
            file: self.file,
            receipts: self.receipts,
        })
    }
}

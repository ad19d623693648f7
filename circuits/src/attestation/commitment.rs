//! What names a data set, as one anchored hash. spec: `attestation.data_root`.

use super::{DataDigest, Packing, Shape};
use sha3::{Digest, Keccak256};

/// Everything that the anchored root binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDescription {
    /// The circuit that the columns were committed for.
    pub shape: Shape,
    /// Digest of the mapping file that made codes of rows.
    pub mapping: [u8; 32],
    /// The parameters of the commitment.
    pub srs: SrsId,
    /// n: records.
    pub records: u64,
    /// The commitments of the columns.
    pub data: DataDigest,
    /// SHA-256 of salt and packed file: a second binding, which no setup can
    /// undo.
    pub file: [u8; 32],
    /// The root of the receipt log, or zero.
    pub receipts: [u8; 32],
}

/// Names parameters: keccak256 of the points G1, tau G1, G2, tau G2.
/// spec: `attestation.srs_id`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SrsId(pub [u8; 32]);

/// The anchored hash. spec: `attestation.data_root`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DataRoot(pub [u8; 32]);

/// `keccak256(abi.encode(cells, classes, bins, records per cell))`, each a
/// uint256: how codes and cells are read. spec: `attestation.schema`
pub fn schema_digest(shape: &Shape) -> [u8; 32] {
    let layout = shape.layout();
    let numbers = [layout.cells(), layout.classes(), layout.bins(), shape.packing().records()];
    let mut hash = Keccak256::new();
    numbers.into_iter().for_each(|number| hash.update(word(number as u64)));
    hash.finalize().into()
}

/// A uint256.
fn word(value: u64) -> [u8; 32] {
    let mut out = [0; 32];
    out[24..].copy_from_slice(&value.to_be_bytes());
    out
}

impl DataDescription {
    /// `keccak256(abi.encode(schema, mapping, srs_id, k, J, B, n,
    /// keccak256(C_1 .. C_J), file, receipts))`
    pub fn root(&self) -> DataRoot {
        let shape = &self.shape;
        let numbers =
            [u64::from(shape.k()), shape.columns() as u64, shape.layout().codes() as u64, self.records];
        let mut hash = Keccak256::new();
        [schema_digest(shape), self.mapping, self.srs.0].iter().for_each(|digest| hash.update(digest));
        numbers.into_iter().for_each(|number| hash.update(word(number)));
        [self.data.0, self.file, self.receipts].iter().for_each(|digest| hash.update(digest));
        DataRoot(hash.finalize().into())
    }
}

/// Where a record's cell is. spec: `attestation.cells`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellAddress {
    /// The data column.
    pub column: usize,
    /// The row, below U.
    pub row: usize,
}

/// No receipt can be given for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// Opening a cell would show the record of another person.
    #[error("cells hold two records here, and opening one shows both; commit with one record per cell")]
    Packed,
    /// There is no such record: padding or a salt row would be opened.
    #[error("record {index} (from 0) does not exist; the data set has {records}")]
    Beyond {
        /// Asked for.
        index: u64,
        /// n
        records: u64,
    },
}

impl CellAddress {
    /// Column floor(i / U), row i mod U, for i below n.
    ///
    /// # Errors
    /// If there is no such record, or the cell is not its alone.
    pub fn of(shape: &Shape, records: u64, index: u64) -> Result<Self, NoReceipt> {
        if shape.packing() != Packing::One {
            return Err(NoReceipt::Packed);
        }
        let beyond = NoReceipt::Beyond { index, records };
        if index >= records || index >= shape.capacity() {
            return Err(beyond);
        }
        let index = usize::try_from(index).map_err(|_| beyond)?;
        Ok(Self { column: index / shape.data_rows(), row: index % shape.data_rows() })
    }
}

//! Files of records: CSV, plain or gzipped, read by a mapping into codes.
//! spec: `audit.data`.
//!
//! Every error is listed with row and column, and nothing is dropped or
//! guessed: a file with an error gives no records at all.

mod errors;
mod reader;
mod record;

pub use errors::{InvalidData, LISTED_MAX, RowError, RowErrors, RowProblem};
pub use record::Columns;

use crate::{mapping::Mapping, policy::Policy};
use circuits::attestation::{Code, InvalidTable, Layout, Table};
use sha2::{Digest, Sha256};
use std::{fmt, fs::File, io::Read, path::Path};
use zeroize::Zeroize;

/// First bytes of the packed file.
const PACKED_MAGIC: &[u8] = b"tabella-audit-codes-v1";

/// The records of a file as codes, in the order of the file. `Debug` tells
/// their number only; memory is cleared on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    /// How records become codes.
    pub layout: Layout,
    /// One per record.
    pub codes: Vec<Code>,
    /// Hashes of the records' nonces; none unless receipts are given.
    pub nonces: Vec<[u8; 32]>,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({} records)", self.codes.len())
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        self.codes.iter_mut().for_each(|code| code.0.zeroize());
    }
}

impl Dataset {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or all errors of all rows.
    pub fn open(path: &Path, policy: &Policy, mapping: &Mapping) -> Result<Self, InvalidData> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::read(&name, file, policy, mapping),
            Err(cause) => Err(InvalidData::Read { file: name, cause }),
        }
    }

    /// Reads records under a file's name; a gzipped stream is known by its
    /// first bytes.
    ///
    /// # Errors
    /// See [`Dataset::open`].
    pub fn read(
        name: &str,
        input: impl Read,
        policy: &Policy,
        mapping: &Mapping,
    ) -> Result<Self, InvalidData> {
        reader::read(name, input, policy, mapping)
    }

    /// The position of the record with a row id, from 0, in a file that was
    /// read without errors.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn position(path: &Path, mapping: &Mapping, id: &str) -> Result<Option<u64>, InvalidData> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|cause| InvalidData::Read { file: name.clone(), cause })?;
        reader::position(&name, reader::plain(&name, file)?, mapping, id)
    }

    /// The histogram of the codes.
    ///
    /// # Errors
    /// If there are too many records.
    pub fn table(&self) -> Result<Table, InvalidTable> {
        Table::new(self.layout, &self.codes)
    }

    /// The packed file: a magic, the number of records (8 bytes), then each
    /// code in 4 bytes, all big-endian. spec: `audit.packed`
    pub fn packed(&self) -> Vec<u8> {
        let mut out = PACKED_MAGIC.to_vec();
        out.extend((self.codes.len() as u64).to_be_bytes());
        out.extend(self.codes.iter().flat_map(|code| code.0.to_be_bytes()));
        out
    }

    /// `SHA-256(salt || packed file)`, a binding that rests on no setup.
    pub fn file_hash(&self, salt: &[u8; 32]) -> [u8; 32] {
        let mut packed = self.packed();
        let hash = Sha256::new().chain_update(salt).chain_update(&packed).finalize().into();
        packed.zeroize();
        hash
    }
}

//! The public file of a commitment. spec: `audit.commitment_file`.

use super::{DataFile, ShapeFault};
use circuits::attestation::DataDescription;
use serde::{Deserialize, Serialize};
use verifier::attestation::{DataCommitment, InvalidCommitment, SrsOrigin};

const FORMAT: &str = "tabella-audit-commitment";
const VERSION: u32 = 1;

/// What anybody may know about committed records. Its root is anchored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The parts of the root.
    pub data: DataDescription,
    /// Digest of the mapping.
    pub mapping: [u8; 32],
    /// Where the parameters come from.
    pub origin: SrsOrigin,
    /// The columns' commitments.
    pub columns: DataCommitment,
}

/// Why bytes are no commitment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentFault {
    /// See the message.
    #[error("{0}")]
    Json(String),
    /// See the message.
    #[error("format {format:?} version {version} is not known to this program")]
    Version {
        /// As the file says.
        format: String,
        /// As the file says.
        version: u32,
    },
    /// See the message.
    #[error("shape: {0}")]
    Shape(#[from] ShapeFault),
    /// See the message.
    #[error("columns: {0}")]
    Columns(#[from] InvalidCommitment),
    /// See the message.
    #[error("the data root is not that of its parts; the file was changed")]
    Root,
    /// See the message.
    #[error("the columns are not those of the data root; the file was changed")]
    Parts,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    #[serde(with = "circuits::types::json::bytes")]
    data_root: [u8; 32],
    data: DataFile,
    #[serde(with = "circuits::types::json::bytes")]
    mapping: [u8; 32],
    insecure: bool,
    #[serde(with = "circuits::types::json::bytes")]
    columns: Vec<u8>,
}

impl Commitment {
    /// As JSON, with the root.
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            data_root: self.data.root().0,
            data: DataFile::of(&self.data),
            mapping: self.mapping,
            insecure: self.origin == SrsOrigin::Development,
            columns: self.columns.to_bytes(),
        };
        let mut out = serde_json::to_vec_pretty(&file).expect("commitments hold only what JSON can");
        out.push(b'\n');
        out
    }

    /// From JSON.
    ///
    /// # Errors
    /// If it is malformed, or root and parts do not agree.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CommitmentFault> {
        let file: File = serde_json::from_slice(bytes).map_err(|e| CommitmentFault::Json(e.to_string()))?;
        if file.format != FORMAT || file.version != VERSION {
            return Err(CommitmentFault::Version { format: file.format, version: file.version });
        }
        let data = file.data.read()?;
        let columns = DataCommitment::from_bytes(&file.columns)?;
        if data.root().0 != file.data_root {
            return Err(CommitmentFault::Root);
        }
        if columns.digest() != data.data || columns.points().len() != data.shape.columns() {
            return Err(CommitmentFault::Parts);
        }
        let origin = if file.insecure { SrsOrigin::Development } else { SrsOrigin::Ceremony };
        Ok(Self { data, mapping: file.mapping, origin, columns })
    }
}

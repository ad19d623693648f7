//! The public file of a commitment. spec: `audit.commitment_file`.

use super::{DataDescription, ShapeFault, ShapeFile};
use circuits::attestation::Shape;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "tabella-audit-commitment";
const VERSION: u32 = 1;

/// What anybody may know about committed records. Its root is anchored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The parts of the root.
    pub data: DataDescription,
    /// The circuit that proofs over it use.
    pub shape: Shape,
    /// Whether anyone can know the parameters' secret.
    pub insecure: bool,
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
    #[error("the data root is not that of its parts; the file was changed")]
    Root,
    /// See the message.
    #[error("the parts name another circuit than the shape; the file was changed")]
    Parts,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    #[serde(with = "circuits::types::json::bytes")]
    data_root: [u8; 32],
    data: DataDescription,
    shape: ShapeFile,
    insecure: bool,
}

impl Commitment {
    /// As JSON, with the root.
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            data_root: self.data.root(),
            data: self.data,
            shape: ShapeFile::of(&self.shape),
            insecure: self.insecure,
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
        let commitment = Self { data: file.data, shape: file.shape.read()?, insecure: file.insecure };
        if commitment.data.root() != file.data_root {
            return Err(CommitmentFault::Root);
        }
        if commitment.data.is_of(&commitment.shape) { Ok(commitment) } else { Err(CommitmentFault::Parts) }
    }
}

//! The commitment to a data set: one point for each column.
//! spec: `attestation.commitment`.

use super::point::{InvalidPoint, POINT_BYTES, point_from_bytes, point_to_bytes};
use circuits::{attestation::DataDigest, curve::plonk::G1Affine};
use sha3::{Digest, Keccak256};

/// `C_1 .. C_J`, none of them infinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCommitment(Vec<G1Affine>);

/// The bytes are no commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommitment {
    /// Not a number of points.
    #[error("a commitment is one or more points of {POINT_BYTES} bytes, not {0} bytes")]
    Length(usize),
    /// A point is refused.
    #[error("point {index} (from 0) of the commitment: {cause}")]
    Point {
        /// Which.
        index: usize,
        /// Why.
        cause: InvalidPoint,
    },
}

impl DataCommitment {
    /// The commitment of these points.
    ///
    /// # Errors
    /// If there is none, or one is infinity.
    pub fn new(points: &[G1Affine]) -> Result<Self, InvalidCommitment> {
        let bytes: Vec<u8> = points.iter().flat_map(point_to_bytes).collect();
        Self::from_bytes(&bytes)
    }

    /// J points of 64 bytes.
    ///
    /// # Errors
    /// One variant per cause.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidCommitment> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(POINT_BYTES) {
            return Err(InvalidCommitment::Length(bytes.len()));
        }
        let point = |(index, bytes)| {
            point_from_bytes(bytes).map_err(|cause| InvalidCommitment::Point { index, cause })
        };
        bytes.chunks(POINT_BYTES).enumerate().map(point).collect::<Result<_, _>>().map(Self)
    }

    /// 64 J bytes: what every proof over the data begins with.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(point_to_bytes).collect()
    }

    /// The points.
    pub fn points(&self) -> &[G1Affine] {
        &self.0
    }

    /// keccak256 of the bytes.
    pub fn digest(&self) -> DataDigest {
        DataDigest(Keccak256::digest(self.to_bytes()).into())
    }
}

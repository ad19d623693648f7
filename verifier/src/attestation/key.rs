//! Verifying keys: of a shape and parameters. spec: `attestation.keys`.

use super::srs::VerifierSrs;
use circuits::{
    attestation::{
        Shape,
        circuit::{AttestationCircuit, NoCircuit},
    },
    curve::plonk::G1Affine,
};
use halo2_proofs::{SerdeFormat, plonk, plonk::Circuit};
use sha3::{Digest, Keccak256};
use std::fmt;

/// Prefix of the hash of a key.
pub const KEY_TAG: &[u8] = b"tabella.v1.attestation-key";

/// The hash of a verifying key: of shape, parameters and circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

/// See the module.
#[derive(Clone)]
pub struct VerifyingKey {
    shape: Shape,
    srs: VerifierSrs,
    key: plonk::VerifyingKey<G1Affine>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({:?})", self.shape)
    }
}

/// The bytes are no key of the shape.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKey {
    /// The shape has no circuit.
    #[error(transparent)]
    Shape(#[from] NoCircuit),
    /// Malformed.
    #[error("not a verifying key of this shape: {0}")]
    Encoding(std::io::Error),
    /// More bytes than a key has.
    #[error("{0} bytes follow the verifying key")]
    Trailing(usize),
    /// Rows of another shape.
    #[error("the key is for 2^{found} rows, and the shape has 2^{expected}")]
    Rows {
        /// Of the shape.
        expected: u32,
        /// In the key.
        found: u32,
    },
}

impl VerifyingKey {
    /// The key that key generation gave for this shape and parameters.
    pub fn new(shape: Shape, srs: VerifierSrs, key: plonk::VerifyingKey<G1Affine>) -> Self {
        Self { shape, srs, key }
    }

    /// From the bytes of [`VerifyingKey::to_bytes`]. Points are checked; that
    /// the key is that of the circuit is **not**: compare its hash with one
    /// that is known, or make the key from the parameters.
    ///
    /// # Errors
    /// One variant per cause.
    pub fn from_bytes(shape: Shape, srs: VerifierSrs, bytes: &[u8]) -> Result<Self, InvalidKey> {
        // The library allocates by what the key says before it checks it.
        let rows = bytes.get(1..5).and_then(|k| k.try_into().ok()).map_or(0, u32::from_le_bytes);
        if rows != shape.k() {
            return Err(InvalidKey::Rows { expected: shape.k(), found: rows });
        }
        let circuit = AttestationCircuit::blank(&shape)?;
        let mut reader = bytes;
        let key = plonk::VerifyingKey::read::<_, AttestationCircuit>(
            &mut reader,
            SerdeFormat::Processed,
            circuit.params(),
        )
        .map_err(InvalidKey::Encoding)?;
        if reader.is_empty() { Ok(Self { shape, srs, key }) } else { Err(InvalidKey::Trailing(reader.len())) }
    }

    /// The library's encoding, points compressed.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes(SerdeFormat::Processed)
    }

    /// keccak256 of tag, parameters' id and the bytes of the key, which hold
    /// commitments to every fixed cell of the circuit. The library's hash of
    /// gates and columns, which every transcript starts with, is part of it.
    pub fn hash(&self) -> KeyHash {
        use circuits::curve::plonk::ff::PrimeField;
        let mut hash = Keccak256::new();
        hash.update(KEY_TAG);
        hash.update(self.srs.id().0);
        hash.update(self.key.transcript_repr().to_repr());
        hash.update(self.to_bytes());
        KeyHash(hash.finalize().into())
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The parameters.
    pub fn srs(&self) -> &VerifierSrs {
        &self.srs
    }

    /// The proof system's key.
    pub fn inner(&self) -> &plonk::VerifyingKey<G1Affine> {
        &self.key
    }
}

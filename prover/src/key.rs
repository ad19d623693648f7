//! Proving keys.

use crate::{
    certificate::{Certificate, InconsistentKey},
    codec::{self, InvalidFile, KeyFile},
    matrices::Matrices,
};
use circuits::r1cs::Shape;
use sha2::{Digest, Sha256};
use std::fmt;
use verifier::{CircuitId, InvalidKey, KeyHash, VerifyingKey, curve::Bn254};

/// Where a key comes from; said wherever the key is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrigin {
    /// Derived from a public seed.
    Development,
    /// Received from others and checked.
    Imported,
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyOrigin::Development => {
                "INSECURE development key: its secrets are public, anyone can forge proofs with it"
            }
            KeyOrigin::Imported => "key of an external setup, checked",
        })
    }
}

/// Why a key received from others is refused.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not the file that was agreed on.
    #[error("the file's SHA-256 is {got}, not {expected}; fetch the key again")]
    Hash {
        /// Agreed, hexadecimal.
        expected: String,
        /// Found, hexadecimal.
        got: String,
    },
    /// Not a key file.
    #[error(transparent)]
    File(#[from] InvalidFile),
    /// For another circuit, or another version of it.
    #[error("the key is for {got}, the circuit is {expected} or another version of it; fetch its key")]
    OtherCircuit {
        /// The circuit's id.
        expected: String,
        /// The key's.
        got: String,
    },
    /// The verifying key does not suit the circuit.
    #[error(transparent)]
    VerifyingKey(#[from] InvalidKey),
    /// Without a certificate nobody can tell a sound key from one that
    /// leaks witnesses.
    #[error("the key file has no certificate; ask its makers for a file with one")]
    NoCertificate,
    /// The parts do not belong together.
    #[error(transparent)]
    Inconsistent(#[from] InconsistentKey),
}

/// A Groth16 proving key with the matrices of its circuit.
pub struct ProvingKey {
    vk: VerifyingKey,
    hash: KeyHash,
    shape_digest: [u8; 32],
    points: ark_groth16::ProvingKey<Bn254>,
    matrices: Matrices,
    origin: KeyOrigin,
}

impl ProvingKey {
    pub(crate) fn assemble(
        vk: VerifyingKey,
        shape_digest: [u8; 32],
        points: ark_groth16::ProvingKey<Bn254>,
        matrices: Matrices,
        origin: KeyOrigin,
    ) -> Self {
        Self { hash: vk.hash(), vk, shape_digest, points, matrices, origin }
    }

    /// The circuit.
    pub fn id(&self) -> CircuitId {
        self.vk.id()
    }

    /// The key that verifies this one's proofs.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.vk
    }

    /// Hash of the verifying key.
    pub fn hash(&self) -> KeyHash {
        self.hash
    }

    /// Digest of the circuit's rows.
    pub fn shape_digest(&self) -> [u8; 32] {
        self.shape_digest
    }

    /// Where the key comes from.
    pub fn origin(&self) -> KeyOrigin {
        self.origin
    }

    /// The circuit's rows.
    pub fn matrices(&self) -> &Matrices {
        &self.matrices
    }

    /// The points, in arkworks' layout.
    pub fn points(&self) -> &ark_groth16::ProvingKey<Bn254> {
        &self.points
    }

    /// A key file for others, who check it with the certificate.
    /// spec: `setup.key_file`
    pub fn export(&self, certificate: &Certificate) -> Vec<u8> {
        codec::encode(&self.vk, &self.shape_digest, &self.points, Some(certificate))
    }

    /// A key received from others, for the circuit `shape`. Checked: the
    /// file's SHA-256; every point; and, with the certificate, that every
    /// part is what the circuit's rows and one set of secrets determine, so
    /// that proofs leak nothing even if the makers were dishonest
    /// (Fuchsbauer, "Subversion-zero-knowledge SNARKs", PKC 2018).
    /// Soundness still needs makers of whom one forgot their secret.
    /// spec: `setup.imported_keys`
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(bytes: &[u8], expected_sha256: [u8; 32], shape: &Shape) -> Result<Self, ImportError> {
        let got: [u8; 32] = Sha256::digest(bytes).into();
        if got != expected_sha256 {
            let (expected, got) = (hex::encode(expected_sha256), hex::encode(got));
            return Err(ImportError::Hash { expected, got });
        }
        let file = KeyFile::parse(bytes)?;
        if file.head.vk.id().to_string() != shape.id() || file.head.shape_digest != shape.digest() {
            let (expected, got) = (shape.id().to_owned(), file.head.vk.id().to_string());
            return Err(ImportError::OtherCircuit { expected, got });
        }
        file.head.vk.require_circuit(file.head.vk.id(), shape.num_inputs() - 1)?;
        let (points, certificate) = file.decode_body()?;
        let matrices = Matrices::new(shape);
        certificate.ok_or(ImportError::NoCertificate)?.check(&points, &matrices)?;
        let head = file.head;
        Ok(Self::assemble(head.vk, head.shape_digest, points, matrices, KeyOrigin::Imported))
    }
}

impl fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvingKey({}, {}, {})", self.id(), self.hash, self.origin)
    }
}

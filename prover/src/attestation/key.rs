//! Proving keys of a shape under given parameters. spec: `attestation.keys`.

use super::srs::Srs;
use circuits::{
    attestation::{
        Shape,
        circuit::{AttestationCircuit, NoCircuit},
    },
    curve::plonk::G1Affine,
};
use halo2_proofs::plonk::{self, keygen_pk2, keygen_vk};
use std::fmt;
use verifier::attestation::VerifyingKey;

/// See the module. Nothing in it is secret.
pub struct ProvingKey {
    key: plonk::ProvingKey<G1Affine>,
    verifying: VerifyingKey,
}

impl fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvingKey({:?})", self.verifying.shape())
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The shape has no circuit.
    #[error(transparent)]
    Shape(#[from] NoCircuit),
    /// Parameters for other rows.
    #[error("the parameters are for 2^{srs} rows, the circuit's shape has 2^{shape}")]
    Rows {
        /// Of the parameters.
        srs: u32,
        /// Of the shape.
        shape: u32,
    },
    /// The proof system refuses the circuit.
    #[error("key generation: {0}")]
    Generation(#[from] plonk::Error),
}

impl ProvingKey {
    /// Makes the keys of a shape: takes about as long as a proof.
    ///
    /// # Errors
    /// One variant per cause.
    pub fn make(srs: &Srs, shape: &Shape) -> Result<Self, KeyError> {
        let circuit = blank(srs, shape)?;
        let key = keygen_pk2(srs.inner(), &circuit, false)?;
        let verifying = VerifyingKey::new(shape.clone(), *srs.verifier(), key.get_vk().clone());
        Ok(Self { key, verifying })
    }

    /// Makes the verifying key alone.
    ///
    /// # Errors
    /// One variant per cause.
    pub fn make_verifying(srs: &Srs, shape: &Shape) -> Result<VerifyingKey, KeyError> {
        let key = keygen_vk(srs.inner(), &blank(srs, shape)?)?;
        Ok(VerifyingKey::new(shape.clone(), *srs.verifier(), key))
    }

    /// The verifying key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    pub(super) fn inner(&self) -> &plonk::ProvingKey<G1Affine> {
        &self.key
    }
}

fn blank(srs: &Srs, shape: &Shape) -> Result<AttestationCircuit, KeyError> {
    if srs.k() != shape.k() {
        return Err(KeyError::Rows { srs: srs.k(), shape: shape.k() });
    }
    Ok(AttestationCircuit::blank(shape)?)
}

//! One proof. spec: `setup.groth16`.

use crate::{
    curve::{Bn254, Fr, G1Projective},
    key::PreparedVerifyingKey,
    proof::{InvalidProof, Proof},
};
use ark_ec::VariableBaseMSM;
use ark_groth16::Groth16;

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The statement has another number of public inputs.
    #[error("{got} public inputs for a key that has {expected}; check the circuit and its version")]
    Inputs {
        /// Of the key.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// The bytes are not a proof.
    #[error(transparent)]
    Proof(#[from] InvalidProof),
    /// The equation does not hold.
    #[error("the proof does not prove this statement under this key")]
    Rejected,
}

/// Checks `e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)` with
/// `L = IC[0] + sum of input_i * IC[i]`.
///
/// Inputs are field elements, so that a value has one form (attack A1);
/// decode bytes with [`circuits::types::field_from_bytes`], which refuses
/// what is not below r.
///
/// # Errors
/// [`VerifyError::Inputs`], [`VerifyError::Rejected`].
pub fn verify(key: &PreparedVerifyingKey, inputs: &[Fr], proof: &Proof) -> Result<(), VerifyError> {
    require_inputs(key, inputs)?;
    let ic = &key.ark.vk.gamma_abc_g1;
    let l = G1Projective::msm_unchecked(&ic[1..], inputs) + ic[0];
    let proof = ark_groth16::Proof::from(*proof);
    match Groth16::<Bn254>::verify_proof_with_prepared_inputs(&key.ark, &proof, &l) {
        Ok(true) => Ok(()),
        _ => Err(VerifyError::Rejected),
    }
}

pub(crate) fn require_inputs(key: &PreparedVerifyingKey, inputs: &[Fr]) -> Result<(), VerifyError> {
    let (expected, got) = (key.key().num_inputs(), inputs.len());
    if expected == got { Ok(()) } else { Err(VerifyError::Inputs { expected, got }) }
}

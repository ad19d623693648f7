//! The check of a proof. spec: `attestation.verification`.

use super::{DataCommitment, KeccakTranscript, VerifyingKey};
use circuits::{
    attestation::Statement,
    curve::plonk::{Bn256, Fr, to_plonk},
};
use halo2_proofs::{
    plonk::verify_proof,
    poly::kzg::{commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy},
};

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Another shape.
    #[error("the statement is of another circuit shape than the verifying key")]
    Shape,
    /// The statement is malformed, or its policy breaks the rules.
    #[error("policy, outcomes and disclosed table do not have the form that the circuit's shape asks for")]
    Form,
    /// A commitment of another number of columns.
    #[error("the data commitment has {found} points, and the shape {expected} columns")]
    Columns {
        /// Of the shape.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// The proof is about other data.
    #[error("the proof does not begin with the data commitment: it is about other records")]
    Data,
    /// The proof does not hold.
    #[error("the proof does not hold for this statement and verifying key")]
    Proof,
    /// More bytes than the proof has.
    #[error("{0} bytes follow the proof")]
    Trailing(usize),
}

/// Checks that the statement holds for the records behind `data`.
///
/// # Errors
/// The first reason to refuse it.
pub fn verify(
    key: &VerifyingKey,
    statement: &Statement,
    data: &DataCommitment,
    proof: &[u8],
) -> Result<(), VerifyError> {
    if statement.shape != *key.shape() {
        return Err(VerifyError::Shape);
    }
    if !statement.has_form() {
        return Err(VerifyError::Form);
    }
    let (expected, found) = (key.shape().columns(), data.points().len());
    if expected != found {
        return Err(VerifyError::Columns { expected, found });
    }
    if !proof.starts_with(&data.to_bytes()) {
        return Err(VerifyError::Data);
    }
    let inputs: Vec<Fr> = statement.encode(&data.digest()).into_iter().map(to_plonk).collect();
    let parameters = key.srs().parameters(key.shape().k());
    let mut transcript = KeccakTranscript::new(proof);
    verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<Bn256>, _, _, _>(
        &parameters,
        key.inner(),
        SingleStrategy::new(&parameters),
        &[&[&inputs]],
        &mut transcript,
    )
    .map_err(|_| VerifyError::Proof)?;
    match transcript.into_stream().len() {
        0 => Ok(()),
        trailing => Err(VerifyError::Trailing(trailing)),
    }
}

/// Bytes of a proof under this key: what its verifier reads.
pub fn proof_bytes(key: &VerifyingKey) -> usize {
    let system = key.inner().cs();
    let advice = system.num_advice_columns();
    let chunk = system.degree() - 2;
    let products = system.permutation().get_columns().len().div_ceil(chunk);
    let pieces = system.degree() - 1;
    // Columns, permutation products, the random polynomial, the pieces of
    // the quotient, and two points of the opening.
    let points = advice + products + 1 + pieces + 2;
    // Queries; the random polynomial; one value for each copied column; of
    // each product the value here, at the next row, and but for the last one
    // at the last usable row.
    let scalars = system.advice_queries().len()
        + system.fixed_queries().len()
        + 1
        + system.permutation().get_columns().len()
        + 3 * products
        - 1;
    points * super::point::POINT_BYTES + scalars * 32
}

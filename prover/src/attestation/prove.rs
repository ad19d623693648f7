//! The proof of a statement about a committed data set.
//! spec: `attestation.proving`.

use super::{
    commit::{CommitError, Dataset, ProofPermit},
    key::ProvingKey,
    srs::Srs,
};
use circuits::{
    attestation::{
        Statement,
        circuit::{AttestationCircuit, NoCircuit},
    },
    curve::plonk::{Bn256, Fr, to_plonk},
};
use halo2_proofs::{
    plonk::{self, create_proof},
    poly::kzg::{commitment::KZGCommitmentScheme, multiopen::ProverSHPLONK},
};
use verifier::attestation::{DataCommitment, KeccakTranscript};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// Statement, records and key are not of one shape.
    #[error("statement, records and proving key must be of one circuit shape and its parameters")]
    Shape,
    /// The statement is not true of the records: says which condition fails.
    #[error(transparent)]
    Unsatisfied(#[from] NoCircuit),
    /// The data cannot be committed to.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The commitment is another one than the records and the seed give.
    #[error(
        "records and seed do not give the published commitment: it was made from other records or another seed"
    )]
    Commitment,
    /// The proof system fails.
    #[error("proof generation: {0}")]
    System(#[from] plonk::Error),
    /// The proof does not begin with the commitment. It is not given out: it
    /// might carry blinding that is used twice.
    #[error(
        "the proof does not begin with the data commitment; the proof library draws its randomness \
         in another order than the one pinned: use the pinned version"
    )]
    Prefix,
}

/// Proves `statement` about `data`, whose published commitment is
/// `commitment`.
///
/// # Errors
/// One variant per cause.
pub fn prove(
    srs: &Srs,
    key: &ProvingKey,
    statement: &Statement,
    data: &Dataset,
    commitment: &DataCommitment,
    // Spent by the call, whatever comes of it.
    _permit: ProofPermit,
) -> Result<Vec<u8>, ProveError> {
    let shape = key.verifying().shape();
    if statement.shape != *shape || data.shape() != shape || key.verifying().srs() != srs.verifier() {
        return Err(ProveError::Shape);
    }
    if data.commit(srs)? != *commitment {
        return Err(ProveError::Commitment);
    }
    let digest = commitment.digest();
    let circuit = AttestationCircuit::new(statement, data.witness(), data.salt().clone(), &digest)?;
    let inputs: Vec<Fr> = statement.encode(&digest).into_iter().map(to_plonk).collect();
    let mut transcript = KeccakTranscript::new(vec![]);
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<Bn256>, _, _, _, _>(
        srs.inner(),
        key.inner(),
        &[circuit],
        &[&[&inputs]],
        data.tape(),
        &mut transcript,
    )?;
    let proof = transcript.into_stream();
    if proof.starts_with(&commitment.to_bytes()) { Ok(proof) } else { Err(ProveError::Prefix) }
}

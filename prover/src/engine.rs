//! Proving. spec: `setup.groth16`.
//!
//! The same proof as arkworks' prover, element by element (a test compares
//! them), with two differences: the rows are evaluated once and checked, so
//! that a wrong witness names its constraint instead of making a proof that
//! fails; and buffers that hold the witness are cleared.

use crate::{
    key::ProvingKey,
    matrices::{Matrices, Values},
    parallel::map_range,
    setup::domain,
};
use ark_ec::{CurveGroup, VariableBaseMSM};
use ark_ff::{BigInteger256, FftField, Field, PrimeField, UniformRand};
use ark_poly::EvaluationDomain;
use circuits::{
    r1cs::{Circuit, Cs, Unsatisfied},
    types::ProofBytes,
};
use rand_core::{CryptoRng, RngCore};
use verifier::{
    InvalidProof, Proof,
    curve::{Fr, G1Projective, G2Projective},
};
use zeroize::Zeroizing;

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// The key belongs to another circuit.
    #[error("the key is for {key}, the statement is of {circuit}; get the key of that circuit")]
    OtherCircuit {
        /// Id of the key.
        key: String,
        /// Id of the statement.
        circuit: String,
    },
    /// The assignment has another length than the key's circuit: the key
    /// was made from another version of the circuit.
    #[error("the statement has {got} variables, the key's circuit {expected}; make the key anew")]
    OtherVersion {
        /// Of the key.
        expected: usize,
        /// Of the statement.
        got: usize,
    },
    /// The witness does not satisfy the statement.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
    /// A point of the proof came out at infinity, which has probability
    /// 2^-254 under a sound key.
    #[error("the key gives unusable proofs ({0}); make or fetch it anew")]
    Unusable(#[from] InvalidProof),
}

/// Proves that the circuit's witness satisfies it. `rng` is the operating
/// system's outside tests.
///
/// # Errors
/// See [`ProveError`]; an unsatisfied witness names its constraint.
pub fn prove<C: Circuit + ?Sized>(
    key: &ProvingKey,
    circuit: &C,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<ProofBytes, ProveError> {
    let id = circuit.id();
    if id != key.id().to_string() {
        return Err(ProveError::OtherCircuit { key: key.id().to_string(), circuit: id });
    }
    prove_assignment(key, &Zeroizing::new(Cs::assignment(circuit)), rng)
}

/// As [`prove`], from a full assignment (one, inputs, witness).
///
/// # Errors
/// See [`ProveError`].
pub fn prove_assignment(
    key: &ProvingKey,
    z: &[Fr],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<ProofBytes, ProveError> {
    let masks = Zeroizing::new([Fr::rand(rng), Fr::rand(rng)]);
    let proof = prove_with_masks(key, z, &masks)?;
    Ok(Proof::try_from(proof)?.to_bytes())
}

/// `masks` are r and s of the Groth16 paper.
pub(crate) fn prove_with_masks(
    key: &ProvingKey,
    z: &[Fr],
    masks: &[Fr; 2],
) -> Result<ark_groth16::Proof<verifier::curve::Bn254>, ProveError> {
    let matrices = key.matrices();
    if z.len() != matrices.num_variables() {
        return Err(ProveError::OtherVersion { expected: matrices.num_variables(), got: z.len() });
    }
    let values = matrices.evaluate(z);
    Matrices::check(&values, |i| matrices.label(i))?;
    let h = quotient(matrices, values, z);

    let [r, s] = *masks;
    let points = key.points();
    let z = integers(z);
    let h = G1Projective::msm_bigint(&points.h_query, &h);
    let l = G1Projective::msm_bigint(&points.l_query, &z[matrices.num_inputs()..]);
    let a = G1Projective::msm_bigint(&points.a_query, &z) + points.vk.alpha_g1 + points.delta_g1 * r;
    let b1 = G1Projective::msm_bigint(&points.b_g1_query, &z) + points.beta_g1 + points.delta_g1 * s;
    let b = G2Projective::msm_bigint(&points.b_g2_query, &z) + points.vk.beta_g2 + points.vk.delta_g2 * s;
    let c = a * s + b1 * r - points.delta_g1 * (r * s) + l + h;
    Ok(ark_groth16::Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
}

fn integers(scalars: &[Fr]) -> Zeroizing<Vec<BigInteger256>> {
    Zeroizing::new(map_range(scalars.len(), |i| scalars[i].into_bigint()))
}

/// The coefficients of `(A B - C) / Z`, where A, B and C interpolate the
/// rows' values and Z vanishes on the domain.
fn quotient(matrices: &Matrices, values: Values, z: &[Fr]) -> Zeroizing<Vec<BigInteger256>> {
    let domain = domain(matrices).expect("the key was made on this domain");
    let coset = domain.get_coset(Fr::GENERATOR).expect("the generator is not zero");
    let [mut a, mut b, mut c] = values;
    // One more row per input: see `Qap::new`.
    extend(&mut a, &z[..matrices.num_inputs()], domain.size());
    extend(&mut b, &[], domain.size());
    extend(&mut c, &[], domain.size());
    for p in [&mut a, &mut b, &mut c] {
        domain.ifft_in_place(p);
        coset.fft_in_place(p);
    }
    let vanishing = domain.evaluate_vanishing_polynomial(Fr::GENERATOR);
    let inverse = vanishing.inverse().expect("the coset does not meet the domain");
    let mut h = Zeroizing::new(map_range(domain.size(), |i| (a[i] * b[i] - c[i]) * inverse));
    coset.ifft_in_place(&mut h);
    integers(&h)
}

/// Appends `tail` and zeros up to `size`, without leaving a copy of the old
/// buffer behind.
fn extend(values: &mut Zeroizing<Vec<Fr>>, tail: &[Fr], size: usize) {
    let mut out = Zeroizing::new(Vec::with_capacity(size));
    out.extend_from_slice(values);
    out.extend_from_slice(tail);
    out.resize(size, Fr::from(0u64));
    *values = out;
}

//! Key generation from known secrets, and the development keys.
//! spec: `setup.development_keys`.

use crate::{
    certificate::Certificate,
    key::{KeyOrigin, ProvingKey},
    matrices::Matrices,
};
use ark_ec::{CurveGroup, scalar_mul::BatchMulPreprocessing};
use ark_ff::{Field, UniformRand};
use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
use circuits::r1cs::Shape;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};
use verifier::{
    CircuitId, InvalidKey, UnknownCircuit, VerifyingKey,
    curve::{Bn254, Fr, G1Affine, G1Projective, G2Projective},
};

/// First part of the seed of every development key.
const DEVELOPMENT_SEED: &[u8] = b"tabella.v1.insecure-development-key";

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The circuit's name is not a known one.
    #[error(transparent)]
    Circuit(#[from] UnknownCircuit),
    /// More constraints than BN254 has roots of unity for.
    #[error("{constraints} constraints are too many: constraints and inputs must fit 2^28")]
    TooLarge {
        /// Of the circuit.
        constraints: usize,
    },
    /// The generated verifying key is degenerate, e.g. since two public
    /// inputs play the same part.
    #[error("the circuit has a degenerate key; {0}")]
    Degenerate(#[from] InvalidKey),
}

/// The evaluation domain of a circuit: one point per constraint and input.
pub(crate) fn domain(matrices: &Matrices) -> Option<GeneralEvaluationDomain<Fr>> {
    GeneralEvaluationDomain::new(matrices.num_constraints() + matrices.num_inputs())
}

/// The secrets of a setup: whoever knows them forges any proof.
pub(crate) struct Trapdoor {
    pub(crate) alpha: Fr,
    pub(crate) beta: Fr,
    pub(crate) gamma: Fr,
    pub(crate) delta: Fr,
    pub(crate) tau: Fr,
    pub(crate) g1: G1Projective,
    pub(crate) g2: G2Projective,
}

impl Trapdoor {
    /// Known to everyone, by design; not cleared from memory for that reason.
    fn development(id: &str, digest: &[u8; 32], domain: &GeneralEvaluationDomain<Fr>) -> Self {
        let seed = Sha256::new().chain_update(DEVELOPMENT_SEED).chain_update(id).chain_update(digest);
        let mut rng = ChaCha20Rng::from_seed(seed.finalize().into());
        Self {
            alpha: Fr::rand(&mut rng),
            beta: Fr::rand(&mut rng),
            gamma: Fr::rand(&mut rng),
            delta: Fr::rand(&mut rng),
            g1: G1Projective::rand(&mut rng),
            g2: G2Projective::rand(&mut rng),
            tau: domain.sample_element_outside_domain(&mut rng),
        }
    }
}

/// The development key of a circuit: the same on every machine. INSECURE:
/// its trapdoor follows from the source, so anyone can forge with it.
///
/// # Errors
/// If the circuit is too large, unnamed, or has a degenerate key.
pub fn development_key(shape: &Shape) -> Result<ProvingKey, SetupError> {
    let (id, matrices, trapdoor) = development_parts(shape)?;
    let points = generate(&matrices, &trapdoor).ok_or(too_large(&matrices))?;
    let vk = VerifyingKey::new(id, points.vk.clone())?;
    Ok(ProvingKey::assemble(vk, shape.digest(), points, matrices, KeyOrigin::Development))
}

/// The verifying part of [`development_key`] alone: a few multiplications
/// instead of some for each variable, for whoever proves nothing.
///
/// # Errors
/// As [`development_key`].
pub fn development_verifying_key(shape: &Shape) -> Result<VerifyingKey, SetupError> {
    let (id, matrices, trapdoor) = development_parts(shape)?;
    let points = generate_verifying(&matrices, &trapdoor).ok_or(too_large(&matrices))?;
    Ok(VerifyingKey::new(id, points)?)
}

/// What lets others check a development key as they would check any key
/// that they receive.
///
/// # Errors
/// As [`development_key`].
pub fn development_certificate(shape: &Shape) -> Result<Certificate, SetupError> {
    let (_, matrices, trapdoor) = development_parts(shape)?;
    Certificate::generate(&matrices, &trapdoor).ok_or(too_large(&matrices))
}

fn development_parts(shape: &Shape) -> Result<(CircuitId, Matrices, Trapdoor), SetupError> {
    let id: CircuitId = shape.id().parse()?;
    let matrices = Matrices::new(shape);
    let domain = domain(&matrices).ok_or(too_large(&matrices))?;
    let trapdoor = Trapdoor::development(shape.id(), &shape.digest(), &domain);
    Ok((id, matrices, trapdoor))
}

fn too_large(matrices: &Matrices) -> SetupError {
    SetupError::TooLarge { constraints: matrices.num_constraints() }
}

/// The polynomials of the quadratic arithmetic program at tau, by variable.
struct Qap {
    a: Vec<Fr>,
    b: Vec<Fr>,
    c: Vec<Fr>,
}

impl Qap {
    /// Libsnark's reduction: row k of the constraints, then one row
    /// `input_i * 0 = 0` per input, which makes the inputs' polynomials
    /// linearly independent.
    fn new(matrices: &Matrices, lagrange: &[Fr]) -> Self {
        let [mut a, b, c] = matrices.combine_rows(lagrange);
        let inputs = &lagrange[matrices.num_constraints()..][..matrices.num_inputs()];
        a.iter_mut().zip(inputs).for_each(|(a, l)| *a += l);
        Self { a, b, c }
    }

    /// `(beta a_i + alpha b_i + c_i) * k`
    fn combined(&self, t: &Trapdoor, k: Fr) -> Vec<Fr> {
        let terms = self.a.iter().zip(&self.b).zip(&self.c);
        terms.map(|((a, b), c)| (t.beta * a + t.alpha * b + c) * k).collect()
    }
}

/// The proving key of arkworks' layout (`LibsnarkReduction`), straight from
/// the rows: replaying them into an arkworks system takes several times the
/// memory. A test compares it with arkworks' generator.
pub(crate) fn generate(matrices: &Matrices, t: &Trapdoor) -> Option<ark_groth16::ProvingKey<Bn254>> {
    let domain = domain(matrices)?;
    let qap = Qap::new(matrices, &domain.evaluate_all_lagrange_coefficients(t.tau));
    let inputs = matrices.num_inputs();
    // Random field elements of a setup: zero with probability 2^-254.
    let (gamma_inverse, delta_inverse) = (t.gamma.inverse()?, t.delta.inverse()?);
    let ic = qap.combined(t, gamma_inverse);
    let l = qap.combined(t, delta_inverse);
    let first = domain.evaluate_vanishing_polynomial(t.tau) * delta_inverse;
    let h = powers(first, t.tau, domain.size() - 1);

    let g2 = BatchMulPreprocessing::new(t.g2, qap.b.len());
    let b_g2_query = g2.batch_mul(&qap.b);
    drop(g2);
    let g1 = BatchMulPreprocessing::new(t.g1, 3 * l.len() + h.len());
    let vk = verifying(t, g1.batch_mul(&ic[..inputs]));
    Some(ark_groth16::ProvingKey {
        vk,
        beta_g1: (t.g1 * t.beta).into_affine(),
        delta_g1: (t.g1 * t.delta).into_affine(),
        a_query: g1.batch_mul(&qap.a),
        b_g1_query: g1.batch_mul(&qap.b),
        b_g2_query,
        h_query: g1.batch_mul(&h),
        l_query: g1.batch_mul(&l[inputs..]),
    })
}

/// The `vk` of [`generate`].
fn generate_verifying(matrices: &Matrices, t: &Trapdoor) -> Option<ark_groth16::VerifyingKey<Bn254>> {
    let qap = Qap::new(matrices, &domain(matrices)?.evaluate_all_lagrange_coefficients(t.tau));
    let ic = qap.combined(t, t.gamma.inverse()?);
    let points: Vec<G1Projective> = ic[..matrices.num_inputs()].iter().map(|x| t.g1 * x).collect();
    Some(verifying(t, G1Projective::normalize_batch(&points)))
}

/// A verifying key with the points of the public inputs.
fn verifying(t: &Trapdoor, gamma_abc_g1: Vec<G1Affine>) -> ark_groth16::VerifyingKey<Bn254> {
    ark_groth16::VerifyingKey {
        alpha_g1: (t.g1 * t.alpha).into_affine(),
        beta_g2: (t.g2 * t.beta).into_affine(),
        gamma_g2: (t.g2 * t.gamma).into_affine(),
        delta_g2: (t.g2 * t.delta).into_affine(),
        gamma_abc_g1,
    }
}

/// `first, first * ratio, first * ratio^2, ...`
pub(crate) fn powers(first: Fr, ratio: Fr, n: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |x| Some(*x * ratio)).take(n).collect()
}

//! Many proofs under one key. spec: `setup.batch`.
//!
//! With coefficients rho_i that the provers cannot know, the product over i
//! of `(e(A_i, B_i) / (e(alpha, beta) e(L_i, gamma) e(C_i, delta)))^rho_i` is
//! one if all equations hold, and otherwise with probability at most 2^-128:
//! the exponents live in groups of prime order r, and rho_i has 2^128
//! distinct values. By bilinearity that costs one Miller loop per proof,
//! three per batch, and one final exponentiation.

use crate::{
    curve::{Bn254, Fq12, Fr, G1Affine, G1Projective, g1},
    key::PreparedVerifyingKey,
    proof::Proof,
    verify::{VerifyError, require_inputs, verify},
};
use ark_ec::{
    AdditiveGroup, CurveGroup, VariableBaseMSM,
    pairing::{MillerLoopOutput, Pairing},
    scalar_mul::glv::GLVConfig,
};
use ark_ff::One;
use circuits::types::ProofBytes;
use rand_core::{OsRng, RngCore};
#[cfg(feature = "parallel")]
use rayon::prelude::*;
use std::fmt;

/// Proofs that share the squarings of one Miller loop.
const GROUP: usize = 4;

/// A statement and what is said to prove it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The public inputs.
    pub inputs: Vec<Fr>,
    /// The proof.
    pub proof: ProofBytes,
}

/// Every bad claim of a batch, by position; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadClaims(pub Vec<(usize, VerifyError)>);

impl fmt::Display for BadClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the batch's proofs refused:", self.0.len())?;
        self.0.iter().try_for_each(|(i, why)| write!(f, " [{i}] {why};"))
    }
}

impl std::error::Error for BadClaims {}

/// Verifies all claims under one key, points checked. An empty batch holds.
///
/// The coefficients come from the operating system. If the batch fails,
/// halves of it are checked with the Miller loops already done, and single
/// proofs at the end, so that every bad one is named and no good one.
///
/// # Errors
/// [`BadClaims`], in ascending order.
pub fn verify_batch(key: &PreparedVerifyingKey, claims: &[Claim]) -> Result<(), BadClaims> {
    let mut bad = Vec::new();
    let mut good = Vec::with_capacity(claims.len());
    for (position, decoded) in decode_all(key, claims).into_iter().enumerate() {
        match decoded {
            Ok(proof) => good.push(Weighted::new(position, &claims[position].inputs, proof)),
            Err(why) => bad.push((position, why)),
        }
    }
    bad.extend(rejected(key, &groups(&good)).into_iter().map(|i| (i, VerifyError::Rejected)));
    bad.sort_unstable_by_key(|(position, _)| *position);
    if bad.is_empty() { Ok(()) } else { Err(BadClaims(bad)) }
}

fn decode_all(key: &PreparedVerifyingKey, claims: &[Claim]) -> Vec<Result<Proof, VerifyError>> {
    let decode = |claim: &Claim| {
        require_inputs(key, &claim.inputs)?;
        Ok(Proof::from_bytes(&claim.proof)?)
    };
    #[cfg(feature = "parallel")]
    return claims.par_iter().map(decode).collect();
    #[cfg(not(feature = "parallel"))]
    claims.iter().map(decode).collect()
}

/// A random coefficient `low + lambda * high`, with the eigenvalue lambda of
/// the endomorphism of G1: multiplying by it takes 64 doublings, not 128.
///
/// The 2^128 pairs give distinct coefficients. Two equal ones would give a
/// vector (a, b) with `a + lambda b = 0 mod r` shorter than 2^65; the
/// lattice of such vectors has determinant r and an almost orthogonal basis
/// of two vectors near 2^126.8 (`SCALAR_DECOMP_COEFFS` of ark-bn254).
#[derive(Clone, Copy)]
struct Coefficient {
    low: u64,
    high: u64,
}

impl Coefficient {
    fn random() -> Self {
        Self { low: OsRng.next_u64(), high: OsRng.next_u64() }
    }

    fn field(self) -> Fr {
        Fr::from(self.low) + g1::Config::LAMBDA * Fr::from(self.high)
    }

    fn mul(self, p: G1Affine) -> G1Projective {
        let endo = g1::Config::endomorphism_affine(&p);
        let both = (p + endo).into_affine();
        let mut acc = G1Projective::default();
        for bit in (0..64).rev() {
            acc.double_in_place();
            match ((self.low >> bit) & 1, (self.high >> bit) & 1) {
                (0, 0) => {}
                (1, 0) => acc += p,
                (0, _) => acc += endo,
                _ => acc += both,
            }
        }
        acc
    }
}

struct Weighted<'a> {
    position: usize,
    inputs: &'a [Fr],
    proof: Proof,
    rho: Coefficient,
}

impl<'a> Weighted<'a> {
    fn new(position: usize, inputs: &'a [Fr], proof: Proof) -> Self {
        Self { position, inputs, proof, rho: Coefficient::random() }
    }
}

/// Claims with the product of their Miller loops.
struct Group<'a> {
    members: &'a [Weighted<'a>],
    miller: Fq12,
}

impl<'a> Group<'a> {
    fn new(members: &'a [Weighted<'a>]) -> Self {
        let a: Vec<G1Projective> = members.iter().map(|w| w.rho.mul(w.proof.a())).collect();
        let a = G1Projective::normalize_batch(&a);
        let miller = Bn254::multi_miller_loop(a, members.iter().map(|w| w.proof.b())).0;
        Self { members, miller }
    }
}

fn groups<'a>(claims: &'a [Weighted<'a>]) -> Vec<Group<'a>> {
    #[cfg(feature = "parallel")]
    return claims.par_chunks(GROUP).map(Group::new).collect();
    #[cfg(not(feature = "parallel"))]
    claims.chunks(GROUP).map(Group::new).collect()
}

/// Positions of the claims that do not hold.
fn rejected(key: &PreparedVerifyingKey, groups: &[Group<'_>]) -> Vec<usize> {
    if all_hold(key, groups) {
        return Vec::new();
    }
    if let [group] = groups {
        let fails = |w: &&Weighted<'_>| verify(key, w.inputs, &w.proof).is_err();
        return group.members.iter().filter(fails).map(|w| w.position).collect();
    }
    let (left, right) = groups.split_at(groups.len() / 2);
    #[cfg(feature = "parallel")]
    let (mut out, more) = rayon::join(|| rejected(key, left), || rejected(key, right));
    #[cfg(not(feature = "parallel"))]
    let (mut out, more) = (rejected(key, left), rejected(key, right));
    out.extend(more);
    out
}

/// The combined equation over `groups`.
fn all_hold(key: &PreparedVerifyingKey, groups: &[Group<'_>]) -> bool {
    if groups.is_empty() {
        return true;
    }
    let vk = &key.ark.vk;
    // Exponents of IC: entry 0 is the sum of the coefficients.
    let mut exponents = vec![Fr::ZERO; vk.gamma_abc_g1.len()];
    let (mut points, mut scalars) = (Vec::new(), Vec::new());
    for w in groups.iter().flat_map(|g| g.members) {
        let rho = w.rho.field();
        exponents[0] += rho;
        exponents[1..].iter_mut().zip(w.inputs).for_each(|(e, x)| *e += rho * x);
        points.extend([w.proof.c(), g1::Config::endomorphism_affine(&w.proof.c())]);
        scalars.extend([w.rho.low, w.rho.high]);
    }
    let l = G1Projective::msm_unchecked(&vk.gamma_abc_g1, &exponents);
    let c = G1Projective::msm_u64(&points, &scalars);
    let alpha = vk.alpha_g1 * exponents[0];
    let fixed = Bn254::multi_miller_loop(
        G1Projective::normalize_batch(&[l, c, alpha]),
        [key.ark.gamma_g2_neg_pc.clone(), key.ark.delta_g2_neg_pc.clone(), key.beta_neg.clone()],
    );
    let product = groups.iter().fold(fixed.0, |f, g| f * g.miller);
    Bn254::final_exponentiation(MillerLoopOutput(product)).is_some_and(|e| e.0.is_one())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ark_ec::AffineRepr;
    use ark_ff::UniformRand;
    use rand_core::SeedableRng;

    #[test]
    fn coefficient_times_point_is_field_times_point() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        for _ in 0..20 {
            let (rho, p) = (Coefficient::random(), G1Affine::rand(&mut rng));
            assert_eq!(rho.mul(p), p * rho.field(), "{} {}", rho.low, rho.high);
        }
        let zero = Coefficient { low: 0, high: 0 };
        assert_eq!(zero.mul(G1Affine::generator()), G1Projective::default());
    }
}

//! The parameters of the commitments: powers of a secret tau in G1, on the
//! plain and on the Lagrange basis. spec: `attestation.srs`.

use crate::parallel::for_each_chunk;
use circuits::{
    attestation::K_RANGE,
    curve::plonk::{
        Bn256, Fr, G1, G1Affine, G2Affine,
        ff::{BatchInvert, Field, PrimeField},
        group::{Curve, prime::PrimeCurveAffine},
    },
};
#[cfg(not(target_family = "wasm"))]
use halo2_proofs::poly::commitment::ParamsProver;
use halo2_proofs::poly::{commitment::Params, kzg::commitment::ParamsKZG};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};
use std::fmt;
use verifier::attestation::{SrsOrigin, VerifierSrs};

/// The fixed seed of the development parameters.
const DEVELOPMENT_SEED: &[u8] = b"tabella.v1.insecure-development-srs";

/// Parameters for 2^k rows.
#[derive(Clone)]
pub struct Srs {
    inner: ParamsKZG<Bn256>,
    verifier: VerifierSrs,
}

impl fmt::Debug for Srs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Srs(2^{}, {:?})", self.k(), self.verifier.origin)
    }
}

/// Why there are no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrsError {
    /// Too few or too many rows.
    #[error("parameters are for 2^{start} to 2^{end} rows, not 2^{0}", start = K_RANGE.start(), end = K_RANGE.end())]
    Rows(u32),
}

impl Srs {
    /// The development parameters: the same on every machine. INSECURE: tau
    /// follows from the source, so anyone can forge every proof and open
    /// every commitment to anything.
    ///
    /// # Errors
    /// If k is out of range.
    pub fn development(k: u32) -> Result<Self, SrsError> {
        if !K_RANGE.contains(&k) {
            return Err(SrsError::Rows(k));
        }
        let tau = development_tau();
        let base = FixedBase::new(G1Affine::generator());
        let powers = powers(tau, 1 << k);
        let lagrange = lagrange_at(tau, k);
        let tau_g2 = (G2Affine::generator() * tau).to_affine();
        Ok(Self::from_points(k, base.mul(&powers), Some(base.mul(&lagrange)), tau_g2, SrsOrigin::Development))
    }

    /// Parameters of checked points; the Lagrange basis is computed if it is
    /// not given.
    pub(super) fn from_points(
        k: u32,
        powers: Vec<G1Affine>,
        lagrange: Option<Vec<G1Affine>>,
        tau_g2: G2Affine,
        origin: SrsOrigin,
    ) -> Self {
        let verifier = VerifierSrs { tau_g1: powers[1], tau_g2, origin };
        // The library has no constructor but from other parameters.
        let any = ParamsKZG::setup(1, rand_core::OsRng);
        let inner = any.from_parts(k, powers, lagrange, G2Affine::generator(), tau_g2);
        Self { inner, verifier }
    }

    /// Parameters of our own cache.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn from_parameters(inner: ParamsKZG<Bn256>, origin: SrsOrigin) -> Self {
        let verifier = VerifierSrs { tau_g1: inner.get_g()[1], tau_g2: inner.s_g2(), origin };
        Self { inner, verifier }
    }

    /// The points in the library's raw form, for our own cache.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![];
        // Writing to memory does not fail.
        let written = self.inner.write_custom(&mut out, halo2_proofs::SerdeFormat::RawBytesUnchecked);
        written.map(|()| out).unwrap_or_default()
    }

    /// log2 of the rows.
    pub fn k(&self) -> u32 {
        self.inner.k()
    }

    /// What a verifier needs of them.
    pub fn verifier(&self) -> &VerifierSrs {
        &self.verifier
    }

    /// What the proof system takes.
    pub fn inner(&self) -> &ParamsKZG<Bn256> {
        &self.inner
    }
}

/// The tau that follows from the source.
pub(super) fn development_tau() -> Fr {
    Fr::random(ChaCha20Rng::from_seed(Sha256::digest(DEVELOPMENT_SEED).into()))
}

/// `1, x, x^2, ..`
fn powers(x: Fr, n: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(*power * x)).take(n).collect()
}

/// `L_i(x) = omega^i (x^n - 1) / (n (x - omega^i))`; x is no root of unity.
fn lagrange_at(x: Fr, k: u32) -> Vec<Fr> {
    let n = 1u64 << k;
    let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    let roots = powers(omega, 1 << k);
    let mut inverses: Vec<Fr> = roots.iter().map(|root| (x - root) * Fr::from(n)).collect();
    inverses.iter_mut().batch_invert();
    let factor = x.pow_vartime([n]) - Fr::ONE;
    roots.iter().zip(inverses).map(|(root, inverse)| *root * inverse * factor).collect()
}

/// Multiples of one point by bytes of the scalar: `d 2^(8 i) P`.
struct FixedBase(Vec<Vec<G1Affine>>);

/// Scalars that one task multiplies.
const CHUNK: usize = 1 << 10;

impl FixedBase {
    fn new(point: G1Affine) -> Self {
        let mut base = G1::from(point);
        let mut table = vec![];
        for _ in 0..32 {
            let multiples: Vec<G1> =
                std::iter::successors(Some(base), |m| Some(*m + base)).take(255).collect();
            base = multiples[254] + base;
            table.push(normalise(&multiples));
        }
        Self(table)
    }

    fn mul(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let mut out = vec![G1Affine::identity(); scalars.len()];
        for_each_chunk(&mut out, CHUNK, |index, piece| {
            let scalars = &scalars[index * CHUNK..][..piece.len()];
            let products: Vec<G1> = scalars.iter().map(|scalar| self.mul_one(scalar)).collect();
            piece.copy_from_slice(&normalise(&products));
        });
        out
    }

    fn mul_one(&self, scalar: &Fr) -> G1 {
        let digits = scalar.to_repr();
        let terms = self.0.iter().zip(digits).filter(|(_, digit)| *digit != 0);
        terms.fold(G1::from(G1Affine::identity()), |sum, (row, digit)| sum + row[usize::from(digit) - 1])
    }
}

fn normalise(points: &[G1]) -> Vec<G1Affine> {
    let mut out = vec![G1Affine::identity(); points.len()];
    G1::batch_normalize(points, &mut out);
    out
}

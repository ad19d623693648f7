//! What shows that a proving key is well-formed. spec: `setup.imported_keys`.
//!
//! A malformed proving key can make honest proofs leak their witness, and a
//! proving key alone does not show that it is well-formed: the powers of tau
//! behind it are missing. A certificate adds the Lagrange polynomials at tau
//! in G1, and tau in G2; a multi-party setup publishes both anyway. With
//! them every point of the key is determined by the circuit's rows and
//! (alpha, beta, gamma, delta, tau), and random combinations check that.

use crate::{
    matrices::Matrices,
    parallel::map_range,
    setup::{Trapdoor, domain, powers},
};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM, pairing::Pairing, scalar_mul::ScalarMul};
use ark_ff::{AdditiveGroup, Field};
use ark_poly::EvaluationDomain;
use rand_core::{OsRng, RngCore};
use verifier::{
    PointFault,
    curve::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective},
    encoding::{check_g1, check_g2},
};

/// The parts of a key do not belong together: never prove with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InconsistentKey {
    /// A list has another length than the circuit asks for.
    #[error("{part} of the proving key has {got} points, the circuit asks for {expected}")]
    Length {
        /// Of the key.
        part: &'static str,
        /// By the circuit.
        expected: usize,
        /// In the key.
        got: usize,
    },
    /// A point cannot be used.
    #[error("{part} of the proving key, point {index}: {fault}")]
    Point {
        /// Of the key.
        part: &'static str,
        /// In the list.
        index: usize,
        /// Why.
        fault: PointFault,
    },
    /// A relation between parts does not hold.
    #[error("the proving key is malformed: {0}; never prove with it, proofs could leak votes")]
    Relation(&'static str),
}

/// Points of a setup beyond the proving key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub(crate) g1: G1Affine,
    pub(crate) g2: G2Affine,
    pub(crate) tau_g2: G2Affine,
    /// `L_k(tau) * g1` over the evaluation domain.
    pub(crate) lagrange: Vec<G1Affine>,
}

type Points = ark_groth16::ProvingKey<Bn254>;

impl Certificate {
    pub(crate) fn generate(matrices: &Matrices, t: &Trapdoor) -> Option<Self> {
        let lagrange = domain(matrices)?.evaluate_all_lagrange_coefficients(t.tau);
        Some(Self {
            g1: t.g1.into_affine(),
            g2: t.g2.into_affine(),
            tau_g2: (t.g2 * t.tau).into_affine(),
            lagrange: t.g1.batch_mul(&lagrange),
        })
    }

    /// Checks a whole key. The verifying key inside has been checked alone.
    pub(crate) fn check(&self, key: &Points, matrices: &Matrices) -> Result<(), InconsistentKey> {
        self.check_lengths(key, matrices)?;
        self.check_points(key)?;
        self.check_secrets(key)?;
        self.check_lagrange(key)?;
        self.check_quotient_query(key)?;
        self.check_variables(key, matrices)
    }

    fn check_lengths(&self, key: &Points, matrices: &Matrices) -> Result<(), InconsistentKey> {
        let domain = domain(matrices).map_or(0, |d| d.size());
        let (variables, inputs) = (matrices.num_variables(), matrices.num_inputs());
        let lists = [
            ("query A", key.a_query.len(), variables),
            ("query B in G1", key.b_g1_query.len(), variables),
            ("query B in G2", key.b_g2_query.len(), variables),
            ("query H", key.h_query.len(), domain.saturating_sub(1)),
            ("query L", key.l_query.len(), variables - inputs),
            ("IC", key.vk.gamma_abc_g1.len(), inputs),
            ("certificate", self.lagrange.len(), domain),
        ];
        match lists.into_iter().find(|(_, got, expected)| got != expected) {
            None => Ok(()),
            Some((part, got, expected)) => Err(InconsistentKey::Length { part, expected, got }),
        }
    }

    /// On the curves and in the subgroups. Variables that a matrix does not
    /// mention have the point at infinity in its query; elsewhere it has no
    /// place.
    fn check_points(&self, key: &Points) -> Result<(), InconsistentKey> {
        let allow = |r: Result<(), PointFault>| if r == Err(PointFault::Infinity) { Ok(()) } else { r };
        check_list("beta and delta in G1", &[key.beta_g1, key.delta_g1], check_g1)?;
        check_list("query A", &key.a_query, |p| allow(check_g1(p)))?;
        check_list("query B in G1", &key.b_g1_query, |p| allow(check_g1(p)))?;
        check_list("query B in G2", &key.b_g2_query, |p| allow(check_g2(p)))?;
        check_list("query H", &key.h_query, check_g1)?;
        check_list("query L", &key.l_query, |p| allow(check_g1(p)))?;
        check_list("certificate", &[self.g2, self.tau_g2], check_g2)?;
        check_list("certificate", &[self.g1], check_g1)?;
        check_list("certificate", &self.lagrange, check_g1)
    }

    /// beta and delta are the same in both groups.
    fn check_secrets(&self, key: &Points) -> Result<(), InconsistentKey> {
        let beta = [(key.beta_g1, self.g2), (-self.g1, key.vk.beta_g2)];
        let delta = [(key.delta_g1, self.g2), (-self.g1, key.vk.delta_g2)];
        require(product_is_one(&beta), "beta differs between the groups")?;
        require(product_is_one(&delta), "delta differs between the groups")
    }

    /// `(tau - w^k) L_k = w^k / m * Z` for every k, where `Z g1 = delta h_0`,
    /// fixes every `L_k` up to the factor Z; `sum of L_k = 1` fixes that.
    fn check_lagrange(&self, key: &Points) -> Result<(), InconsistentKey> {
        let m = self.lagrange.len();
        let domain = ark_poly::GeneralEvaluationDomain::<Fr>::new(m).expect("the length was checked");
        let weights = random_weights(m);
        let roots = powers(Fr::ONE, domain.group_gen(), m);
        let shifted: Vec<Fr> = weights.iter().zip(&roots).map(|(w, r)| *w * r).collect();
        let z = shifted.iter().sum::<Fr>() * domain.size_inv();
        let terms = [
            (msm(&self.lagrange, &weights), self.tau_g2),
            (-msm(&self.lagrange, &shifted), self.g2),
            (-(key.h_query[0] * z).into_affine(), key.vk.delta_g2),
        ];
        require(product_is_one(&terms), "the certificate's Lagrange points do not belong to tau and H[0]")?;
        let sum = self.lagrange.iter().fold(G1Projective::ZERO, |s, p| s + p);
        require(sum == self.g1.into_group(), "the certificate's Lagrange points do not sum to the generator")
    }

    /// `h_{i+1} = tau h_i`; the first is fixed by [`Self::check_lagrange`].
    fn check_quotient_query(&self, key: &Points) -> Result<(), InconsistentKey> {
        let n = key.h_query.len() - 1;
        let weights = random_weights(n);
        let terms =
            [(msm(&key.h_query[1..], &weights), self.g2), (-msm(&key.h_query[..n], &weights), self.tau_g2)];
        require(product_is_one(&terms), "query H is not made of powers of tau")
    }

    /// With random weights rho_i on the variables: `sum rho_i a_i` is
    /// `sum over rows k of (A rho)_k L_k`, and so for B in both groups; and
    /// `sum rho_i (beta a_i + alpha b_i + c_i)` is gamma times the IC points
    /// and delta times the query L.
    fn check_variables(&self, key: &Points, matrices: &Matrices) -> Result<(), InconsistentKey> {
        let weights = random_weights(matrices.num_variables());
        let (on_inputs, on_witness) = weights.split_at(matrices.num_inputs());
        let [mut rows_a, rows_b, rows_c] = matrices.evaluate(&weights);
        rows_a.extend_from_slice(on_inputs);
        let a = msm(&key.a_query, &weights);
        let b1 = msm(&key.b_g1_query, &weights);
        let b2 = G2Projective::msm_unchecked(&key.b_g2_query, &weights).into_affine();
        require(a == msm(&self.lagrange, &rows_a), "query A does not follow from the circuit")?;
        require(b1 == msm(&self.lagrange, &rows_b), "query B in G1 does not follow from the circuit")?;
        require(product_is_one(&[(b1, self.g2), (-self.g1, b2)]), "query B differs between the groups")?;
        let terms = [
            (msm(&key.vk.gamma_abc_g1, on_inputs), key.vk.gamma_g2),
            (msm(&key.l_query, on_witness), key.vk.delta_g2),
            (-a, key.vk.beta_g2),
            (-key.vk.alpha_g1, b2),
            (-msm(&self.lagrange, &rows_c), self.g2),
        ];
        require(product_is_one(&terms), "query L or the IC points do not follow from the circuit")
    }
}

fn check_list<P: Sync>(
    part: &'static str,
    points: &[P],
    check: impl Fn(&P) -> Result<(), PointFault> + Sync + Send,
) -> Result<(), InconsistentKey> {
    let results = map_range(points.len(), |i| check(&points[i]));
    match results.into_iter().enumerate().find_map(|(i, r)| Some((i, r.err()?))) {
        None => Ok(()),
        Some((index, fault)) => Err(InconsistentKey::Point { part, index, fault }),
    }
}

fn require(holds: bool, relation: &'static str) -> Result<(), InconsistentKey> {
    if holds { Ok(()) } else { Err(InconsistentKey::Relation(relation)) }
}

/// 128 random bits each, unknown to whoever made the key: a false relation
/// passes with probability 2^-128.
fn random_weights(n: usize) -> Vec<Fr> {
    let weight = |_| Fr::from((u128::from(OsRng.next_u64()) << 64) | u128::from(OsRng.next_u64()));
    (0..n).map(weight).collect()
}

fn msm(points: &[G1Affine], scalars: &[Fr]) -> G1Affine {
    G1Projective::msm_unchecked(points, scalars).into_affine()
}

fn product_is_one(terms: &[(G1Affine, G2Affine)]) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = terms.iter().copied().unzip();
    Bn254::multi_pairing(a, b) == ark_ec::pairing::PairingOutput::ZERO
}

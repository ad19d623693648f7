//! Partial decryptions and their combination as constraints.
//! spec: `decryption`, `tally.y7`.

use super::{
    PartialDecryption, WEIGHT_BITS,
    multiples::{in_subgroup, multiple_of_generator, negate_if, sum_of_multiples},
};
use crate::{
    curve::{Fr, Scalar},
    params::{CHALLENGE_BITS, LAGRANGE_BITS, TOTAL_BITS, Tag},
    primitives::{edwards::PointVar, poseidon::gadget as poseidon, range},
    r1cs::{Bit, Cs, Num},
    types::{Ciphertexts, GroupElement},
};
use ark_ff::PrimeField;

/// Bits of a response: l has 251.
const RESPONSE_BITS: usize = Scalar::MODULUS_BIT_SIZE as usize;

/// One ciphertext in a circuit.
#[derive(Clone, Debug)]
pub struct CiphertextVar {
    /// `r*G`
    pub c1: PointVar,
    /// `r*PK + v*G`
    pub c2: PointVar,
}

impl CiphertextVar {
    /// Witnesses for all ciphertexts; the caller binds them.
    pub fn witness(cs: &mut Cs, all: &Ciphertexts) -> Vec<CiphertextVar> {
        let one = |c: &crate::types::Ciphertext| CiphertextVar {
            c1: PointVar::witness(cs, c.c1),
            c2: PointVar::witness(cs, c.c2),
        };
        all.as_slice().iter().map(one).collect()
    }

    /// The identity ciphertext, `options` times.
    pub fn identities(cs: &Cs, options: usize) -> Vec<CiphertextVar> {
        let one = CiphertextVar { c1: PointVar::identity(cs), c2: PointVar::identity(cs) };
        vec![one; options]
    }

    /// Coordinates in the order of [`Ciphertexts::coordinates`].
    pub fn coordinates(all: &[CiphertextVar]) -> Vec<Num> {
        all.iter().flat_map(|c| [&c.c1.x, &c.c1.y, &c.c2.x, &c.c2.y]).cloned().collect()
    }
}

/// What all trustees decrypt.
#[derive(Debug)]
pub struct StatementVar<'a> {
    /// The election.
    pub election_id: &'a Num,
    /// The board's final root.
    pub root: &'a Num,
    /// N.
    pub size: &'a Num,
    /// The sums, points of the curve.
    pub sums: &'a [CiphertextVar],
}

/// One trustee in a circuit.
#[derive(Debug)]
pub struct TrusteeVar {
    /// `VK_i`, in the prime subgroup and not the identity.
    pub verification_share: PointVar,
    /// `D_k`, in the prime subgroup.
    pub shares: Vec<PointVar>,
}

/// Enforces what [`PartialDecryption::verify`] checks, for points `C1_k` of
/// the prime subgroup, and returns the trustee's points.
///
/// What it guarantees: `VK = s G` and `D_k = s C1_k` for one s. The points
/// are 8 times a point of the curve, so of order l or the identity. `A1` and
/// `A2` are computed, not given, so they have no freedom (in particular no
/// component of low order). The response is any integer below 2^251: `z` and
/// `z + l` give the same `A1` and `A2`, hence the same challenge, and z is
/// not public. The challenge is bound to the canonical bits of the hash.
pub fn partial_decryption(
    cs: &mut Cs,
    statement: &StatementVar<'_>,
    verification_share: GroupElement,
    partial: &PartialDecryption,
) -> TrusteeVar {
    let vk = in_subgroup(cs, verification_share.into());
    // The only points with x = 0 are the identity and one of order 2.
    cs.inverse("VK.x is not 0", &vk.x);
    let shares: Vec<PointVar> = partial.shares.iter().map(|d| in_subgroup(cs, *d)).collect();

    let h = digest(cs, statement, &vk, &shares);
    let weights = weights(cs, &h, shares.len());
    let base = batch(cs, &weights, statement.sums.iter().map(|c| &c.c1));
    let image = batch(cs, &weights, shares.iter());

    let c = cs.witness(Fr::from(partial.proof.challenge));
    let c_bits = range::bits(cs, &c, CHALLENGE_BITS);
    let z = cs.witness(Fr::from_bigint(partial.proof.response.into_bigint()).expect("l is below r"));
    let z_bits = range::bits(cs, &z, RESPONSE_BITS);
    let z_g = multiple_of_generator(cs, &z_bits);
    let c_vk = sum_of_multiples(cs, &[(&c_bits, &vk.negate())]);
    let a1 = z_g.add(cs, &c_vk);
    let a2 = sum_of_multiples(cs, &[(&z_bits, &base), (&c_bits, &image.negate())]);

    let hash = poseidon::hash(cs, Tag::DecryptionChallenge, &[h, a1.x, a1.y, a2.x, a2.y]);
    let hash_bits = range::canonical_bits(cs, &hash);
    let low = Num::from_bits(cs, &hash_bits[..CHALLENGE_BITS]);
    cs.equal("c = low bits of H(h, A1, A2)", &low, &c);
    TrusteeVar { verification_share: vk, shares }
}

fn digest(cs: &mut Cs, statement: &StatementVar<'_>, vk: &PointVar, shares: &[PointVar]) -> Num {
    let head = [statement.election_id, statement.root, statement.size, &vk.x, &vk.y];
    let points = statement.sums.iter().map(|c| &c.c1).chain(shares);
    let all: Vec<Num> = head.into_iter().chain(points.flat_map(|p| [&p.x, &p.y])).cloned().collect();
    poseidon::sponge(cs, Tag::DecryptionWeights, &all)
}

/// The weights after `w_0 = 1`, in bits. spec: `decryption.weights`
fn weights(cs: &mut Cs, h: &Num, options: usize) -> Vec<Vec<Bit>> {
    let mut weights = Vec::new();
    let mut m = 0u64;
    while weights.len() + 1 < options {
        let counter = cs.constant(Fr::from(m));
        let hash = poseidon::hash(cs, Tag::DecryptionWeights, &[h.clone(), counter]);
        let bits = range::canonical_bits(cs, &hash);
        weights.extend(bits[..2 * WEIGHT_BITS].chunks(WEIGHT_BITS).map(<[Bit]>::to_vec));
        m += 1;
    }
    weights.truncate(options - 1);
    weights
}

fn batch<'a>(cs: &mut Cs, weights: &[Vec<Bit>], mut points: impl Iterator<Item = &'a PointVar>) -> PointVar {
    let first = points.next().expect("every shape has options");
    let terms: Vec<(&[Bit], &PointVar)> = weights.iter().map(Vec::as_slice).zip(points).collect();
    sum_of_multiples(cs, &terms).add(cs, first)
}

/// `Lambda_i` and `Delta` in a circuit.
#[derive(Debug)]
pub struct LagrangeVar {
    numerators: Vec<(Bit, Vec<Bit>)>,
    denominator: Vec<Bit>,
}

impl LagrangeVar {
    /// Any integers with `|Lambda_i| < 2^24` and `1 <= Delta < 2^24`: what
    /// makes them coefficients is said by [`LagrangeVar::enforce_relation`].
    pub fn witness(cs: &mut Cs, numerators: &[i32], denominator: u32) -> Self {
        let numerator = |n: &i32| {
            let sign = cs.boolean("sign of Lambda is a bit", *n < 0);
            let magnitude = cs.witness(Fr::from(n.unsigned_abs()));
            (sign, range::bits(cs, &magnitude, LAGRANGE_BITS))
        };
        let numerators = numerators.iter().map(numerator).collect();
        let delta = cs.witness(Fr::from(denominator));
        cs.inverse("Delta is not 0", &delta);
        Self { numerators, denominator: range::bits(cs, &delta, LAGRANGE_BITS) }
    }

    /// Enforces `sum Lambda_i P_i = Delta Q`, all points of the curve.
    pub fn enforce_relation(&self, cs: &mut Cs, points: &[&PointVar], q: &PointVar) {
        let signed: Vec<PointVar> =
            self.numerators.iter().zip(points).map(|((sign, _), p)| negate_if(cs, sign, p)).collect();
        let minus_q = q.negate();
        let mut terms: Vec<(&[Bit], &PointVar)> =
            self.numerators.iter().map(|(_, bits)| bits.as_slice()).zip(&signed).collect();
        terms.push((&self.denominator, &minus_q));
        let difference = sum_of_multiples(cs, &terms);
        let identity = PointVar::identity(cs);
        difference.enforce_equal(cs, &identity);
    }
}

/// A total below 2^44 and its multiple of G.
pub fn total(cs: &mut Cs, value: u64) -> (Num, PointVar) {
    let total = cs.witness(Fr::from(value));
    let bits = range::bits(cs, &total, TOTAL_BITS);
    let point = multiple_of_generator(cs, &bits);
    (total, point)
}

//! Threshold decryption of the board's sums: partial decryptions with their
//! proofs, their combination, and the totals. spec: `decryption`.
//!
//! Trustee i holds the share `s_i` of `sk`; `VK_i = s_i G` is public. For the
//! sums `(C1_k, C2_k)` it publishes `D_k = s_i C1_k` for every option position
//! k, with one proof for all positions that the same `s_i` is behind `VK_i`
//! and every `D_k` (Chaum and Pedersen, "Wallet databases with observers",
//! 1992, made non-interactive):
//!
//! 1. `h` is the sponge over the **whole statement**: election, root, size,
//!    `VK_i`, every `C1_k`, every `D_k`. spec: `decryption.transcript`
//! 2. `w_0 = 1`; `w_1, w_2, ..` are 126-bit numbers expanded from `h`;
//!    `C~ = sum w_k C1_k`, `D~ = sum w_k D_k`. spec: `decryption.weights`
//! 3. `A1 = n G`, `A2 = n C~`; `c` is the low 128 bits of
//!    `H(h, A1, A2)`; `z = n + c s_i mod l`. spec: `decryption.challenge`
//! 4. The proof is `(c, z)`. The verifier computes `A1 = z G - c VK_i` and
//!    `A2 = z C~ - c D~`, and hashes them to `c` again.
//!
//! Soundness. All points are in the subgroup of prime order l (checked). If
//! some `D_k` is not `s_i C1_k`, then `D~ - s_i C~ = sum w_k (D_k - s_i C1_k)`
//! is zero for at most a 2^-125 part of the weights, and these depend on all
//! `D_k` through `h`. Otherwise at most one challenge has an answer for any
//! given `(A1, A2)`, so a prover needs about 2^125 hashes.
//!
//! `D_k` is the identity exactly if `C1_k` is, which takes all voters of an
//! election together to arrange: it is no error then.
//!
//! Scalar multiplication here is not constant-time; a trustee decrypts once,
//! offline, and answers nobody's queries with `s_i`.

pub mod dlog;
#[cfg(feature = "r1cs")]
pub mod gadget;
mod lagrange;
#[cfg(feature = "r1cs")]
mod multiples;
#[cfg(test)]
mod tests;

pub use lagrange::{InvalidQuorum, Lagrange};

use crate::{
    curve::{Fr, GENERATOR, Projective2, Scalar},
    params::{CHALLENGE_BITS, TRUSTEES_MAX, Tag},
    primitives::poseidon,
    types::{
        BallotShape, BoardRoot, Ciphertexts, CurvePoint, ElectionId, GroupElement, InvalidPoint,
        NonCanonical, scalar_from_bytes, scalar_to_bytes,
    },
};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::PrimeField;
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Bits of a batching weight: two fit below r's top bits.
pub const WEIGHT_BITS: usize = 126;
const WEIGHT_MASK: u128 = (1 << WEIGHT_BITS) - 1;
const _: () = assert!(2 * WEIGHT_BITS < Fr::MODULUS_BIT_SIZE as usize - 1);
const _: () = assert!(CHALLENGE_BITS == 128);

/// A trustee's share `s_i` of the election's key. Its `Debug` is redacted,
/// its memory is cleared on drop.
#[derive(Clone)]
pub struct SecretShare(Scalar);

impl SecretShare {
    /// Takes over a scalar of the key generation.
    pub fn from_scalar(s: Scalar) -> Self {
        Self(s)
    }

    /// From 32 canonical big-endian bytes.
    ///
    /// # Errors
    /// If the bytes are not 32, or not below l.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NonCanonical> {
        scalar_from_bytes(bytes).map(Self)
    }

    /// 32 bytes, big-endian: handle as the secret itself.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(scalar_to_bytes(self.0))
    }

    /// The scalar: handle as the secret itself.
    pub fn scalar(&self) -> Scalar {
        self.0
    }

    /// `VK_i = s_i G`, or `None` for the zero share.
    pub fn verification_share(&self) -> Option<GroupElement> {
        GroupElement::mul_generator(self.0)
    }
}

impl fmt::Debug for SecretShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretShare(..)")
    }
}

impl Drop for SecretShare {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What a partial decryption is about. spec: `decryption.statement`
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The election.
    pub election_id: ElectionId,
    /// The board's final root.
    pub root: BoardRoot,
    /// The board's final size N.
    pub size: u32,
    /// `VK_i` of the trustee who decrypts.
    pub verification_share: GroupElement,
    /// The sums over all slots, option by option.
    pub sums: &'a Ciphertexts,
}

impl Statement<'_> {
    /// The whole statement and the shares, in the one order.
    fn transcript(&self, shares: &[CurvePoint]) -> Vec<Fr> {
        let (x, y) = self.verification_share.xy();
        let head = [self.election_id.field(), self.root.field(), Fr::from(self.size), x, y];
        let c1 = self.sums.as_slice().iter().map(|c| c.c1);
        let points = c1.chain(shares.iter().copied());
        head.into_iter().chain(points.flat_map(|p| <[Fr; 2]>::from(p.xy()))).collect()
    }

    fn digest(&self, shares: &[CurvePoint]) -> Fr {
        poseidon::sponge(Tag::DecryptionWeights, &self.transcript(shares))
    }

    fn sums_in_subgroup(&self) -> Option<usize> {
        self.sums.as_slice().iter().position(|c| !in_subgroup(c.c1))
    }
}

/// The proof `(c, z)` of a partial decryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `c`, 128 bits.
    pub challenge: u128,
    /// `z`, canonical below l.
    pub response: Scalar,
}

/// One trustee's decryption of the sums. spec: `decryption.partial`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDecryption {
    /// The trustee's index i, from 1.
    pub index: u8,
    /// `D_k = s_i C1_k` per option position.
    pub shares: Vec<CurvePoint>,
    /// That the same `s_i` is behind all of them and `VK_i`.
    pub proof: Proof,
}

/// Why no partial decryption was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The secret share does not belong to the verification share.
    #[error(
        "the secret share does not match the verification share of the statement; load the share of this election's key"
    )]
    WrongShare,
    /// See [`Invalid::Index`].
    #[error("trustee index {0} is outside 1..={TRUSTEES_MAX}")]
    Index(u8),
    /// A sum is outside the prime subgroup, so some ballot is invalid.
    #[error("the sum of option {0} is outside the prime subgroup; verify every ballot of the board first")]
    Sum(usize),
}

/// Why a partial decryption is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// No trustee has this index.
    #[error("trustee index {0} is outside 1..={TRUSTEES_MAX}")]
    Index(u8),
    /// Not one share per option position.
    #[error("{found} shares for {expected} option positions; one per position is needed")]
    Count {
        /// Shares given.
        found: usize,
        /// Option positions of the sums.
        expected: usize,
    },
    /// A sum is outside the prime subgroup, so some ballot is invalid.
    #[error("the sum of option {0} is outside the prime subgroup; verify every ballot of the board first")]
    Sum(usize),
    /// A share is outside the prime subgroup.
    #[error("the share of option {0} is outside the prime subgroup")]
    Share(usize),
    /// The proof does not fit statement and shares.
    #[error("the proof does not fit the statement: shares of another board, election or trustee, or altered")]
    Proof,
}

/// The bytes are not a partial decryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Wrong number of bytes for the shape.
    #[error("a partial decryption has {expected} bytes, not {found}")]
    Length {
        /// Bytes given.
        found: usize,
        /// Bytes of the shape.
        expected: usize,
    },
    /// No trustee has this index.
    #[error("trustee index {0} is outside 1..={TRUSTEES_MAX}")]
    Index(u8),
    /// The response is not canonical.
    #[error("response: {0}")]
    Response(NonCanonical),
    /// A share is no point.
    #[error("share of option {option}: {error}")]
    Share {
        /// Its option position.
        option: usize,
        /// What is wrong with it.
        error: InvalidPoint,
    },
}

impl PartialDecryption {
    const HEAD_BYTES: usize = 1 + 16 + 32;

    /// Length of the encoding for a shape.
    pub const fn encoded_len(shape: BallotShape) -> usize {
        Self::HEAD_BYTES + 64 * shape.options()
    }

    /// Decrypts the sums with the share `s_i` of trustee `index`.
    ///
    /// # Errors
    /// If `secret` is not the share behind the verification share, the index
    /// is out of range, or a sum is outside the prime subgroup (the result
    /// would then tell `s_i` modulo 8).
    pub fn create(
        index: u8,
        secret: &SecretShare,
        statement: &Statement<'_>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, Refused> {
        if !valid_index(index) {
            return Err(Refused::Index(index));
        }
        if secret.verification_share() != Some(statement.verification_share) {
            return Err(Refused::WrongShare);
        }
        if let Some(option) = statement.sums_in_subgroup() {
            return Err(Refused::Sum(option));
        }
        let shares: Vec<CurvePoint> =
            statement.sums.as_slice().iter().map(|c| (c.c1.affine() * secret.0).into()).collect();
        let h = statement.digest(&shares);
        let mut nonce = hedged_nonce(secret, h, rng);
        let proof = Proof::create(h, statement, secret, nonce);
        nonce.zeroize();
        Ok(Self { index, shares, proof })
    }

    /// Checks shares and proof against `statement`, whose verification share
    /// must be the registered one of trustee `index`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, statement: &Statement<'_>) -> Result<(), Invalid> {
        if !valid_index(self.index) {
            return Err(Invalid::Index(self.index));
        }
        self.verify_shares(statement)
    }

    /// [`PartialDecryption::verify`] without the index, which is no part of
    /// the proof: what the tally circuit enforces.
    pub(crate) fn verify_shares(&self, statement: &Statement<'_>) -> Result<(), Invalid> {
        let expected = statement.sums.as_slice().len();
        if self.shares.len() != expected {
            return Err(Invalid::Count { found: self.shares.len(), expected });
        }
        if let Some(option) = statement.sums_in_subgroup() {
            return Err(Invalid::Sum(option));
        }
        if let Some(option) = self.shares.iter().position(|d| !in_subgroup(*d)) {
            return Err(Invalid::Share(option));
        }
        let h = statement.digest(&self.shares);
        if self.proof.holds(h, statement, &self.shares) { Ok(()) } else { Err(Invalid::Proof) }
    }

    /// index (1 byte), c (16), z (32), then x, y (32 each) per position; all
    /// big-endian. spec: `encoding.partial_decryption`
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![self.index];
        out.extend(self.proof.challenge.to_be_bytes());
        out.extend(scalar_to_bytes(self.proof.response));
        out.extend(self.shares.iter().flat_map(|d| d.to_bytes()));
        out
    }

    /// The inverse of [`PartialDecryption::to_bytes`].
    ///
    /// # Errors
    /// If the length is not that of `shape`, the index is out of range, or a
    /// value is not canonical or off the curve.
    pub fn from_bytes(shape: BallotShape, bytes: &[u8]) -> Result<Self, Malformed> {
        let expected = Self::encoded_len(shape);
        if bytes.len() != expected {
            return Err(Malformed::Length { found: bytes.len(), expected });
        }
        let (head, points) = bytes.split_at(Self::HEAD_BYTES);
        let index = head[0];
        if !valid_index(index) {
            return Err(Malformed::Index(index));
        }
        let challenge = head[1..17].iter().fold(0, |acc, b| (acc << 8) | u128::from(*b));
        let response = scalar_from_bytes(&head[17..]).map_err(Malformed::Response)?;
        let share = |(option, b): (usize, &[u8])| {
            CurvePoint::from_bytes(b).map_err(|error| Malformed::Share { option, error })
        };
        let shares = points.chunks_exact(64).enumerate().map(share).collect::<Result<_, _>>()?;
        Ok(Self { index, shares, proof: Proof { challenge, response } })
    }
}

impl Proof {
    fn create(h: Fr, statement: &Statement<'_>, secret: &SecretShare, nonce: Scalar) -> Self {
        let base = batch(&weights(h, statement.sums.as_slice().len()), c1(statement.sums));
        let challenge = challenge(h, GENERATOR * nonce, base * nonce);
        Self { challenge, response: nonce + Scalar::from(challenge) * secret.0 }
    }

    fn holds(&self, h: Fr, statement: &Statement<'_>, shares: &[CurvePoint]) -> bool {
        let weights = weights(h, shares.len());
        let (base, image) = (batch(&weights, c1(statement.sums)), batch(&weights, shares.iter().copied()));
        let c = Scalar::from(self.challenge);
        let a1 = GENERATOR * self.response - statement.verification_share.affine() * c;
        let a2 = base * self.response - image * c;
        challenge(h, a1, a2) == self.challenge
    }
}

fn c1(sums: &Ciphertexts) -> impl Iterator<Item = CurvePoint> + '_ {
    sums.as_slice().iter().map(|c| c.c1)
}

fn batch(weights: &[u128], points: impl Iterator<Item = CurvePoint>) -> Projective2 {
    weights.iter().zip(points).map(|(w, p)| p.affine() * Scalar::from(*w)).sum()
}

/// `w_0 = 1`, then two weights per hash of `(h, 0), (h, 1), ..`: the low 126
/// bits of the canonical integer and the next 126. spec: `decryption.weights`
fn weights(h: Fr, count: usize) -> Vec<u128> {
    let expand = (0u64..).flat_map(|m| {
        let limbs = poseidon::hash(Tag::DecryptionWeights, &[h, Fr::from(m)]).into_bigint().0;
        let (low, high) = (join(limbs[0], limbs[1]), join(limbs[2], limbs[3]));
        [low & WEIGHT_MASK, ((low >> WEIGHT_BITS) | (high << (128 - WEIGHT_BITS))) & WEIGHT_MASK]
    });
    std::iter::once(1).chain(expand).take(count).collect()
}

/// The low 128 bits of the canonical integer of `H(h, A1, A2)`.
/// spec: `decryption.challenge`
fn challenge(h: Fr, a1: Projective2, a2: Projective2) -> u128 {
    let points = Projective2::normalize_batch(&[a1, a2]);
    let inputs = [h, points[0].x, points[0].y, points[1].x, points[1].y];
    let limbs = poseidon::hash(Tag::DecryptionChallenge, &inputs).into_bigint().0;
    join(limbs[0], limbs[1])
}

fn join(low: u64, high: u64) -> u128 {
    u128::from(low) | (u128::from(high) << 64)
}

/// A nonce from the secret, the statement and 32 fresh bytes: as strong as
/// the better of a good generator and a deterministic signature.
/// spec: `decryption.nonce`
fn hedged_nonce(secret: &SecretShare, h: Fr, rng: &mut (impl RngCore + CryptoRng)) -> Scalar {
    let mut fresh = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(fresh.as_mut());
    let mut hash = Sha512::new();
    hash.update(b"tabella.v1.decryption-nonce");
    hash.update(secret.to_bytes().as_slice());
    hash.update(crate::types::field_to_bytes(h));
    hash.update(fresh.as_slice());
    let wide = Zeroizing::new(<[u8; 64]>::from(hash.finalize()));
    Scalar::from_be_bytes_mod_order(wide.as_slice())
}

fn valid_index(index: u8) -> bool {
    (1..=TRUSTEES_MAX).contains(&usize::from(index))
}

fn in_subgroup(p: CurvePoint) -> bool {
    p.affine().is_zero() || p.affine().is_in_correct_subgroup_assuming_on_curve()
}

/// The masks `sk C1_k`, from the decryptions of `quorum` trustees (the
/// lowest indices among those given), each already verified.
/// spec: `decryption.combine`
///
/// # Errors
/// If indices repeat or are out of range, fewer than `quorum` are given, or
/// they have different numbers of shares.
pub fn combine(partials: &[PartialDecryption], quorum: usize) -> Result<Vec<CurvePoint>, InvalidQuorum> {
    let chosen = choose(partials, quorum)?;
    let lagrange = Lagrange::new(&chosen.iter().map(|p| p.index).collect::<Vec<_>>())?;
    let coefficients = lagrange.scalars();
    let options = chosen[0].shares.len();
    let mask = |k: usize| -> CurvePoint {
        let terms = chosen.iter().zip(&coefficients).map(|(p, c)| p.shares[k].affine() * c);
        terms.sum::<Projective2>().into()
    };
    Ok((0..options).map(mask).collect())
}

/// The `quorum` decryptions with the lowest indices, in order of index.
///
/// # Errors
/// See [`combine`].
pub fn choose(
    partials: &[PartialDecryption],
    quorum: usize,
) -> Result<Vec<&PartialDecryption>, InvalidQuorum> {
    let mut sorted: Vec<&PartialDecryption> = partials.iter().collect();
    sorted.sort_by_key(|p| p.index);
    if let Some(pair) = sorted.windows(2).find(|w| w[0].index == w[1].index) {
        return Err(InvalidQuorum::Repeated(pair[0].index));
    }
    if sorted.windows(2).any(|w| w[0].shares.len() != w[1].shares.len()) {
        return Err(InvalidQuorum::Options);
    }
    if quorum == 0 || sorted.len() < quorum {
        return Err(InvalidQuorum::TooFew { have: sorted.iter().map(|p| p.index).collect(), quorum });
    }
    sorted.truncate(quorum);
    Ok(sorted)
}

/// `E_k = C2_k - mask_k`, which is `total_k G`.
///
/// # Panics
/// If there is not one mask per option position.
pub fn unmask(sums: &Ciphertexts, masks: &[CurvePoint]) -> Vec<CurvePoint> {
    assert_eq!(sums.as_slice().len(), masks.len(), "one mask per option position");
    let open = |(c, m): (&crate::types::Ciphertext, &CurvePoint)| (c.c2.affine() - m.affine()).into();
    sums.as_slice().iter().zip(masks).map(open).collect()
}

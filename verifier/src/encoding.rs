//! Coordinates and points of BN254 in the EVM's encoding: big-endian, and
//! the imaginary part of an `Fq2` first (EIP-197). spec: `encoding.proof`.

use crate::curve::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, BigInteger256, PrimeField};

/// Bytes of a point of G1.
pub const G1_BYTES: usize = 64;
/// Bytes of a point of G2.
pub const G2_BYTES: usize = 128;

/// Why bytes are not a usable point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointFault {
    /// A coordinate is q or more.
    #[error("a coordinate is not below the base field's modulus; send the reduced value")]
    NotCanonical,
    /// The point at infinity, (0, 0) in this encoding.
    #[error("it is the point at infinity, which no honest prover sends")]
    Infinity,
    /// The coordinates do not satisfy the curve's equation.
    #[error("it is not on the curve; check the order of the coordinates (imaginary part first)")]
    OffCurve,
    /// A point of the twist outside the subgroup of order r.
    #[error("it is not in the subgroup of prime order")]
    Subgroup,
}

fn fq_from_bytes(bytes: &[u8; 32]) -> Result<Fq, PointFault> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().fold(0, |acc, b| (acc << 8) | u64::from(*b));
    }
    Fq::from_bigint(BigInteger256::new(limbs)).ok_or(PointFault::NotCanonical)
}

fn write_fq(x: Fq, out: &mut [u8]) {
    out.copy_from_slice(&x.into_bigint().to_bytes_be());
}

fn coordinates<const BYTES: usize, const N: usize>(bytes: &[u8; BYTES]) -> Result<[Fq; N], PointFault> {
    let mut out = [Fq::from(0u64); N];
    let (chunks, _) = bytes.as_chunks::<32>();
    for (x, chunk) in out.iter_mut().zip(chunks) {
        *x = fq_from_bytes(chunk)?;
    }
    if out.iter().all(|x| *x == Fq::from(0u64)) { Err(PointFault::Infinity) } else { Ok(out) }
}

/// A point of G1 other than infinity, canonical and on the curve; the
/// cofactor is 1, so it is in the group.
///
/// # Errors
/// See [`PointFault`].
pub fn g1_from_bytes(bytes: &[u8; G1_BYTES]) -> Result<G1Affine, PointFault> {
    let [x, y] = coordinates(bytes)?;
    let p = G1Affine::new_unchecked(x, y);
    if p.is_on_curve() { Ok(p) } else { Err(PointFault::OffCurve) }
}

/// A point of G2 other than infinity, canonical, on the curve and in the
/// subgroup of order r.
///
/// # Errors
/// See [`PointFault`].
pub fn g2_from_bytes(bytes: &[u8; G2_BYTES]) -> Result<G2Affine, PointFault> {
    let [x1, x0, y1, y0] = coordinates(bytes)?;
    let p = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    check_g2(&p)?;
    Ok(p)
}

/// Whether a point of G2 may be used: see [`g2_from_bytes`].
///
/// # Errors
/// See [`PointFault`].
pub fn check_g2(p: &G2Affine) -> Result<(), PointFault> {
    if p.is_zero() {
        return Err(PointFault::Infinity);
    }
    if !p.is_on_curve() {
        return Err(PointFault::OffCurve);
    }
    // Compares [6x^2]P with psi(P) (Dai et al., IACR 2022/352, section 4.3).
    if !p.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointFault::Subgroup);
    }
    Ok(())
}

/// Whether a point of G1 may be used: see [`g1_from_bytes`].
///
/// # Errors
/// See [`PointFault`].
pub fn check_g1(p: &G1Affine) -> Result<(), PointFault> {
    match (p.is_zero(), p.is_on_curve()) {
        (true, _) => Err(PointFault::Infinity),
        (false, false) => Err(PointFault::OffCurve),
        (false, true) => Ok(()),
    }
}

/// 64 bytes: x, y; all zero for the point at infinity.
pub fn g1_to_bytes(p: &G1Affine) -> [u8; G1_BYTES] {
    let mut out = [0; G1_BYTES];
    if let Some((x, y)) = p.xy() {
        write_fq(x, &mut out[..32]);
        write_fq(y, &mut out[32..]);
    }
    out
}

/// 128 bytes: x.c1, x.c0, y.c1, y.c0; all zero for the point at infinity.
pub fn g2_to_bytes(p: &G2Affine) -> [u8; G2_BYTES] {
    let mut out = [0; G2_BYTES];
    if let Some((x, y)) = p.xy() {
        for (chunk, c) in out.chunks_exact_mut(32).zip([x.c1, x.c0, y.c1, y.c0]) {
            write_fq(c, chunk);
        }
    }
    out
}

//! Points as the EVM has them: x and y, 32 bytes each, big-endian.
//! spec: `attestation.points`.

use circuits::curve::plonk::{Fq, Fr, G1Affine, ff::PrimeField, group::prime::PrimeCurveAffine};
use halo2_proofs::halo2curves::CurveAffine;

/// Bytes of a point.
pub const POINT_BYTES: usize = 64;

/// The bytes are no point that a proof or a commitment may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPoint {
    /// Not 64 bytes.
    #[error("a point has {POINT_BYTES} bytes, not {0}")]
    Length(usize),
    /// A coordinate is q or more.
    #[error("a coordinate of the point is not below the field's modulus")]
    Coordinate,
    /// Not on the curve.
    #[error("the point is not on the curve")]
    OffCurve,
    /// The point at infinity.
    #[error("the point at infinity is not allowed here")]
    Infinity,
}

/// 64 bytes of a point other than infinity.
pub fn point_to_bytes(point: &G1Affine) -> [u8; POINT_BYTES] {
    let mut out = [0; POINT_BYTES];
    out[..32].copy_from_slice(&big_endian(point.x.to_repr()));
    out[32..].copy_from_slice(&big_endian(point.y.to_repr()));
    out
}

/// The point of 64 bytes. G1 has prime order, so that a point on the curve
/// is in it.
///
/// # Errors
/// One variant per cause.
pub fn point_from_bytes(bytes: &[u8]) -> Result<G1Affine, InvalidPoint> {
    let bytes: &[u8; POINT_BYTES] = bytes.try_into().map_err(|_| InvalidPoint::Length(bytes.len()))?;
    let (x, y) = bytes.split_at(32);
    let coordinate = |bytes: &[u8]| {
        let mut repr = [0; 32];
        repr.copy_from_slice(bytes);
        Option::<Fq>::from(Fq::from_repr(big_endian(repr))).ok_or(InvalidPoint::Coordinate)
    };
    let point = Option::<G1Affine>::from(G1Affine::from_xy(coordinate(x)?, coordinate(y)?));
    let point = point.ok_or(InvalidPoint::OffCurve)?;
    // The library writes infinity as (0, 0), which is not on the curve.
    if bool::from(point.is_identity()) { Err(InvalidPoint::Infinity) } else { Ok(point) }
}

/// 32 bytes of a scalar, big-endian.
pub(crate) fn scalar_to_bytes(scalar: &Fr) -> [u8; 32] {
    big_endian(scalar.to_repr())
}

/// The scalar of 32 big-endian bytes, or `None` if it is r or more.
pub(crate) fn scalar_from_bytes(bytes: [u8; 32]) -> Option<Fr> {
    Option::from(Fr::from_repr(big_endian(bytes)))
}

/// The bytes in the other order.
fn big_endian(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes.reverse();
    bytes
}

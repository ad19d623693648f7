//! Points of Baby Jubjub. spec: `encoding.point`.

use super::field::{NonCanonical, field_from_bytes, field_to_bytes};
use crate::curve::{Affine2, Fr, GENERATOR, Projective2, Scalar};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use std::fmt;

/// The bytes are not a point of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPoint {
    /// Not exactly 64 bytes.
    #[error("a point has 64 bytes (x, y), not {0}")]
    Length(usize),
    /// A coordinate is not canonical.
    #[error("coordinate: {0}")]
    Coordinate(#[from] NonCanonical),
    /// Not on the curve.
    #[error("the point is not on Baby Jubjub (form with a = 1)")]
    OffCurve,
    /// Not in the subgroup of prime order.
    #[error("the point is not in the prime-order subgroup")]
    Subgroup,
    /// The identity, where it must not be.
    #[error("the point is the identity")]
    Identity,
}

/// A point on the curve: `x^2 + y^2 = 1 + d x^2 y^2`. Its order is not
/// checked; ciphertexts are such points, and ballot proofs bind their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CurvePoint(Affine2);

impl CurvePoint {
    /// From 64 bytes: x, y, each 32 bytes big-endian below r.
    ///
    /// # Errors
    /// If a coordinate is not canonical or the point is off the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPoint> {
        if bytes.len() != 64 {
            return Err(InvalidPoint::Length(bytes.len()));
        }
        Self::from_xy(field_from_bytes(&bytes[..32])?, field_from_bytes(&bytes[32..])?)
    }

    /// From coordinates.
    ///
    /// # Errors
    /// If the point is off the curve.
    pub fn from_xy(x: Fr, y: Fr) -> Result<Self, InvalidPoint> {
        let point = Affine2::new_unchecked(x, y);
        if point.is_on_curve() { Ok(Self(point)) } else { Err(InvalidPoint::OffCurve) }
    }

    /// 64 bytes: x, y.
    pub fn to_bytes(self) -> [u8; 64] {
        let mut out = [0; 64];
        out[..32].copy_from_slice(&field_to_bytes(self.0.x));
        out[32..].copy_from_slice(&field_to_bytes(self.0.y));
        out
    }

    /// The identity (0, 1).
    pub fn identity() -> Self {
        Self(Affine2::new_unchecked(Fr::from(0u64), Fr::ONE))
    }

    /// The affine point.
    pub fn affine(self) -> Affine2 {
        self.0
    }

    /// Coordinates (x, y).
    pub fn xy(self) -> (Fr, Fr) {
        (self.0.x, self.0.y)
    }
}

impl From<Projective2> for CurvePoint {
    fn from(p: Projective2) -> Self {
        Self(p.into_affine())
    }
}

impl From<Affine2> for CurvePoint {
    fn from(p: Affine2) -> Self {
        Self(p)
    }
}

impl From<GroupElement> for CurvePoint {
    fn from(p: GroupElement) -> Self {
        p.0
    }
}

impl fmt::Debug for CurvePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_bytes()))
    }
}

/// A point of the prime-order subgroup that is not the identity: public keys
/// and verification shares.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupElement(CurvePoint);

impl GroupElement {
    /// From 64 bytes.
    ///
    /// # Errors
    /// If the encoding is not canonical, or the point is off the curve,
    /// outside the subgroup, or the identity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPoint> {
        CurvePoint::from_bytes(bytes)?.try_into()
    }

    /// 64 bytes: x, y.
    pub fn to_bytes(self) -> [u8; 64] {
        self.0.to_bytes()
    }

    /// The generator G.
    pub fn generator() -> Self {
        Self(CurvePoint(GENERATOR))
    }

    /// `scalar * G`, or `None` for the zero scalar.
    pub fn mul_generator(scalar: Scalar) -> Option<Self> {
        let p = (GENERATOR * scalar).into_affine();
        (!p.is_zero()).then_some(Self(CurvePoint(p)))
    }

    /// The affine point.
    pub fn affine(self) -> Affine2 {
        self.0.0
    }

    /// Coordinates (x, y).
    pub fn xy(self) -> (Fr, Fr) {
        self.0.xy()
    }
}

impl TryFrom<CurvePoint> for GroupElement {
    type Error = InvalidPoint;
    fn try_from(p: CurvePoint) -> Result<Self, InvalidPoint> {
        if p.0.is_zero() {
            return Err(InvalidPoint::Identity);
        }
        if !p.0.is_in_correct_subgroup_assuming_on_curve() {
            return Err(InvalidPoint::Subgroup);
        }
        Ok(Self(p))
    }
}

impl fmt::Debug for GroupElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

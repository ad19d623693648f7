//! FROST's key generation over Baby Jubjub. spec: `trustee.ciphersuite`.
//!
//! The group is the prime subgroup of order l with `curve::GENERATOR`; its
//! elements are encoded as everywhere else (64 bytes, x and y big-endian,
//! spec: `encoding.point`), scalars as 32 big-endian bytes below l. Decoding
//! refuses the identity, points off the curve or outside the subgroup, and
//! every non-canonical integer.
//!
//! Comparisons of scalars are those of arkworks, which are not constant-time;
//! neither are its scalar multiplications. A trustee answers no remote caller
//! who could time them (A34).

use ark_ff::{AdditiveGroup, Field as _, PrimeField, UniformRand};
use circuits::{
    curve::{GENERATOR, Projective2, Scalar},
    types::{CurvePoint, GroupElement, InvalidPoint, scalar_from_bytes, scalar_to_bytes},
};
use frost_core::{Ciphersuite, Field, FieldError, Group, GroupError};
use rand_core::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};

/// The scalar field of order l.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalarField;

/// The prime subgroup of Baby Jubjub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimeSubgroup;

/// FROST(Baby Jubjub, SHA-512).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BabyJubjub;

impl Field for ScalarField {
    type Scalar = Scalar;
    type Serialization = [u8; 32];

    fn zero() -> Scalar {
        Scalar::ZERO
    }

    fn one() -> Scalar {
        Scalar::ONE
    }

    fn invert(scalar: &Scalar) -> Result<Scalar, FieldError> {
        scalar.inverse().ok_or(FieldError::InvalidZeroScalar)
    }

    fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Scalar {
        Scalar::rand(rng)
    }

    fn serialize(scalar: &Scalar) -> [u8; 32] {
        scalar_to_bytes(*scalar)
    }

    fn little_endian_serialize(scalar: &Scalar) -> [u8; 32] {
        let mut bytes = scalar_to_bytes(*scalar);
        bytes.reverse();
        bytes
    }

    fn deserialize(bytes: &[u8; 32]) -> Result<Scalar, FieldError> {
        scalar_from_bytes(bytes).map_err(|_| FieldError::MalformedScalar)
    }
}

impl Group for PrimeSubgroup {
    type Field = ScalarField;
    type Element = Projective2;
    type Serialization = [u8; 64];

    /// One: every element is checked to lie in the prime subgroup when it is
    /// decoded, so that no equation needs to clear a cofactor.
    fn cofactor() -> Scalar {
        Scalar::ONE
    }

    fn identity() -> Projective2 {
        Projective2::ZERO
    }

    fn generator() -> Projective2 {
        GENERATOR.into()
    }

    fn serialize(element: &Projective2) -> Result<[u8; 64], GroupError> {
        if *element == Projective2::ZERO {
            return Err(GroupError::InvalidIdentityElement);
        }
        Ok(CurvePoint::from(*element).to_bytes())
    }

    fn deserialize(bytes: &[u8; 64]) -> Result<Projective2, GroupError> {
        GroupElement::from_bytes(bytes).map(|p| p.affine().into()).map_err(|cause| match cause {
            InvalidPoint::Identity => GroupError::InvalidIdentityElement,
            InvalidPoint::Subgroup => GroupError::InvalidNonPrimeOrderElement,
            InvalidPoint::Length(_) | InvalidPoint::Coordinate(_) | InvalidPoint::OffCurve => {
                GroupError::MalformedElement
            }
        })
    }
}

/// SHA-512 over context, label and message.
fn hash(label: &str, message: &[u8]) -> [u8; 64] {
    let hash = Sha512::new().chain_update(BabyJubjub::ID).chain_update(label).chain_update(message);
    hash.finalize().into()
}

/// 512 bits reduced modulo l: within 2^-260 of uniform.
fn hash_to_scalar(label: &str, message: &[u8]) -> Scalar {
    Scalar::from_le_bytes_mod_order(&hash(label, message))
}

#[allow(non_snake_case)] // the trait's names
impl Ciphersuite for BabyJubjub {
    const ID: &'static str = "FROST-BABYJUBJUB-SHA512-tabella-v1";

    type Group = PrimeSubgroup;
    type HashOutput = [u8; 64];
    type SignatureSerialization = [u8; 96];

    fn H1(m: &[u8]) -> Scalar {
        hash_to_scalar("rho", m)
    }

    fn H2(m: &[u8]) -> Scalar {
        hash_to_scalar("chal", m)
    }

    fn H3(m: &[u8]) -> Scalar {
        hash_to_scalar("nonce", m)
    }

    fn H4(m: &[u8]) -> [u8; 64] {
        hash("msg", m)
    }

    fn H5(m: &[u8]) -> [u8; 64] {
        hash("com", m)
    }

    fn HDKG(m: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar("dkg", m))
    }

    fn HID(m: &[u8]) -> Option<Scalar> {
        Some(hash_to_scalar("id", m))
    }
}

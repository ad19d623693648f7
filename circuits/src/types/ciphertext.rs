//! Exponential ElGamal ciphertexts on Baby Jubjub. spec: `elgamal`.

use super::{BallotShape, CiphertextDigest, CurvePoint, GroupElement, InvalidPoint};
use crate::{
    curve::{Fr, GENERATOR, Scalar},
    params::Tag,
    primitives::poseidon,
};
use ark_ff::PrimeField;

/// `(r*G, r*PK + v*G)`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ciphertext {
    /// `r*G`
    pub c1: CurvePoint,
    /// `r*PK + v*G`
    pub c2: CurvePoint,
}

impl Ciphertext {
    /// Encrypts `v` under `pk` with randomness `r`.
    pub fn encrypt(pk: GroupElement, v: u64, r: Scalar) -> Self {
        let c2 = pk.affine() * r + GENERATOR * Scalar::from(v);
        Self { c1: (GENERATOR * r).into(), c2: c2.into() }
    }

    /// The identity ciphertext: encrypts 0 with randomness 0.
    pub fn identity() -> Self {
        Self { c1: CurvePoint::identity(), c2: CurvePoint::identity() }
    }

    /// The ciphertext of the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            c1: (self.c1.affine() + other.c1.affine()).into(),
            c2: (self.c2.affine() + other.c2.affine()).into(),
        }
    }
}

/// One ciphertext per option position of a shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ciphertexts(Vec<Ciphertext>);

impl Ciphertexts {
    /// Bytes of one encoded ciphertext.
    pub const CIPHERTEXT_BYTES: usize = 128;

    /// As many ciphertexts as the shape has positions; `None` for other lengths.
    pub fn new(shape: BallotShape, ciphertexts: Vec<Ciphertext>) -> Option<Self> {
        (ciphertexts.len() == shape.options()).then_some(Self(ciphertexts))
    }

    /// The neutral element of [`Ciphertexts::add`].
    pub fn identity(shape: BallotShape) -> Self {
        Self(vec![Ciphertext::identity(); shape.options()])
    }

    /// The shape.
    pub fn shape(&self) -> BallotShape {
        BallotShape::for_options(self.0.len()).expect("checked when made")
    }

    /// The ciphertexts, by option.
    pub fn as_slice(&self) -> &[Ciphertext] {
        &self.0
    }

    /// From `128 * options` bytes: c1, c2 per option, each x, y.
    ///
    /// # Errors
    /// If the length is not that of `shape` or a point is invalid.
    pub fn from_bytes(shape: BallotShape, bytes: &[u8]) -> Result<Self, InvalidPoint> {
        if bytes.len() != shape.options() * Self::CIPHERTEXT_BYTES {
            return Err(InvalidPoint::Length(bytes.len()));
        }
        let ciphertext = |b: &[u8]| {
            Ok(Ciphertext { c1: CurvePoint::from_bytes(&b[..64])?, c2: CurvePoint::from_bytes(&b[64..])? })
        };
        bytes.chunks_exact(Self::CIPHERTEXT_BYTES).map(ciphertext).collect::<Result<_, _>>().map(Self)
    }

    /// `128 * options` bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|c| [c.c1.to_bytes(), c.c2.to_bytes()]).flatten().collect()
    }

    /// Coordinates in the one order: per option c1.x, c1.y, c2.x, c2.y.
    pub fn coordinates(&self) -> Vec<Fr> {
        self.0
            .iter()
            .flat_map(|c| {
                let ((a, b), (x, y)) = (c.c1.xy(), c.c2.xy());
                [a, b, x, y]
            })
            .collect()
    }

    /// D: the digest over both coordinates of every point. spec: `ballot.digest`
    pub fn digest(&self) -> CiphertextDigest {
        let tag = ciphertext_tag(self.shape());
        CiphertextDigest::from_field(poseidon::sponge(tag, &self.coordinates()))
    }

    /// The ciphertexts of the sums, option by option.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        assert_eq!(self.0.len(), other.0.len(), "ciphertexts of one shape");
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a.plus(*b)).collect())
    }
}

/// The tag of D for a shape.
pub fn ciphertext_tag(shape: BallotShape) -> Tag {
    match shape {
        BallotShape::Shape4 => Tag::Ciphertext4,
        BallotShape::Shape16 => Tag::Ciphertext16,
    }
}

const _: () = assert!(Fr::MODULUS_BIT_SIZE == 254);

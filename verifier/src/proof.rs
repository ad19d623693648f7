//! Groth16 proofs. spec: `encoding.proof`.

use crate::{
    curve::{Bn254, G1Affine, G2Affine},
    encoding::{G1_BYTES, PointFault, g1_from_bytes, g1_to_bytes, g2_from_bytes, g2_to_bytes},
};
use circuits::types::{ProofBytes, ProofLength};
use std::fmt;

/// An element of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// The first point of G1, bytes 0 to 63.
    A,
    /// The point of G2, bytes 64 to 191.
    B,
    /// The second point of G1, bytes 192 to 255.
    C,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The bytes are not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// Not 256 bytes.
    #[error(transparent)]
    Length(#[from] ProofLength),
    /// An element is not a usable point.
    #[error("point {element} of the proof: {fault}")]
    Point {
        /// Which.
        element: Element,
        /// Why.
        fault: PointFault,
    },
}

/// A Groth16 proof whose points are on their curves, in their subgroups, and
/// not at infinity.
///
/// A proof does not identify itself: whoever holds one can make others of
/// the same statement (attack A9), so nothing may be counted by proof bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    a: G1Affine,
    b: G2Affine,
    c: G1Affine,
}

impl Proof {
    /// Decodes and checks.
    ///
    /// # Errors
    /// If a coordinate is not canonical, or a point is at infinity, off the
    /// curve, or outside the subgroup.
    pub fn from_bytes(bytes: &ProofBytes) -> Result<Self, InvalidProof> {
        let at = |element| move |fault| InvalidProof::Point { element, fault };
        let (a, rest) = bytes.0.split_first_chunk::<G1_BYTES>().expect("256 bytes");
        let (b, c) = rest.split_first_chunk().expect("192 bytes");
        let c = c.try_into().expect("64 bytes");
        Ok(Self {
            a: g1_from_bytes(a).map_err(at(Element::A))?,
            b: g2_from_bytes(b).map_err(at(Element::B))?,
            c: g1_from_bytes(c).map_err(at(Element::C))?,
        })
    }

    /// From bytes of any length.
    ///
    /// # Errors
    /// If they are not 256, and as [`Proof::from_bytes`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidProof> {
        Self::from_bytes(&ProofBytes::try_from(bytes)?)
    }

    /// 256 bytes: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
    pub fn to_bytes(&self) -> ProofBytes {
        let mut out = [0; 256];
        out[..64].copy_from_slice(&g1_to_bytes(&self.a));
        out[64..192].copy_from_slice(&g2_to_bytes(&self.b));
        out[192..].copy_from_slice(&g1_to_bytes(&self.c));
        ProofBytes(out)
    }

    /// The point A.
    pub fn a(&self) -> G1Affine {
        self.a
    }

    /// The point B.
    pub fn b(&self) -> G2Affine {
        self.b
    }

    /// The point C.
    pub fn c(&self) -> G1Affine {
        self.c
    }
}

impl From<Proof> for ark_groth16::Proof<Bn254> {
    fn from(p: Proof) -> Self {
        Self { a: p.a, b: p.b, c: p.c }
    }
}

/// As [`Proof::from_bytes`], for proofs made by arkworks.
impl TryFrom<ark_groth16::Proof<Bn254>> for Proof {
    type Error = InvalidProof;
    fn try_from(p: ark_groth16::Proof<Bn254>) -> Result<Self, InvalidProof> {
        Self::from_bytes(&Self { a: p.a, b: p.b, c: p.c }.to_bytes())
    }
}

//! Receipts: the opening of one cell of a commitment.
//! spec: `attestation.receipts`.
//!
//! The column's polynomial f has f(omega^row) = code exactly if
//! `f - code` is a multiple of `X - omega^row`; with W the commitment to the
//! quotient, `e(C - code G1 + omega^row W, G2) = e(W, tau G2)`.

use super::{
    DataCommitment, VerifierSrs,
    point::{InvalidPoint, POINT_BYTES, point_from_bytes, point_to_bytes},
};
use circuits::{
    attestation::{CellAddress, Code, Layout, NoReceipt, Record, Shape},
    curve::plonk::{
        Bn256, Fr, G1, G1Affine, G2Affine,
        ff::{Field, PrimeField},
        group::Curve,
        pairing::Engine,
    },
};

/// The 64 bytes of an opening: the commitment to the quotient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt([u8; POINT_BYTES]);

/// Why a receipt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// No record has this index, or cells are shared.
    #[error(transparent)]
    Index(#[from] NoReceipt),
    /// Code 0 is no record.
    #[error("a receipt for padding is none: the promised code must be that of a record")]
    Padding,
    /// The commitment is of another shape.
    #[error("the data commitment has {found} points, and the shape {expected} columns")]
    Columns {
        /// Of the shape.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// The opening is no point.
    #[error("the opening: {0}")]
    Point(#[from] InvalidPoint),
    /// The cell holds another code.
    #[error("the committed record at this index is not the promised one")]
    Opening,
}

impl Receipt {
    /// The opening with this quotient.
    ///
    /// # Errors
    /// If it is infinity: a constant column, which salt rules out.
    pub fn new(quotient: &G1Affine) -> Result<Self, InvalidPoint> {
        Self::from_bytes(&point_to_bytes(quotient))
    }

    /// From 64 bytes.
    ///
    /// # Errors
    /// If they are no point.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidPoint> {
        point_from_bytes(bytes).map(|point| Self(point_to_bytes(&point)))
    }

    /// The 64 bytes.
    pub fn to_bytes(self) -> [u8; POINT_BYTES] {
        self.0
    }
}

/// omega^row, omega the generator of the 2^k-th roots of unity.
pub fn row_point(k: u32, row: usize) -> Fr {
    let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    omega.pow_vartime([row as u64])
}

/// Checks that record `index` of `records` has the code `code`; returns the
/// record.
///
/// # Errors
/// The reason to refuse the receipt.
pub fn check_receipt(
    shape: &Shape,
    srs: &VerifierSrs,
    data: &DataCommitment,
    records: u64,
    index: u64,
    code: Code,
    receipt: &Receipt,
) -> Result<Record, InvalidReceipt> {
    let address = CellAddress::of(shape, records, index)?;
    let record = Layout::record(&shape.layout(), code).ok_or(InvalidReceipt::Padding)?;
    let (expected, found) = (shape.columns(), data.points().len());
    let column = data.points().get(address.column).filter(|_| expected == found);
    let column = column.ok_or(InvalidReceipt::Columns { expected, found })?;
    let quotient = point_from_bytes(&receipt.0)?;
    let value = Fr::from(u64::from(code.0));
    let left = G1::from(*column) - G1::generator() * value + quotient * row_point(shape.k(), address.row);
    let left = Bn256::pairing(&left.to_affine(), &G2Affine::generator());
    if left == Bn256::pairing(&quotient, &srs.tau_g2) { Ok(record) } else { Err(InvalidReceipt::Opening) }
}

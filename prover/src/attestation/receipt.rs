//! Receipts: openings of single cells. spec: `attestation.receipts`.

use super::{commit::Dataset, srs::Srs};
use circuits::{
    attestation::{CellAddress, Code, NoReceipt},
    curve::plonk::{Fr, ff::Field, group::Curve},
};
use halo2_proofs::poly::{
    Coeff, EvaluationDomain, Polynomial,
    commitment::{Blind, ParamsProver},
};
use verifier::attestation::{InvalidPoint, Receipt, row_point};

/// Why there is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// No record has this index, or cells are shared.
    #[error(transparent)]
    Index(#[from] NoReceipt),
    /// Parameters for other rows.
    #[error("the parameters are of another size than the records' circuit shape")]
    Rows,
    /// The opening is infinity: with random salt this does not happen.
    #[error(transparent)]
    Point(#[from] InvalidPoint),
}

/// Makes receipts for the records of one column after another; keeps the
/// polynomial of the last column.
#[derive(Debug)]
pub struct Receipts<'a> {
    srs: &'a Srs,
    data: &'a Dataset,
    domain: EvaluationDomain<Fr>,
    column: Option<(usize, Polynomial<Fr, Coeff>)>,
}

impl<'a> Receipts<'a> {
    /// Receipts for the records of a data set.
    ///
    /// # Errors
    /// If the parameters are of another size.
    pub fn new(srs: &'a Srs, data: &'a Dataset) -> Result<Self, ReceiptError> {
        if srs.k() != data.shape().k() {
            return Err(ReceiptError::Rows);
        }
        Ok(Self { srs, data, domain: EvaluationDomain::new(1, srs.k()), column: None })
    }

    /// The code of record `index`, and its receipt.
    ///
    /// # Errors
    /// If there is no such record.
    pub fn make(&mut self, index: u64) -> Result<(Code, Receipt), ReceiptError> {
        let codes = self.data.codes();
        let address = CellAddress::of(self.data.shape(), codes.len() as u64, index)?;
        let beyond = NoReceipt::Beyond { index, records: codes.len() as u64 };
        let code = usize::try_from(index).ok().and_then(|at| codes.get(at)).copied().ok_or(beyond)?;
        let point = row_point(self.srs.k(), address.row);
        let quotient = divide(self.polynomial(address.column), point);
        let quotient = self.domain.coeff_from_vec(quotient);
        let opening = self.srs.inner().commit(&quotient, Blind::default()).to_affine();
        Ok((code, Receipt::new(&opening)?))
    }

    fn polynomial(&mut self, column: usize) -> &[Fr] {
        if self.column.as_ref().is_none_or(|(kept, _)| *kept != column) {
            self.column = None;
        }
        let (data, domain) = (self.data, &self.domain);
        let make = || (column, domain.lagrange_to_coeff(data.column(domain, column)));
        &self.column.get_or_insert_with(make).1
    }
}

/// The quotient of `f - f(z)` by `X - z`, by Horner's rule.
fn divide(f: &[Fr], z: Fr) -> Vec<Fr> {
    let mut out = vec![Fr::ZERO; f.len()];
    let mut sum = Fr::ZERO;
    for (quotient, coefficient) in out.iter_mut().zip(f).rev() {
        *quotient = sum;
        sum = sum * z + coefficient;
    }
    out
}

//! Lagrange coefficients at zero with their denominators cleared.
//! spec: `decryption.lagrange`.

use crate::{
    curve::Scalar,
    params::{LAGRANGE_BITS, TRUSTEES_MAX},
};
use ark_ff::Field;

/// The trustees given cannot decrypt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuorum {
    /// No trustee has this index.
    #[error("trustee index {0} is outside 1..={TRUSTEES_MAX}")]
    Index(u8),
    /// One trustee twice.
    #[error("trustee {0} is given twice; each counts once")]
    Repeated(u8),
    /// Not enough trustees.
    #[error("{quorum} trustees are needed, but only {have:?} decrypted; ask the others")]
    TooFew {
        /// Indices of those who decrypted.
        have: Vec<u8>,
        /// How many are needed.
        quorum: usize,
    },
    /// Shares for different numbers of option positions.
    #[error("the partial decryptions have different numbers of shares")]
    Options,
}

/// Integers with `sum of Lambda_i s_i = Delta sk mod l` for the shares of a
/// polynomial of degree below the number of indices.
///
/// `|Lambda_i|` and `Delta` are in `1..2^24` for every set of distinct
/// indices in `1..=16`: a test goes through all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lagrange {
    numerators: Vec<i32>,
    denominator: u32,
}

impl Lagrange {
    /// For distinct indices in `1..=16`, in the order given.
    ///
    /// # Errors
    /// If there are none, or one repeats or is out of range.
    pub fn new(indices: &[u8]) -> Result<Self, InvalidQuorum> {
        if indices.is_empty() {
            return Err(InvalidQuorum::TooFew { have: vec![], quorum: 1 });
        }
        for (position, index) in indices.iter().enumerate() {
            if !(1..=TRUSTEES_MAX).contains(&usize::from(*index)) {
                return Err(InvalidQuorum::Index(*index));
            }
            if indices[..position].contains(index) {
                return Err(InvalidQuorum::Repeated(*index));
            }
        }
        let fractions: Vec<(i64, i64)> = indices.iter().map(|i| reduced_coefficient(*i, indices)).collect();
        let denominator = fractions.iter().fold(1, |l, (_, d)| l / gcd(l, *d) * d);
        let small = "24 bits for any indices in 1..=16, by test";
        let numerators = fractions.iter().map(|(n, d)| i32::try_from(n * (denominator / d)).expect(small));
        Ok(Self { numerators: numerators.collect(), denominator: u32::try_from(denominator).expect(small) })
    }

    /// `Lambda_i`, in the order of the indices.
    pub fn numerators(&self) -> &[i32] {
        &self.numerators
    }

    /// `Delta`.
    pub fn denominator(&self) -> u32 {
        self.denominator
    }

    /// `Lambda_i / Delta mod l`.
    pub fn scalars(&self) -> Vec<Scalar> {
        let inverse = Scalar::from(self.denominator).inverse().expect("1 <= Delta < 2^24 < l");
        self.numerators.iter().map(|n| Scalar::from(*n) * inverse).collect()
    }
}

/// `prod over j != i of j / (j - i)` in lowest terms, denominator positive.
/// The products are at most `16!/1 < 2^45`.
fn reduced_coefficient(i: u8, indices: &[u8]) -> (i64, i64) {
    let others = indices.iter().filter(|j| **j != i);
    let (n, d) =
        others.fold((1i64, 1i64), |(n, d), j| (n * i64::from(*j), d * (i64::from(*j) - i64::from(i))));
    let common = gcd(n, d) * d.signum();
    (n / common, d / common)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

const _: () = assert!(LAGRANGE_BITS == 24 && TRUSTEES_MAX == 16);

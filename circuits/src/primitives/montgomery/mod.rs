//! Multiples of points by numbers written in signed odd base-4 digits.
//! spec: `ballot.multiplication`.
//!
//! A number is `sum of d_i * 4^i` with every digit in {-3, -1, 1, 3}: n such
//! digits write each odd number between `-(4^n - 1)` and `4^n - 1` exactly
//! once. No digit is zero, so a circuit adds the same number of points for
//! every number, and the number itself is never zero (A21).

#[cfg(feature = "r1cs")]
pub mod gadget;
#[cfg(all(test, feature = "r1cs"))]
mod tests;

use crate::curve::Scalar;
use ark_ff::AdditiveGroup;
use std::fmt;
use zeroize::Zeroize;

/// A digit in {-3, -1, 1, 3}. Digits are secret: `Debug` is redacted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Zeroize)]
pub struct Digit {
    /// Whether the digit is below zero.
    pub negative: bool,
    /// Whether its absolute value is 3.
    pub three: bool,
}

impl Digit {
    /// The digit as a scalar.
    pub fn scalar(self) -> Scalar {
        let magnitude = Scalar::from(if self.three { 3u64 } else { 1 });
        if self.negative { -magnitude } else { magnitude }
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(..)")
    }
}

/// `sum of d_i * 4^i`, least significant digit first.
pub fn scalar(digits: &[Digit]) -> Scalar {
    digits.iter().rev().fold(Scalar::ZERO, |sum, d| sum.double().double() + d.scalar())
}

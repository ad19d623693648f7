//! The randomness of one encryption. spec: `ballot.randomness`.

use crate::{
    curve::Scalar,
    params::RANDOMNESS_DIGITS,
    primitives::montgomery::{Digit, scalar},
};
use rand_core::{CryptoRng, RngCore};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `r = sum of d_i * 4^i` with 125 signed odd digits: uniform over the 2^250
/// odd numbers between -2^250 and 2^250.
///
/// No two of them are equal modulo l, since their difference is even and
/// below 2 l in absolute value; none is 0. They fill two thirds of the
/// scalars: r is an affine image of a uniform 250-bit number, and hiding rests
/// on DDH with exponents half a bit short (Koshiba and Kurosawa, "Short
/// exponent Diffie-Hellman problems", PKC 2004).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Randomness([Digit; RANDOMNESS_DIGITS]);

/// Two bits per digit.
const BYTES: usize = (2 * RANDOMNESS_DIGITS).div_ceil(8);

impl Randomness {
    /// Fresh randomness, from 250 random bits.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = [0; BYTES];
        rng.fill_bytes(&mut bytes);
        let bit = |i: usize| bytes[i / 8] >> (i % 8) & 1 == 1;
        let digits = std::array::from_fn(|i| Digit { negative: bit(2 * i), three: bit(2 * i + 1) });
        bytes.zeroize();
        Self(digits)
    }

    /// From digits, least significant first.
    pub fn from_digits(digits: [Digit; RANDOMNESS_DIGITS]) -> Self {
        Self(digits)
    }

    /// The digits, least significant first.
    pub fn digits(&self) -> &[Digit; RANDOMNESS_DIGITS] {
        &self.0
    }

    /// r as a scalar; never zero.
    pub fn scalar(&self) -> Scalar {
        scalar(&self.0)
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness(..)")
    }
}

//! Multiples of points as constraints, by incomplete Montgomery additions.
//!
//! The form is `B v^2 = u^3 + A u^2 + u` with `u = (1 + y) / (1 - y)` and
//! `v = u / x` (Bernstein et al., "Twisted Edwards curves", section 3). An
//! addition costs three constraints, but it is only right for two points that
//! are neither equal nor opposite: for equal ones `lambda * 0 = 0` would let
//! the prover choose the sum.
//!
//! **Why no exceptional case can be met** (spec: `ballot.multiplication`).
//! Let P be a point of prime order l and `S_i = sum_{j <= i} d_j 4^j`.
//! 1. S_i is odd, since d_0 is odd and all other terms are multiples of 4,
//!    and `|S_i| <= 3 (4^(i+1) - 1) / 3 < 4^(i+1)`.
//! 2. Window i + 1 adds `e = d_{i+1} 4^{i+1}`, with `|e| <= 3 * 4^(i+1)`. So
//!    `S_i - e` and `S_i + e` are odd and below `4^(i+2)` in absolute value.
//! 3. With at most 125 digits these bounds are at most `4^125 = 2^250 < l`. An
//!    odd integer of absolute value below l is not a multiple of l, so
//!    `S_i P`, `S_i P - e P` and `S_i P + e P` are not the identity: the two
//!    points have u-coordinates that differ (u is equal only for P and -P),
//!    and every partial sum is again a point with Montgomery coordinates.
//!
//! The argument holds whatever the prover picks as digits, as each is forced
//! to be in {-3, -1, 1, 3} by two boolean bits. It does need P to have order
//! l: G has by definition, G/2 too, and a public key is a `GroupElement`,
//! which the verifier checks outside the circuit.

use super::Digit;
use crate::{
    curve::{Affine2, Fr, MONTGOMERY_A, MONTGOMERY_B, Projective2, Scalar},
    params::RANDOMNESS_DIGITS,
    primitives::edwards::PointVar,
    r1cs::{Bit, Cs, Num},
};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, BigInteger256, Field, PrimeField, batch_inversion};

/// Most digits for which the argument above holds.
const DIGITS_MAX: usize = RANDOMNESS_DIGITS;
const _: () = {
    // 4^125 = 2^250: the bit 250 of l is set, and l is no power of two.
    let l: BigInteger256 = Scalar::MODULUS;
    assert!(2 * DIGITS_MAX == 250 && l.0[3] >> 58 == 1);
};

/// A point in Montgomery coordinates. What makes it one is said where it is
/// made.
#[derive(Clone, Debug)]
pub struct MontgomeryVar {
    /// u
    pub u: Num,
    /// v
    pub v: Num,
}

impl MontgomeryVar {
    /// From a point of prime order: two constraints. Neither `1 - y` nor `x`
    /// is zero, since y = 1 only for the identity, and x = 0 only for the
    /// identity and the point of order 2.
    pub fn from_edwards(cs: &mut Cs, p: &PointVar) -> MontgomeryVar {
        let one_minus_y = (-&p.y).add_constant(Fr::ONE);
        let u = cs.div_nonzero("u * (1 - y) = 1 + y", &p.y.add_constant(Fr::ONE), &one_minus_y);
        let v = cs.div_nonzero("v * x = u", &u, &p.x);
        MontgomeryVar { u, v }
    }

    /// Back to Edwards coordinates: two constraints. v = 0 only for points of
    /// order 2; u = -1 for no point, since it would need v^2 = (A - 2) / B =
    /// d, which is not a square.
    pub fn to_edwards(&self, cs: &mut Cs) -> PointVar {
        let x = cs.div_nonzero("x * v = u", &self.u, &self.v);
        let u_minus_1 = self.u.add_constant(-Fr::ONE);
        let y = cs.div_nonzero("y * (u + 1) = u - 1", &u_minus_1, &self.u.add_constant(Fr::ONE));
        PointVar { x, y }
    }

    /// The sum with a point that is neither equal nor opposite: three
    /// constraints. `inverse` is that of `other.u - self.u`.
    fn add(&self, cs: &mut Cs, other: &MontgomeryVar, inverse: Fr) -> MontgomeryVar {
        let du = &other.u - &self.u;
        let dv = &other.v - &self.v;
        let lambda = cs.witness(dv.value() * inverse);
        cs.enforce("lambda * (u2 - u1) = v2 - v1", &lambda, &du, &dv);
        self.third(cs, &other.u, &lambda)
    }

    /// The double of a point that is not of order 2: four constraints. The
    /// denominator 2 B v is zero only for points of order 2.
    fn double(&self, cs: &mut Cs) -> MontgomeryVar {
        let square = cs.mul("u * u = u2", &self.u, &self.u);
        let numerator =
            square.scale(Fr::from(3u64)).add_scaled(&self.u, MONTGOMERY_A.double()).add_constant(Fr::ONE);
        let denominator = self.v.scale(MONTGOMERY_B.double());
        let lambda = cs.div_nonzero("lambda * 2 B v = 3 u2 + 2 A u + 1", &numerator, &denominator);
        self.third(cs, &self.u, &lambda)
    }

    /// The third point of the line through `self` and a point with `other_u`,
    /// of slope `lambda`, reflected.
    fn third(&self, cs: &mut Cs, other_u: &Num, lambda: &Num) -> MontgomeryVar {
        let slope = lambda.value();
        let both = &self.u + other_u;
        let u = cs.witness(MONTGOMERY_B * slope.square() - MONTGOMERY_A - both.value());
        let sum = (&u + both).add_constant(MONTGOMERY_A);
        cs.enforce("B lambda * lambda = u3 + u1 + u2 + A", &lambda.scale(MONTGOMERY_B), lambda, &sum);
        let drop = &self.u - &u;
        let v = cs.witness(slope * drop.value() - self.v.value());
        cs.enforce("lambda * (u1 - u3) = v3 + v1", lambda, &drop, &(&v + &self.v));
        MontgomeryVar { u, v }
    }
}

/// A digit in {-3, -1, 1, 3}: `(1 - 2 negative) * (1 + 2 three)`.
#[derive(Clone, Debug)]
pub struct DigitVar {
    negative: Bit,
    three: Bit,
    /// `negative * three`
    minus_three: Num,
}

impl DigitVar {
    /// A free digit: three constraints.
    pub fn witness(cs: &mut Cs, digit: Digit) -> DigitVar {
        let negative = cs.boolean("negative * (1 - negative) = 0", digit.negative);
        let three = cs.boolean("three * (1 - three) = 0", digit.three);
        let minus_three = cs.mul("negative * three = minus_three", negative.num(), three.num());
        DigitVar { negative, three, minus_three }
    }

    /// The digit `(2 low - 1) + 2 (2 high - 1)`: one constraint.
    pub fn from_bits(cs: &mut Cs, low: &Bit, high: &Bit) -> DigitVar {
        let both = cs.mul("low * high = both", low.num(), high.num());
        let negative = Bit::known(high.not());
        // 3 or -3 when the bits are equal: 1 exactly when none or both are set.
        let neither = (&both - low.num() - high.num()).add_constant(Fr::ONE);
        let three = Bit::known(&neither + &both);
        // Negative and three: both bits are 0.
        DigitVar { negative, three, minus_three: neither }
    }
}

/// The points `4^i P` and `3 * 4^i P` of a constant P of order l.
#[derive(Clone, Debug)]
pub struct FixedTable(Vec<[(Fr, Fr); 2]>);

impl FixedTable {
    /// The table for numbers of `digits` digits.
    ///
    /// # Panics
    /// If there are more than 125 digits; `base` must have order l.
    pub fn new(base: Affine2, digits: usize) -> FixedTable {
        assert!(digits <= DIGITS_MAX, "partial sums stay below l");
        let mut points = Vec::with_capacity(2 * digits);
        let mut p = Projective2::from(base);
        for _ in 0..digits {
            let double = p.double();
            points.extend([p, p + double]);
            p = double.double();
        }
        let points = Projective2::normalize_batch(&points);
        FixedTable(points.chunks_exact(2).map(|c| [coordinates(c[0]), coordinates(c[1])]).collect())
    }

    /// `d_i * 4^i * P` for every digit, free: both coordinates are linear in
    /// the digit's bits and their product.
    pub fn lookup(&self, digits: &[DigitVar]) -> Vec<MontgomeryVar> {
        assert_eq!(digits.len(), self.0.len(), "as many digits as windows");
        let window = |(d, [(u1, v1), (u3, v3)]): (&DigitVar, &[(Fr, Fr); 2])| {
            let three = d.three.num();
            let (du, dv) = (*u3 - u1, *v3 - v1);
            // (1 - 2 negative) * (v1 + three * dv)
            let v = three
                .scale(dv)
                .add_scaled(d.negative.num(), -v1.double())
                .add_scaled(&d.minus_three, -dv.double())
                .add_constant(*v1);
            MontgomeryVar { u: three.scale(du).add_constant(*u1), v }
        };
        digits.iter().zip(&self.0).map(window).collect()
    }
}

/// Montgomery coordinates of a point of order l.
fn coordinates(p: Affine2) -> (Fr, Fr) {
    let inverse = ((Fr::ONE - p.y) * p.x).inverse().expect("x = 0 and y = 1 only for orders 1 and 2");
    let v = (Fr::ONE + p.y) * inverse;
    (v * p.x, v)
}

/// The points `4^i P` and `3 * 4^i P` of a variable P of order l.
#[derive(Clone, Debug)]
pub struct VariableTable(Vec<[MontgomeryVar; 2]>);

impl VariableTable {
    /// The table: eleven constraints per digit, less four. P, 2P and 3P are
    /// not the identity and `2P` is neither P nor -P, since P has order l > 3.
    ///
    /// # Panics
    /// If there are more than 125 digits.
    pub fn new(cs: &mut Cs, base: MontgomeryVar, digits: usize) -> VariableTable {
        assert!(digits <= DIGITS_MAX, "partial sums stay below l");
        let mut table = Vec::with_capacity(digits);
        let mut p = base;
        for i in 0..digits {
            let double = p.double(cs);
            let inverse = (double.u.value() - p.u.value()).inverse().unwrap_or(Fr::ZERO);
            let triple = p.add(cs, &double, inverse);
            let next = if i + 1 < digits { double.double(cs) } else { double };
            table.push([std::mem::replace(&mut p, next), triple]);
        }
        VariableTable(table)
    }

    /// `d_i * 4^i * P` for every digit: three constraints each.
    pub fn lookup(&self, cs: &mut Cs, digits: &[DigitVar]) -> Vec<MontgomeryVar> {
        assert_eq!(digits.len(), self.0.len(), "as many digits as windows");
        let mut window = |(d, [one, three]): (&DigitVar, &[MontgomeryVar; 2])| {
            let u = cs.select("three * (u_3 - u_1) = u - u_1", &d.three, &three.u, &one.u);
            let magnitude = cs.select("three * (v_3 - v_1) = |v| - v_1", &d.three, &three.v, &one.v);
            let sign = d.negative.num().scale(-Fr::from(2u64)).add_constant(Fr::ONE);
            MontgomeryVar { u, v: cs.mul("(1 - 2 negative) * |v| = v", &sign, &magnitude) }
        };
        digits.iter().zip(&self.0).map(&mut window).collect()
    }
}

/// The sum of each chain of looked-up windows, least significant first, which
/// the argument of this module needs: three constraints per window after the
/// first.
///
/// The chains advance together, so that one inversion serves them all.
///
/// # Panics
/// If the chains are empty or of different lengths.
pub fn sums(cs: &mut Cs, chains: &[Vec<MontgomeryVar>]) -> Vec<MontgomeryVar> {
    let length = chains[0].len();
    assert!(chains.iter().all(|c| c.len() == length), "chains of one length");
    let mut sums: Vec<MontgomeryVar> = chains.iter().map(|c| c[0].clone()).collect();
    for i in 1..length {
        let mut inverses: Vec<Fr> =
            sums.iter().zip(chains).map(|(s, c)| c[i].u.value() - s.u.value()).collect();
        batch_inversion(&mut inverses);
        for ((sum, chain), inverse) in sums.iter_mut().zip(chains).zip(inverses) {
            *sum = sum.add(cs, &chain[i], inverse);
        }
    }
    sums
}

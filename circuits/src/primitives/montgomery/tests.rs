#![allow(clippy::unwrap_used)]
use super::{gadget::*, *};
use crate::{
    curve::{Affine2, Fr, GENERATOR, MONTGOMERY_A, MONTGOMERY_B},
    params::RANDOMNESS_DIGITS,
    primitives::edwards::PointVar,
    r1cs::{Circuit, Cs, Num, Shape},
    testing::{free_variables, tamper},
};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, Field, PrimeField};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The product of a fixed and of a variable point with the same digits.
struct Products {
    base: Affine2,
    digits: Vec<Digit>,
}

impl Circuit for Products {
    fn id(&self) -> String {
        format!("test/products/{}", self.digits.len())
    }
    fn public_inputs(&self) -> Vec<Fr> {
        let r = scalar(&self.digits);
        let (fixed, variable) = ((GENERATOR * r).into_affine(), (self.base * r).into_affine());
        vec![self.base.x, self.base.y, fixed.x, fixed.y, variable.x, variable.y]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        cs.condition("T1 products");
        let point = |i: usize| PointVar { x: inputs[i].clone(), y: inputs[i + 1].clone() };
        let n = self.digits.len();
        let base = MontgomeryVar::from_edwards(cs, &point(0));
        let table = VariableTable::new(cs, base, n);
        let digits: Vec<DigitVar> = self.digits.iter().map(|d| DigitVar::witness(cs, *d)).collect();
        let chains = [FixedTable::new(GENERATOR, n).lookup(&digits), table.lookup(cs, &digits)];
        for (sum, expected) in sums(cs, &chains).iter().zip([point(2), point(4)]) {
            sum.to_edwards(cs).enforce_equal(cs, &expected);
        }
    }
}

static SHAPE: LazyLock<Shape> = LazyLock::new(|| {
    Cs::shape(&Products { base: GENERATOR, digits: vec![Digit::default(); RANDOMNESS_DIGITS] })
});

/// Bases for which a careless bound would meet an exceptional case: G and its
/// negative, quotients and multiples that some window turns into a small
/// multiple of G.
fn bases() -> Vec<(&'static str, Scalar)> {
    let s = |n: u64| Scalar::from(n);
    let inverse = |n: Scalar| n.inverse().unwrap();
    let high = s(4).pow([124]);
    vec![
        ("G", s(1)),
        ("-G", -s(1)),
        ("2 G", s(2)),
        ("-2 G", -s(2)),
        ("3 G", s(3)),
        ("G / 2", inverse(s(2))),
        ("-G / 2", -inverse(s(2))),
        ("G / 3", inverse(s(3))),
        ("4 G", s(4)),
        ("G / 4", inverse(s(4))),
        ("4^124 G", high),
        ("G / 4^124", inverse(high)),
        ("-G / 4^124", -inverse(high)),
        ("G / (4^125 - 1)", inverse(high * s(4) - s(1))),
        ("G / (4^125 + 1)", inverse(high * s(4) + s(1))),
    ]
}

/// Digit strings whose partial sums are extreme, smallest, or change sign at
/// every window.
fn patterns() -> Vec<Vec<Digit>> {
    let digit = |negative, three| Digit { negative, three };
    let all = [digit(false, false), digit(false, true), digit(true, false), digit(true, true)];
    let mut out: Vec<Vec<Digit>> = all.map(|d| vec![d; RANDOMNESS_DIGITS]).into();
    for first in all {
        for rest in all {
            let alternating =
                (0..RANDOMNESS_DIGITS).map(|i| if i % 2 == 0 { first } else { rest }).collect::<Vec<_>>();
            out.push(alternating);
            let mut last = vec![first; RANDOMNESS_DIGITS];
            last[RANDOMNESS_DIGITS - 1] = rest;
            out.push(last);
            let mut lowest = vec![first; RANDOMNESS_DIGITS];
            lowest[0] = rest;
            out.push(lowest);
        }
    }
    out
}

/// The incomplete additions meet no exceptional case: the right product comes
/// out for extreme digits over extreme bases.
#[test]
fn multiplication_a21_extreme_digits_and_bases_give_the_right_product() {
    let patterns = patterns();
    for (name, factor) in bases() {
        let base = (GENERATOR * factor).into_affine();
        for (i, digits) in patterns.iter().enumerate() {
            let z = Cs::assignment(&Products { base, digits: digits.clone() });
            assert_eq!(SHAPE.check(&z), Ok(()), "pattern {i} over {name}");
        }
    }
}

/// The bound of the argument, on the integers themselves: for up to six
/// digits every partial sum is odd, below 4^n, and every number once.
#[test]
fn multiplication_digits_write_each_odd_number_below_the_bound_once() {
    let all = [-3i64, -1, 1, 3];
    let mut sums = vec![0i64];
    for n in 1..=6u32 {
        let window = 4i64.pow(n - 1);
        // No partial sum is equal or opposite to what the window adds.
        if n > 1 {
            assert!(sums.iter().all(|s| all.iter().all(|d| s.abs() != (d * window).abs())));
        }
        sums = sums.iter().flat_map(|s| all.map(|d| s + d * window)).collect();
        sums.sort_unstable();
        let odd: Vec<i64> = (-(4i64.pow(n)) + 1..4i64.pow(n)).filter(|s| s % 2 != 0).collect();
        assert_eq!(sums, odd, "{n} digits");
    }
}

/// The same at full length: `4^125 = 2^250 < l`, so no odd number within the
/// bound is a multiple of l, and none of 125 digits gives 0.
#[test]
fn multiplication_a21_no_randomness_is_zero() {
    assert_eq!(2 * RANDOMNESS_DIGITS, 250);
    let mut bound = Scalar::ONE.into_bigint();
    bound <<= 250;
    assert!(bound < Scalar::MODULUS && Scalar::MODULUS_BIT_SIZE == 251);
    assert!(Scalar::MODULUS.is_odd());
    for digits in patterns() {
        assert_ne!(scalar(&digits), Scalar::ZERO);
        // The integer is odd and within the bound: r or l - |r|.
        let r = scalar(&digits);
        let (integer, opposite) = (r.into_bigint(), (-r).into_bigint());
        assert!(integer < bound && integer.is_odd() || opposite < bound && opposite.is_odd());
    }
}

/// The argument needs a key of order l: over a point of low order the rows do
/// not even hold for the right product, and the verifier takes no such key.
#[test]
fn multiplication_a14_a_key_of_low_order_is_refused_outside_the_circuit() {
    use crate::types::{CurvePoint, GroupElement, InvalidPoint};
    let order_4 = Affine2::new_unchecked(Fr::ONE, Fr::from(0u64));
    // 3P = -P: the table already adds 2P of order 2, where v = 0.
    let z = Cs::assignment(&Products { base: order_4, digits: vec![Digit::default(); RANDOMNESS_DIGITS] });
    assert!(SHAPE.check(&z).is_err());
    assert_eq!(GroupElement::try_from(CurvePoint::from(order_4)), Err(InvalidPoint::Subgroup));
    assert_eq!(GroupElement::try_from(CurvePoint::identity()), Err(InvalidPoint::Identity));
    let mixed: CurvePoint = (GENERATOR + order_4).into();
    assert_eq!(GroupElement::try_from(mixed), Err(InvalidPoint::Subgroup));
}

#[test]
fn multiplication_a18_no_changed_witness_value_survives() {
    let base = (GENERATOR * Scalar::from(77u64)).into_affine();
    let digits = (0..RANDOMNESS_DIGITS).map(|i| Digit { negative: i % 3 == 0, three: i % 5 < 2 }).collect();
    let survivors = tamper(&SHAPE, &Cs::assignment(&Products { base, digits }), 10_000, 11);
    assert!(survivors.is_empty(), "{}", survivors[0]);
}

/// No slope is free: over every base, digits that bring the sums closest to an
/// exceptional case leave the prover no choice.
#[test]
fn multiplication_a18_no_slope_is_free_in_extreme_cases() {
    for (i, (name, factor)) in bases().into_iter().enumerate() {
        let base = (GENERATOR * factor).into_affine();
        let three = |i: usize| Digit { negative: i == RANDOMNESS_DIGITS - 1, three: i > 0 };
        let circuit = Products { base, digits: (0..RANDOMNESS_DIGITS).map(three).collect() };
        let free = free_variables(&SHAPE, &circuit, &["x = x'", "y = y'"], 6, i as u64);
        assert!(free.is_empty(), "{name}: {free:?}");
    }
}

/// What the argument excludes: the sum of a point with itself is the prover's
/// choice.
#[test]
fn incomplete_addition_of_equal_points_is_forgeable() {
    struct Twice;
    impl Circuit for Twice {
        fn id(&self) -> String {
            "test/twice".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            vec![]
        }
        fn synthesize(&self, cs: &mut Cs, _: &[Num]) {
            let digit = DigitVar::witness(cs, Digit::default());
            let point = FixedTable::new(GENERATOR, 1).lookup(&[digit]).remove(0);
            sums(cs, &[vec![point.clone(), point]]);
        }
    }
    let (shape, z) = Cs::shape_and_assignment(&Twice);
    // The digit's two bits and their product, then the slope.
    assert_eq!(free_variables(&shape, &Twice, &[], usize::MAX, 1), [z.len() - 3]);
}

/// A20: our Montgomery constants belong to our Edwards form.
#[test]
fn montgomery_a20_coordinates_satisfy_the_curve_equation() {
    for n in [1u64, 2, 3, 77] {
        let p = (GENERATOR * Scalar::from(n)).into_affine();
        let u = (Fr::ONE + p.y) / (Fr::ONE - p.y);
        let v = u / p.x;
        assert_eq!(MONTGOMERY_B * v.square(), u * u * u + MONTGOMERY_A * u.square() + u);
    }
    assert!(GENERATOR.mul_bigint(Scalar::MODULUS).into_affine().is_zero());
}

/// u = -1 is on no point, and v = 0 only on those of order 2.
#[test]
fn montgomery_conversion_never_divides_by_zero() {
    let quotient = (MONTGOMERY_A - Fr::from(2u64)) / MONTGOMERY_B;
    assert_eq!(quotient, crate::curve::EDWARDS_D);
    assert!(quotient.legendre().is_qnr());
}

fn arb_digits() -> impl Strategy<Value = Vec<Digit>> {
    let digit = (any::<bool>(), any::<bool>()).prop_map(|(negative, three)| Digit { negative, three });
    prop::collection::vec(digit, RANDOMNESS_DIGITS)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn multiplication_equals_ark(digits in arb_digits(), factor in 1u64..) {
        let base = (GENERATOR * Scalar::from(factor)).into_affine();
        let z = Cs::assignment(&Products { base, digits });
        prop_assert_eq!(SHAPE.check(&z), Ok(()));
    }
}

/// `DigitVar::from_bits` gives the digit it says, for all four pairs of bits.
#[test]
fn digits_from_bits_are_two_low_plus_four_high_less_three() {
    struct Window(u64);
    impl Circuit for Window {
        fn id(&self) -> String {
            "test/window".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            let d = Scalar::from(2 * self.0) - Scalar::from(3u64);
            let p = (GENERATOR * d).into_affine();
            vec![p.x, p.y]
        }
        fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
            let (low, high) = (cs.boolean("low", self.0 & 1 == 1), cs.boolean("high", self.0 & 2 == 2));
            let digit = DigitVar::from_bits(cs, &low, &high);
            let point = FixedTable::new(GENERATOR, 1).lookup(&[digit])[0].to_edwards(cs);
            point.enforce_equal(cs, &PointVar { x: inputs[0].clone(), y: inputs[1].clone() });
        }
    }
    for bits in 0..4 {
        let (shape, z) = Cs::shape_and_assignment(&Window(bits));
        assert_eq!(shape.check(&z), Ok(()), "{bits}");
    }
}

//! Multiples of points as constraints, by the complete addition law: right
//! for every point of the curve and every integer, so nothing here has an
//! exceptional case.

use crate::{
    curve::{Affine2, Fr, GENERATOR, Projective2, Scalar},
    primitives::edwards::PointVar,
    r1cs::{Bit, Cs, Num},
    types::CurvePoint,
};
use ark_ec::{AdditiveGroup, CurveGroup};
use ark_ff::Field;

const WINDOW: usize = 2;
const FIXED_WINDOW: usize = 3;

/// `sum of k P` over all terms, k given by its bits, least significant first
/// (Straus): doublings are shared; two bits of one k cost 12 constraints.
pub(crate) fn sum_of_multiples(cs: &mut Cs, terms: &[(&[Bit], &PointVar)]) -> PointVar {
    let tables: Vec<Table> = terms.iter().map(|(_, p)| Table::new(cs, p)).collect();
    let windows = terms.iter().map(|(bits, _)| bits.len().div_ceil(WINDOW)).max().unwrap_or(0);
    let mut sum: Option<PointVar> = None;
    for start in (0..windows).rev().map(|w| WINDOW * w) {
        for _ in 0..WINDOW {
            sum = sum.map(|s| s.double(cs));
        }
        for ((bits, _), table) in terms.iter().zip(&tables) {
            let window = &bits[start.min(bits.len())..(start + WINDOW).min(bits.len())];
            let Some(multiple) = table.look_up(cs, window) else { continue };
            sum = Some(match sum {
                Some(s) => s.add(cs, &multiple),
                None => multiple,
            });
        }
    }
    sum.unwrap_or_else(|| PointVar::identity(cs))
}

/// `P, 2P, 3P`
struct Table([PointVar; 3]);

impl Table {
    fn new(cs: &mut Cs, p: &PointVar) -> Self {
        let double = p.double(cs);
        let triple = double.add(cs, p);
        Self([p.clone(), double, triple])
    }

    /// The multiple that up to two bits name; `None` without bits.
    fn look_up(&self, cs: &mut Cs, window: &[Bit]) -> Option<PointVar> {
        let Self([one, two, three]) = self;
        match window {
            [] => None,
            [low] => Some(one.if_or_identity(cs, low)),
            [low, high, ..] => {
                let if_clear = one.if_or_identity(cs, low);
                let if_set = PointVar::select(cs, low, three, two);
                Some(PointVar::select(cs, high, &if_set, &if_clear))
            }
        }
    }
}

/// `k G`, k given by its bits: three bits cost 10 constraints.
pub(crate) fn multiple_of_generator(cs: &mut Cs, bits: &[Bit]) -> PointVar {
    let mut base = Projective2::from(GENERATOR);
    let mut sum: Option<PointVar> = None;
    for window in bits.chunks(FIXED_WINDOW) {
        let mut multiples = vec![Projective2::ZERO];
        for i in 1..1usize << window.len() {
            multiples.push(multiples[i - 1] + base);
        }
        base = (0..FIXED_WINDOW).fold(base, |b, _| b.double());
        let multiple = look_up_constant(cs, &Projective2::normalize_batch(&multiples), window);
        sum = Some(match sum {
            Some(s) => s.add(cs, &multiple),
            None => multiple,
        });
    }
    sum.unwrap_or_else(|| PointVar::identity(cs))
}

/// The entry of a constant table that the bits name: each coordinate is a
/// polynomial in the bits, linear in each, so a combination of their
/// products.
fn look_up_constant(cs: &mut Cs, table: &[Affine2], bits: &[Bit]) -> PointVar {
    let mut products = vec![Num::one(cs)];
    for bit in bits {
        let with: Vec<Num> = products
            .iter()
            .enumerate()
            .map(|(i, p)| if i == 0 { bit.num().clone() } else { cs.mul("product of bits", p, bit.num()) })
            .collect();
        products.extend(with);
    }
    let coordinate = |of: fn(&Affine2) -> Fr| {
        let mut coefficients: Vec<Fr> = table.iter().map(of).collect();
        for step in (0..bits.len()).map(|i| 1usize << i) {
            for i in (0..coefficients.len()).filter(|i| i & step != 0) {
                let without = coefficients[i ^ step];
                coefficients[i] -= without;
            }
        }
        Num::combine(cs, coefficients.into_iter().zip(&products))
    };
    PointVar { x: coordinate(|p| p.x), y: coordinate(|p| p.y) }
}

/// A witness in the prime subgroup: it is the cofactor times a point of the
/// curve. Every point of the subgroup is such a product, and nothing else is.
pub(crate) fn in_subgroup(cs: &mut Cs, p: CurvePoint) -> PointVar {
    let eighth = Scalar::from(8u64).inverse().expect("8 is not 0 mod l");
    let root = PointVar::on_curve(cs, (p.affine() * eighth).into());
    let point = PointVar::witness(cs, p);
    (0..3).fold(root, |q, _| q.double(cs)).enforce_equal(cs, &point);
    point
}

/// `P` or `-P`: one constraint.
pub(crate) fn negate_if(cs: &mut Cs, sign: &Bit, p: &PointVar) -> PointVar {
    let factor = Num::one(cs).add_scaled(sign.num(), -Fr::from(2u64));
    PointVar { x: cs.mul("(1 - 2 sign) * x = x'", &factor, &p.x), y: p.y.clone() }
}

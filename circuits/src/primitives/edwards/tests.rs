use super::*;
use crate::{
    curve::{GENERATOR, Projective2, Scalar},
    r1cs::Circuit,
};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{MontFp, PrimeField, UniformRand};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

struct Arithmetic {
    p: Affine2,
    q: Affine2,
}

impl Circuit for Arithmetic {
    fn id(&self) -> String {
        "test/edwards".into()
    }
    fn public_inputs(&self) -> Vec<Fr> {
        let points = [self.p + self.q, self.p + GENERATOR, self.p.into_group() + self.p];
        let points = Projective2::normalize_batch(&points);
        points.iter().flat_map(|p| [p.x, p.y]).collect()
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let p = PointVar::on_curve(cs, self.p.into());
        let q = PointVar::on_curve(cs, self.q.into());
        let results = [p.add(cs, &q), p.add_constant(cs, GENERATOR), p.double(cs)];
        for (r, i) in results.iter().zip(inputs.chunks(2)) {
            r.enforce_equal(cs, &PointVar { x: i[0].clone(), y: i[1].clone() });
        }
    }
}

/// Every exceptional candidate: identity, opposite, equal, points of order
/// 2, 4 and 8, and sums with them.
#[test]
fn the_complete_law_equals_ark_in_every_case() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let g = GENERATOR;
    let order_2 = Affine2::new_unchecked(Fr::from(0u64), -Fr::ONE);
    let order_4 = Affine2::new_unchecked(Fr::ONE, Fr::from(0u64));
    let order_8 = order_8(&mut rng);
    let r = (g * Scalar::rand(&mut rng)).into_affine();
    let points = [
        Affine2::zero(),
        g,
        -g,
        r,
        order_2,
        order_4,
        order_8,
        (r + order_8).into_affine(),
        (r + order_2).into_affine(),
    ];
    let mut shape = None;
    for p in points {
        for q in points {
            let c = Arithmetic { p, q };
            let z = Cs::assignment(&c);
            assert_eq!(shape.get_or_insert_with(|| Cs::shape(&c)).check(&z), Ok(()), "{p} + {q}");
        }
    }
}

/// A point of order 8: random points with their prime part cleared.
fn order_8(rng: &mut ChaCha20Rng) -> Affine2 {
    loop {
        let Some(p) = Affine2::get_point_from_y_unchecked(Fr::rand(rng), true) else { continue };
        let t = p.mul_bigint(Scalar::MODULUS).into_affine();
        if !t.mul_bigint([4u64]).into_affine().is_zero() {
            return t;
        }
    }
}

#[test]
fn off_curve_witnesses_are_refused() {
    let bad = Affine2::new_unchecked(MontFp!("3"), MontFp!("4"));
    struct OnCurve(Affine2);
    impl Circuit for OnCurve {
        fn id(&self) -> String {
            "test/on-curve".into()
        }
        fn public_inputs(&self) -> Vec<Fr> {
            vec![]
        }
        fn synthesize(&self, cs: &mut Cs, _: &[Num]) {
            PointVar::on_curve(cs, self.0.into());
        }
    }
    let (shape, z) = Cs::shape_and_assignment(&OnCurve(bad));
    assert!(shape.check(&z).is_err());
}

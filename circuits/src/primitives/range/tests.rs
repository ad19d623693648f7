#![allow(clippy::unwrap_used)]
use super::*;
use crate::r1cs::Circuit;
use ark_ff::AdditiveGroup;

struct Range(Fr, usize);
impl Circuit for Range {
    fn id(&self) -> String {
        format!("test/range/{}", self.1)
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.0]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        bits(cs, &inputs[0], self.1);
    }
}

#[test]
fn range_holds_exactly_below_the_power_of_two() {
    let shape = Cs::shape(&Range(Fr::ZERO, 48));
    let check = |x| shape.check(&Cs::assignment(&Range(x, 48))).is_ok();
    assert!(check(Fr::ZERO) && check(Fr::from((1u64 << 48) - 1)));
    assert!(!check(Fr::from(1u64 << 48)) && !check(-Fr::from(1u64)));
}

/// `bits` against a bound, the bits chosen freely.
struct AtMost(u8, u8);
impl Circuit for AtMost {
    fn id(&self) -> String {
        format!("test/at-most/{}", self.1)
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![]
    }
    fn synthesize(&self, cs: &mut Cs, _: &[Num]) {
        let bits: Vec<Bit> = (0..8).map(|i| cs.boolean("b", self.0 >> i & 1 == 1)).collect();
        let bound: Vec<bool> = (0..8).map(|i| self.1 >> i & 1 == 1).collect();
        enforce_at_most(cs, &bits, &bound);
    }
}

#[test]
fn at_most_agrees_with_integers() {
    for bound in [0u8, 1, 2, 0x55, 0x7f, 0x80, 0xa9, 0xff] {
        for x in 0..=255u8 {
            let (shape, z) = Cs::shape_and_assignment(&AtMost(x, bound));
            assert_eq!(shape.check(&z).is_ok(), x <= bound, "{x} <= {bound}");
        }
    }
}

struct Canonical {
    x: Fr,
    alias: bool,
}
impl Circuit for Canonical {
    fn id(&self) -> String {
        "test/canonical".into()
    }
    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.x]
    }
    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        if !self.alias {
            canonical_bits(cs, &inputs[0]);
            return;
        }
        let mut integer = self.x.into_bigint();
        integer.add_with_carry(&Fr::MODULUS);
        let bits: Vec<Bit> = (0..254).map(|i| cs.boolean("b", integer.get_bit(i))).collect();
        let sum = Num::from_bits(cs, &bits);
        cs.equal("sum = x", &sum, &inputs[0]);
        let mut largest = Fr::MODULUS;
        largest.sub_with_borrow(&1u64.into());
        enforce_at_most(cs, &bits, &largest.to_bits_le()[..254]);
    }
}

#[test]
fn the_alias_x_plus_r_is_refused() {
    for x in [Fr::ZERO, Fr::from(7u64), -Fr::from(1u64)] {
        let (shape, z) = Cs::shape_and_assignment(&Canonical { x, alias: false });
        assert_eq!(shape.check(&z), Ok(()));
    }
    let (shape, z) = Cs::shape_and_assignment(&Canonical { x: Fr::from(7u64), alias: true });
    assert!(shape.check(&z).unwrap_err().label.equation.contains("bound"));
}

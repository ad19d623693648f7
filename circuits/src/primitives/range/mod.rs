//! Ranges and canonical bits as constraints.

use crate::{
    curve::Fr,
    r1cs::{Bit, Cs, Num},
};
use ark_ff::{BigInteger, PrimeField};

/// `n` bits, least significant first, with `sum of 2^i * bit_i = x`:
/// `n + 1` constraints. For `n` up to 253 this says `0 <= x < 2^n`; with 254
/// bits the integer of the bits may be x or x + r (see [`canonical_bits`]).
pub fn bits(cs: &mut Cs, x: &Num, n: usize) -> Vec<Bit> {
    let integer = x.value().into_bigint();
    let bits: Vec<Bit> = (0..n).map(|i| cs.boolean("bit * (1 - bit) = 0", integer.get_bit(i))).collect();
    let sum = Num::from_bits(cs, &bits);
    cs.equal("sum 2^i * bit_i = x", &sum, x);
    bits
}

/// The 254 bits of the integer below r that `x` stands for.
pub fn canonical_bits(cs: &mut Cs, x: &Num) -> Vec<Bit> {
    let bits = bits(cs, x, Fr::MODULUS_BIT_SIZE as usize);
    let mut largest = Fr::MODULUS;
    largest.sub_with_borrow(&1u64.into());
    enforce_at_most(cs, &bits, &largest.to_bits_le()[..bits.len()]);
    bits
}

/// Enforces that the integer of `bits` is at most that of `bound`, both least
/// significant first and of one length.
///
/// From the top, `run` says that all bits at the bound's ones seen so far are
/// one, so the prefix can only be below or equal to the bound's while it
/// holds; at a zero of the bound the bit must then be zero.
pub fn enforce_at_most(cs: &mut Cs, bits: &[Bit], bound: &[bool]) {
    assert_eq!(bits.len(), bound.len(), "bits of one length");
    let mut run = Bit::constant(cs, true);
    let mut first = true;
    let zero = Num::zero(cs);
    for (bit, one) in bits.iter().zip(bound).rev() {
        match (one, first) {
            (true, true) => (run, first) = (bit.clone(), false),
            (true, false) => run = cs.and("run * bit = run'", &run, bit),
            (false, true) => cs.equal("bit = 0 above the bound", bit.num(), &zero),
            (false, false) => cs.enforce("run * bit = 0 at a zero of the bound", run.num(), bit.num(), &zero),
        }
    }
}

#[cfg(test)]
mod tests;

//! The way from a census leaf to the root, as constraints.

use super::CensusPath;
use crate::{
    curve::Fr,
    params::{CENSUS_ARITY, Tag},
    primitives::poseidon::gadget,
    r1cs::{Cs, Num},
};
use ark_ff::Field;

/// The root above `leaf`. Position and siblings are the prover's choice; the
/// caller compares the root. spec: `census.tree`
///
/// Per level two boolean bits give the place of the current node among its
/// four siblings, so it takes exactly one place (A5). The depth is fixed and
/// leaves, nodes and the empty leaf have tags of their own, so no node passes
/// for a leaf (A6).
pub fn census_root(cs: &mut Cs, leaf: &Num, path: &CensusPath) -> Num {
    let mut current = leaf.clone();
    for (level, siblings) in path.siblings.iter().enumerate() {
        let place = (path.index >> (2 * level)) & (CENSUS_ARITY as u64 - 1);
        let children = children(cs, &current, place, siblings);
        current = gadget::hash(cs, Tag::CensusNode, &children);
    }
    current
}

/// The four children in order: `current` at `place`, the siblings in order
/// at the others. Seven constraints.
fn children(
    cs: &mut Cs,
    current: &Num,
    place: u64,
    siblings: &[Fr; CENSUS_ARITY - 1],
) -> [Num; CENSUS_ARITY] {
    let low = cs.boolean("low * (1 - low) = 0", place & 1 == 1);
    let high = cs.boolean("high * (1 - high) = 0", place & 2 == 2);
    let [s0, s1, s2] = siblings.map(|s| cs.witness(s));
    // Exactly one of at_0, at_1, at_2 = high - at_3, at_3 is 1.
    let at_3 = cs.and("low * high = at_3", &low, &high);
    let at_1 = low.num() - at_3.num();
    let at_0 = (at_3.num() - low.num() - high.num()).add_constant(Fr::ONE);
    let first = cs.mul("at_0 * (current - s0) = child_0 - s0", &at_0, &(current - &s0)) + &s0;
    let last = cs.mul("at_3 * (current - s2) = child_3 - s2", at_3.num(), &(current - &s2)) + &s2;
    let shifted = cs.mul("at_0 * (s0 - s1) = shift", &at_0, &(&s0 - &s1));
    let placed = cs.mul("at_1 * (current - s1) = placed", &at_1, &(current - &s1));
    let second = &s1 + shifted + placed;
    // The children are a permutation of current and siblings.
    let third = (current + s0 + s1 + s2) - &first - &second - &last;
    [first, second, third, last]
}

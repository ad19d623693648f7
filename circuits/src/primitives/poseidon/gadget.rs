//! Poseidon as constraints: three per S-box, linear layers free.

use super::{RATE, Sparse, parameters};
use crate::{
    curve::Fr,
    params::Tag,
    r1cs::{Cs, Num},
};
use ark_ff::Field;

/// `H_tag(inputs)`, for 1 to 16 inputs.
pub fn hash(cs: &mut Cs, tag: Tag, inputs: &[Num]) -> Num {
    compress(cs, &Capacity::Tag(tag), inputs)
}

/// [`super::sponge`] in the circuit.
pub fn sponge(cs: &mut Cs, tag: Tag, inputs: &[Num]) -> Num {
    inputs
        .chunks(RATE)
        .fold(None, |carry: Option<Num>, block| {
            let capacity = carry.map_or(Capacity::Tag(tag), Capacity::Carried);
            Some(sponge_block(cs, &capacity, block))
        })
        .expect("a sponge has inputs")
}

/// [`super::sponge_block`] in the circuit.
pub fn sponge_block(cs: &mut Cs, capacity: &Capacity, block: &[Num]) -> Num {
    let mut rate = block.to_vec();
    rate.resize_with(RATE, || Num::zero(cs));
    compress(cs, capacity, &rate)
}

/// The capacity lane at the start of a permutation.
#[derive(Debug, Clone)]
pub enum Capacity {
    /// The domain tag, a constant: its first S-box is free.
    Tag(Tag),
    /// The first lane of the permutation before.
    Carried(Num),
}

fn compress(cs: &mut Cs, capacity: &Capacity, inputs: &[Num]) -> Num {
    let p = parameters(inputs.len() + 1);
    let half = p.full_rounds.len() / 2;
    let first = match capacity {
        Capacity::Tag(tag) => cs.constant(tag.field()),
        Capacity::Carried(n) => n.clone(),
    };
    let mut state: Vec<Num> = std::iter::once(first).chain(inputs.iter().cloned()).collect();
    for (i, constants) in p.full_rounds[..half].iter().enumerate() {
        let matrix = if i + 1 == half { &p.entry } else { &p.mds };
        let constant_lane = i == 0 && matches!(capacity, Capacity::Tag(_));
        full_round(cs, constants, matrix, &mut state, constant_lane);
    }
    for sparse in &p.partial_rounds {
        partial_round(cs, sparse, &mut state);
    }
    let last = p.full_rounds.len() - 1;
    for constants in &p.full_rounds[half..last] {
        full_round(cs, constants, &p.mds, &mut state, false);
    }
    // Only the first lane leaves the permutation.
    full_round(cs, &p.full_rounds[last], &p.mds[..1], &mut state, false);
    state.swap_remove(0)
}

fn full_round(cs: &mut Cs, constants: &[Fr], matrix: &[Vec<Fr>], state: &mut Vec<Num>, constant_lane: bool) {
    for (i, (x, c)) in state.iter_mut().zip(constants).enumerate() {
        let shifted = x.add_constant(*c);
        *x = if i == 0 && constant_lane {
            cs.constant(shifted.value().pow([5u64]))
        } else {
            sbox(cs, &shifted)
        };
    }
    *state = matrix.iter().map(|row| Num::combine(cs, row.iter().copied().zip(&*state))).collect();
}

fn partial_round(cs: &mut Cs, sparse: &Sparse, state: &mut [Num]) {
    let x = sbox(cs, &state[0].add_constant(sparse.constant));
    let rest = Num::combine(cs, sparse.row.iter().copied().zip(&state[1..]));
    state[0] = rest.add_scaled(&x, sparse.corner);
    for (s, w) in state[1..].iter_mut().zip(&sparse.column) {
        *s = s.add_scaled(&x, *w);
    }
}

fn sbox(cs: &mut Cs, x: &Num) -> Num {
    let x2 = cs.mul("x * x = x2", x, x);
    let x4 = cs.mul("x2 * x2 = x4", &x2, &x2);
    cs.mul("x4 * x = x5", &x4, x)
}

//! Poseidon over BN254 with circom's parameters and a domain tag in the
//! capacity lane. spec: `hash.poseidon`.
//!
//! Source: Grassi et al., "Poseidon", USENIX Security 2021; parameters as in
//! circomlib (8 full rounds, partial rounds by width, x^5, constants from the
//! Grain LFSR). Partial rounds run in the equivalent sparse form of the
//! paper's appendix B, natively and in circuits alike.

#[cfg(feature = "r1cs")]
pub mod gadget;
mod parameters;
#[cfg(test)]
mod tests;

pub(crate) use parameters::{Parameters, Sparse, parameters};

use crate::{
    curve::Fr,
    params::{POSEIDON_MAX_WIDTH, Tag},
};
use ark_ff::{AdditiveGroup, Field};

/// Inputs of one permutation of the widest state.
pub const RATE: usize = POSEIDON_MAX_WIDTH - 1;

/// `H_tag(inputs)`, for 1 to 16 inputs.
///
/// # Panics
/// If there are no inputs or more than 16: lengths are fixed by the protocol.
pub fn hash(tag: Tag, inputs: &[Fr]) -> Fr {
    compress(tag.field(), inputs)
}

/// A hash of any fixed number of inputs: the sponge in overwrite mode at
/// width 17. The capacity lane starts with the tag and is carried on; each
/// block of 16 inputs overwrites the rate; the last block is filled up with
/// zeros. spec: `hash.sponge`.
///
/// Only for input lengths fixed by the protocol: the length is not hashed.
pub fn sponge(tag: Tag, inputs: &[Fr]) -> Fr {
    inputs.chunks(RATE).fold(tag.field(), sponge_block)
}

/// One step of [`sponge`]: carries `capacity` over a block of up to 16 inputs.
pub fn sponge_block(capacity: Fr, block: &[Fr]) -> Fr {
    let mut rate = [Fr::ZERO; RATE];
    rate[..block.len()].copy_from_slice(block);
    compress(capacity, &rate)
}

/// The first lane of the permutation of `(capacity, inputs)`.
pub(crate) fn compress(capacity: Fr, inputs: &[Fr]) -> Fr {
    let mut state = [Fr::ZERO; POSEIDON_MAX_WIDTH];
    let width = inputs.len() + 1;
    state[0] = capacity;
    state[1..width].copy_from_slice(inputs);
    permute(parameters(width), &mut state[..width]);
    state[0]
}

fn permute(p: &Parameters, state: &mut [Fr]) {
    let half = p.full_rounds.len() / 2;
    for (i, constants) in p.full_rounds[..half].iter().enumerate() {
        let matrix = if i + 1 == half { &p.entry } else { &p.mds };
        full_round(constants, matrix, state);
    }
    for sparse in &p.partial_rounds {
        partial_round(sparse, state);
    }
    for constants in &p.full_rounds[half..] {
        full_round(constants, &p.mds, state);
    }
}

fn full_round(constants: &[Fr], matrix: &[Vec<Fr>], state: &mut [Fr]) {
    for (x, c) in state.iter_mut().zip(constants) {
        *x = sbox(*x + c);
    }
    let mut out = [Fr::ZERO; POSEIDON_MAX_WIDTH];
    for (y, row) in out.iter_mut().zip(matrix) {
        *y = row.iter().zip(&*state).map(|(m, x)| *m * x).sum();
    }
    state.copy_from_slice(&out[..state.len()]);
}

fn partial_round(sparse: &Sparse, state: &mut [Fr]) {
    let x = sbox(state[0] + sparse.constant);
    let mut first = sparse.corner * x;
    for ((s, v), w) in state[1..].iter_mut().zip(&sparse.row).zip(&sparse.column) {
        first += *v * *s;
        *s += *w * x;
    }
    state[0] = first;
}

fn sbox(x: Fr) -> Fr {
    x.square().square() * x
}

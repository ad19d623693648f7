//! Round constants and matrices, derived as circomlib's were.

use crate::{curve::Fr, params::POSEIDON_MAX_WIDTH};
use ark_ff::{AdditiveGroup, BigInteger256, Field, PrimeField};
use std::sync::OnceLock;

const FULL_ROUNDS: usize = 8;
/// Partial rounds for widths 2 to 17.
const PARTIAL_ROUNDS: [usize; POSEIDON_MAX_WIDTH - 1] =
    [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
const FIELD_BITS: usize = 254;

type Matrix = Vec<Vec<Fr>>;

/// One partial round: a constant on the first lane, the S-box there, and the
/// sparse matrix `[[corner, row], [column, identity]]`.
#[derive(Debug)]
pub(crate) struct Sparse {
    pub(crate) constant: Fr,
    pub(crate) corner: Fr,
    pub(crate) row: Vec<Fr>,
    pub(crate) column: Vec<Fr>,
}

/// The permutation of one width.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// Constants of the 4 full rounds before and the 4 after the partial ones.
    pub(crate) full_rounds: Vec<Vec<Fr>>,
    pub(crate) mds: Matrix,
    /// The matrix of the last full round before the partial ones.
    pub(crate) entry: Matrix,
    pub(crate) partial_rounds: Vec<Sparse>,
}

/// The parameters of a width from 2 to 17, derived at first use.
///
/// # Panics
/// For any other width.
pub(crate) fn parameters(width: usize) -> &'static Parameters {
    static ALL: [OnceLock<Parameters>; POSEIDON_MAX_WIDTH - 1] =
        [const { OnceLock::new() }; POSEIDON_MAX_WIDTH - 1];
    assert!((2..=POSEIDON_MAX_WIDTH).contains(&width), "Poseidon takes 1 to 16 inputs");
    ALL[width - 2].get_or_init(|| {
        let (constants, mds) = reference(width);
        optimise(constants, mds)
    })
}

/// Constants of every round and the MDS matrix, in the paper's form.
pub(super) fn reference(width: usize) -> (Vec<Vec<Fr>>, Matrix) {
    let partial = PARTIAL_ROUNDS[width - 2];
    let mut grain = Grain::new(width, partial);
    let rounds = FULL_ROUNDS + partial;
    let constants = (0..rounds).map(|_| (0..width).map(|_| grain.element()).collect()).collect();
    let xs: Vec<Fr> = (0..width).map(|_| grain.element_reduced()).collect();
    let ys: Vec<Fr> = (0..width).map(|_| grain.element_reduced()).collect();
    let cauchy = |x: &Fr| ys.iter().map(|y| (*x + y).inverse().expect("x + y is not 0")).collect();
    (constants, xs.iter().map(cauchy).collect())
}

/// Rewrites the partial rounds so that each has one constant and a sparse
/// matrix.
///
/// Constants: `S(s + c)` with the S-box S on the first lane only equals
/// `S(s + c_0 e_0) + (0, c_1, ..)`, so the rest moves through the matrix into
/// the next round. Matrices: `M = [[m, v], [w, B]]` equals
/// `[[m, v B^-1], [w, I]] * diag(1, B)`, and `diag(1, B)` commutes with S, so
/// it moves into the matrix of the round before.
fn optimise(mut constants: Vec<Vec<Fr>>, mds: Matrix) -> Parameters {
    let half = FULL_ROUNDS / 2;
    let partial = constants.len() - FULL_ROUNDS;
    for r in half..half + partial {
        let mut rest = constants[r].clone();
        rest[0] = Fr::ZERO;
        for (c, moved) in constants[r + 1].iter_mut().zip(apply(&mds, &rest)) {
            *c += moved;
        }
    }
    let mut current = mds.clone();
    let mut partial_rounds = Vec::with_capacity(partial);
    for r in (half..half + partial).rev() {
        let block: Matrix = current[1..].iter().map(|row| row[1..].to_vec()).collect();
        let inverse = invert(&block);
        let row = (0..block.len())
            .map(|j| (0..block.len()).map(|i| current[0][i + 1] * inverse[i][j]).sum())
            .collect();
        let column = current[1..].iter().map(|row| row[0]).collect();
        partial_rounds.push(Sparse { constant: constants[r][0], corner: current[0][0], row, column });
        current = block_times(&block, &mds);
    }
    partial_rounds.reverse();
    let full_rounds = constants[..half].iter().chain(&constants[half + partial..]).cloned().collect();
    Parameters { full_rounds, mds, entry: current, partial_rounds }
}

fn apply(matrix: &Matrix, x: &[Fr]) -> Vec<Fr> {
    matrix.iter().map(|row| row.iter().zip(x).map(|(m, x)| *m * x).sum()).collect()
}

/// `diag(1, block) * m`
fn block_times(block: &Matrix, m: &Matrix) -> Matrix {
    let lower = block
        .iter()
        .map(|row| (0..m.len()).map(|j| row.iter().zip(&m[1..]).map(|(b, mi)| *b * mi[j]).sum()).collect());
    std::iter::once(m[0].clone()).chain(lower).collect()
}

/// Gauss-Jordan elimination; blocks of an MDS matrix are invertible.
fn invert(matrix: &Matrix) -> Matrix {
    let n = matrix.len();
    let mut a = matrix.clone();
    let mut inv: Matrix =
        (0..n).map(|i| (0..n).map(|j| if i == j { Fr::ONE } else { Fr::ZERO }).collect()).collect();
    for col in 0..n {
        let pivot = (col..n).find(|r| a[*r][col] != Fr::ZERO).expect("the block is invertible");
        a.swap(col, pivot);
        inv.swap(col, pivot);
        let k = a[col][col].inverse().expect("the pivot is not 0");
        for x in a[col].iter_mut().chain(&mut inv[col]) {
            *x *= k;
        }
        let (pivot_a, pivot_inv) = (a[col].clone(), inv[col].clone());
        for r in (0..n).filter(|r| *r != col) {
            let k = a[r][col];
            for (x, p) in a[r].iter_mut().zip(&pivot_a) {
                *x -= k * p;
            }
            for (x, p) in inv[r].iter_mut().zip(&pivot_inv) {
                *x -= k * p;
            }
        }
    }
    inv
}

/// The Grain LFSR of the Poseidon paper (appendix E), self-shrinking.
struct Grain {
    /// Bit 79 is the oldest bit b_0.
    state: u128,
}

impl Grain {
    fn new(width: usize, partial_rounds: usize) -> Grain {
        // Prime field (01), S-box x^alpha (0000), n, t, R_F, R_P, thirty ones.
        let fields = [
            (1u128, 2),
            (0, 4),
            (FIELD_BITS as u128, 12),
            (width as u128, 12),
            (FULL_ROUNDS as u128, 10),
            (partial_rounds as u128, 10),
            ((1 << 30) - 1, 30),
        ];
        let state = fields.iter().fold(0, |s, (value, bits)| (s << bits) | value);
        let mut grain = Grain { state };
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> bool {
        let at = |i: u32| (self.state >> (79 - i)) & 1;
        let bit = at(62) ^ at(51) ^ at(38) ^ at(23) ^ at(13) ^ at(0);
        self.state = ((self.state << 1) | bit) & ((1 << 80) - 1);
        bit == 1
    }

    fn bit(&mut self) -> bool {
        while !self.step() {
            self.step();
        }
        self.step()
    }

    fn integer(&mut self) -> BigInteger256 {
        let mut limbs = [0u64; 4];
        for i in (0..FIELD_BITS).rev() {
            limbs[i / 64] |= u64::from(self.bit()) << (i % 64);
        }
        BigInteger256::new(limbs)
    }

    /// A uniform element, by rejection.
    fn element(&mut self) -> Fr {
        loop {
            if let Some(x) = Fr::from_bigint(self.integer()) {
                return x;
            }
        }
    }

    /// A 254-bit integer modulo r.
    fn element_reduced(&mut self) -> Fr {
        use ark_ff::BigInteger;
        Fr::from_le_bytes_mod_order(&self.integer().to_bytes_le())
    }
}

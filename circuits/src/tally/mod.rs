//! The tally: the totals are the decryption of exactly the ballots on the
//! board. spec: `tally`.
//!
//! Log rows are in the board's order, sorted rows are the same ones by
//! (slot, seq). The conditions, in the order of [`relation`] and of the
//! circuits:
//!
//! - Y1 log: the leaves at index i < N give the root R. spec: `tally.y1`
//! - Y2 sorted commitment: S is the sponge over the sorted rows, filled up
//!   with zero rows to whole segments. spec: `tally.y2`
//! - Y3 same rows: with beta and gamma hashed from (election, R, N, S), the
//!   products of `gamma - (i + beta slot + beta^2 prev + beta^3 next)` over
//!   both lists are equal. spec: `tally.y3`
//! - Y4 order: (slot, seq) strictly increases, as integers. spec: `tally.y4`
//! - Y5 chain: within a slot `prev` is the predecessor's `next`; a new slot
//!   starts from EMPTY and is counted. spec: `tally.y5`
//! - Y6 sum: the last row of each slot opens its ciphertexts, which are
//!   added; no other row does. spec: `tally.y6`
//! - Y7 decryption: t trustees' shares with right proofs and coefficients
//!   open the sums to the totals, each below 2^44. spec: `tally.y7`
//! - Y8 fingerprint: each batch's rows, as a polynomial at the public `z_b`,
//!   give the public `F_b`. With `z_b = 0`, `F_b` is 0: the value when there
//!   is no settlement. spec: `tally.y8`
//!
//! Two forms, one segment of rows in common: **one proof** for boards of at
//! most [`Layout::rows`] entries; above, **chunk** proofs that carry a hashed
//! [`State`] and a **final** proof. spec: `tally.forms`, `tally.state`
//!
//! Checked outside the circuits, by everyone: every ballot proof (so the
//! ciphertexts behind every `next` are points of the prime subgroup), R and N
//! are the closed board's, the public key is the election's and in the prime
//! subgroup, `z_b` are the settlement's, and in the chunked form
//! [`check_chain`]. spec: `tally.outside`

#[cfg(feature = "r1cs")]
mod circuit;
mod plan;
pub mod relation;
mod state;
mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod witness;

#[cfg(feature = "r1cs")]
pub use circuit::{ChunkCircuit, FinalCircuit, TallyCircuit};
pub use plan::{Board, Chunk, Chunks, Final, InvalidBoard, OneProof, Opened, Plan, plan};
pub use relation::Unsatisfied;
pub use state::{Context, LastRow, State, StateDigest};
pub use statement::{
    BatchBinding, BrokenChain, ChunkStatement, FinalStatement, Outcome, Statement, check_chain, fingerprint,
};
pub use witness::{ChunkWitness, Decryption, FinalWitness, Segment, SortedRow, Trustee, Witness};

use crate::{
    params::{BATCH_ROWS, BOARD_DEPTH},
    types::BallotShape,
};

/// The size of a tally circuit. spec: `tally.forms`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    shape: BallotShape,
    rows: usize,
}

/// No layout has this many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tally segment has a power of two of rows, from 4 to 65536, not {0}")]
pub struct InvalidLayout(pub usize);

impl Layout {
    /// Sorted rows that one permutation absorbs: 4 values each.
    pub(crate) const ROWS_PER_BLOCK: usize = 4;

    /// The layout of elections: 256 rows for `Shape4`, 128 for `Shape16`.
    pub const fn standard(shape: BallotShape) -> Self {
        Self { shape, rows: shape.tally_rows() }
    }

    /// A layout of another size, with as many batches as the standard one.
    ///
    /// # Errors
    /// Unless `rows` is a power of two from 4 to 65536.
    pub fn new(shape: BallotShape, rows: usize) -> Result<Self, InvalidLayout> {
        let valid = rows.is_power_of_two() && (Self::ROWS_PER_BLOCK..=1 << 16).contains(&rows);
        if valid { Ok(Self { shape, rows }) } else { Err(InvalidLayout(rows)) }
    }

    /// The ballots' shape.
    pub const fn shape(self) -> BallotShape {
        self.shape
    }

    /// Most entries of one proof, and the entries of every chunk but the last.
    pub const fn rows(self) -> usize {
        self.rows
    }

    /// Option positions.
    pub const fn options(self) -> usize {
        self.shape.options()
    }

    /// Settlement batches of one segment: 2 for `Shape4`, 1 for `Shape16`.
    pub const fn batches(self) -> usize {
        self.shape.tally_rows() / BATCH_ROWS
    }

    /// Rows of one batch: [`BATCH_ROWS`] in the standard layout.
    pub const fn batch_rows(self) -> usize {
        self.rows / self.batches()
    }

    /// Levels of the board tree inside a segment.
    pub const fn subtree_levels(self) -> usize {
        self.rows.trailing_zeros() as usize
    }

    /// Levels of the board tree above a segment.
    pub const fn path_levels(self) -> usize {
        BOARD_DEPTH - self.subtree_levels()
    }
}

const _: () = assert!(Layout::standard(BallotShape::Shape4).batch_rows() == BATCH_ROWS);
const _: () = assert!(Layout::standard(BallotShape::Shape16).batch_rows() == BATCH_ROWS);

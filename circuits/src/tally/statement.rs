//! Public inputs of the tally proofs, in the one order. spec: `tally.inputs`.

use super::{Layout, StateDigest};
use crate::{
    curve::Fr,
    params::{INDEX_BITS, TOTAL_BITS},
    types::{BoardRoot, BoardRow, ElectionId, GroupElement},
};
use ark_ff::{AdditiveGroup, Field};

/// Totals that share one public input.
const TOTALS_PER_ELEMENT: usize = 4;
const _: () = assert!(2 * INDEX_BITS + TOTALS_PER_ELEMENT * TOTAL_BITS < 253);

/// What an election came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// N, the entries on the board.
    pub size: u32,
    /// Slots with at least one entry.
    pub slots: u32,
    /// Units per option position; one per position of the shape.
    pub totals: Vec<u64>,
}

impl Outcome {
    /// One element for every 4 totals, 44 bits each; N and the slots lie in
    /// the first one below its totals: `N + 2^32 slots + 2^64 t_0 + 2^108
    /// t_1 + ..`, then `t_4 + 2^44 t_5 + ..`. spec: `tally.packed`
    pub fn packed(&self) -> Vec<Fr> {
        let totals: Vec<Fr> = self.totals.iter().map(|t| Fr::from(*t)).collect();
        pack(Fr::from(self.size), Fr::from(self.slots), &totals, |acc, k, x| acc + k * x)
    }
}

/// The packing, for values and for circuit numbers alike: `add(acc, k, x)` is
/// `acc + k x`.
pub(super) fn pack<T: Clone>(size: T, slots: T, totals: &[T], add: impl Fn(T, Fr, &T) -> T) -> Vec<T> {
    let power = |bits: usize| Fr::from(2u64).pow([bits as u64]);
    let all = |first: T, shift: usize, rest: &[T]| {
        (shift..).step_by(TOTAL_BITS).zip(rest).fold(first, |acc, (bits, t)| add(acc, power(bits), t))
    };
    let (first, later) = totals.split_at(TOTALS_PER_ELEMENT.min(totals.len()));
    let head = add(size, power(INDEX_BITS), &slots);
    let mut packed = vec![all(head, 2 * INDEX_BITS, first)];
    packed.extend(later.chunks(TOTALS_PER_ELEMENT).map(|c| all(c[0].clone(), TOTAL_BITS, &c[1..])));
    packed
}

/// The rows of one batch at a point of the settlement's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BatchBinding {
    /// `z_b`; 0 when there is no settlement.
    pub z: Fr,
    /// `F_b`; 0 when there is no settlement, or no row.
    pub f: Fr,
}

impl BatchBinding {
    /// One binding per batch of a segment that starts with `rows[0]`; without
    /// a `z`, or for one beyond the list, the unused (0, 0).
    pub fn of_segment(layout: Layout, rows: &[BoardRow], z: &[Fr]) -> Vec<BatchBinding> {
        let batch = |b: usize| {
            let start = (b * layout.batch_rows()).min(rows.len());
            let end = (start + layout.batch_rows()).min(rows.len());
            let z = z.get(b).copied().unwrap_or(Fr::ZERO);
            BatchBinding { z, f: fingerprint(&rows[start..end], z) }
        };
        (0..layout.batches()).map(batch).collect()
    }
}

/// `sum over e of slot z^(3e+1) + prev z^(3e+2) + next z^(3e+3)`.
/// spec: `tally.y8`
pub fn fingerprint(rows: &[BoardRow], z: Fr) -> Fr {
    let values =
        rows.iter().rev().flat_map(|r| [r.next_digest.field(), r.prev_digest.field(), r.slot.field()]);
    values.fold(Fr::ZERO, |acc, x| (acc + x) * z)
}

fn bindings(batches: &[BatchBinding]) -> impl Iterator<Item = Fr> + '_ {
    batches.iter().flat_map(|b| [b.z, b.f])
}

/// Public inputs of the one-proof form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The election.
    pub election_id: ElectionId,
    /// R, the board's final root.
    pub root: BoardRoot,
    /// N, slots and totals.
    pub outcome: Outcome,
    /// PK.
    pub public_key: GroupElement,
    /// One per batch of the layout.
    pub batches: Vec<BatchBinding>,
}

impl Statement {
    /// `election_id, R, packed.., PK.x, PK.y, (z_b, F_b)..`
    pub fn encode(&self) -> Vec<Fr> {
        let (x, y) = self.public_key.xy();
        let head = [self.election_id.field(), self.root.field()];
        let all = head.into_iter().chain(self.outcome.packed()).chain([x, y]);
        all.chain(bindings(&self.batches)).collect()
    }
}

/// Public inputs of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkStatement {
    /// The election.
    pub election_id: ElectionId,
    /// R, the board's final root.
    pub root: BoardRoot,
    /// N, the board's final size.
    pub size: u32,
    /// Index of the chunk's first entry.
    pub start: u32,
    /// The state before the chunk.
    pub state_in: StateDigest,
    /// The state after the chunk.
    pub state_out: StateDigest,
    /// One per batch of the layout.
    pub batches: Vec<BatchBinding>,
}

impl ChunkStatement {
    /// `election_id, R, N, start, state_in, state_out, (z_b, F_b)..`
    pub fn encode(&self) -> Vec<Fr> {
        let head = [
            self.election_id.field(),
            self.root.field(),
            Fr::from(self.size),
            Fr::from(self.start),
            self.state_in.field(),
            self.state_out.field(),
        ];
        head.into_iter().chain(bindings(&self.batches)).collect()
    }
}

/// Public inputs of the final proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalStatement {
    /// The election.
    pub election_id: ElectionId,
    /// R, the board's final root.
    pub root: BoardRoot,
    /// N, slots and totals.
    pub outcome: Outcome,
    /// PK.
    pub public_key: GroupElement,
    /// The state after the last chunk.
    pub state_in: StateDigest,
}

impl FinalStatement {
    /// `election_id, R, packed.., PK.x, PK.y, state_in`
    pub fn encode(&self) -> Vec<Fr> {
        let (x, y) = self.public_key.xy();
        let head = [self.election_id.field(), self.root.field()];
        head.into_iter().chain(self.outcome.packed()).chain([x, y, self.state_in.field()]).collect()
    }
}

/// The statements are no chain over one board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// Not one chunk per [`Layout::rows`] entries.
    #[error("{found} tally chunks for a board that has {expected}; prove each chunk once")]
    Count {
        /// Chunks given.
        found: usize,
        /// Chunks of the board.
        expected: usize,
    },
    /// A chunk starts elsewhere: skipped, repeated or re-ordered.
    #[error("tally chunk {chunk} starts at entry {found} instead of {expected}")]
    Start {
        /// Its position.
        chunk: usize,
        /// Where it starts.
        found: u32,
        /// Where it has to start.
        expected: u64,
    },
    /// A chunk is about another election, root or size than the final proof.
    #[error("tally chunk {0} is about another election or board than the final proof")]
    Board(usize),
    /// A proof does not start from the state that the one before left.
    #[error("tally proof {0} does not start from the state that the one before it left")]
    State(usize),
}

/// Checks that `chunks`, in order, and `last` are one tally: what the proofs
/// alone do not say. A31. spec: `tally.chain`
///
/// # Errors
/// The first break.
pub fn check_chain(
    layout: Layout,
    chunks: &[ChunkStatement],
    last: &FinalStatement,
) -> Result<(), BrokenChain> {
    let rows = layout.rows() as u64;
    let expected = u64::from(last.outcome.size).div_ceil(rows);
    if expected == 0 || chunks.len() as u64 != expected {
        let expected = usize::try_from(expected.max(1)).unwrap_or(usize::MAX);
        return Err(BrokenChain::Count { found: chunks.len(), expected });
    }
    for (chunk, c) in chunks.iter().enumerate() {
        if (c.election_id, c.root, c.size) != (last.election_id, last.root, last.outcome.size) {
            return Err(BrokenChain::Board(chunk));
        }
        let expected = chunk as u64 * rows;
        if u64::from(c.start) != expected {
            return Err(BrokenChain::Start { chunk, found: c.start, expected });
        }
    }
    let after = chunks.iter().map(|c| c.state_out);
    let before = chunks[1..].iter().map(|c| c.state_in).chain([last.state_in]);
    match after.zip(before).position(|(a, b)| a != b) {
        Some(chunk) => Err(BrokenChain::State(chunk + 1)),
        None => Ok(()),
    }
}

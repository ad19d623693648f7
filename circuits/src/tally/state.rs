//! What one chunk hands to the next. spec: `tally.state`.

use super::{Layout, SortedRow};
use crate::{
    curve::Fr,
    params::Tag,
    primitives::{merkle::board_zeros, poseidon},
    types::{BoardRoot, Ciphertexts, ElectionId},
};
use ark_ff::{AdditiveGroup, Field};

/// `H_state(..)`: binds a [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StateDigest(Fr);

impl StateDigest {
    /// Gives a field element this meaning.
    pub fn from_field(x: Fr) -> Self {
        Self(x)
    }

    /// The field element.
    pub fn field(self) -> Fr {
        self.0
    }
}

/// What stays the same over all chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The election.
    pub election_id: ElectionId,
    /// R
    pub root: BoardRoot,
    /// N
    pub size: u32,
    /// S
    pub sorted: Fr,
    /// The challenge that folds a row into one element.
    pub beta: Fr,
    /// The challenge at which the products are taken.
    pub gamma: Fr,
}

impl Context {
    /// With `beta = H_chal(1, ..)` and `gamma = H_chal(2, ..)`.
    /// spec: `tally.y3`
    pub fn new(election_id: ElectionId, root: BoardRoot, size: u32, sorted: Fr) -> Self {
        let challenge = |number: u64| {
            let fields = [Fr::from(number), election_id.field(), root.field(), Fr::from(size), sorted];
            poseidon::hash(Tag::TallyChallenge, &fields)
        };
        Self { election_id, root, size, sorted, beta: challenge(1), gamma: challenge(2) }
    }
}

/// The last sorted row so far, whose ciphertexts are not yet added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRow {
    /// Its slot; 0 before the first row.
    pub slot: Fr,
    /// Its index on the board; 0 before the first row.
    pub seq: u32,
    /// Its `next`; 0 before the first row.
    pub next: Fr,
}

/// The state between two chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What stays the same.
    pub context: Context,
    /// Rows so far.
    pub index: u32,
    /// Root of the board tree with the rows so far.
    pub tree: Fr,
    /// The left neighbour on each level above a segment, from below.
    pub filled: Vec<Fr>,
    /// The sponge over the sorted rows so far.
    pub sorted: Fr,
    /// Product over the log rows.
    pub product_log: Fr,
    /// Product over the sorted rows.
    pub product_sorted: Fr,
    /// The last sorted row.
    pub last: LastRow,
    /// Slots begun.
    pub slots: u32,
    /// Sums over the slots before the last row's.
    pub sums: Ciphertexts,
}

impl State {
    /// The state before the first row.
    pub fn initial(layout: Layout, context: Context) -> Self {
        let zeros = board_zeros();
        let levels = layout.subtree_levels();
        Self {
            context,
            index: 0,
            tree: zeros[levels + layout.path_levels()],
            filled: zeros[levels..levels + layout.path_levels()].to_vec(),
            sorted: Tag::Sorted.field(),
            product_log: Fr::ONE,
            product_sorted: Fr::ONE,
            last: LastRow { slot: Fr::ZERO, seq: 0, next: Fr::ZERO },
            slots: 0,
            sums: Ciphertexts::identity(layout.shape()),
        }
    }

    /// All fields, in the one order.
    pub fn fields(&self) -> Vec<Fr> {
        let c = &self.context;
        let mut fields = vec![
            c.election_id.field(),
            c.root.field(),
            Fr::from(c.size),
            c.sorted,
            c.beta,
            c.gamma,
            Fr::from(self.index),
            self.tree,
        ];
        fields.extend(&self.filled);
        fields.extend([self.sorted, self.product_log, self.product_sorted]);
        fields.extend([self.last.slot, Fr::from(self.last.seq), self.last.next, Fr::from(self.slots)]);
        fields.extend(self.sums.coordinates());
        fields
    }

    /// `H_state`
    pub fn digest(&self) -> StateDigest {
        StateDigest(poseidon::sponge(Tag::TallyState, &self.fields()))
    }
}

/// Carries the sponge of Y2 over the rows of one segment, filled up with
/// zeros. spec: `tally.y2`
pub(super) fn absorb(layout: Layout, capacity: Fr, rows: &[SortedRow]) -> Fr {
    let mut values: Vec<Fr> = rows
        .iter()
        .flat_map(|r| [Fr::from(r.seq), r.slot.field(), r.prev_digest.field(), r.next_digest.field()])
        .collect();
    values.resize(4 * layout.rows(), Fr::ZERO);
    values.chunks(poseidon::RATE).fold(capacity, poseidon::sponge_block)
}
const _: () = assert!(poseidon::RATE == 4 * Layout::ROWS_PER_BLOCK);

/// S: the sponge over all sorted rows.
pub(super) fn sorted_commitment(layout: Layout, rows: impl Iterator<Item = SortedRow>) -> Fr {
    let mut rows = rows.peekable();
    let mut capacity = Tag::Sorted.field();
    while rows.peek().is_some() {
        let segment: Vec<SortedRow> = rows.by_ref().take(layout.rows()).collect();
        capacity = absorb(layout, capacity, &segment);
    }
    capacity
}

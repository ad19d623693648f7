//! From a closed board and its decryption to the statements and witnesses of
//! the proofs, chunk by chunk. spec: `tally.forms`.

use super::{
    BatchBinding, ChunkStatement, ChunkWitness, Context, Decryption, FinalStatement, FinalWitness, Layout,
    Outcome, Segment, SortedRow, State, Statement, Unsatisfied, Witness, relation::advance,
    state::sorted_commitment,
};
use crate::{
    curve::Fr,
    types::{BallotShape, BoardRoot, BoardRow, Ciphertexts, ElectionId, GroupElement, Slot, board_root},
};
use std::{collections::BTreeMap, ops::Range};

/// A closed board with what its slots hold in the end.
#[derive(Clone, Debug)]
pub struct Board {
    election_id: ElectionId,
    shape: BallotShape,
    rows: Vec<BoardRow>,
    root: BoardRoot,
    openings: BTreeMap<Slot, Ciphertexts>,
    /// Indices of `rows` by (slot, seq).
    order: Vec<u32>,
}

/// The board cannot be tallied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBoard {
    /// No entry.
    #[error("the board has no entry; there is nothing to tally")]
    Empty,
    /// More than 2^32 - 1 entries.
    #[error("the board has {0} entries; at most 2^32 - 1 can be tallied")]
    TooLong(usize),
    /// No ciphertexts for a slot, or for one that the board does not have.
    #[error("ciphertexts for {found} slots, but the board has {expected}; give the last ones of each slot")]
    Slots {
        /// Slots with ciphertexts.
        found: usize,
        /// Slots of the board.
        expected: usize,
    },
    /// A slot's ciphertexts are not the ones of its last entry.
    #[error("the ciphertexts of slot {slot} are not those of its last entry, number {seq}")]
    Opening {
        /// The slot.
        slot: Slot,
        /// Its last entry.
        seq: u32,
    },
}

impl Board {
    /// A board's rows in log order, and for each slot the ciphertexts of its
    /// last entry.
    ///
    /// # Errors
    /// If there is no row, or a slot's ciphertexts are missing or not those
    /// of its last row.
    pub fn new(
        shape: BallotShape,
        election_id: ElectionId,
        rows: Vec<BoardRow>,
        openings: BTreeMap<Slot, Ciphertexts>,
    ) -> Result<Self, InvalidBoard> {
        let size = u32::try_from(rows.len()).map_err(|_| InvalidBoard::TooLong(rows.len()))?;
        if rows.is_empty() {
            return Err(InvalidBoard::Empty);
        }
        let mut order: Vec<u32> = (0..size).collect();
        order.sort_by_key(|i| (rows[*i as usize].slot, *i));
        let root = board_root(&rows);
        let board = Self { election_id, shape, rows, root, openings, order };
        board.check_openings()?;
        Ok(board)
    }

    fn check_openings(&self) -> Result<(), InvalidBoard> {
        let mut slots = 0;
        for (position, row) in (0..).zip(self.sorted()) {
            if self.follows_in_slot(position + 1, row.slot) {
                continue;
            }
            slots += 1;
            let right = |c: &&Ciphertexts| c.shape() == self.shape && c.digest() == row.next_digest;
            if self.openings.get(&row.slot).filter(right).is_none() {
                return Err(InvalidBoard::Opening { slot: row.slot, seq: row.seq });
            }
        }
        let found = self.openings.len();
        if found == slots { Ok(()) } else { Err(InvalidBoard::Slots { found, expected: slots }) }
    }

    fn follows_in_slot(&self, position: usize, slot: Slot) -> bool {
        self.order.get(position).is_some_and(|i| self.rows[*i as usize].slot == slot)
    }

    /// The election.
    pub fn election_id(&self) -> ElectionId {
        self.election_id
    }

    /// The rows in log order.
    pub fn rows(&self) -> &[BoardRow] {
        &self.rows
    }

    /// R
    pub fn root(&self) -> BoardRoot {
        self.root
    }

    /// N
    pub fn size(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("checked when made")
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        u32::try_from(self.openings.len()).expect("at most one per row")
    }

    /// The sums over all slots: what trustees decrypt.
    pub fn sums(&self) -> Ciphertexts {
        self.openings.values().fold(Ciphertexts::identity(self.shape), |sum, c| sum.add(c))
    }

    fn sorted(&self) -> impl Iterator<Item = SortedRow> + '_ {
        self.sorted_at(0..self.order.len())
    }

    fn sorted_at(&self, positions: Range<usize>) -> impl Iterator<Item = SortedRow> + '_ {
        self.order[positions].iter().map(|i| SortedRow::new(*i, &self.rows[*i as usize]))
    }

    fn opening(&self, slot: Slot) -> Ciphertexts {
        self.openings.get(&slot).expect("checked when made").clone()
    }

    fn last_opening(&self) -> Ciphertexts {
        let last = *self.order.last().expect("a board has rows");
        self.opening(self.rows[last as usize].slot)
    }

    fn context(&self, layout: Layout) -> Context {
        let sorted = sorted_commitment(layout, self.sorted());
        Context::new(self.election_id, self.root, self.size(), sorted)
    }

    /// The rows from `start` on, as many as one segment takes.
    fn segment(&self, layout: Layout, start: usize) -> Segment {
        let end = (start + layout.rows()).min(self.rows.len());
        let sorted = self.sorted_at(start..end).collect();
        let opening = |position: usize| {
            let before = position.checked_sub(1).map(|p| self.rows[self.order[p] as usize].slot);
            match before {
                Some(slot) if !self.follows_in_slot(position, slot) => self.opening(slot),
                _ => Ciphertexts::identity(self.shape),
            }
        };
        let openings = (start..end).map(opening).collect();
        Segment { log: self.rows[start..end].to_vec(), sorted, openings }
    }
}

/// What the trustees opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// PK
    pub public_key: GroupElement,
    /// The shares and coefficients of t trustees.
    pub decryption: Decryption,
    /// Units per option position.
    pub totals: Vec<u64>,
}

/// The one-proof form of a tally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneProof {
    /// Public.
    pub statement: Statement,
    /// For the prover.
    pub witness: Witness,
}

/// One chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Public.
    pub statement: ChunkStatement,
    /// For the prover.
    pub witness: ChunkWitness,
}

/// The final proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Final {
    /// Public.
    pub statement: FinalStatement,
    /// For the prover.
    pub witness: FinalWitness,
}

/// The proofs of one tally.
#[derive(Debug)]
pub enum Plan<'a> {
    /// Up to [`Layout::rows`] entries.
    One(Box<OneProof>),
    /// More entries.
    Chunked(Box<Chunks<'a>>),
}

/// Plans the proofs for `board`. `z` are the settlement's batch points in
/// order; empty when there is no settlement.
pub fn plan<'a>(layout: Layout, board: &'a Board, opened: Opened, z: &'a [Fr]) -> Plan<'a> {
    if board.rows.len() > layout.rows() {
        let state = State::initial(layout, board.context(layout));
        return Plan::Chunked(Box::new(Chunks { layout, board, opened, z, state, broken: None }));
    }
    let statement = Statement {
        election_id: board.election_id,
        root: board.root,
        outcome: outcome(board, opened.totals),
        public_key: opened.public_key,
        batches: BatchBinding::of_segment(layout, &board.rows, z),
    };
    let segment = board.segment(layout, 0);
    let (last_opening, decryption) = (board.last_opening(), opened.decryption);
    Plan::One(Box::new(OneProof { statement, witness: Witness { segment, last_opening, decryption } }))
}

fn outcome(board: &Board, totals: Vec<u64>) -> Outcome {
    Outcome { size: board.size(), slots: board.slots(), totals }
}

/// The chunks of a board, made one at a time so that memory stays bounded.
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    layout: Layout,
    board: &'a Board,
    opened: Opened,
    z: &'a [Fr],
    state: State,
    /// Set once a chunk breaks a condition; nothing can follow it.
    broken: Option<Unsatisfied>,
}

impl Chunks<'_> {
    /// Number of chunks of the board.
    pub fn count_all(&self) -> usize {
        self.board.rows.len().div_ceil(self.layout.rows())
    }

    fn next_chunk(&mut self) -> Result<Chunk, Unsatisfied> {
        let (layout, board) = (self.layout, self.board);
        let start = self.state.index as usize;
        let segment = board.segment(layout, start);
        let before = self.state.clone();
        self.state = advance(layout, before.clone(), &segment)?;
        let z = &self.z[(start / layout.batch_rows()).min(self.z.len())..];
        let statement = ChunkStatement {
            election_id: board.election_id,
            root: board.root,
            size: board.size(),
            start: before.index,
            state_in: before.digest(),
            state_out: self.state.digest(),
            batches: BatchBinding::of_segment(layout, &segment.log, z),
        };
        Ok(Chunk { statement, witness: ChunkWitness { state: before, segment } })
    }

    /// The final proof; makes the chunks that were not asked for.
    ///
    /// # Errors
    /// If the board breaks a condition of its chunks.
    pub fn finish(mut self) -> Result<Final, Unsatisfied> {
        for chunk in self.by_ref() {
            chunk?;
        }
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let statement = FinalStatement {
            election_id: self.board.election_id,
            root: self.board.root,
            outcome: outcome(self.board, self.opened.totals),
            public_key: self.opened.public_key,
            state_in: self.state.digest(),
        };
        let (last_opening, decryption) = (self.board.last_opening(), self.opened.decryption);
        Ok(Final { statement, witness: FinalWitness { state: self.state, last_opening, decryption } })
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Chunk, Unsatisfied>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken.is_some() || self.state.index == self.board.size() {
            return None;
        }
        let chunk = self.next_chunk();
        self.broken = chunk.as_ref().err().copied();
        Some(chunk)
    }
}

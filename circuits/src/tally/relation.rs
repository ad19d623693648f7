//! The tally in plain Rust: the executable specification, and the twin of
//! the circuits. spec: `tally`.

use super::{
    BatchBinding, ChunkStatement, ChunkWitness, Context, Decryption, FinalStatement, FinalWitness, LastRow,
    Layout, Outcome, Segment, SortedRow, State, Statement, Trustee, Witness,
    state::{absorb, sorted_commitment},
    statement::fingerprint,
};
use crate::{
    curve::{Fr, GENERATOR, Projective2, Scalar},
    decryption,
    params::{LAGRANGE_BITS, TOTAL_BITS, Tag},
    primitives::{merkle::board_zeros, poseidon},
    types::{BoardRow, CiphertextDigest, Ciphertexts, GroupElement},
};

/// The condition that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// The segment is no segment of the layout.
    #[error(
        "layout: a segment has 1 to {rows} rows, as many sorted as logged, and one opening and batch each"
    )]
    Layout {
        /// Rows of the layout.
        rows: usize,
    },
    /// Y1
    #[error("Y1 log: the rows do not give the board's root")]
    Log,
    /// Y2
    #[error("Y2 sorted commitment: the sorted rows are not the committed ones")]
    Sorted,
    /// Y3
    #[error("Y3 same rows: the sorted rows are not the logged ones")]
    Rows,
    /// Y4
    #[error("Y4 order: sorted row {0} does not follow its predecessor in (slot, seq)")]
    Order(u32),
    /// Y5
    #[error("Y5 chain: sorted row {0} does not continue its slot, or does not start from EMPTY")]
    Chain(u32),
    /// Y6
    #[error("Y6 sum: the opening before sorted row {0} is not the ciphertexts of its predecessor's `next`")]
    Sum(u32),
    /// Y7, one trustee
    #[error("Y7 decryption: trustee {index}: {error}")]
    Trustee {
        /// Its index.
        index: u8,
        /// What is wrong.
        error: decryption::Invalid,
    },
    /// Y7, the coefficients
    #[error("Y7 decryption: the coefficients do not make the public key of the verification shares")]
    Key,
    /// Y7, one total
    #[error("Y7 decryption: total {0} is not what the shares open, or not below 2^44")]
    Total(usize),
    /// Y8
    #[error("Y8 fingerprint: batch {0} has another fingerprint")]
    Fingerprint(usize),
    /// N or the number of slots
    #[error("counts: the board has another number of entries or slots")]
    Counts,
    /// A state of a chunk
    #[error("state: the state is not the one of the statement, or not at the chunk's start")]
    State,
}

/// The one-proof form.
///
/// # Errors
/// The first condition that does not hold.
pub fn check(layout: Layout, statement: &Statement, witness: &Witness) -> Result<(), Unsatisfied> {
    let outcome = &statement.outcome;
    // N is counted from the rows, and compared with the statement at the end.
    let size = u32::try_from(witness.segment.log.len()).map_err(|_| Unsatisfied::Counts)?;
    let sorted = sorted_commitment(layout, witness.segment.sorted.iter().copied());
    let context = Context::new(statement.election_id, statement.root, size, sorted);
    let state = advance(layout, State::initial(layout, context), &witness.segment)?;
    finish(layout, state, &witness.last_opening, &witness.decryption, outcome, statement.public_key)?;
    check_fingerprints(layout, &witness.segment.log, &statement.batches)
}

/// A chunk.
///
/// # Errors
/// The first condition that does not hold.
pub fn check_chunk(
    layout: Layout,
    statement: &ChunkStatement,
    witness: &ChunkWitness,
) -> Result<(), Unsatisfied> {
    let state = &witness.state;
    let context = &state.context;
    let named = (context.election_id, context.root, context.size, state.index);
    if named != (statement.election_id, statement.root, statement.size, statement.start)
        || state.digest() != statement.state_in
        || (state.index == 0 && *state != State::initial(layout, *context))
    {
        return Err(Unsatisfied::State);
    }
    let after = advance(layout, state.clone(), &witness.segment)?;
    if after.digest() != statement.state_out {
        return Err(Unsatisfied::State);
    }
    check_fingerprints(layout, &witness.segment.log, &statement.batches)
}

/// The final proof.
///
/// # Errors
/// The first condition that does not hold.
pub fn check_final(
    layout: Layout,
    statement: &FinalStatement,
    witness: &FinalWitness,
) -> Result<(), Unsatisfied> {
    let state = witness.state.clone();
    let context =
        Context::new(statement.election_id, statement.root, state.context.size, state.context.sorted);
    if state.digest() != statement.state_in || state.context != context || state.index == 0 {
        return Err(Unsatisfied::State);
    }
    let (opening, decryption) = (&witness.last_opening, &witness.decryption);
    finish(layout, state, opening, decryption, &statement.outcome, statement.public_key)
}

/// The state after one more segment: Y1 to Y6 for its rows.
pub(super) fn advance(layout: Layout, mut state: State, segment: &Segment) -> Result<State, Unsatisfied> {
    let Segment { log, sorted, openings } = segment;
    let rows = layout.rows();
    let start = state.index as usize;
    let of_shape = |c: &Ciphertexts| c.shape() == layout.shape();
    if log.is_empty()
        || log.len() > rows
        || log.len() != sorted.len()
        || log.len() != openings.len()
        || !openings.iter().chain([&state.sums]).all(of_shape)
    {
        return Err(Unsatisfied::Layout { rows });
    }
    let end = u32::try_from(start + log.len()).map_err(|_| Unsatisfied::Counts)?;
    if !start.is_multiple_of(rows) {
        return Err(Unsatisfied::State);
    }
    // Y1 log (partial): the root is compared at the end.
    insert(layout, &mut state, start / rows, subtree(layout, log));
    // Y2 sorted commitment (partial): S is compared at the end.
    state.sorted = absorb(layout, state.sorted, sorted);
    // Y3 same rows (partial): the products are compared at the end.
    for (seq, row) in (state.index..).zip(log) {
        state.product_log *= factor(&state.context, &SortedRow::new(seq, row));
    }
    for row in sorted {
        state.product_sorted *= factor(&state.context, row);
    }
    for (position, (row, opening)) in (state.index..).zip(sorted.iter().zip(openings)) {
        take(&mut state, position, row, opening)?;
    }
    state.index = end;
    Ok(state)
}

/// Y4 to Y6 for the sorted row at `position`.
fn take(state: &mut State, position: u32, row: &SortedRow, opening: &Ciphertexts) -> Result<(), Unsatisfied> {
    let last = state.last;
    let is_first = position == 0;
    // Y4 order: field elements compare as the integers below r.
    let (slot, next) = (row.slot.field(), row.next_digest.field());
    let same = !is_first && slot == last.slot;
    if slot < last.slot || (same && row.seq <= last.seq) {
        return Err(Unsatisfied::Order(position));
    }
    // Y5 chain
    let expected = if same { last.next } else { CiphertextDigest::empty().field() };
    if row.prev_digest.field() != expected {
        return Err(Unsatisfied::Chain(position));
    }
    state.slots = state.slots.checked_add(u32::from(!same)).ok_or(Unsatisfied::Counts)?;
    // Y6 sum
    if !same && !is_first {
        if opening.digest().field() != last.next {
            return Err(Unsatisfied::Sum(position));
        }
        state.sums = state.sums.add(opening);
    }
    state.last = LastRow { slot, seq: row.seq, next };
    Ok(())
}

/// What is left after the last segment: comparisons, the pending row, Y7.
fn finish(
    layout: Layout,
    mut state: State,
    last_opening: &Ciphertexts,
    decryption: &Decryption,
    outcome: &Outcome,
    public_key: GroupElement,
) -> Result<(), Unsatisfied> {
    if [&state.sums, last_opening].iter().any(|c| c.shape() != layout.shape()) {
        return Err(Unsatisfied::Layout { rows: layout.rows() });
    }
    // Y1 log
    if state.tree != state.context.root.field() {
        return Err(Unsatisfied::Log);
    }
    // Y2 sorted commitment
    if state.sorted != state.context.sorted {
        return Err(Unsatisfied::Sorted);
    }
    // Y3 same rows
    if state.product_log != state.product_sorted {
        return Err(Unsatisfied::Rows);
    }
    // Y6 sum: the pending row.
    if last_opening.digest().field() != state.last.next {
        return Err(Unsatisfied::Sum(state.index));
    }
    state.sums = state.sums.add(last_opening);
    // Y7 decryption
    check_decryption(&state, decryption, outcome, public_key)?;
    // Counts
    let sizes = (state.index, state.context.size, state.slots, outcome.totals.len());
    if sizes == (outcome.size, outcome.size, outcome.slots, layout.options()) {
        Ok(())
    } else {
        Err(Unsatisfied::Counts)
    }
}

fn check_decryption(
    state: &State,
    decryption: &Decryption,
    outcome: &Outcome,
    public_key: GroupElement,
) -> Result<(), Unsatisfied> {
    let Context { election_id, root, size, .. } = state.context;
    for Trustee { verification_share, partial } in &decryption.trustees {
        let verification_share = *verification_share;
        let about = decryption::Statement { election_id, root, size, verification_share, sums: &state.sums };
        partial
            .verify_shares(&about)
            .map_err(|error| Unsatisfied::Trustee { index: partial.index, error })?;
    }
    let range = 1 << LAGRANGE_BITS;
    let delta = Scalar::from(decryption.denominator);
    if !(1..range).contains(&decryption.denominator)
        || decryption.numerators.len() != decryption.trustees.len()
        || decryption.numerators.iter().any(|n| n.unsigned_abs() >= range)
    {
        return Err(Unsatisfied::Key);
    }
    let combine = |point: &dyn Fn(&Trustee) -> Projective2| -> Projective2 {
        let terms = decryption.trustees.iter().zip(&decryption.numerators);
        terms.map(|(t, n)| point(t) * Scalar::from(*n)).sum()
    };
    if combine(&|t| t.verification_share.affine().into()) != public_key.affine() * delta {
        return Err(Unsatisfied::Key);
    }
    for (k, (sum, total)) in state.sums.as_slice().iter().zip(&outcome.totals).enumerate() {
        let mask = sum.c2.affine() - GENERATOR * Scalar::from(*total);
        let opened = combine(&|t| t.partial.shares[k].affine().into()) == mask * delta;
        if !opened || *total >= 1 << TOTAL_BITS {
            return Err(Unsatisfied::Total(k));
        }
    }
    Ok(())
}

/// Y8 fingerprint
fn check_fingerprints(layout: Layout, log: &[BoardRow], batches: &[BatchBinding]) -> Result<(), Unsatisfied> {
    if batches.len() != layout.batches() {
        return Err(Unsatisfied::Layout { rows: layout.rows() });
    }
    let mut rest = log.chunks(layout.batch_rows());
    let wrong = batches.iter().position(|b| b.f != fingerprint(rest.next().unwrap_or(&[]), b.z));
    wrong.map_or(Ok(()), |b| Err(Unsatisfied::Fingerprint(b)))
}

/// `gamma - (i + beta slot + beta^2 prev + beta^3 next)`
fn factor(context: &Context, row: &SortedRow) -> Fr {
    let Context { beta, gamma, .. } = context;
    let (slot, prev, next) = (row.slot.field(), row.prev_digest.field(), row.next_digest.field());
    *gamma - (Fr::from(row.seq) + ((next * beta + prev) * beta + slot) * beta)
}

/// Root of the subtree of one segment, filled up with empty leaves.
fn subtree(layout: Layout, log: &[BoardRow]) -> Fr {
    let mut level: Vec<Fr> = log.iter().map(BoardRow::leaf).collect();
    level.resize(layout.rows(), board_zeros()[0]);
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| poseidon::hash(Tag::BoardNode, pair)).collect();
    }
    level[0]
}

/// Puts the subtree of segment `position` into the tree: on each level it is
/// the right neighbour of a filled subtree, or the left one of an empty one.
fn insert(layout: Layout, state: &mut State, position: usize, subtree: Fr) {
    let zeros = &board_zeros()[layout.subtree_levels()..];
    state.tree = subtree;
    for (level, filled) in state.filled.iter_mut().enumerate() {
        let is_right = (position >> level) & 1 == 1;
        let (left, right) = if is_right { (*filled, state.tree) } else { (state.tree, zeros[level]) };
        *filled = left;
        state.tree = poseidon::hash(Tag::BoardNode, &[left, right]);
    }
}

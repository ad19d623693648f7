//! The tally as constraints: the twin of [`super::relation`].
//!
//! Cells of one row, and what bounds them: `active` by Y1; the log row by
//! its leaf; the sorted row by S and the products of Y3; the opening by D in
//! Y6, and only where a slot ends. All values of inactive rows are 0.

use super::{
    ChunkStatement, ChunkWitness, Context, Decryption, FinalStatement, FinalWitness, Layout, Segment, State,
    Statement, Unsatisfied, Witness, statement::pack,
};
use crate::{
    curve::{Fr, Scalar},
    decryption::{
        PartialDecryption, Proof,
        gadget::{CiphertextVar, LagrangeVar, StatementVar, TrusteeVar, partial_decryption, total},
    },
    params::{INDEX_BITS, Tag},
    primitives::{
        edwards::PointVar,
        merkle::board_zeros,
        poseidon::{
            RATE,
            gadget::{self as poseidon, Capacity},
        },
        range,
    },
    r1cs::{Bit, Circuit, Cs, Num},
    tally::{BatchBinding, Outcome, StateDigest, Trustee},
    types::{
        BallotShape, BoardRoot, CiphertextDigest, Ciphertexts, CurvePoint, ElectionId, GroupElement,
        ciphertext_tag,
    },
};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};

const Y1: &str = "Y1 log";
const Y2: &str = "Y2 sorted commitment";
const Y3: &str = "Y3 same rows";
const Y4: &str = "Y4 order";
const Y5: &str = "Y5 chain";
const Y6: &str = "Y6 sum";
const Y7: &str = "Y7 decryption";
const Y8: &str = "Y8 fingerprint";
const COUNTS: &str = "counts";
const STATE: &str = "state";

/// Fields of [`Context`] at the front of [`State::fields`].
const CONTEXT_FIELDS: usize = 6;
/// Bits of the low limb of a slot, and of the high one.
const LOW_BITS: usize = 128;
const HIGH_BITS: usize = Fr::MODULUS_BIT_SIZE as usize - LOW_BITS;

/// The one-proof form.
#[derive(Clone, Debug)]
pub struct TallyCircuit {
    layout: Layout,
    statement: Statement,
    witness: Witness,
}

impl TallyCircuit {
    /// The circuit of a statement with its witness, true or not.
    ///
    /// # Errors
    /// If a length is not that of the layout.
    pub fn new(layout: Layout, statement: Statement, witness: Witness) -> Result<Self, Unsatisfied> {
        let fits = segment_fits(layout, &witness.segment)
            && decryption_fits(layout, &witness.decryption)
            && witness.last_opening.shape() == layout.shape()
            && statement.outcome.totals.len() == layout.options()
            && statement.batches.len() == layout.batches();
        let circuit = Self { layout, statement, witness };
        if fits { Ok(circuit) } else { Err(Unsatisfied::Layout { rows: layout.rows() }) }
    }

    /// A circuit of the same shape as every other with this layout and number
    /// of trustees; its statement is not satisfied.
    pub fn dummy(layout: Layout, trustees: usize) -> Self {
        let statement = Statement {
            election_id: ElectionId::from_field(Fr::ZERO),
            root: BoardRoot::from_field(Fr::ZERO),
            outcome: dummy_outcome(layout),
            public_key: GroupElement::generator(),
            batches: vec![BatchBinding::default(); layout.batches()],
        };
        let witness = Witness {
            segment: Segment { log: vec![], sorted: vec![], openings: vec![] },
            last_opening: Ciphertexts::identity(layout.shape()),
            decryption: dummy_decryption(layout, trustees),
        };
        Self { layout, statement, witness }
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }
}

impl Circuit for TallyCircuit {
    fn id(&self) -> String {
        let t = self.witness.decryption.trustees.len();
        format!("tally/{}/rows={}/t={t}", self.layout.options(), self.layout.rows())
    }

    fn public_inputs(&self) -> Vec<Fr> {
        self.statement.encode()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let layout = self.layout;
        let packed = layout.options() / 4;
        let [election_id, root] = [&inputs[0], &inputs[1]];
        let (outcome, rest) = inputs[2..].split_at(packed);
        let (public_key, batches) = rest.split_at(2);

        cs.condition(Y1);
        let rows = Rows::witness(cs, layout, &self.witness.segment);
        let size = rows.count(cs);
        let tree = lone_subtree_root(cs, layout, &rows);
        cs.equal("tree = R", &tree, root);

        cs.condition(Y2);
        let sorted = absorb(cs, Capacity::Tag(Tag::Sorted), &rows);

        cs.condition(Y3);
        let context = ContextVar::new(cs, election_id, root, &size, &sorted);
        let zero = Num::zero(cs);
        let [log, sorted] = products(cs, &context, &zero, [Num::one(cs), Num::one(cs)], &rows);
        cs.equal("product over the log = product over the sorted rows", &log, &sorted);

        let mut sums = Sums::none(cs, layout);
        fold_rows(cs, layout, &rows, None, &mut sums);

        cs.condition(Y6);
        sums.flush(cs, layout, &self.witness.last_opening);

        let about = StatementVar { election_id, root, size: &size, sums: &sums.ciphertexts };
        let totals = decrypt(cs, &about, &self.witness.decryption, &self.statement.outcome, public_key);

        cs.condition(COUNTS);
        enforce_packed(cs, size, sums.slots, &totals, outcome);

        cs.condition(Y8);
        enforce_fingerprints(cs, layout, &rows, batches);
    }
}

/// A chunk of the chunked form.
#[derive(Clone, Debug)]
pub struct ChunkCircuit {
    layout: Layout,
    statement: ChunkStatement,
    witness: ChunkWitness,
}

impl ChunkCircuit {
    /// The circuit of a statement with its witness, true or not.
    ///
    /// # Errors
    /// If a length is not that of the layout.
    pub fn new(
        layout: Layout,
        statement: ChunkStatement,
        witness: ChunkWitness,
    ) -> Result<Self, Unsatisfied> {
        let fits = segment_fits(layout, &witness.segment)
            && state_fits(layout, &witness.state)
            && statement.batches.len() == layout.batches();
        let circuit = Self { layout, statement, witness };
        if fits { Ok(circuit) } else { Err(Unsatisfied::Layout { rows: layout.rows() }) }
    }

    /// A circuit of the same shape as every other with this layout; its
    /// statement is not satisfied.
    pub fn dummy(layout: Layout) -> Self {
        let state = dummy_state(layout);
        let statement = ChunkStatement {
            election_id: state.context.election_id,
            root: state.context.root,
            size: 0,
            start: 0,
            state_in: StateDigest::from_field(Fr::ZERO),
            state_out: StateDigest::from_field(Fr::ZERO),
            batches: vec![BatchBinding::default(); layout.batches()],
        };
        let segment = Segment { log: vec![], sorted: vec![], openings: vec![] };
        Self { layout, statement, witness: ChunkWitness { state, segment } }
    }

    /// The statement.
    pub fn statement(&self) -> &ChunkStatement {
        &self.statement
    }
}

impl Circuit for ChunkCircuit {
    fn id(&self) -> String {
        format!("tally-chunk/{}/rows={}", self.layout.options(), self.layout.rows())
    }

    fn public_inputs(&self) -> Vec<Fr> {
        self.statement.encode()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let layout = self.layout;
        let (head, batches) = inputs.split_at(6);
        let [election_id, root, size, start, state_in, state_out] = head else { unreachable!("six inputs") };

        cs.condition(STATE);
        let mut state = StateVar::open(cs, layout, &self.witness.state, state_in);
        state.context.enforce_names(cs, election_id, root);
        cs.equal("N of the state = N", &state.context.size, size);
        cs.equal("index of the state = start", &state.index, start);
        let is_first = cs.is_zero("start = 0", start);
        state.enforce_initial_if(cs, layout, &is_first);
        let position = segment_position(cs, layout, start);

        cs.condition(Y1);
        let rows = Rows::witness(cs, layout, &self.witness.segment);
        state.insert(cs, layout, &rows, &position);

        cs.condition(Y2);
        state.sorted = absorb(cs, Capacity::Carried(state.sorted.clone()), &rows);

        cs.condition(Y3);
        state.products = products(cs, &state.context, start, state.products.clone(), &rows);

        let has_previous = Bit::known(is_first.not());
        fold_rows(cs, layout, &rows, Some(&has_previous), &mut state.sums);

        cs.condition(STATE);
        state.index = start + &rows.count(cs);
        let digest = state.digest(cs);
        cs.equal("H_state after the chunk = state_out", &digest, state_out);

        cs.condition(Y8);
        enforce_fingerprints(cs, layout, &rows, batches);
    }
}

/// The last proof of the chunked form.
#[derive(Clone, Debug)]
pub struct FinalCircuit {
    layout: Layout,
    statement: FinalStatement,
    witness: FinalWitness,
}

impl FinalCircuit {
    /// The circuit of a statement with its witness, true or not.
    ///
    /// # Errors
    /// If a length is not that of the layout.
    pub fn new(
        layout: Layout,
        statement: FinalStatement,
        witness: FinalWitness,
    ) -> Result<Self, Unsatisfied> {
        let fits = state_fits(layout, &witness.state)
            && decryption_fits(layout, &witness.decryption)
            && witness.last_opening.shape() == layout.shape()
            && statement.outcome.totals.len() == layout.options();
        let circuit = Self { layout, statement, witness };
        if fits { Ok(circuit) } else { Err(Unsatisfied::Layout { rows: layout.rows() }) }
    }

    /// A circuit of the same shape as every other with this layout and number
    /// of trustees; its statement is not satisfied.
    pub fn dummy(layout: Layout, trustees: usize) -> Self {
        let state = dummy_state(layout);
        let statement = FinalStatement {
            election_id: state.context.election_id,
            root: state.context.root,
            outcome: dummy_outcome(layout),
            public_key: GroupElement::generator(),
            state_in: StateDigest::from_field(Fr::ZERO),
        };
        let last_opening = Ciphertexts::identity(layout.shape());
        let decryption = dummy_decryption(layout, trustees);
        Self { layout, statement, witness: FinalWitness { state, last_opening, decryption } }
    }

    /// The statement.
    pub fn statement(&self) -> &FinalStatement {
        &self.statement
    }
}

impl Circuit for FinalCircuit {
    fn id(&self) -> String {
        let t = self.witness.decryption.trustees.len();
        format!("tally-final/{}/rows={}/t={t}", self.layout.options(), self.layout.rows())
    }

    fn public_inputs(&self) -> Vec<Fr> {
        self.statement.encode()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let layout = self.layout;
        let packed = layout.options() / 4;
        let [election_id, root] = [&inputs[0], &inputs[1]];
        let (outcome, rest) = inputs[2..].split_at(packed);
        let (public_key, state_in) = rest.split_at(2);

        cs.condition(STATE);
        let mut state = StateVar::open(cs, layout, &self.witness.state, &state_in[0]);
        state.context.enforce_names(cs, election_id, root);

        cs.condition(COUNTS);
        let size = state.context.size.clone();
        cs.equal("index = N", &state.index, &size);
        cs.inverse("N is not 0", &size);
        range::bits(cs, &size, INDEX_BITS);
        range::bits(cs, &state.sums.slots, INDEX_BITS);

        cs.condition(Y1);
        cs.equal("tree = R", &state.tree, root);

        cs.condition(Y2);
        cs.equal("sponge over all sorted rows = S", &state.sorted, &state.context.sorted);

        cs.condition(Y3);
        let context = ContextVar::new(cs, election_id, root, &size, &state.context.sorted);
        cs.equal("beta = H_chal(1, ..)", &state.context.beta, &context.beta);
        cs.equal("gamma = H_chal(2, ..)", &state.context.gamma, &context.gamma);
        let [log, sorted] = &state.products;
        cs.equal("product over the log = product over the sorted rows", log, sorted);

        cs.condition(Y6);
        state.sums.flush(cs, layout, &self.witness.last_opening);

        let about = StatementVar { election_id, root, size: &size, sums: &state.sums.ciphertexts };
        let totals = decrypt(cs, &about, &self.witness.decryption, &self.statement.outcome, public_key);

        cs.condition(COUNTS);
        enforce_packed(cs, size, state.sums.slots, &totals, outcome);
    }
}

/// The rows of one segment: inactive ones at the end, with all values 0.
struct Rows {
    active: Vec<Bit>,
    log: Vec<LogRow>,
    sorted: Vec<SortedRow>,
    openings: Vec<Ciphertexts>,
}

struct LogRow {
    /// slot, prev, next, ticket, ph
    leaf: [Num; 5],
}

struct SortedRow {
    seq: Num,
    slot: Num,
    prev: Num,
    next: Num,
}

impl Rows {
    /// The first row is active: every segment has one. The flags then only
    /// fall, so the active rows are those at `j < count`.
    fn witness(cs: &mut Cs, layout: Layout, segment: &Segment) -> Rows {
        let mut rows = Rows { active: vec![], log: vec![], sorted: vec![], openings: vec![] };
        for j in 0..layout.rows() {
            let active = rows.next_flag(cs, j < segment.log.len());
            let log = segment.log.get(j).map_or([Fr::ZERO; 5], |r| {
                let digests = [r.prev_digest.field(), r.next_digest.field()];
                [r.slot.field(), digests[0], digests[1], r.ticket.field(), r.proof_hash.field()]
            });
            let sorted = segment.sorted.get(j).map_or([Fr::ZERO; 4], |r| {
                [Fr::from(r.seq), r.slot.field(), r.prev_digest.field(), r.next_digest.field()]
            });
            let leaf = log.map(|x| rows.value(cs, x, &active));
            let [seq, slot, prev, next] = sorted.map(|x| rows.value(cs, x, &active));
            rows.active.push(active);
            rows.log.push(LogRow { leaf });
            rows.sorted.push(SortedRow { seq, slot, prev, next });
            let none = || Ciphertexts::identity(layout.shape());
            rows.openings.push(segment.openings.get(j).cloned().unwrap_or_else(none));
        }
        rows
    }

    fn next_flag(&self, cs: &mut Cs, value: bool) -> Bit {
        let Some(previous) = self.active.last() else { return Bit::constant(cs, true) };
        let active = cs.boolean("active is a bit", value);
        let zero = Num::zero(cs);
        cs.enforce("active * (1 - active before) = 0", active.num(), &previous.not(), &zero);
        active
    }

    fn value(&self, cs: &mut Cs, x: Fr, active: &Bit) -> Num {
        let x = cs.witness(x);
        if !self.active.is_empty() {
            let zero = Num::zero(cs);
            cs.enforce("(1 - active) * value = 0", &active.not(), &x, &zero);
        }
        x
    }

    /// Number of active rows, as one variable.
    fn count(&self, cs: &mut Cs) -> Num {
        let sum = Num::combine(cs, self.active.iter().map(|a| (Fr::ONE, a.num())));
        let count = cs.witness(sum.value());
        cs.equal("sum of active = count", &sum, &count);
        count
    }
}

/// Y1: root of the segment's subtree; inactive leaves are empty ones.
fn subtree(cs: &mut Cs, rows: &Rows) -> Num {
    let empty = cs.constant(board_zeros()[0]);
    let mut level = Vec::with_capacity(rows.log.len());
    for (j, (active, row)) in rows.active.iter().zip(&rows.log).enumerate() {
        let leaf = poseidon::hash(cs, Tag::BoardLeaf, &row.leaf);
        let or_empty =
            |cs: &mut Cs, leaf| cs.select("active * (H_board - empty) = leaf - empty", active, leaf, &empty);
        level.push(if j == 0 { leaf } else { or_empty(cs, &leaf) });
    }
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| poseidon::hash(cs, Tag::BoardNode, pair)).collect();
    }
    level.swap_remove(0)
}

/// Y1: root of a board that has only one segment.
fn lone_subtree_root(cs: &mut Cs, layout: Layout, rows: &Rows) -> Num {
    let zeros = &board_zeros()[layout.subtree_levels()..][..layout.path_levels()];
    let mut tree = subtree(cs, rows);
    for zero in zeros {
        let right = cs.constant(*zero);
        tree = poseidon::hash(cs, Tag::BoardNode, &[tree, right]);
    }
    tree
}

/// Y2
fn absorb(cs: &mut Cs, capacity: Capacity, rows: &Rows) -> Num {
    let values: Vec<Num> =
        rows.sorted.iter().flat_map(|r| [&r.seq, &r.slot, &r.prev, &r.next]).cloned().collect();
    let sponge = values
        .chunks(RATE)
        .fold(capacity, |capacity, block| Capacity::Carried(poseidon::sponge_block(cs, &capacity, block)));
    match sponge {
        Capacity::Carried(sponge) => sponge,
        Capacity::Tag(tag) => cs.constant(tag.field()),
    }
}

/// Y3: both products, over log and sorted rows, carried over the segment.
///
/// The factors of inactive rows are 1. beta and gamma are hashes of values
/// that fix both lists: R and N the log (Y1), S and N the sorted rows (Y2).
/// So they are drawn after both lists, and two lists that differ as
/// multisets give equal products for at most 4N of 2^253 challenges.
fn products(cs: &mut Cs, context: &ContextVar, start: &Num, before: [Num; 2], rows: &Rows) -> [Num; 2] {
    let [mut log, mut sorted] = before;
    for (j, active) in rows.active.iter().enumerate() {
        let [slot, prev, next, ..] = &rows.log[j].leaf;
        let index = start.add_constant(Fr::from(j as u64));
        log = times_factor(cs, context, &log, active, &[&index, slot, prev, next]);
        let SortedRow { seq, slot, prev, next } = &rows.sorted[j];
        sorted = times_factor(cs, context, &sorted, active, &[seq, slot, prev, next]);
    }
    [log, sorted]
}

fn times_factor(cs: &mut Cs, context: &ContextVar, product: &Num, active: &Bit, row: &[&Num; 4]) -> Num {
    let [index, slot, prev, next] = row;
    let high = cs.mul("beta * next", &context.beta, next);
    let middle = cs.mul("beta * (prev + beta next)", &context.beta, &(high + *prev));
    let low = cs.mul("beta * (slot + beta prev + beta^2 next)", &context.beta, &(middle + *slot));
    let factor = &context.gamma - &(low + *index);
    let one = Num::one(cs);
    let factor = cs.select("active * (factor - 1) = factor' - 1", active, &factor, &one);
    cs.mul("product * factor' = product'", product, &factor)
}

/// What Y4 to Y6 carry from row to row.
#[derive(Clone)]
struct Sums {
    last: LastRow,
    slots: Num,
    ciphertexts: Vec<CiphertextVar>,
}

#[derive(Clone)]
struct LastRow {
    slot: Num,
    seq: Num,
    next: Num,
}

/// How a sorted row follows the one before it.
struct Link {
    /// The row before.
    before: LastRow,
    /// Active, and in the slot of the row before.
    same: Bit,
    /// Active, and not `same`.
    begins: Bit,
    /// Begins a slot, and there is a row before that ends its own. `None`: a
    /// board's first row, known when the circuit is built.
    flush: Option<Bit>,
}

/// Y4 to Y6. `has_previous` tells whether a row comes before the segment;
/// `None` is a board's first segment, known when the circuit is built.
fn fold_rows(cs: &mut Cs, layout: Layout, rows: &Rows, has_previous: Option<&Bit>, sums: &mut Sums) {
    cs.condition(Y4);
    let links = order(cs, rows, has_previous, &mut sums.last);

    cs.condition(Y5);
    for (j, link) in links.iter().enumerate() {
        chain(cs, &rows.active[j], link, &rows.sorted[j].prev);
        sums.slots = &sums.slots + link.begins.num();
    }

    cs.condition(Y6);
    for (link, opening) in links.iter().zip(&rows.openings) {
        if let Some(flush) = &link.flush {
            let opened = CiphertextVar::witness(cs, opening);
            let digest = digest(cs, layout, &opened);
            let zero = Num::zero(cs);
            cs.enforce("flush * (next - D(opening)) = 0", flush.num(), &(&link.before.next - &digest), &zero);
            let opened: Vec<CiphertextVar> = opened.iter().map(|c| if_or_identity(cs, flush, c)).collect();
            sums.add(cs, &opened);
        }
    }
}

/// Y4: (slot, seq) strictly increases.
///
/// Slots: each gap `slot_j - slot_(j-1)` is the field value of a non-negative
/// integer of two limbs. The integers of all gaps of the segment and of the
/// slot before it, added as integers, give one below r. So every partial sum
/// is below r as well, and is the canonical integer of its slot: slots never
/// decrease, and an alias `gap + r` would break the bound.
///
/// Within a slot `seq_j - seq_(j-1) - 1` has 32 bits; every seq is an index
/// below N by Y3, so this is an order of integers.
fn order(cs: &mut Cs, rows: &Rows, has_previous: Option<&Bit>, last: &mut LastRow) -> Vec<Link> {
    let mut low = match has_previous {
        None => Num::zero(cs),
        Some(_) => {
            let bits = range::canonical_bits(cs, &last.slot);
            Num::from_bits(cs, &bits[..LOW_BITS])
        }
    };
    let mut links = Vec::with_capacity(rows.sorted.len());
    for (j, (active, row)) in rows.active.iter().zip(&rows.sorted).enumerate() {
        let before = last.clone();
        if j == 0 {
            *last = LastRow { slot: row.slot.clone(), seq: row.seq.clone(), next: row.next.clone() };
        } else {
            last.slot = keep_unless(cs, active, &row.slot, &before.slot);
            last.seq = keep_unless(cs, active, &row.seq, &before.seq);
            last.next = keep_unless(cs, active, &row.next, &before.next);
        }
        let gap = &last.slot - &before.slot;
        low = low + low_limb(cs, &gap);
        let link = link(cs, j, active, has_previous, &gap, before);
        let step = (&row.seq - &link.before.seq).add_constant(-Fr::ONE);
        let step = cs.mul("same * (seq - seq before - 1) = step", link.same.num(), &step);
        range::bits(cs, &step, INDEX_BITS);
        links.push(link);
    }
    enforce_canonical_sum(cs, &low, &last.slot, rows.sorted.len());
    links
}

fn link(cs: &mut Cs, j: usize, active: &Bit, has_previous: Option<&Bit>, gap: &Num, before: LastRow) -> Link {
    let unmoved = cs.is_zero("gap = 0", gap);
    let same = match (j, has_previous) {
        (0, None) => Bit::constant(cs, false),
        (0, Some(has_previous)) => cs.and("has previous * (gap = 0) = same", has_previous, &unmoved),
        _ => cs.and("active * (gap = 0) = same", active, &unmoved),
    };
    // `same` implies `active` and `has_previous`, so these are bits.
    let begins = Bit::known(active.num() - same.num());
    let flush = match (j, has_previous) {
        (0, None) => None,
        (0, Some(has_previous)) => Some(Bit::known(has_previous.num() - same.num())),
        _ => Some(begins.clone()),
    };
    Link { before, same, begins, flush }
}

/// The value of the last active row, as one variable.
fn keep_unless(cs: &mut Cs, active: &Bit, new: &Num, old: &Num) -> Num {
    let value = if active.value() { new.value() } else { old.value() };
    let kept = cs.witness(value);
    cs.enforce("active * (new - old) = kept - old", active.num(), &(new - old), &(&kept - old));
    kept
}

/// Shows that `gap` is `low + 2^128 high` for limbs of 128 and 126 bits, and
/// returns the low one.
fn low_limb(cs: &mut Cs, gap: &Num) -> Num {
    let low = cs.witness(low_bits(gap.value()));
    range::bits(cs, &low, LOW_BITS);
    range::bits(cs, &(gap - &low).scale(inverse_of_limb()), HIGH_BITS);
    low
}

/// Enforces that the limbs added up, `low` and `(value - low) / 2^128`, are
/// an integer below r. There are at most `terms + 1` of each, so neither sum
/// wraps, and the carry has one bit more than `terms`.
fn enforce_canonical_sum(cs: &mut Cs, low: &Num, value: &Num, terms: usize) {
    let high = (value - low).scale(inverse_of_limb());
    let rest = cs.witness(low_bits(low.value()));
    let rest_bits = range::bits(cs, &rest, LOW_BITS);
    let carry = (low - &rest).scale(inverse_of_limb());
    range::bits(cs, &carry, terms.ilog2() as usize + 1);
    let high_bits = range::bits(cs, &(high + carry), HIGH_BITS);
    let all: Vec<Bit> = rest_bits.into_iter().chain(high_bits).collect();
    let mut largest = Fr::MODULUS;
    largest.sub_with_borrow(&1u64.into());
    range::enforce_at_most(cs, &all, &largest.to_bits_le()[..all.len()]);
}

fn low_bits(x: Fr) -> Fr {
    let limbs = x.into_bigint().0;
    Fr::from(u128::from(limbs[0]) | (u128::from(limbs[1]) << 64))
}

fn inverse_of_limb() -> Fr {
    Fr::from(2u64).pow([LOW_BITS as u64]).inverse().expect("2 is not 0")
}

/// Y5: `prev` is the `next` before in the same slot, EMPTY in a new one, and
/// 0 in an inactive row.
fn chain(cs: &mut Cs, active: &Bit, link: &Link, prev: &Num) {
    let empty = CiphertextDigest::empty().field();
    let if_same = link.before.next.add_constant(-empty);
    let difference = prev.add_scaled(active.num(), -empty);
    cs.enforce("same * (next before - EMPTY) = prev - active EMPTY", link.same.num(), &if_same, &difference);
}

fn digest(cs: &mut Cs, layout: Layout, all: &[CiphertextVar]) -> Num {
    poseidon::sponge(cs, ciphertext_tag(layout.shape()), &CiphertextVar::coordinates(all))
}

fn if_or_identity(cs: &mut Cs, flush: &Bit, c: &CiphertextVar) -> CiphertextVar {
    CiphertextVar { c1: c.c1.if_or_identity(cs, flush), c2: c.c2.if_or_identity(cs, flush) }
}

impl Sums {
    fn none(cs: &Cs, layout: Layout) -> Self {
        let zero = Num::zero(cs);
        let last = LastRow { slot: zero.clone(), seq: zero.clone(), next: zero.clone() };
        Self { last, slots: zero, ciphertexts: CiphertextVar::identities(cs, layout.options()) }
    }

    /// Both sides are on the curve: sums by induction, and openings because
    /// their digest is the `next` of a valid ballot (B4, B5, B7). A board
    /// with an invalid ballot is refused before any tally.
    fn add(&mut self, cs: &mut Cs, opened: &[CiphertextVar]) {
        for (sum, c) in self.ciphertexts.iter_mut().zip(opened) {
            *sum = CiphertextVar { c1: sum.c1.add(cs, &c.c1), c2: sum.c2.add(cs, &c.c2) };
        }
    }

    /// Y6: opens and adds the last row, which nothing follows.
    fn flush(&mut self, cs: &mut Cs, layout: Layout, opening: &Ciphertexts) {
        let opened = CiphertextVar::witness(cs, opening);
        let digest = digest(cs, layout, &opened);
        cs.equal("D(last opening) = last next", &digest, &self.last.next);
        self.add(cs, &opened);
    }
}

/// Y7: what t trustees decrypt.
///
/// `VK_i = s_i G` and `D_ik = s_i C1_k` hold for each trustee, and
/// `sum Lambda_i VK_i = Delta PK` says `sum Lambda_i s_i = Delta sk mod l`.
/// So `sum Lambda_i D_ik = Delta sk C1_k` for *any* such integers: neither
/// indices nor coefficients need to be known, and a trustee that occurs twice
/// gains nothing. As `0 < Delta < 2^24 < l` it can be cancelled in the prime
/// subgroup, which leaves `C2_k - sk C1_k = total_k G`, with one solution
/// below l, so below 2^44: `total + k l` is out of range.
fn decrypt(
    cs: &mut Cs,
    about: &StatementVar<'_>,
    decryption: &Decryption,
    outcome: &Outcome,
    public_key: &[Num],
) -> Vec<Num> {
    cs.condition(Y7);
    let public_key = PointVar { x: public_key[0].clone(), y: public_key[1].clone() };
    public_key.enforce_on_curve(cs);
    let trustees: Vec<TrusteeVar> = decryption
        .trustees
        .iter()
        .map(|t| partial_decryption(cs, about, t.verification_share, &t.partial))
        .collect();
    let lagrange = LagrangeVar::witness(cs, &decryption.numerators, decryption.denominator);
    let verification_shares: Vec<&PointVar> = trustees.iter().map(|t| &t.verification_share).collect();
    lagrange.enforce_relation(cs, &verification_shares, &public_key);
    let mut totals = Vec::with_capacity(outcome.totals.len());
    for (k, value) in outcome.totals.iter().enumerate() {
        let (total, total_g) = total(cs, *value);
        let mask = about.sums[k].c2.add(cs, &total_g.negate());
        let shares: Vec<&PointVar> = trustees.iter().map(|t| &t.shares[k]).collect();
        lagrange.enforce_relation(cs, &shares, &mask);
        totals.push(total);
    }
    totals
}

fn enforce_packed(cs: &mut Cs, size: Num, slots: Num, totals: &[Num], inputs: &[Num]) {
    let packed = pack(size, slots, totals, |acc, k, x| acc.add_scaled(x, k));
    for (value, input) in packed.iter().zip(inputs) {
        cs.equal("N + 2^32 slots + 2^64 total + .. = input", value, input);
    }
}

/// Y8: Horner from the batch's last row to its first. Inactive rows are 0
/// and add nothing.
fn enforce_fingerprints(cs: &mut Cs, layout: Layout, rows: &Rows, inputs: &[Num]) {
    for (batch, input) in rows.log.chunks(layout.batch_rows()).zip(inputs.chunks(2)) {
        let (z, f) = (&input[0], &input[1]);
        let mut sum = Num::zero(cs);
        for row in batch.iter().rev() {
            let [slot, prev, next, ..] = &row.leaf;
            for value in [next, prev, slot] {
                sum = cs.mul("z * (sum + value) = sum'", z, &(sum + value));
            }
        }
        cs.equal("sum = F", &sum, f);
    }
}

struct ContextVar {
    election_id: Num,
    root: Num,
    size: Num,
    sorted: Num,
    beta: Num,
    gamma: Num,
}

impl ContextVar {
    /// With the challenges of Y3.
    fn new(cs: &mut Cs, election_id: &Num, root: &Num, size: &Num, sorted: &Num) -> Self {
        let [election_id, root, size, sorted] = [election_id, root, size, sorted].map(Clone::clone);
        let mut challenge = |number: u64| {
            let number = cs.constant(Fr::from(number));
            let fields = [number, election_id.clone(), root.clone(), size.clone(), sorted.clone()];
            poseidon::hash(cs, Tag::TallyChallenge, &fields)
        };
        let (beta, gamma) = (challenge(1), challenge(2));
        Self { election_id, root, size, sorted, beta, gamma }
    }

    fn enforce_names(&self, cs: &mut Cs, election_id: &Num, root: &Num) {
        cs.equal("election of the state = election", &self.election_id, election_id);
        cs.equal("R of the state = R", &self.root, root);
    }
}

/// [`State`] in a circuit.
struct StateVar {
    context: ContextVar,
    index: Num,
    tree: Num,
    filled: Vec<Num>,
    sorted: Num,
    products: [Num; 2],
    sums: Sums,
}

impl StateVar {
    /// Witnesses for all fields, bound by their hash.
    fn open(cs: &mut Cs, layout: Layout, state: &State, digest: &Num) -> Self {
        let fields: Vec<Num> = state.fields().into_iter().map(|x| cs.witness(x)).collect();
        let hash = poseidon::sponge(cs, Tag::TallyState, &fields);
        cs.equal("H_state of the opened state = state_in", &hash, digest);
        Self::from_fields(layout, fields)
    }

    /// The inverse of [`StateVar::fields`].
    fn from_fields(layout: Layout, fields: Vec<Num>) -> Self {
        let mut fields = fields.into_iter();
        let mut next = || fields.next().expect("as many fields as State::fields gives");
        let context = ContextVar {
            election_id: next(),
            root: next(),
            size: next(),
            sorted: next(),
            beta: next(),
            gamma: next(),
        };
        let (index, tree) = (next(), next());
        let filled = (0..layout.path_levels()).map(|_| next()).collect();
        let (sorted, products) = (next(), [next(), next()]);
        let last = LastRow { slot: next(), seq: next(), next: next() };
        let slots = next();
        let mut point = || PointVar { x: next(), y: next() };
        let ciphertexts = (0..layout.options()).map(|_| CiphertextVar { c1: point(), c2: point() }).collect();
        Self { context, index, tree, filled, sorted, products, sums: Sums { last, slots, ciphertexts } }
    }

    /// In the order of [`State::fields`].
    fn fields(&self) -> Vec<Num> {
        let ContextVar { election_id, root, size, sorted, beta, gamma } = &self.context;
        let Sums { last, slots, ciphertexts } = &self.sums;
        let head = [election_id, root, size, sorted, beta, gamma, &self.index, &self.tree];
        let middle = [&self.sorted, &self.products[0], &self.products[1]];
        let rows = [&last.slot, &last.seq, &last.next, slots];
        let all = head.into_iter().chain(&self.filled).chain(middle).chain(rows).cloned();
        all.chain(CiphertextVar::coordinates(ciphertexts)).collect()
    }

    fn digest(&self, cs: &mut Cs) -> Num {
        poseidon::sponge(cs, Tag::TallyState, &self.fields())
    }

    /// A chunk at index 0 starts from the one initial state of its context.
    fn enforce_initial_if(&self, cs: &mut Cs, layout: Layout, is_first: &Bit) {
        let initial = dummy_state(layout).fields();
        let zero = Num::zero(cs);
        for (field, value) in self.fields().iter().zip(initial).skip(CONTEXT_FIELDS) {
            let difference = field.add_constant(-value);
            cs.enforce("(start = 0) * (field - initial) = 0", is_first.num(), &difference, &zero);
        }
    }

    /// Y1: puts the segment's subtree into the tree.
    fn insert(&mut self, cs: &mut Cs, layout: Layout, rows: &Rows, position: &[Bit]) {
        let zeros = &board_zeros()[layout.subtree_levels()..];
        self.tree = subtree(cs, rows);
        for ((filled, is_right), zero) in self.filled.iter_mut().zip(position).zip(zeros) {
            let empty = cs.constant(*zero);
            let left = cs.select("right * (filled - tree) = left - tree", is_right, filled, &self.tree);
            let right = cs.select("right * (tree - empty) = right' - empty", is_right, &self.tree, &empty);
            *filled = left.clone();
            self.tree = poseidon::hash(cs, Tag::BoardNode, &[left, right]);
        }
    }
}

/// Shows that `start` is `rows * position`, and gives the bits of `position`.
fn segment_position(cs: &mut Cs, layout: Layout, start: &Num) -> Vec<Bit> {
    let rows = Fr::from(layout.rows() as u64);
    let position = start.scale(rows.inverse().expect("a small power of two is not 0"));
    range::bits(cs, &position, layout.path_levels())
}

fn segment_fits(layout: Layout, segment: &Segment) -> bool {
    let Segment { log, sorted, openings } = segment;
    (1..=layout.rows()).contains(&log.len())
        && sorted.len() == log.len()
        && openings.len() == log.len()
        && openings.iter().all(|o| o.shape() == layout.shape())
}

fn state_fits(layout: Layout, state: &State) -> bool {
    state.filled.len() == layout.path_levels() && state.sums.shape() == layout.shape()
}

fn decryption_fits(layout: Layout, decryption: &Decryption) -> bool {
    decryption.numerators.len() == decryption.trustees.len()
        && decryption.trustees.iter().all(|t| t.partial.shares.len() == layout.options())
}

fn dummy_state(layout: Layout) -> State {
    let zero = Fr::ZERO;
    let (election_id, root) = (ElectionId::from_field(zero), BoardRoot::from_field(zero));
    let context = Context { election_id, root, size: 0, sorted: zero, beta: zero, gamma: zero };
    State::initial(layout, context)
}

fn dummy_outcome(layout: Layout) -> Outcome {
    Outcome { size: 0, slots: 0, totals: vec![0; layout.options()] }
}

fn dummy_decryption(layout: Layout, trustees: usize) -> Decryption {
    let partial = PartialDecryption {
        index: 1,
        shares: vec![CurvePoint::identity(); layout.options()],
        proof: Proof { challenge: 0, response: Scalar::ZERO },
    };
    let trustee = Trustee { verification_share: GroupElement::generator(), partial };
    Decryption { trustees: vec![trustee; trustees], numerators: vec![1; trustees], denominator: 1 }
}

const _: () = assert!(BallotShape::Shape4.options() == 4 && BallotShape::Shape16.options() == 16);

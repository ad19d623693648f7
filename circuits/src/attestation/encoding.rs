//! Policy and outcome as words of 248 bits. Fields follow one another from
//! the low bits up; one that does not fit into a word starts the next. The
//! circuit reads and writes the same fields in the same order.
//! spec: `attestation.words`.

use super::{
    COUNT_BITS, Disclosure, GroupSet, Policy, RATIO_BITS, Shape, View, ViewOutcome,
    metric::{Base, Metric},
};
use crate::curve::Fr;
use ark_ff::PrimeField;

/// Bits of a word: whatever the fields are, it is below r.
pub const WORD_BITS: usize = 248;
/// Bits of a verdict.
pub const VERDICT_BITS: usize = 2;

/// A number of fixed width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Below `2^bits`.
    pub value: u64,
    /// At most 64.
    pub bits: usize,
}

impl Field {
    fn new(value: u64, bits: usize) -> Self {
        Self { value, bits }
    }

    fn bit(value: bool) -> Self {
        Self::new(u64::from(value), 1)
    }
}

/// Fields packed into one public input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Word([u8; WORD_BITS / 8]);

impl Word {
    /// Big-endian.
    pub fn to_bytes(self) -> [u8; WORD_BITS / 8] {
        self.0
    }

    /// The word as a number.
    pub fn field(self) -> Fr {
        Fr::from_be_bytes_mod_order(&self.0)
    }

    fn set(&mut self, offset: usize, field: Field) {
        for bit in (0..field.bits).filter(|bit| field.value >> bit & 1 == 1) {
            let at = offset + bit;
            self.0[WORD_BITS / 8 - 1 - at / 8] |= 1 << (at % 8);
        }
    }
}

/// The places of fields: word and offset of each, and the number of words.
pub fn places(bits: impl IntoIterator<Item = usize>) -> (Vec<(usize, usize)>, usize) {
    let (mut word, mut offset) = (0, 0);
    let place = |bits: usize| {
        if offset + bits > WORD_BITS {
            (word, offset) = (word + 1, 0);
        }
        let place = (word, offset);
        offset += bits;
        place
    };
    let places: Vec<_> = bits.into_iter().map(place).collect();
    let words = places.last().map_or(0, |(word, _)| word + 1);
    (places, words)
}

/// Packs fields.
pub fn pack(fields: &[Field]) -> Vec<Word> {
    let (places, words) = places(fields.iter().map(|field| field.bits));
    let mut out = vec![Word::default(); words];
    for (field, (word, offset)) in fields.iter().zip(places) {
        out[word].set(offset, *field);
    }
    out
}

/// The fields of a policy. spec: `attestation.policy_words`
pub fn policy_fields(shape: &Shape, policy: &Policy) -> Vec<Field> {
    let ratio = |r: super::Ratio| [r.num, r.den].map(|v| Field::new(u64::from(v), RATIO_BITS));
    let cells = 0..shape.layout().cells();
    let mut out: Vec<Field> = cells.map(|cell| Field::bit(policy.sample.contains(cell))).collect();
    out.push(Field::new(u64::from(policy.minimum_cell), COUNT_BITS));
    out.extend(ratio(policy.minimum_share));
    out.extend(policy.thresholds.iter().flat_map(|threshold| ratio(*threshold)));
    out.push(Field::bit(matches!(policy.disclosure, Disclosure::Table { .. })));
    for (view, capacity) in policy.views.iter().zip(shape.views()) {
        view_fields(&mut out, view, *capacity, shape.layout().cells());
    }
    out.extend((0..shape.layout().cells()).map(|cell| Field::bit(cell < policy.cells)));
    out
}

fn view_fields(out: &mut Vec<Field>, view: &View, capacity: usize, cells: usize) {
    out.extend(group_bits(view.excluded, capacity));
    out.extend(Metric::ALL.map(|metric| Field::bit(view.checks(metric))));
    let shown = |base: Base| view.checks.iter().any(|metric| base.serves(*metric));
    out.extend(Base::ALL[1..].iter().map(|base| Field::bit(shown(*base))));
    for cell in 0..cells {
        out.push(Field::bit(view.known(cell).is_some()));
        out.extend(group_bits(view.allowed(cell), capacity));
    }
}

fn group_bits(set: GroupSet, capacity: usize) -> impl Iterator<Item = Field> {
    (0..capacity).map(move |group| Field::bit(set.contains(group)))
}

/// The words of a policy that fits the shape.
pub fn policy_words(shape: &Shape, policy: &Policy) -> Vec<Word> {
    pack(&policy_fields(shape, policy))
}

/// The fields of a view's outcome: at most 190 bits. spec: `attestation.outcome_words`
pub fn outcome_fields(outcome: &ViewOutcome, capacity: usize) -> Vec<Field> {
    let mut out = vec![Field::new(outcome.unknown, COUNT_BITS)];
    out.extend(outcome.compared.iter().flat_map(|set| group_bits(*set, capacity)));
    let code = |verdict: &Option<super::Verdict>| verdict.map_or(0, super::Verdict::code);
    out.extend(outcome.verdicts.iter().map(|verdict| Field::new(code(verdict), VERDICT_BITS)));
    let naming = Metric::ALL.into_iter().filter(|metric| metric.names_groups());
    out.extend(naming.flat_map(|metric| group_bits(outcome.failing(metric), capacity)));
    out.extend(group_bits(outcome.unassessed, capacity));
    out
}

/// One word for each view.
pub fn outcome_words(shape: &Shape, outcome: &[ViewOutcome]) -> Vec<Word> {
    let views = outcome.iter().zip(shape.views());
    views.flat_map(|(outcome, capacity)| pack(&outcome_fields(outcome, *capacity))).collect()
}

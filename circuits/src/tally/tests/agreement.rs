//! Relation and circuit give one verdict on random boards, valid and not.

use super::*;
use crate::{
    r1cs::{Cs, Shape},
    types::{CiphertextDigest, Ticket},
};
use ark_ff::Field;
use proptest::prelude::*;
use std::sync::OnceLock;

const ROWS: usize = 8;

/// What is done to an honest statement and witness.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tweak {
    None,
    SwapSorted(usize, usize),
    SwapLog(usize, usize),
    SortedPrev(usize),
    SortedNext(usize),
    SortedSeq(usize),
    LogTicket(usize),
    LogSlot(usize),
    Opening(usize),
    LastOpening,
    Total(usize),
    Share(usize),
    Numerator(usize),
    Slots,
    Size,
    Root,
    Fingerprint(usize),
    /// `z` and `F` of a batch set to zero: the statement without settlement.
    Unsettled,
}

fn arb_tweak() -> impl Strategy<Value = Tweak> {
    let i = 0..ROWS;
    prop_oneof![
        3 => Just(Tweak::None),
        1 => Just(Tweak::Unsettled),
        1 => (i.clone(), i.clone()).prop_map(|(a, b)| Tweak::SwapSorted(a, b)),
        1 => (i.clone(), i.clone()).prop_map(|(a, b)| Tweak::SwapLog(a, b)),
        1 => i.clone().prop_map(Tweak::SortedPrev),
        1 => i.clone().prop_map(Tweak::SortedNext),
        1 => i.clone().prop_map(Tweak::SortedSeq),
        1 => i.clone().prop_map(Tweak::LogTicket),
        1 => i.clone().prop_map(Tweak::LogSlot),
        2 => i.clone().prop_map(Tweak::Opening),
        1 => Just(Tweak::LastOpening),
        1 => (0..4usize).prop_map(Tweak::Total),
        1 => (0..4usize).prop_map(Tweak::Share),
        1 => (0..2usize).prop_map(Tweak::Numerator),
        1 => Just(Tweak::Slots),
        1 => Just(Tweak::Size),
        1 => Just(Tweak::Root),
        1 => (0..2usize).prop_map(Tweak::Fingerprint),
    ]
}

/// An honest board of 1 to 8 entries in at most 4 slots.
fn honest(seed: u64, moves: &[(usize, bool, u64)]) -> OneProof {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let key = DealtKey::random(2, 4, &mut rng);
    let slots: Vec<Slot> = (0..4).map(|_| Slot::from_field(Fr::rand(&mut rng))).collect();
    let mut log = Log::new(BallotShape::Shape4);
    let mut held = [None; 4];
    for (slot, mask, votes) in moves {
        if *mask && held[*slot].is_some() {
            log.mask(key.public_key, slots[*slot], &mut rng);
        } else {
            log.vote(key.public_key, slots[*slot], &[*votes, 1], &mut rng);
            held[*slot] = Some(*votes);
        }
    }
    let totals = [held.iter().flatten().sum(), held.iter().flatten().count() as u64, 0, 0];
    let board = log.board(election());
    let opened = key.open(&board, &totals, &mut rng);
    let z = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
    match plan(layout(ROWS), &board, opened, &z) {
        Plan::One(one) => *one,
        Plan::Chunked(_) => panic!("at most {ROWS} entries"),
    }
}

fn apply(tweak: Tweak, one: &mut OneProof) {
    let OneProof { statement, witness } = one;
    let Segment { log, sorted, openings } = &mut witness.segment;
    let n = log.len();
    let next = |d: CiphertextDigest| CiphertextDigest::from_field(d.field() + Fr::ONE);
    let partial = &mut witness.decryption.trustees[0].partial;
    match tweak {
        Tweak::None => (),
        Tweak::SwapSorted(a, b) => sorted.swap(a % n, b % n),
        Tweak::SwapLog(a, b) => log.swap(a % n, b % n),
        Tweak::SortedPrev(i) => sorted[i % n].prev_digest = next(sorted[i % n].prev_digest),
        Tweak::SortedNext(i) => sorted[i % n].next_digest = next(sorted[i % n].next_digest),
        Tweak::SortedSeq(i) => sorted[i % n].seq += 1,
        Tweak::LogTicket(i) => log[i % n].ticket = Ticket::from_field(Fr::ONE),
        Tweak::LogSlot(i) => log[i % n].slot = Slot::from_field(log[i % n].slot.field() - Fr::ONE),
        Tweak::Opening(i) => openings[i % n] = witness.last_opening.clone(),
        Tweak::LastOpening => witness.last_opening = Ciphertexts::identity(BallotShape::Shape4),
        Tweak::Total(k) => statement.outcome.totals[k] += 1,
        Tweak::Share(k) => partial.shares[k] = crate::curve::GENERATOR.into(),
        Tweak::Numerator(i) => witness.decryption.numerators[i] += 1,
        Tweak::Slots => statement.outcome.slots += 1,
        Tweak::Size => statement.outcome.size += 1,
        Tweak::Root => statement.root = crate::types::BoardRoot::from_field(Fr::ONE),
        Tweak::Fingerprint(b) => statement.batches[b].f += Fr::ONE,
        Tweak::Unsettled => statement.batches.fill(BatchBinding::default()),
    }
}

fn shape() -> &'static Shape {
    static SHAPE: OnceLock<Shape> = OnceLock::new();
    SHAPE.get_or_init(|| Cs::shape(&TallyCircuit::dummy(layout(ROWS), 2)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn relation_and_circuit_agree(
        seed: u64,
        moves in prop::collection::vec((0..4usize, any::<bool>(), 0..1u64 << 40), 1..=ROWS),
        tweak in arb_tweak(),
    ) {
        let mut one = honest(seed, &moves);
        let untouched = one.clone();
        apply(tweak, &mut one);
        let OneProof { statement, witness } = &one;
        let verdict = relation::check(layout(ROWS), statement, witness);
        let circuit = TallyCircuit::new(layout(ROWS), statement.clone(), witness.clone()).unwrap();
        let failures = shape().failures(&Cs::assignment(&circuit));
        prop_assert_eq!(verdict.is_ok(), failures.is_empty(), "{:?}, {:?}", verdict, failures);
        if matches!(tweak, Tweak::None | Tweak::Unsettled) || one == untouched {
            prop_assert_eq!(verdict, Ok(()));
        }
        if let Err(error) = verdict {
            let condition = error.to_string();
            prop_assert!(
                failures.iter().any(|l| condition.starts_with(l.condition)),
                "{} is not among {:?}", condition, failures
            );
        }
    }
}

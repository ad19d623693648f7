//! Relation and circuit give one verdict, on good statements and bad ones.

use super::*;
use crate::{
    curve::{Affine2, GENERATOR},
    types::{CensusRoot, Ciphertext},
};
use proptest::{prelude::*, sample::Index};

/// One change of a valid statement or its witness.
#[derive(Clone, Debug)]
enum Tweak {
    Weight(u64),
    Path(u64),
    Sibling(Index, u8),
    Secret(u64),
    FlipMask,
    Vote(Index, u64),
    SwapVotes(Index, Index),
    Prev(Index, bool),
    TicketIndex(u8),
    Randomness(Index),
    Root(u64),
    Election(u64),
    Rule(RuleKind, u8),
    Key(u64),
    Slot(u64),
    PrevDigest(bool),
    NextDigest(u64),
    Ticket(u64),
}

fn arb_tweak() -> impl Strategy<Value = Tweak> {
    use Tweak::*;
    let index = any::<Index>;
    // Numbers around every bound that the conditions have.
    let edge = prop_oneof![
        0u64..4,
        Just(999),
        Just(1_000),
        Just(1_001),
        Just((1 << 44) - 1),
        Just((1 << 48) - 1),
        Just(1 << 48),
        Just(u64::MAX),
        any::<u64>(),
    ];
    prop_oneof![
        edge.clone().prop_map(Weight),
        prop_oneof![0u64..6, any::<u64>()].prop_map(Path),
        (index(), 0u8..12).prop_map(|(i, l)| Sibling(i, l)),
        any::<u64>().prop_map(Secret),
        Just(FlipMask),
        (index(), edge.clone()).prop_map(|(i, v)| Vote(i, v)),
        (index(), edge).prop_map(|(i, v)| Vote(i, v)),
        (index(), index()).prop_map(|(i, j)| SwapVotes(i, j)),
        (index(), any::<bool>()).prop_map(|(i, low)| Prev(i, low)),
        any::<u8>().prop_map(TicketIndex),
        (0u8..18).prop_map(TicketIndex),
        index().prop_map(Randomness),
        any::<u64>().prop_map(Root),
        any::<u64>().prop_map(Election),
        (prop::sample::select(RuleKind::ALL.to_vec()), 0u8..16).prop_map(|(k, n)| Rule(k, n)),
        any::<u64>().prop_map(Key),
        any::<u64>().prop_map(Slot),
        any::<bool>().prop_map(PrevDigest),
        any::<u64>().prop_map(NextDigest),
        any::<u64>().prop_map(Ticket),
    ]
}

/// A point of order 4: on the curve, outside the group.
const ORDER_4: Affine2 = Affine2::new_unchecked(Fr::ONE, Fr::ZERO);
use ark_ff::{AdditiveGroup, Field};

fn apply(tweak: &Tweak, s: &mut Statement, w: &mut Witness) {
    let n = w.votes.len();
    let field = |x: &u64| Fr::from(*x);
    match tweak {
        Tweak::Weight(x) => w.weight = *x,
        Tweak::Path(i) => w.path.index = *i,
        Tweak::Sibling(i, level) => w.path.siblings[usize::from(*level)][i.index(3)] += Fr::ONE,
        Tweak::Secret(seed) => w.sk = MemberSecret::random(&mut ChaCha20Rng::seed_from_u64(*seed)),
        Tweak::FlipMask => w.mask = !w.mask,
        Tweak::Vote(i, v) => w.votes[i.index(n)] = *v,
        Tweak::SwapVotes(i, j) => w.votes.swap(i.index(n), j.index(n)),
        Tweak::Prev(i, low_order) => {
            let extra = Ciphertext { c1: GENERATOR.into(), c2: ORDER_4.into() };
            let mut list = w.prev.as_slice().to_vec();
            let i = i.index(n);
            list[i] = if *low_order { list[i].plus(extra) } else { extra };
            w.prev = Ciphertexts::new(s.shape(), list).unwrap();
        }
        Tweak::TicketIndex(j) => w.ticket_index = *j,
        Tweak::Randomness(i) => {
            w.randomness[i.index(n)] = super::Randomness::random(&mut ChaCha20Rng::seed_from_u64(5));
        }
        Tweak::Root(x) => s.census_root = CensusRoot::from_field(field(x)),
        Tweak::Election(x) => s.election_id = ElectionId::from_field(field(x)),
        Tweak::Rule(kind, options) => {
            // Another rule of the same shape.
            let (least, most) = if n == 4 { (1, 4) } else { (5, 16) };
            s.rule = super::Rule::new(*kind, least + usize::from(*options) % (most - least + 1)).unwrap();
        }
        Tweak::Key(x) => s.pk = GroupElement::mul_generator(Scalar::from(x | 1)).unwrap(),
        Tweak::Slot(x) => s.slot = super::Slot::from_field(field(x)),
        Tweak::PrevDigest(true) => s.prev_digest = CiphertextDigest::empty(),
        Tweak::PrevDigest(false) => s.prev_digest = w.prev.digest(),
        Tweak::NextDigest(x) => s.next_digest = CiphertextDigest::from_field(field(x)),
        Tweak::Ticket(x) => s.ticket = super::Ticket::from_field(field(x)),
    }
}

/// Votes that keep the rule, drawn by `rng`.
fn valid_votes(rule: Rule, weight: u64, rng: &mut ChaCha20Rng) -> Vec<u64> {
    use rand_chacha::rand_core::RngCore;
    let n = rule.options();
    let mut left = weight;
    let mut votes = vec![0; n];
    match rule.kind() {
        RuleKind::SingleChoice => votes[rng.next_u32() as usize % n] = weight,
        RuleKind::Approval => votes.iter_mut().for_each(|v| *v = weight * (rng.next_u64() & 1)),
        RuleKind::Split => votes.iter_mut().for_each(|v| {
            *v = rng.next_u64() % (left + 1);
            left -= *v;
        }),
        RuleKind::Quadratic => votes.iter_mut().for_each(|v| {
            *v = rng.next_u64() % (left.isqrt() + 1);
            left -= *v * *v;
        }),
    }
    votes
}

/// A valid vote, or a valid mask over one, and then the tweaks.
fn build(
    seed: u32,
    kind: RuleKind,
    options: usize,
    mask: Option<u8>,
    tweaks: &[(Tweak, bool)],
) -> (Statement, Witness) {
    let mut world = World::new(u64::from(seed), kind, options);
    let author = [0, 1, 2, 4][seed as usize % 4];
    let votes = valid_votes(world.context.rule, WEIGHTS[author], &mut world.rng);
    let vote = world.vote(author, &votes);
    let plan = match mask {
        Some(j) => world.mask(seed as usize % 5, &vote, j),
        None => vote,
    };
    let (mut statement, mut witness) = (plan.statement, plan.witness.clone());
    for (tweak, consistent) in tweaks {
        apply(tweak, &mut statement, &mut witness);
        if *consistent {
            rehash(&mut statement, &witness);
        }
    }
    (statement, witness)
}

fn agree(statement: &Statement, witness: &Witness) -> Result<(), TestCaseError> {
    let shape = shape_of(statement.rule);
    let failing = failing_conditions(shape, &assignment(statement, witness));
    match check(statement, witness) {
        Ok(()) => prop_assert!(failing.is_empty(), "the circuit alone refuses: {failing:?}"),
        Err(unsatisfied) => prop_assert_eq!(failing.first().copied(), unsatisfied.condition()),
    }
    Ok(())
}

fn arb_kind() -> impl Strategy<Value = RuleKind> {
    prop::sample::select(RuleKind::ALL.to_vec())
}

fn arb_mask() -> impl Strategy<Value = Option<u8>> {
    prop::option::of(0u8..16)
}

fn arb_tweaks(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<(Tweak, bool)>> {
    prop::collection::vec((arb_tweak(), any::<bool>()), count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn ballot_valid_statements_satisfy_relation_and_circuit(
        seed: u32, kind in arb_kind(), options in 1usize..=16, mask in arb_mask(),
    ) {
        let (statement, witness) = build(seed, kind, options, mask, &[]);
        prop_assert_eq!(check(&statement, &witness), Ok(()));
        agree(&statement, &witness)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn ballot_relation_and_circuit_agree_on_shape_4(
        seed: u32, kind in arb_kind(), options in 1usize..=4, mask in arb_mask(), tweaks in arb_tweaks(1..4),
    ) {
        let (statement, witness) = build(seed, kind, options, mask, &tweaks);
        agree(&statement, &witness)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ballot_relation_and_circuit_agree_on_shape_16(
        seed: u32, kind in arb_kind(), options in 5usize..=16, mask in arb_mask(), tweaks in arb_tweaks(1..3),
    ) {
        let (statement, witness) = build(seed, kind, options, mask, &tweaks);
        agree(&statement, &witness)?;
    }
}

//! One condition fails, and only it.

use super::*;
use crate::{
    primitives::poseidon,
    r1cs::Circuit,
    types::{CensusRoot, ProofBytes},
};
use ark_ff::Field;

/// The only failing constraint is `equation` of `condition`, and the relation
/// says the same.
#[track_caller]
fn only(statement: &Statement, witness: &Witness, condition: &'static str, equation: &'static str) {
    let expected = Label { condition, equation };
    assert_eq!(failures(statement, witness), [expected]);
    let unsatisfied = check(statement, witness).unwrap_err();
    assert_eq!(unsatisfied.condition(), Some(condition), "{unsatisfied}");
}

fn split(seed: u64) -> World {
    World::new(seed, RuleKind::Split, 3)
}

const MEMBER: (&str, &str) = ("B1 member", "root of the path = census_root");
const HAS_WEIGHT: (&str, &str) = ("B1 member", "weight * inverse = 1 - mask");
const OWNER: (&str, &str) = ("B2 owner", "(1 - mask) * (slot - H_slot(sk, election_id)) = 0");
const OPENED: (&str, &str) = ("B5 base", "mask * (prev_digest - D(prev)) = 0");
const DIGEST: (&str, &str) = ("B7 digest", "D(next) = next_digest");
const OWN_TICKET: (&str, &str) = ("B8 ticket", "mask * (ticket - H_ticket(sk, election_id, j)) = 0");

#[test]
fn ballot_b1_a13_wrong_root_is_rejected() {
    let mut world = split(10);
    let mut plan = world.vote(0, &[1, 2, 3]);
    plan.statement.census_root = split(11).context.census_root;
    only(&plan.statement, &plan.witness, MEMBER.0, MEMBER.1);
}

/// A7: more weight than the census says, somebody else's, or none.
#[test]
fn ballot_b1_a7_forged_weights_are_rejected() {
    let mut world = split(12);
    let plan = world.vote(0, &[1, 2, 3]);
    for weight in [1_001, 999, WEIGHTS[2], (1 << 48) - 1] {
        let mut witness = plan.witness.clone();
        witness.weight = weight;
        only(&plan.statement, &witness, MEMBER.0, MEMBER.1);
    }
}

/// A7: a census that was made wrong gives no vote above 48 bits either.
#[test]
fn ballot_b1_a7_weights_beyond_48_bits_are_rejected() {
    for weight in [1 << 48, 1 << 63, u64::MAX] {
        let mut world = World::with_weights(13, RuleKind::Split, 3, &[weight, 5]);
        assert_eq!(world.try_vote(0, &[1, 0, 0]).unwrap_err(), Unsatisfied::Member.into());
        // The honest plan of the neighbour, with the row of the giant.
        let mut plan = world.vote(1, &[1, 0, 0]);
        plan.witness.sk = world.members[0].sk.clone();
        (plan.witness.weight, plan.witness.path) = (weight, world.members[0].path.clone());
        plan.statement.slot = Slot::derive(&plan.witness.sk, world.context.election_id);
        let failing = failures(&plan.statement, &plan.witness);
        assert!(failing.contains(&Label { condition: "B1 member", equation: "sum 2^i * bit_i = x" }));
    }
    // The largest that fits: 2^48 - 1.
    let mut world = World::with_weights(14, RuleKind::Split, 3, &[(1 << 48) - 1]);
    let plan = world.vote(0, &[(1 << 48) - 1, 0, 0]);
    assert_eq!(failures(&plan.statement, &plan.witness), []);
}

/// A7: the weight r - 1 stands for no integer below 2^48.
#[test]
fn ballot_b1_a7_weight_minus_one_is_rejected() {
    let mut world = split(15);
    let plan = world.vote(0, &[1, 2, 3]);
    let shape = shape_of(world.context.rule);
    let mut z = assignment(&plan.statement, &plan.witness);
    // sk, mask, weight come first after the inputs.
    let weight = shape.num_inputs() + 2;
    assert_eq!(z[weight], Fr::from(1_000u64));
    z[weight] = -Fr::ONE;
    let range = Label { condition: "B1 member", equation: "sum 2^i * bit_i = x" };
    assert!(shape.failures(&z).contains(&range));
}

/// A masker leaf masks and never votes, not even for nothing.
#[test]
fn ballot_b1_a_vote_without_weight_is_rejected_and_a_mask_is_not() {
    let mut world = split(16);
    let victim = world.vote(0, &[1, 2, 3]);
    let mask = world.mask(MASKER, &victim, 0);
    assert_eq!(failures(&mask.statement, &mask.witness), []);

    assert_eq!(world.try_vote(MASKER, &[0, 0, 0]).unwrap_err(), Unsatisfied::Member.into());
    let mut vote = mask.clone();
    vote.witness.mask = false;
    vote.statement.slot = Slot::derive(&vote.witness.sk, world.context.election_id);
    rehash(&mut vote.statement, &vote.witness);
    only(&vote.statement, &vote.witness, HAS_WEIGHT.0, HAS_WEIGHT.1);
}

#[test]
fn ballot_b2_anothers_slot_is_rejected() {
    let mut world = split(17);
    let mut plan = world.vote(0, &[1, 2, 3]);
    plan.statement.slot = Slot::derive(&world.members[1].sk, world.context.election_id);
    only(&plan.statement, &plan.witness, OWNER.0, OWNER.1);
}

/// A12: the same ballot in another election has another slot.
#[test]
fn ballot_b2_a12_another_election_is_rejected() {
    let mut world = split(18);
    let mut plan = world.vote(0, &[1, 2, 3]);
    plan.statement.election_id = ElectionId::from_field(Fr::from(99u64));
    only(&plan.statement, &plan.witness, OWNER.0, OWNER.1);
    // A mask is bound by its ticket.
    let vote = world.vote(0, &[1, 2, 3]);
    let mut mask = world.mask(1, &vote, 2);
    mask.statement.election_id = ElectionId::from_field(Fr::from(99u64));
    only(&mask.statement, &mask.witness, OWN_TICKET.0, OWN_TICKET.1);
}

/// B3 has its own tests in `rule`; here it fails within the whole ballot.
#[test]
fn ballot_b3_a8_votes_against_the_rule_are_rejected() {
    let cases: [(RuleKind, &[u64], &'static str); 5] = [
        (RuleKind::SingleChoice, &[1_000, 1_000, 0], "is_single * (sum v - w) = 0"),
        (RuleKind::SingleChoice, &[400, 600, 0], "(is_single + is_approval) * u_k = 0"),
        (RuleKind::Approval, &[1_000, 999, 0], "(is_single + is_approval) * u_k = 0"),
        (RuleKind::Split, &[500, 500, 1], "sum 2^i * bit_i = x"),
        (RuleKind::Quadratic, &[31, 6, 2], "sum 2^i * bit_i = x"),
    ];
    for (kind, votes, equation) in cases {
        let mut world = World::new(19, kind, 3);
        assert_eq!(world.try_vote(0, votes).unwrap_err(), Unsatisfied::Rule.into());
        let mut plan = match kind {
            RuleKind::Quadratic => world.vote(0, &[31, 6, 1]),
            _ => world.vote(0, &[1_000, 0, 0]),
        };
        plan.witness.votes[..3].copy_from_slice(votes);
        rehash(&mut plan.statement, &plan.witness);
        only(&plan.statement, &plan.witness, "B3 rule", equation);
    }
}

/// A14: `prev` of a mask is bound to the digest; so its points are those of
/// the entry before, which were decoded as points of the curve.
#[test]
fn ballot_b5_a23_a_stale_mask_is_rejected() {
    let mut world = split(20);
    let vote = world.vote(0, &[1, 2, 3]);
    let newer = world.vote(0, &[3, 2, 1]);
    let mut mask = world.mask(1, &vote, 0);
    mask.statement.prev_digest = newer.statement.next_digest;
    only(&mask.statement, &mask.witness, OPENED.0, OPENED.1);
}

/// A23: no ciphertexts have the digest of an empty slot.
#[test]
fn ballot_b6_a23_masking_an_empty_slot_is_rejected() {
    let mut world = split(21);
    let vote = world.vote(0, &[1, 2, 3]);
    for prev in [vote.next.clone(), Ciphertexts::identity(BallotShape::Shape4)] {
        let (author, slot) = (&world.members[1], vote.statement.slot);
        let mut mask = Plan::mask(&world.context, author, slot, &prev, 0, &mut world.rng).unwrap();
        mask.statement.prev_digest = CiphertextDigest::empty();
        only(&mask.statement, &mask.witness, OPENED.0, OPENED.1);
        assert_eq!(check(&mask.statement, &mask.witness), Err(Unsatisfied::NothingToMask));
    }
}

#[test]
fn ballot_b7_other_ciphertexts_are_rejected() {
    let mut world = split(22);
    let mut plan = world.vote(0, &[1, 2, 3]);
    plan.statement.next_digest = world.vote(0, &[1, 2, 3]).statement.next_digest;
    only(&plan.statement, &plan.witness, DIGEST.0, DIGEST.1);
    // The same ciphertexts under another key.
    let mut plan = world.vote(0, &[1, 2, 3]);
    plan.statement.pk = GroupElement::mul_generator(Scalar::from(KEY + 1)).unwrap();
    only(&plan.statement, &plan.witness, DIGEST.0, DIGEST.1);
}

/// A23: sixteen masks, no seventeenth; no one else's ticket.
#[test]
fn ballot_b8_a23_a_seventeenth_mask_is_rejected() {
    let mut world = split(23);
    let vote = world.vote(0, &[1, 2, 3]);
    let tickets: std::collections::BTreeSet<Ticket> =
        (0..16).map(|j| world.mask(1, &vote, j).statement.ticket).collect();
    assert_eq!(tickets.len(), 16);
    let mut mask = world.mask(1, &vote, 15);
    mask.witness.ticket_index = 16;
    mask.statement.ticket = Ticket::derive(&mask.witness.sk, world.context.election_id, 16);
    only(&mask.statement, &mask.witness, "B8 ticket", "sum 2^i * bit_i = x");
    let (author, slot) = (&world.members[1], vote.statement.slot);
    let refused = Plan::mask(&world.context, author, slot, &vote.next, 16, &mut world.rng);
    assert_eq!(refused.unwrap_err(), Unsatisfied::Ticket.into());
}

#[test]
fn ballot_b8_a_mask_with_a_free_ticket_is_rejected() {
    let mut world = split(24);
    let vote = world.vote(0, &[1, 2, 3]);
    let mut mask = world.mask(1, &vote, 5);
    mask.statement.ticket = Ticket::random(&mut world.rng);
    only(&mask.statement, &mask.witness, OWN_TICKET.0, OWN_TICKET.1);
    mask.statement.ticket = Ticket::derive(&world.members[2].sk, world.context.election_id, 5);
    only(&mask.statement, &mask.witness, OWN_TICKET.0, OWN_TICKET.1);
}

/// A19: no hash of the protocol stands for another.
#[test]
fn ballot_a19_hashes_of_other_uses_are_rejected() {
    use crate::params::Tag;
    let mut world = split(25);
    let election = world.context.election_id.field();
    let sk = world.members[0].sk.field();
    for tag in Tag::ALL.into_iter().filter(|t| *t != Tag::Slot) {
        let mut plan = world.vote(0, &[1, 2, 3]);
        plan.statement.slot = Slot::from_field(poseidon::hash(tag, &[sk, election]));
        only(&plan.statement, &plan.witness, OWNER.0, OWNER.1);
    }
    let mut plan = world.vote(0, &[1, 2, 3]);
    let other = poseidon::sponge(Tag::Ciphertext16, &plan.next.coordinates());
    plan.statement.next_digest = CiphertextDigest::from_field(other);
    only(&plan.statement, &plan.witness, DIGEST.0, DIGEST.1);
}

/// The statement has one encoding, and each of its inputs is bound: changed
/// by one, the named condition fails. In a vote two inputs mean nothing to
/// the conditions, ticket and prev_digest; the proof binds them all the same,
/// and the verifier compares them with the board.
#[test]
fn ballot_a10_every_public_input_is_bound() {
    let mut world = split(26);
    let vote = world.vote(0, &[1, 2, 3]);
    let mask = world.mask(1, &vote, 5);
    let all = "B1 B2 B3 B4 B4 B2 B5 B7 B8".split(' ');
    let shape = shape_of(world.context.rule);
    for (plan, free) in [(&vote, [7, 9].as_slice()), (&mask, [6].as_slice())] {
        let circuit = BallotCircuit::new(plan.statement, plan.witness.clone()).unwrap();
        assert_eq!(circuit.public_inputs().len(), Statement::LEN);
        let z = Cs::assignment(&circuit);
        for (input, condition) in (1..=Statement::LEN).zip(all.clone()) {
            let mut changed = z.clone();
            changed[input] += Fr::ONE;
            let failing = failing_conditions(shape, &changed);
            if free.contains(&input) {
                // A mask goes to any slot: B2 is the vote's.
                assert!(failing.is_empty(), "input {input}: {failing:?}");
            } else {
                assert!(failing.iter().any(|c| c.starts_with(condition)), "input {input}: {failing:?}");
            }
        }
    }
}

/// A1: types refuse bytes that are not below r, so no alias of an input gets
/// as far as the statement.
#[test]
fn ballot_a1_non_canonical_inputs_do_not_parse() {
    use ark_ff::{BigInteger, PrimeField};
    let mut integer = Fr::from(7u64).into_bigint();
    integer.add_with_carry(&Fr::MODULUS);
    let bytes = integer.to_bytes_be();
    assert!(Slot::from_bytes(&bytes).is_err() && Ticket::from_bytes(&bytes).is_err());
    assert!(CiphertextDigest::from_bytes(&bytes).is_err() && CensusRoot::from_bytes(&bytes).is_err());
    assert!(ElectionId::from_bytes(&bytes).is_err());
    assert!(ProofBytes::try_from(&bytes[..]).is_err());
}

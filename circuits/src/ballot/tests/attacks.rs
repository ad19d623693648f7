//! Attacks by somebody with their own prover.

use super::*;
use crate::primitives::merkle::CensusPath;
use ark_ff::{AdditiveGroup, Field};
use std::collections::BTreeSet;

fn world(seed: u64) -> World {
    World::new(seed, RuleKind::Approval, 4)
}

/// A2: one leaf, one secret, so one slot per member and election. Adding the
/// group order l does nothing here: the secret is hashed, never multiplied.
#[test]
fn ballot_b1_a2_a_second_secret_for_one_leaf_is_rejected() {
    let mut world = world(30);
    let plan = world.vote(0, &[1_000, 0, 0, 0]);
    let l = Fr::from(<Scalar as ark_ff::PrimeField>::MODULUS);
    let sk = plan.witness.sk.field();
    for alias in [sk + l, sk - l, sk + l.double(), -sk] {
        let mut witness = plan.witness.clone();
        witness.sk = MemberSecret::from_bytes(&crate::types::field_to_bytes(alias)).unwrap();
        let mut statement = plan.statement;
        statement.slot = Slot::derive(&witness.sk, world.context.election_id);
        assert_eq!(check(&statement, &witness), Err(Unsatisfied::Member));
        assert_eq!(
            failures(&statement, &witness),
            [Label { condition: "B1 member", equation: "root of the path = census_root" }]
        );
    }
}

/// A5: every selector is a bit, whatever else the prover changes: the
/// constraint that says so mentions nothing else.
#[test]
fn ballot_b1_a5_selectors_that_are_not_bits_are_rejected() {
    let mut world = world(31);
    let plan = world.vote(0, &[1_000, 0, 0, 0]);
    let shape = shape_of(world.context.rule);
    let z = assignment(&plan.statement, &plan.witness);
    let names = ["low * (1 - low) = 0", "high * (1 - high) = 0"];
    let selectors: Vec<(usize, usize)> = (0..shape.num_constraints())
        .filter(|row| names.contains(&shape.label(*row).equation))
        .map(|row| {
            let variables: BTreeSet<usize> =
                shape.rows()[row].variables().filter(|variable| *variable != 0).collect();
            assert_eq!(variables.len(), 1, "a bit alone");
            (row, *variables.first().unwrap())
        })
        .collect();
    assert_eq!(selectors.len(), 2 * crate::params::CENSUS_DEPTH);
    for (row, selector) in selectors {
        for value in [Fr::from(2u64), -Fr::ONE, Fr::from(3u64), Fr::ONE.double().inverse().unwrap()] {
            let mut forged = z.clone();
            forged[selector] = value;
            assert!(!shape.row_holds(row, &forged));
        }
    }
}

/// A5: an index beyond the tree selects by its low 24 bits, in relation and
/// circuit alike; it is no second place for a leaf, as it is no part of the
/// statement.
#[test]
fn ballot_b1_a5_an_index_beyond_the_tree_gives_nothing_new() {
    let mut world = world(32);
    let plan = world.vote(4, &[77, 0, 0, 0]);
    let mut witness = plan.witness.clone();
    witness.path.index += 1 << 24;
    assert_eq!(check(&plan.statement, &witness), Ok(()));
    assert_eq!(failures(&plan.statement, &witness), []);
    witness.path.index += 1;
    assert_eq!(check(&plan.statement, &witness), Err(Unsatisfied::Member));
}

/// A6: an empty leaf, an inner node, and a path of another depth.
#[test]
fn ballot_b1_a6_padding_nodes_and_other_depths_are_rejected() {
    let mut world = world(33);
    let plan = world.vote(0, &[1_000, 0, 0, 0]);
    let reject = |witness: &Witness| {
        assert_eq!(check(&plan.statement, witness), Err(Unsatisfied::Member));
        assert_eq!(
            failures(&plan.statement, witness),
            [Label { condition: "B1 member", equation: "root of the path = census_root" }]
        );
    };
    let siblings = plan.witness.path.siblings;
    // The place of an empty leaf, beside the member of index 4.
    let mut witness = plan.witness.clone();
    witness.path = world.members[4].path.clone();
    witness.path.index = 5;
    reject(&witness);
    // One level up: the leaf taken for an inner node.
    let mut shifted = [[Fr::ZERO; 3]; 12];
    shifted[..11].copy_from_slice(&siblings[1..]);
    witness.path = CensusPath { index: 0, siblings: shifted };
    reject(&witness);
    // One level down: an inner node would have to be a leaf.
    shifted[1..].copy_from_slice(&siblings[..11]);
    witness.path = CensusPath { index: 0, siblings: shifted };
    reject(&witness);
    // No member with secret 0 and weight 0 hides in the padding.
    let mut zero = plan.witness.clone();
    zero.sk = MemberSecret::from_bytes(&[0; 32]).unwrap();
    zero.mask = true;
    zero.weight = 0;
    assert_eq!(check(&plan.statement, &zero), Err(Unsatisfied::Member));
}

/// A11: somebody else's ciphertexts, as they are or re-randomised, do not go
/// into one's own slot.
#[test]
fn ballot_a11_copied_ciphertexts_are_rejected() {
    let mut world = world(34);
    let victim = world.vote(0, &[0, 1_000, 0, 0]);
    let own = world.vote(4, &[77, 0, 0, 0]);

    // The victim's proof data under the thief's slot.
    let mut moved = victim.statement;
    moved.slot = own.statement.slot;
    assert_eq!(check(&moved, &victim.witness), Err(Unsatisfied::Owner));
    assert_eq!(failing_conditions(shape_of(moved.rule), &assignment(&moved, &victim.witness)), ["B2 owner"]);

    // The thief's proof data with the victim's ciphertexts.
    let mut copied = own.statement;
    copied.next_digest = victim.statement.next_digest;
    assert_eq!(check(&copied, &own.witness), Err(Unsatisfied::Digest));
    assert_eq!(failing_conditions(shape_of(copied.rule), &assignment(&copied, &own.witness)), ["B7 digest"]);

    // Re-randomised with a mask of the thief's, put over the own slot: the
    // slot's digest is not the victim's.
    let mask = world.mask(4, &victim, 0);
    let mut rerandomised = mask.statement;
    rerandomised.slot = own.statement.slot;
    rerandomised.prev_digest = own.statement.next_digest;
    assert_eq!(check(&rerandomised, &mask.witness), Err(Unsatisfied::Base));
    let z = assignment(&rerandomised, &mask.witness);
    assert_eq!(failing_conditions(shape_of(rerandomised.rule), &z), ["B5 base"]);

    // As a vote: the base of a vote is the identity.
    let mut vote = mask.witness.clone();
    vote.mask = false;
    let mut statement = mask.statement;
    statement.slot = own.statement.slot;
    assert_eq!(check(&statement, &vote), Err(Unsatisfied::Digest));
}

/// A23: masks leave what a slot says as it is, one or many, by anyone.
#[test]
fn ballot_b5_a23_masks_keep_the_plaintext() {
    let mut world = world(35);
    let votes = [1_000, 0, 1_000, 0];
    let mut current = world.vote(0, &votes);
    for (member, j) in [(1, 0), (MASKER, 15), (0, 3)] {
        let before = current.statement.next_digest;
        current = world.mask(member, &current, j);
        assert_eq!(failures(&current.statement, &current.witness), []);
        assert_eq!(current.statement.prev_digest, before);
        assert_ne!(current.statement.next_digest, before);
        assert_eq!(decrypt(&current.next), encoded(&votes));
    }
}

/// A23: a mask with a vote inside, by a member with weight or without.
#[test]
fn ballot_b3_a23_a_mask_that_changes_the_plaintext_is_rejected() {
    for kind in RuleKind::ALL {
        let mut world = World::new(36, kind, 4);
        let vote = world.vote(1, &[1, 0, 0, 0]);
        for member in [0, MASKER] {
            let mask = world.mask(member, &vote, 0);
            for changed in [[1, 0, 0, 0], [WEIGHTS[member].max(1); 4], [0, 0, 0, (1 << 48) - 1]] {
                let (mut statement, mut witness) = (mask.statement, mask.witness.clone());
                witness.votes = changed.to_vec();
                rehash(&mut statement, &witness);
                assert_eq!(check(&statement, &witness), Err(Unsatisfied::Rule));
                let failing = failing_conditions(shape_of(statement.rule), &assignment(&statement, &witness));
                assert_eq!(failing, ["B3 rule"], "{kind} {changed:?}");
            }
        }
    }
}

/// A vote over content that its author did not write does not depend on it.
#[test]
fn ballot_b5_a_vote_replaces_whatever_the_slot_holds() {
    let mut world = world(37);
    let first = world.vote(0, &[1_000, 0, 0, 0]);
    let masked = world.mask(1, &first, 0);
    let ticket = Ticket::random(&mut world.rng);
    let (author, prev) = (&world.members[0], masked.statement.next_digest);
    let second = Plan::vote(&world.context, author, prev, &[0, 1_000, 0, 0], ticket, &mut world.rng).unwrap();
    assert_eq!(failures(&second.statement, &second.witness), []);
    assert_eq!(decrypt(&second.next), encoded(&[0, 1_000, 0, 0]));
}

/// A21: 10^5 ballots of four options share no randomness, so no first
/// component: `r G` is another point for another r modulo l.
#[test]
fn ballot_a21_no_randomness_repeats_in_100_000_ballots() {
    let mut rng = ChaCha20Rng::seed_from_u64(38);
    let mut seen = std::collections::HashSet::with_capacity(400_000);
    for _ in 0..400_000 {
        let r = Randomness::random(&mut rng).scalar();
        assert!(r != Scalar::ZERO && seen.insert(r));
    }
}

/// A21, A63: a plan draws anew for every option and every retry.
#[test]
fn ballot_a21_a63_a_retry_has_fresh_randomness_and_the_same_ticket() {
    let mut world = world(39);
    let first = world.vote(0, &[1_000, 0, 0, 0]);
    let mask = world.mask(1, &first, 0);
    let (author, ticket) = (&world.members[0], first.statement.ticket);
    let prev = mask.statement.next_digest;
    let retry = Plan::vote(&world.context, author, prev, &[1_000, 0, 0, 0], ticket, &mut world.rng).unwrap();
    assert_eq!(retry.statement.ticket, first.statement.ticket);
    assert_eq!(retry.statement.slot, first.statement.slot);
    let points: BTreeSet<[u8; 64]> = [&first, &retry]
        .iter()
        .flat_map(|p| p.next.as_slice())
        .flat_map(|c| [c.c1.to_bytes(), c.c2.to_bytes()])
        .collect();
    assert_eq!(points.len(), 16);
}

/// The digits fill the range evenly: sign and size of every window are a fair
/// bit each (20 standard deviations).
#[test]
fn ballot_randomness_uses_all_its_bits() {
    let mut rng = ChaCha20Rng::seed_from_u64(40);
    let n = 10_000i64;
    let mut counts = [[0i64; 2]; crate::params::RANDOMNESS_DIGITS];
    for _ in 0..n {
        for (count, digit) in counts.iter_mut().zip(Randomness::random(&mut rng).digits()) {
            count[0] += i64::from(digit.negative);
            count[1] += i64::from(digit.three);
        }
    }
    assert!(counts.iter().flatten().all(|c| (2 * c - n).abs() < 20 * 100));
}

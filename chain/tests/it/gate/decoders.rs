//! Calldata that is not what it should be. Whatever is done to a valid call,
//! the contract refuses it and nothing changes, or does exactly what the
//! valid call does.

use super::{
    audit::{ISSUED, PROVEN},
    executor::{DELAY, World as Executing},
    world::{Votes, World},
};
use crate::{elections::decoders::mutate, evm::Evm};
use ::audit::attestation::SignedRegistration;
use chain::{audits, gate, gate::Proposal};
use circuits::types::TypedData;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_core::OsRng;
use revm::primitives::Address;

/// What is kept by contracts must be as before, or as after the valid call.
fn fuzz(evm: &Evm, to: Address, kept: &[Address], call: &[u8], rounds: usize) {
    let seed = OsRng.next_u64();
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let state = |evm: &Evm| kept.iter().map(|of| evm.storage(*of)).collect::<Vec<_>>();
    let mut done = evm.clone();
    done.send(to, call.to_vec()).unwrap();
    let (before, after) = (state(evm), state(&done));
    assert_ne!(before, after);
    for _ in 0..rounds {
        let mutant = mutate(call, &mut rng);
        let mut evm = evm.clone();
        let expected = if evm.send(to, mutant.clone()).is_ok() { &after } else { &before };
        assert_eq!(&state(&evm), expected, "seed {seed}: 0x{}", hex::encode(mutant));
    }
}

#[test]
fn a15_a50_changed_votes_are_refused_or_mean_the_same() {
    let mut votes = Votes::on(World::new());
    let other = [9; 32];
    let draft = votes.draft(ISSUED + 500, &[votes.approval(), Proposal::Sanction { model: other }]);
    let id = votes.settle(&draft, true);
    let (evm, to) = (&votes.world.evm, votes.gate);
    fuzz(evm, to, &[to], &gate::enact(id, &draft), 1_000);
}

#[test]
fn a15_a50_changed_messages_to_attestations_are_refused_or_mean_the_same() {
    let mut world = World::empty();
    let to = world.attestations;
    let registration = world.registration(0, u64::MAX, 1);
    let signature = world.organiser.sign(registration.signing_hash(&world.domain));
    let register = audits::register(&SignedRegistration { registration, signature });
    fuzz(&world.evm, to, &[to], &register, 400);
    world.tell(register).unwrap();
    world.anchor(PROVEN.data.root()).unwrap();
    world.mine();
    let attestation = world.attestation();
    fuzz(&world.evm, to, &[to], &audits::attest(&attestation), 400);
    world.attest(&attestation).unwrap();
    let revocation = world.revocation(attestation.id(), ISSUED, &world.auditor);
    fuzz(&world.evm, to, &[to], &audits::revoke(&revocation), 400);
}

#[test]
fn a15_a50_changed_votes_to_the_executor_are_refused_or_mean_the_same() {
    let mut world = Executing::new();
    let vote = world.vote(vec![world.act(), world.act()], true);
    let kept = [world.executor, world.timelock, world.target];
    let to = world.executor;
    fuzz(&world.votes.world.evm, to, &kept, &gate::queue(vote.0, &vote.1), 600);
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    fuzz(&world.votes.world.evm, to, &kept, &gate::execute(vote.0, &vote.1), 600);
}

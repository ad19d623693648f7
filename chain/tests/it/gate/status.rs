//! How attestations end.

use super::{
    audit::{EXPIRES, ISSUED, PROVEN, sign},
    world::{World, account, refused},
};
use ::audit::attestation::Attestation;
use alloy::{primitives::B256, sol_types::SolError};
use chain::abi::IAttestations::{self, Status};

#[test]
fn an_attestation_ends_in_the_second_of_its_expiry() {
    let (mut world, attestation) = World::attested();
    world.mine_at(EXPIRES - 1);
    assert_eq!(world.status(attestation.id()), Status::Valid);
    world.mine_at(EXPIRES);
    assert_eq!(world.status(attestation.id()), Status::Expired);
    assert_eq!(world.status([1; 32]), Status::Unknown);
}

/// A59
#[test]
fn a59_auditor_and_organiser_revoke_at_once_and_nobody_else() {
    for who in [1, 2] {
        let (mut world, attestation) = World::attested();
        let id = attestation.id();
        let now = world.time;
        refused(world.revoke(id, now, &account(9)), IAttestations::NotEntitled::SELECTOR);
        assert_eq!(world.status(id), Status::Valid);
        world.revoke(id, now, &account(who)).unwrap();
        assert_eq!(world.status(id), Status::Revoked);
        refused(world.attest(&attestation), IAttestations::AlreadyAttested::SELECTOR);
    }
}

#[test]
fn another_registered_auditor_does_not_revoke() {
    let (mut world, attestation) = World::attested();
    let other = account(3);
    let mut registration = world.registration(0, u64::MAX, 1);
    registration.auditor = other.address();
    let organiser = world.organiser.clone();
    world.register_by(registration, &organiser).unwrap();
    refused(world.revoke(attestation.id(), 0, &other), IAttestations::NotEntitled::SELECTOR);
    // Of what is not recorded yet it may be the auditor; it is not.
    world.revoke([7; 32], 0, &other).unwrap();
    assert_eq!(world.status(attestation.id()), Status::Valid);
}

#[test]
fn a_revocation_counts_from_its_time_on_and_the_earliest_wins() {
    let (mut world, attestation) = World::attested();
    let (id, auditor) = (attestation.id(), world.auditor.clone());
    let later = world.time + 1_000;
    world.revoke(id, later, &auditor).unwrap();
    assert_eq!(world.status(id), Status::Valid);
    world.revoke(id, later + 500, &auditor).unwrap();
    world.mine_at(later - 1);
    assert_eq!(world.status(id), Status::Valid);
    world.mine_at(later);
    assert_eq!(world.status(id), Status::Revoked);

    let (mut world, attestation) = World::attested();
    world.revoke(attestation.id(), 0, &auditor).unwrap();
    assert_eq!(world.status(attestation.id()), Status::Revoked);
}

/// A59
#[test]
fn a59_what_was_revoked_before_is_not_recorded() {
    let mut world = World::new();
    let attestation = world.attestation();
    let (now, auditor) = (world.time, world.auditor.clone());
    world.revoke(attestation.id(), now, &auditor).unwrap();
    refused(world.attest(&attestation), IAttestations::NotValid::SELECTOR);
    assert_eq!(world.status(attestation.id()), Status::Unknown);
}

/// A59: the organiser may do so too; of others, who may be the auditor, it is
/// kept without effect, and of strangers it is not taken.
#[test]
fn a59_who_revokes_what_is_not_recorded_must_be_able_to() {
    let mut world = World::new();
    let attestation = world.attestation();
    let (id, now, organiser, other) = (attestation.id(), world.time, world.organiser.clone(), account(3));
    refused(world.revoke(id, now, &account(9)), IAttestations::NotEntitled::SELECTOR);
    let mut registration = world.registration(0, u64::MAX, 1);
    registration.auditor = other.address();
    world.register_by(registration, &organiser).unwrap();
    world.revoke(id, now, &other).unwrap();
    let mut revoked = world.evm.clone();
    world.attest(&attestation).unwrap();
    assert_eq!(world.status(id), Status::Valid);
    std::mem::swap(&mut world.evm, &mut revoked);
    world.revoke(id, now, &organiser).unwrap();
    refused(world.attest(&attestation), IAttestations::NotValid::SELECTOR);
}

/// What is announced for later does not count before, and may come sooner.
#[test]
fn a59_an_announced_revocation_ends_what_is_recorded_after_it() {
    let mut world = World::new();
    let (attestation, auditor) = (world.attestation(), world.auditor.clone());
    let (id, later) = (attestation.id(), world.time + 1_000);
    world.revoke(id, later, &auditor).unwrap();
    world.attest(&attestation).unwrap();
    assert_eq!(world.status(id), Status::Valid);
    world.revoke(id, later - 400, &auditor).unwrap();
    world.mine_at(later - 401);
    assert_eq!(world.status(id), Status::Valid);
    world.mine_at(later - 400);
    assert_eq!(world.status(id), Status::Revoked);
}

/// Of several reasons the first of the list is told.
#[test]
fn the_worst_status_is_told() {
    let (mut world, old) = World::attested();
    let (id, auditor) = (old.id(), world.auditor.clone());
    let new = successor(&world, id, 10);
    world.attest(&new).unwrap();
    world.mine_at(EXPIRES);
    assert_eq!(world.status(new.id()), Status::Expired);
    assert_eq!(world.status(id), Status::Superseded);
    world.revoke(id, 0, &auditor).unwrap();
    assert_eq!(world.status(id), Status::Revoked);
    world.register(0, ISSUED, 2).unwrap();
    assert_eq!(world.status(id), Status::Unregistered);
}

/// A59: what was signed in time survives the auditor's end, and not an end
/// before it.
#[test]
fn a59_the_registration_counts_at_the_time_of_signing() {
    let (mut world, attestation) = World::attested();
    world.register(0, ISSUED + 1, 2).unwrap();
    assert_eq!(world.status(attestation.id()), Status::Valid);
    world.register(0, ISSUED, 3).unwrap();
    assert_eq!(world.status(attestation.id()), Status::Unregistered);
}

/// The attestation of all tests, issued later, in place of another one.
fn successor(world: &World, of: [u8; 32], later: u64) -> Attestation {
    let mut terms = world.terms();
    terms.issued += later;
    terms.supersedes = of;
    sign(&terms, &world.auditor)
}

#[test]
fn a_newer_attestation_takes_the_place_of_an_older_for_good() {
    let (mut world, old) = World::attested();
    let new = successor(&world, old.id(), 10);
    world.attest(&new).unwrap();
    assert_eq!(world.status(old.id()), Status::Superseded);
    assert_eq!(world.status(new.id()), Status::Valid);
    let by = world.ask(&IAttestations::supersededByCall { attestation: B256::new(old.id()) });
    assert_eq!(by, B256::new(new.id()));
    let (now, auditor) = (world.time, world.auditor.clone());
    world.revoke(new.id(), now, &auditor).unwrap();
    assert_eq!(world.status(old.id()), Status::Superseded);
    // A second one is recorded, and the first stays the one that did.
    let second = successor(&world, old.id(), 20);
    world.attest(&second).unwrap();
    assert_eq!(world.status(second.id()), Status::Valid);
    let by = world.ask(&IAttestations::supersededByCall { attestation: B256::new(old.id()) });
    assert_eq!(by, B256::new(new.id()));
}

#[test]
fn an_attestation_supersedes_only_its_auditors_own_older_one_of_the_system() {
    let (mut world, old) = World::attested();
    let cannot = IAttestations::CannotSupersede::SELECTOR;
    let unknown = successor(&world, [1; 32], 10);
    refused(world.attest(&unknown), cannot);
    let mut terms = world.terms();
    (terms.issued, terms.supersedes) = (ISSUED - 1, old.id());
    let older = sign(&terms, &world.auditor);
    refused(world.attest(&older), cannot);
    (terms.issued, terms.system) = (ISSUED + 1, "another model".into());
    let other_system = sign(&terms, &world.auditor);
    refused(world.attest(&other_system), cannot);
    let other_auditor = account(3);
    let mut registration = world.registration(0, u64::MAX, 1);
    registration.auditor = other_auditor.address();
    let organiser = world.organiser.clone();
    world.register_by(registration, &organiser).unwrap();
    let mut terms = world.terms();
    terms.supersedes = old.id();
    let foreign = sign(&terms, &other_auditor);
    refused(world.attest(&foreign), cannot);
    assert_eq!(world.status(old.id()), Status::Valid);
    assert_eq!(PROVEN.data.root().0, old.claim.data_root);
}

#![allow(clippy::unwrap_used)]
//! The rules of the log, one by one.

use super::*;
use crate::{
    attestation::{CheckId, Status, Terms},
    testing::{self, MODEL, ORGANISATION, anchor, attestation, registration, revocation, terms},
};
use circuits::types::{AccountKey, Head, SignedHead};

const NOW: u64 = 1_790_000_000;

fn account(byte: u8) -> AccountKey {
    AccountKey::from_bytes(&[byte; 32]).unwrap()
}

struct World {
    operator: AccountKey,
    organiser: AccountKey,
    auditor: AccountKey,
    log: Log,
}

impl World {
    fn new() -> Self {
        let (operator, organiser) = (account(1), account(2));
        let parties = Parties {
            operator: operator.address(),
            organiser: organiser.address(),
            organisation: ORGANISATION.into(),
        };
        Self { operator, organiser, auditor: account(3), log: Log::new(parties) }
    }

    /// With a registered auditor and the anchored data of attestation `records`.
    fn anchored(records: u8) -> Self {
        let mut world = Self::new();
        world.admit(NOW, Event::Auditor(registration(&world.organiser, world.auditor.address(), 1))).unwrap();
        let signed = anchor(&world.auditor, &world.attestation(records, |_| {}));
        world.admit(NOW, Event::Anchor(signed)).unwrap();
        world
    }

    fn attestation(&self, records: u8, change: impl FnOnce(&mut Terms)) -> crate::attestation::Attestation {
        let mut terms = terms(NOW + 10);
        change(&mut terms);
        attestation(&self.auditor, &terms, records, &[])
    }

    fn admit(&mut self, time: u64, event: Event) -> Result<u32, Refused> {
        self.log.admit(&Entry { time, event })
    }

    fn submit(&mut self, records: u8, change: impl FnOnce(&mut Terms)) -> Result<u32, Refused> {
        let attestation = self.attestation(records, change);
        self.admit(NOW + 20, Event::Attestation(Box::new(attestation)))
    }

    fn head(&self) -> SignedHead {
        let (size, root) = (self.log.tree().len(), self.log.tree().root());
        let head = Head { election_id: self.log.id().place(), size, root, time: NOW, closed: false };
        SignedHead { head, signature: self.operator.sign(head.signing_hash(&Default::default())) }
    }
}

#[test]
fn the_log_begins_with_the_organisers_registration() {
    let mut world = World::new();
    let early = anchor(&world.auditor, &world.attestation(1, |_| {}));
    assert_eq!(world.admit(NOW, Event::Anchor(early)), Err(Refused::NotBegun));
    let forged = registration(&world.auditor, world.auditor.address(), 1);
    assert!(matches!(world.admit(NOW, Event::Auditor(forged)), Err(Refused::Signature { .. })));
    let mut other = registration(&world.organiser, world.auditor.address(), 1).registration;
    other.organisation = "Another".into();
    let other = testing::sign_registration(&world.organiser, other);
    assert!(matches!(world.admit(NOW, Event::Auditor(other)), Err(Refused::Organisation { .. })));
    let good = registration(&world.organiser, world.auditor.address(), 1);
    assert_eq!(world.admit(NOW, Event::Auditor(good.clone())), Ok(0));
    assert_eq!(world.log.check(NOW, &Event::Auditor(good.clone())), Ok(Some(0)));
    assert_eq!(world.admit(NOW, Event::Auditor(good)), Err(Refused::Repeated { seq: 0 }));
}

/// A69 for auditors: an old registration does not come back.
#[test]
fn a59_a_registration_counts_once_and_by_its_counter() {
    let mut world = World::anchored(1);
    let address = world.auditor.address();
    let mut change = |counter: u64, name: &str, until| {
        let mut r = registration(&world.organiser, address, counter).registration;
        (r.name, r.until) = (name.into(), until);
        let signed = testing::sign_registration(&world.organiser, r);
        world.log.admit(&Entry { time: NOW, event: Event::Auditor(signed) })
    };
    assert_eq!(change(1, "Other", u64::MAX), Err(Refused::Counter { highest: 1, found: 1 }));
    assert_eq!(change(2, "", u64::MAX), Err(Refused::Text { what: "the auditor's name", max: 128 }));
    assert_eq!(change(2, "a\nb", u64::MAX), Err(Refused::Text { what: "the auditor's name", max: 128 }));
    assert_eq!(change(2, "Other", 0), Err(Refused::Period("the registration")));
    assert_eq!(change(2, "Other", NOW), Ok(2));
}

#[test]
fn an_honest_audit_is_logged_and_valid_until_it_expires() {
    let mut world = World::anchored(1);
    assert_eq!(world.submit(1, |_| {}), Ok(2));
    let listed = &world.log.attestations()[0];
    assert_eq!(world.log.status(listed, NOW + 20), Status::Valid);
    let expires = listed.claim.expires;
    assert_eq!(world.log.status(listed, expires - 1), Status::Valid);
    assert_eq!(world.log.status(listed, expires), Status::Expired);
    assert_eq!(world.log.anchored(&listed.claim.data_root).unwrap().attestations, 1);
}

/// A57: records are not replayed for another system, model, period or
/// auditor, and none are proven on before they are anchored.
#[test]
fn a57_a_replayed_data_set_is_refused() {
    let mut world = World::anchored(1);
    let root = world.attestation(2, |_| {}).claim.data_root;
    assert_eq!(world.submit(2, |_| {}), Err(Refused::NotAnchored(root)));
    assert_eq!(world.submit(1, |t| t.system = "Hiring 2".into()), Err(Refused::Replayed("system")));
    let later = world.submit(1, |t| t.to = "2026-12-31".parse().unwrap());
    assert_eq!(later, Err(Refused::Replayed("period")));
    let other = account(9);
    let second = registration(&world.organiser, other.address(), 1);
    world.admit(NOW, Event::Auditor(second)).unwrap();
    let taken = attestation(&other, &terms(NOW + 10), 1, &[]);
    let taken = world.admit(NOW + 20, Event::Attestation(Box::new(taken)));
    assert_eq!(taken, Err(Refused::Replayed("auditor")));
    // Nor is the data root anchored again, as something else.
    let mut again = anchor(&world.auditor, &world.attestation(1, |_| {})).anchor;
    again.system = "Hiring 2".into();
    let again = testing::sign_anchor(&world.auditor, again);
    assert_eq!(world.admit(NOW, Event::Anchor(again)), Err(Refused::AnchoredBefore { seq: 1 }));
    let early = world.submit(1, |t| t.issued = NOW - CLOCK_SKEW - 1);
    assert_eq!(early, Err(Refused::BeforeAnchor { issued: NOW - CLOCK_SKEW - 1, anchored: NOW }));
}

/// A56: the model is fixed before the audit.
#[test]
fn a56_another_model_than_the_anchored_one_is_refused() {
    let mut world = World::new();
    world.admit(NOW, Event::Auditor(registration(&world.organiser, world.auditor.address(), 1))).unwrap();
    let mut swapped = anchor(&world.auditor, &world.attestation(1, |_| {})).anchor;
    assert_eq!(swapped.model_commitment, MODEL);
    swapped.model_commitment[0] ^= 1;
    let swapped = testing::sign_anchor(&world.auditor, swapped);
    world.admit(NOW, Event::Anchor(swapped)).unwrap();
    assert_eq!(world.submit(1, |_| {}), Err(Refused::Replayed("model")));
}

/// A59: the auditor is registered on the day of signing.
#[test]
fn a59_an_auditor_who_is_not_registered_is_refused() {
    let mut world = World::anchored(1);
    let stranger = account(9);
    let unknown = attestation(&stranger, &terms(NOW + 10), 1, &[]);
    let refused = world.admit(NOW + 20, Event::Attestation(Box::new(unknown.clone())));
    assert_eq!(refused, Err(Refused::NotRegistered { auditor: stranger.address(), at: NOW + 10 }));
    let refused = world.admit(NOW, Event::Anchor(anchor(&stranger, &unknown)));
    assert_eq!(refused, Err(Refused::NotRegistered { auditor: stranger.address(), at: NOW }));
    assert_eq!(world.submit(1, |_| {}), Ok(2));
    // What was signed in time stays; what is signed later does not come.
    let mut ended = registration(&world.organiser, world.auditor.address(), 2).registration;
    ended.until = NOW + 15;
    let ended = testing::sign_registration(&world.organiser, ended);
    world.admit(NOW + 20, Event::Auditor(ended)).unwrap();
    assert_eq!(world.log.status(&world.log.attestations()[0], NOW + 30), Status::Valid);
    let late = world.submit(1, |t| t.issued = NOW + 16);
    assert_eq!(late, Err(Refused::NotRegistered { auditor: world.auditor.address(), at: NOW + 16 }));
    let mut ended = registration(&world.organiser, world.auditor.address(), 3).registration;
    ended.until = NOW + 5;
    let ended = testing::sign_registration(&world.organiser, ended);
    world.admit(NOW + 20, Event::Auditor(ended)).unwrap();
    assert_eq!(world.log.status(&world.log.attestations()[0], NOW + 30), Status::Unregistered);
}

#[test]
fn what_is_not_signed_as_it_says_is_refused() {
    let mut world = World::anchored(1);
    let submit = |world: &mut World, change: fn(&mut crate::attestation::Attestation)| {
        let mut attestation = world.attestation(1, |_| {});
        change(&mut attestation);
        world.admit(NOW + 20, Event::Attestation(Box::new(attestation)))
    };
    let failed = |result: Result<u32, Refused>| match result.unwrap_err() {
        Refused::Attestation { check, .. } => check,
        other => panic!("{other}"),
    };
    assert!(matches!(submit(&mut world, |a| a.claim.records += 1), Err(Refused::Signature { .. })));
    assert!(matches!(
        submit(&mut world, |a| a.domain.chain_id = 1),
        Err(Refused::Domain { chain_id: 1, .. })
    ));
    assert_eq!(failed(submit(&mut world, |a| a.policy.title.push('!'))), CheckId::Policy);
    assert_eq!(failed(submit(&mut world, |a| a.data.file[0] ^= 1)), CheckId::Data);
    assert_eq!(failed(submit(&mut world, |a| a.outcome[0].unknown += 1)), CheckId::Statement);
    assert_eq!(failed(submit(&mut world, |a| a.disclosed = None)), CheckId::Statement);
    assert_eq!(failed(submit(&mut world, |a| a.proof.push(0))), CheckId::Statement);
    assert_eq!(submit(&mut world, |_| {}), Ok(2));
}

#[test]
fn times_that_cannot_be_are_refused() {
    let mut world = World::anchored(1);
    let future = world.submit(1, |t| (t.issued, t.expires) = (NOW + 21 + CLOCK_SKEW, NOW + 9_999));
    assert!(matches!(future, Err(Refused::Future { .. })), "{future:?}");
    assert_eq!(world.submit(1, |t| t.expires = NOW + 20), Err(Refused::Expired(NOW + 20)));
    let backwards =
        world.admit(NOW - 1, Event::Auditor(registration(&world.organiser, account(8).address(), 1)));
    assert_eq!(backwards, Err(Refused::Backwards { found: NOW - 1, last: NOW }));
    let elsewhere = world.submit(1, |t| t.organisation = "Another".into());
    assert!(matches!(elsewhere, Err(Refused::Organisation { .. })));
}

/// The commitment hides no more than so many proofs.
#[test]
fn a_data_root_has_sixteen_attestations_and_no_more() {
    let mut world = World::anchored(1);
    for i in 0..16 {
        assert_eq!(world.submit(1, |t| t.issued += i), Ok(u32::try_from(i).unwrap() + 2));
    }
    assert_eq!(world.submit(1, |t| t.issued += 16), Err(Refused::Proofs(16)));
}

#[test]
fn revocation_is_for_the_auditor_and_the_organiser_and_happens_once() {
    for by_organiser in [false, true] {
        let mut world = World::anchored(1);
        world.submit(1, |_| {}).unwrap();
        let id = world.log.attestations()[0].id;
        let mut revoke = |key: &AccountKey, id, time| {
            let event = Event::Revocation(revocation(key, id, time));
            world.log.admit(&Entry { time: NOW + 30, event })
        };
        assert_eq!(revoke(&account(9), id, NOW + 25), Err(Refused::Revoker));
        assert_eq!(revoke(&account(3), [9; 32], NOW + 25), Err(Refused::Unknown([9; 32])));
        let future = revoke(&account(3), id, NOW + 31 + CLOCK_SKEW);
        assert!(matches!(future, Err(Refused::Future { .. })));
        assert_eq!(revoke(&account(if by_organiser { 2 } else { 3 }), id, NOW + 25), Ok(3));
        assert_eq!(revoke(&account(3), id, NOW + 26), Err(Refused::RevokedBefore { seq: 3 }));
        let listed = &world.log.attestations()[0];
        assert_eq!(world.log.status(listed, NOW + 24), Status::Valid);
        assert_eq!(world.log.status(listed, NOW + 25), Status::Revoked);
    }
}

#[test]
fn a_newer_attestation_takes_the_place_until_it_is_revoked() {
    let mut world = World::anchored(1);
    world.submit(1, |_| {}).unwrap();
    let old = world.log.attestations()[0].id;
    let replace = |world: &mut World, issued| world.submit(1, |t| (t.issued, t.supersedes) = (issued, old));
    assert!(matches!(replace(&mut world, NOW + 9), Err(Refused::Supersedes { .. })));
    assert!(matches!(world.submit(1, |t| t.supersedes = [9; 32]), Err(Refused::Supersedes { .. })));
    assert_eq!(replace(&mut world, NOW + 15), Ok(3));
    let new = world.log.attestations()[1].id;
    assert_eq!(replace(&mut world, NOW + 16), Err(Refused::SupersededBefore(new)));
    let status = |world: &World, at| world.log.status(world.log.attestation(&old).unwrap(), at);
    assert_eq!(status(&world, NOW + 14), Status::Valid);
    assert_eq!(status(&world, NOW + 15), Status::Superseded);
    let successor = world.log.successor(&world.log.attestations()[0], NOW + 15).unwrap();
    assert_eq!(successor.id, new);
    world.admit(NOW + 20, Event::Revocation(revocation(&world.auditor, new, NOW + 20))).unwrap();
    assert_eq!(status(&world, NOW + 19), Status::Superseded);
    assert_eq!(status(&world, NOW + 20), Status::Valid);
    assert_eq!(replace(&mut world, NOW + 17), Ok(5));
}

#[test]
fn a_receipt_is_for_one_event_of_one_log_under_the_operators_head() {
    let mut world = World::anchored(1);
    world.submit(1, |_| {}).unwrap();
    let entry = Entry { time: NOW + 20, event: Event::Attestation(Box::new(world.attestation(1, |_| {}))) };
    let receipt =
        Receipt { row: entry.row(), head: world.head(), path: world.log.tree().path_at(2, 3).unwrap() };
    let parties = world.log.parties().clone();
    assert_eq!(receipt.check(&parties), Ok(()));
    let with = |change: fn(&mut Parties)| {
        let mut other = parties.clone();
        change(&mut other);
        receipt.check(&other)
    };
    let another =
        [with(|p| p.operator.0[0] ^= 1), with(|p| p.organiser.0[0] ^= 1), with(|p| p.organisation.push('x'))];
    assert!(another.iter().all(|r| matches!(r, Err(InvalidReceipt::Log(_)))));
    let changed = |change: fn(&mut Receipt)| {
        let mut other = receipt.clone();
        change(&mut other);
        other.check(&parties)
    };
    for change in [
        (|r: &mut Receipt| r.row.time += 1) as fn(&mut Receipt),
        |r| r.row.kind = 2,
        |r| r.row.id[0] ^= 1,
        |r| r.row.content[0] ^= 1,
        |r| r.path.index = 1,
        |r| r.path.siblings[0] = 1u64.into(),
    ] {
        assert_eq!(changed(change), Err(InvalidReceipt::Path));
    }
    assert_eq!(changed(|r| r.path.index = 3), Err(InvalidReceipt::Size { seq: 3, size: 3 }));
    assert!(matches!(changed(|r| r.head.head.size = 4), Err(InvalidReceipt::Signature(_))));
}

/// One account's logs are told apart by everything that names them.
#[test]
fn every_party_has_logs_of_its_own() {
    let parties = World::new().log.parties().clone();
    let mut ids = vec![parties.log()];
    ids.push(Parties { operator: account(9).address(), ..parties.clone() }.log());
    ids.push(Parties { organiser: account(9).address(), ..parties.clone() }.log());
    ids.push(Parties { organisation: "Another".into(), ..parties }.log());
    for (i, a) in ids.iter().enumerate() {
        assert!(ids[..i].iter().all(|b| a != b));
        assert_eq!(LogId::from_bytes(&a.to_bytes()), Ok(*a));
    }
}

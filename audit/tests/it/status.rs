//! A59: revoked, expired, rotated and unregistered auditors.

use crate::proven::{ATTESTATION, AUDITOR, EXPIRES, ISSUED, terms};
use audit::attestation::{
    AuditorRegistration, Revocation, SignedRegistration, SignedRevocation, Status, Terms,
};
use circuits::types::{AccountKey, Domain, TypedData};

fn organiser() -> AccountKey {
    AccountKey::from_bytes(&[3; 32]).unwrap()
}

fn registration(from: u64, until: u64, counter: u64) -> SignedRegistration {
    let registration = AuditorRegistration {
        organisation: terms().organisation,
        auditor: AUDITOR.key.address(),
        name: "Auditor".into(),
        from,
        until,
        counter,
    };
    let signature = organiser().sign(registration.signing_hash(&Domain::default()));
    SignedRegistration { registration, signature }
}

fn revocation(time: u64, signer: &AccountKey) -> SignedRevocation {
    let revocation = Revocation { attestation: ATTESTATION.id(), reason: "an error".into(), time };
    let signature = signer.sign(revocation.signing_hash(&Domain::default()));
    SignedRevocation { revocation, signature }
}

fn status(now: u64, registrations: &[SignedRegistration], revocations: &[SignedRevocation]) -> Status {
    ATTESTATION.status(now, organiser().address(), registrations, revocations, &[])
}

#[test]
fn a59_the_auditor_is_registered_at_the_time_of_signing() {
    let at = |from, until| status(ISSUED, &[registration(from, until, 1)], &[]);
    assert_eq!(at(ISSUED, ISSUED + 1), Status::Valid);
    assert_eq!(at(ISSUED + 1, ISSUED + 2), Status::Unregistered);
    assert_eq!(at(ISSUED - 1, ISSUED), Status::Unregistered);
    assert_eq!(status(ISSUED, &[], &[]), Status::Unregistered);
}

#[test]
fn a59_what_was_signed_in_time_survives_rotation_and_not_an_end_before_it() {
    let first = registration(ISSUED - 10, EXPIRES, 1);
    let ended_later = registration(ISSUED - 10, ISSUED + 10, 2);
    assert_eq!(status(ISSUED + 20, &[first.clone(), ended_later], &[]), Status::Valid);
    let ended_before = registration(ISSUED - 10, ISSUED - 5, 2);
    assert_eq!(status(ISSUED + 20, &[ended_before, first], &[]), Status::Unregistered);
}

#[test]
fn a59_another_organisation_or_auditor_is_not_registered() {
    let mut other = registration(0, EXPIRES, 1);
    other.registration.organisation = "Another".into();
    assert_eq!(status(ISSUED, &[other], &[]), Status::Unregistered);
    let mut other = registration(0, EXPIRES, 1);
    other.registration.auditor = organiser().address();
    assert_eq!(status(ISSUED, &[other], &[]), Status::Unregistered);
}

#[test]
fn a59_registrations_count_only_with_the_organisers_signature() {
    let signed = registration(0, EXPIRES, 1);
    assert!(signed.check(&Domain::default(), organiser().address()).is_ok());
    assert!(signed.check(&Domain::default(), AUDITOR.key.address()).is_err());
    let mut changed = signed.clone();
    changed.registration.until += 1;
    assert!(changed.check(&Domain::default(), organiser().address()).is_err());
    let elsewhere = Domain { chain_id: 1, ..Domain::default() };
    assert!(signed.check(&elsewhere, organiser().address()).is_err());
}

#[test]
fn auditor_and_organiser_revoke_from_a_time_on_and_nobody_else_does() {
    let registered = [registration(0, EXPIRES, 1)];
    for signer in [&AUDITOR.key, &organiser()] {
        let revocations = [revocation(ISSUED + 5, signer)];
        assert_eq!(status(ISSUED + 4, &registered, &revocations), Status::Valid);
        assert_eq!(status(ISSUED + 5, &registered, &revocations), Status::Revoked);
    }
    let stranger = AccountKey::from_bytes(&[4; 32]).unwrap();
    assert_eq!(status(ISSUED + 5, &registered, &[revocation(ISSUED, &stranger)]), Status::Valid);
    let mut other = revocation(ISSUED, &AUDITOR.key);
    other.revocation.attestation[0] ^= 1;
    assert_eq!(status(ISSUED + 5, &registered, &[other]), Status::Valid);
}

#[test]
fn a_newer_one_of_the_same_auditor_organisation_and_system_supersedes() {
    let registered = [registration(0, EXPIRES, 1)];
    let newer = |change: fn(&mut Terms)| {
        let mut terms = Terms { supersedes: ATTESTATION.id(), issued: ISSUED + 1, ..terms() };
        change(&mut terms);
        let others = [AUDITOR.sign(AUDITOR.proven(), &terms)];
        ATTESTATION.status(ISSUED + 2, organiser().address(), &registered, &[], &others)
    };
    assert_eq!(newer(|_| ()), Status::Superseded);
    assert_eq!(newer(|t| t.supersedes = [1; 32]), Status::Valid);
    assert_eq!(newer(|t| t.system = "Another".into()), Status::Valid);
    assert_eq!(newer(|t| t.organisation = "Another".into()), Status::Valid);
    assert_eq!(newer(|t| t.issued = ISSUED - 1), Status::Valid);
}

#[test]
fn what_is_worst_is_said_first() {
    let registered = [registration(0, EXPIRES, 1)];
    assert_eq!(status(EXPIRES, &registered, &[]), Status::Expired);
    assert_eq!(status(EXPIRES, &registered, &[revocation(ISSUED, &AUDITOR.key)]), Status::Revoked);
    assert_eq!(status(EXPIRES, &[], &[revocation(ISSUED, &AUDITOR.key)]), Status::Unregistered);
}

//! What a node shows of an attestation is believed only if it belongs
//! together. Here the operator is dishonest: it signs heads over anything.

use crate::{
    Error,
    attestation::{InvalidAnswer, Shown},
};
use audit::{
    attestation::{Attestation, Status},
    log::{Event, Parties, Receipt, SignedAnchor},
    testing::{self, ORGANISATION, anchor, attestation, registration, revocation, terms},
};
use circuits::{primitives::merkle::BoardTree, types::*};
use proto::v1;

const NOW: u64 = 1_790_000_000;

fn account(byte: u8) -> AccountKey {
    AccountKey::from_bytes(&[byte; 32]).unwrap()
}

/// An attestation, what its status follows from, and what a node says of it.
struct Answer {
    parties: Parties,
    auditor: AccountKey,
    attestation: Attestation,
    anchor: SignedAnchor,
    /// Named by the account of this byte.
    organiser: u8,
    /// The attestation that it names.
    revoked: Option<[u8; 32]>,
    status: Status,
    time: u64,
}

impl Answer {
    fn honest() -> Self {
        let auditor = account(3);
        let organisation = ORGANISATION.into();
        let attestation = attestation(&auditor, &terms(NOW), 1, &[]);
        Self {
            parties: Parties {
                operator: account(1).address(),
                organiser: account(2).address(),
                organisation,
            },
            anchor: anchor(&auditor, &attestation),
            auditor,
            attestation,
            organiser: 2,
            revoked: None,
            status: Status::Valid,
            time: NOW,
        }
    }

    fn revoked() -> Self {
        let honest = Self::honest();
        Self { revoked: Some(honest.attestation.id()), status: Status::Revoked, ..honest }
    }

    /// Everything on one log, under one head.
    fn message(&self) -> v1::GetAttestationResponse {
        let registration = registration(&account(self.organiser), self.auditor.address(), 1);
        let revocation = self.revoked.map(|id| revocation(&self.auditor, id, NOW));
        let mut events = vec![
            Event::Auditor(registration.clone()),
            Event::Anchor(self.anchor.clone()),
            Event::Attestation(Box::new(self.attestation.clone())),
        ];
        events.extend(revocation.clone().map(Event::Revocation));
        let mut tree = BoardTree::new();
        for event in &events {
            tree.append(event.row(NOW).leaf()).unwrap();
        }
        let (election_id, size) = (self.parties.log().place(), tree.len());
        let head = Head { election_id, size, root: tree.root(), time: NOW, closed: false };
        let signature = account(1).sign(head.signing_hash(&Domain::default()));
        let receipt = |seq: u32| {
            let row = events.get(seq as usize)?.row(NOW);
            let path = tree.path_at(seq, size)?;
            Some((&Receipt { row, head: SignedHead { head, signature }, path }).into())
        };
        v1::GetAttestationResponse {
            attestation: self.attestation.to_bytes(),
            status: v1::AttestationStatus::from(self.status).into(),
            time: self.time,
            receipt: receipt(2),
            registration: Some((&registration).into()),
            registration_receipt: receipt(0),
            anchor: Some((&self.anchor).into()),
            anchor_receipt: receipt(1),
            revocation: revocation.as_ref().map(Into::into),
            revocation_receipt: receipt(3),
            successor: vec![],
        }
    }

    fn read(&self) -> Result<Shown, Error> {
        Shown::read(&self.parties, self.attestation.id(), Some(NOW), self.message())
    }

    fn refusal(&self) -> InvalidAnswer {
        match self.read() {
            Err(Error::Attestation(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_answer_that_belongs_together_is_believed() {
    assert_eq!(Answer::honest().read().unwrap().status, Status::Valid);
    assert_eq!(Answer::revoked().read().unwrap().status, Status::Revoked);
    let expired = NOW + 86_400;
    let later = Answer { time: expired, status: Status::Expired, ..Answer::honest() };
    let id = later.attestation.id();
    assert!(Shown::read(&later.parties, id, None, later.message()).is_ok());
    assert_eq!(later.refusal(), InvalidAnswer::OtherTime(expired));
}

#[test]
fn a_status_that_does_not_follow_is_refused() {
    let wrong = |said, found| InvalidAnswer::Status { said, found };
    let answer = Answer { status: Status::Revoked, ..Answer::honest() };
    assert_eq!(answer.refusal(), wrong(Status::Revoked, Status::Valid));
    let answer = Answer { status: Status::Valid, ..Answer::revoked() };
    assert_eq!(answer.refusal(), wrong(Status::Valid, Status::Revoked));
    // A59: another account than the organiser's named the auditor.
    let answer = Answer { organiser: 4, ..Answer::honest() };
    assert_eq!(answer.refusal(), wrong(Status::Valid, Status::Unregistered));
}

/// A57: what was anchored as something else, or by nobody, dates nothing.
#[test]
fn a57_the_anchor_of_other_records_is_refused() {
    let honest = Answer::honest();
    let with = |change: fn(&mut audit::log::Anchor)| {
        let mut changed = honest.anchor.anchor.clone();
        change(&mut changed);
        Answer { anchor: testing::sign_anchor(&honest.auditor, changed), ..Answer::honest() }.refusal()
    };
    for (what, change) in [
        ("organisation", (|a| a.organisation.push('!')) as fn(&mut audit::log::Anchor)),
        ("data root", |a| a.data_root[0] ^= 1),
        ("auditor", |a| a.auditor.0[0] ^= 1),
        ("system", |a| a.system.push('!')),
        ("model", |a| a.model_commitment[0] ^= 1),
        ("period", |a| a.from -= 86_400),
        ("period", |a| a.to += 86_400),
    ] {
        assert_eq!(with(change), InvalidAnswer::OtherAnchor(what));
    }
    let unsigned = testing::sign_anchor(&account(9), honest.anchor.anchor.clone());
    let answer = Answer { anchor: unsigned, ..Answer::honest() };
    assert_eq!(answer.refusal(), InvalidAnswer::UnsignedAnchor(honest.auditor.address()));
}

/// An operator logs what the auditor never signed.
#[test]
fn an_attestation_that_its_auditor_did_not_sign_is_refused() {
    let mut answer = Answer::honest();
    answer.attestation.signature = account(9).sign([1; 32]);
    assert_eq!(answer.refusal(), InvalidAnswer::Unsigned(answer.auditor.address()));
}

#[test]
fn a_revocation_of_something_else_is_refused() {
    let answer = Answer { revoked: Some([9; 32]), ..Answer::honest() };
    assert_eq!(answer.refusal(), InvalidAnswer::OtherRevocation);
}

#[test]
fn an_attestation_of_another_organisation_or_id_is_refused() {
    let mut answer = Answer::honest();
    answer.parties.organisation.push('!');
    assert_eq!(answer.refusal(), InvalidAnswer::OtherLog);
    let answer = Answer::honest();
    let other = Shown::read(&answer.parties, [9; 32], Some(NOW), answer.message());
    assert!(matches!(other, Err(Error::Attestation(InvalidAnswer::OtherAttestation))));
}

/// A35: each part has a receipt for exactly what is shown.
#[test]
fn a35_a_part_without_its_receipt_is_refused() {
    let answer = Answer::revoked();
    let with = |change: fn(&mut v1::GetAttestationResponse)| {
        let mut message = answer.message();
        change(&mut message);
        Shown::read(&answer.parties, answer.attestation.id(), Some(NOW), message)
    };
    for change in [
        (|m| m.receipt = m.anchor_receipt.clone()) as fn(&mut v1::GetAttestationResponse),
        |m| m.registration_receipt = m.receipt.clone(),
        |m| m.anchor_receipt = m.receipt.clone(),
        |m| m.revocation_receipt = m.receipt.clone(),
    ] {
        assert!(matches!(with(change), Err(Error::Attestation(InvalidAnswer::OtherEvent))));
    }
    for change in [
        (|m| m.receipt = None) as fn(&mut v1::GetAttestationResponse),
        |m| m.registration = None,
        |m| m.anchor = None,
        |m| m.revocation_receipt = None,
    ] {
        assert!(matches!(with(change), Err(Error::Incomplete { .. })));
    }
}

use super::fixture::Fixture;
use crate::{
    Error,
    census::{self, CensusMismatch},
    election::{InvalidElection, check, read, read_keyed},
};
use circuits::types::*;
use proto::v1::{self, Phase};
use verifier::KeyHash;

#[test]
fn a_sound_election_is_accepted() {
    let fixture = Fixture::new(RuleKind::Split);
    let election = read(fixture.answer()).unwrap();
    assert_eq!(check(&election, &fixture.expected()), Ok(()));
    assert_eq!(election.id, fixture.election.id);
    assert!(election.insecure_development_keys);
}

/// A17: each pinned key must be the voter's own.
#[test]
fn a17_other_verifying_keys_are_refused() {
    let fixture = Fixture::new(RuleKind::Split);
    for (i, name) in ["registration", "ballot", "tally", "tally chunk", "tally final"].into_iter().enumerate()
    {
        let mut expected = fixture.expected();
        expected.verifying_keys[i] = KeyHash([0; 32]);
        let error = check(&fixture.election, &expected).unwrap_err();
        assert!(matches!(error, InvalidElection::VerifyingKey { circuit, .. } if circuit == name));
    }
}

/// A61, A12, A13: whatever the node changes, the voter notices.
#[test]
fn a61_changed_elections_are_refused() {
    let fixture = Fixture::new(RuleKind::Split);
    let stranger = AccountKey::from_bytes(&[9; 32]).unwrap();
    let error = |change: &dyn Fn(&mut crate::election::Election)| {
        let mut election = fixture.election.clone();
        change(&mut election);
        check(&election, &fixture.expected()).unwrap_err()
    };
    assert!(matches!(
        error(&|e| e.signed_draft.proposal.push('!')),
        InvalidElection::Draft(InvalidSignedDraft::ProposalDigest)
    ));
    assert!(matches!(
        error(&|e| e.signed_draft.draft.min_ballots += 1),
        InvalidElection::Draft(InvalidSignedDraft::Signature(_))
    ));
    assert!(matches!(
        error(&|e| e.census_signature = stranger.sign([0; 32])),
        InvalidElection::Signature { what: "the census", .. }
    ));
    assert!(matches!(
        error(&|e| e.key.key.public_key = GroupElement::generator()),
        InvalidElection::Key(InvalidElectionKey::Signature { index: 1, .. })
    ));
    assert!(matches!(error(&|e| e.id = ElectionId::from_field(1u64.into())), InvalidElection::OtherElection));
    assert!(matches!(
        error(&|e| e.open_signature = e.census_signature),
        InvalidElection::Signature { what: "the order to open", .. }
    ));
    assert!(matches!(
        error(&|e| e.close_signature = Some(e.open_signature)),
        InvalidElection::Signature { what: "the order to close", .. }
    ));
    // A census of which the organiser signed another total than the trustees.
    assert_eq!(
        error(&|e| {
            e.census.total += 1;
            e.census_signature = fixture.organiser.sign(e.census.signing_hash(&e.domain()));
        }),
        InvalidElection::Census
    );
}

#[test]
fn elections_of_other_organisers_are_refused() {
    let fixture = Fixture::new(RuleKind::Split);
    let mut expected = fixture.expected();
    expected.organiser = Address([1; 20]);
    let error = check(&fixture.election, &expected).unwrap_err();
    assert!(matches!(error, InvalidElection::Organiser { .. }));
}

/// A61, A17: the organiser opens no key that the trustees have not all
/// signed, for this census and with these verifying keys.
#[test]
fn a61_a_key_is_checked_before_it_is_opened() {
    let fixture = Fixture::new(RuleKind::Split);
    let (expected, id) = (fixture.expected(), fixture.election.draft().id());
    let answer = || {
        let mut answer = fixture.answer();
        (answer.phase, answer.open_signature) = (Phase::Keyed.into(), Vec::new());
        answer
    };
    let keyed = read_keyed(answer(), id, &expected).unwrap();
    assert_eq!((keyed.id, keyed.census), (fixture.election.id, fixture.election.census));
    let error = |change: &dyn Fn(&mut v1::GetElectionResponse)| {
        let mut answer = answer();
        change(&mut answer);
        match read_keyed(answer, id, &expected).unwrap_err() {
            Error::Election(e) => e,
            other => panic!("{other}"),
        }
    };
    let early = error(&|a| a.phase = Phase::KeyGeneration.into());
    assert_eq!(early, InvalidElection::NoKey(Phase::KeyGeneration));
    let swapped = error(&|a| a.key.as_mut().unwrap().signatures.swap(0, 1));
    assert!(matches!(swapped, InvalidElection::Key(InvalidElectionKey::Signature { .. })));
    let unsigned = error(&|a| a.census_signature = a.draft.as_ref().unwrap().signature.clone());
    assert!(matches!(unsigned, InvalidElection::Signature { what: "the census", .. }));
    let other = error(&|a| {
        let mut census = CensusStatement { total: 1, ..fixture.election.census };
        census.draft_id = id;
        let hash = census.signing_hash(&fixture.election.domain());
        a.census = Some((&census).into());
        a.census_signature = fixture.organiser.sign(hash).to_bytes().to_vec();
    });
    assert_eq!(other, InvalidElection::Census);
    let mut others = expected;
    others.verifying_keys[2] = KeyHash([0; 32]);
    assert!(matches!(
        read_keyed(answer(), id, &others),
        Err(Error::Election(InvalidElection::VerifyingKey { circuit: "tally", .. }))
    ));
    let elsewhere = DraftId::from_field(1u64.into());
    assert!(matches!(
        read_keyed(answer(), elsewhere, &expected),
        Err(Error::Election(InvalidElection::OtherElection))
    ));
}

#[test]
fn answers_with_missing_or_malformed_parts_are_refused() {
    let fixture = Fixture::new(RuleKind::Split);
    let error = |change: fn(&mut v1::GetElectionResponse)| {
        let mut answer = fixture.answer();
        change(&mut answer);
        read(answer).unwrap_err()
    };
    assert!(matches!(error(|a| a.draft = None), Error::Incomplete { .. }));
    assert!(matches!(error(|a| a.key = None), Error::Incomplete { .. }));
    assert!(matches!(error(|a| a.census.as_mut().unwrap().root.push(0)), Error::Answer { .. }));
    assert!(matches!(
        error(|a| a.open_signature.clear()),
        Error::Election(InvalidElection::Signature { .. })
    ));
    assert!(matches!(error(|a| a.election_id[0] = 0xff), Error::Election(InvalidElection::Id(_))));
    assert!(matches!(
        error(|a| a.phase = Phase::Draft.into()),
        Error::Election(InvalidElection::NotOpen(Phase::Draft))
    ));
    // An enumeration value from the future counts as unknown.
    assert!(matches!(error(|a| a.phase = 77), Error::Election(InvalidElection::NotOpen(_))));
}

/// A13: leaves that do not give the signed root are refused.
#[test]
fn a13_other_censuses_are_refused() {
    let fixture = Fixture::new(RuleKind::Split);
    let (definition, statement) = (&fixture.election.draft().census, &fixture.election.census);
    let entries = || fixture.census.entries().to_vec();
    let census = census::check(definition, statement, entries()).unwrap();
    for (i, member) in fixture.members.iter().enumerate() {
        let member = census::member(&census, member).unwrap();
        assert_eq!(member.weight, super::fixture::WEIGHTS[i]);
    }
    let stranger = crate::identity::Identity::generate();
    assert!(matches!(census::member(&census, &stranger), Err(CensusMismatch::NotAMember(_))));
    let mut heavier = entries();
    heavier[1].weight += 1;
    let error = census::check(definition, statement, heavier).unwrap_err();
    assert!(matches!(error, CensusMismatch::Statement { .. }));
    let mut fewer = entries();
    fewer.pop();
    assert!(census::check(definition, statement, fewer).is_err());
}

fn registration(address: Address, identity: IdentityCommitment, counter: u64) -> Registration {
    let organisation = "Example DAO".into();
    let message = RegistrationMessage { chain_id: 1, organisation, address, identity, counter };
    let signature = AccountKey::from_bytes(&[1; 32]).unwrap().sign(message.hash());
    Registration { message, signature, proof: ProofBytes([0; 256]) }
}

/// Members who register after the freeze are not in the census and do not
/// make it look wrong; whoever was left out or let in does.
#[test]
fn a_frozen_census_is_that_of_the_first_registrations() {
    let fixture = Fixture::new(RuleKind::Split);
    let (draft, holders, entries) = (fixture.election.draft(), &fixture.holders, fixture.census.entries());
    let new = |i: u64| IdentityCommitment::from_field(i.into());
    let frozen = |log: &[Registration]| census::frozen_after(entries, draft, holders, log);
    let mut log: Vec<Registration> = entries.iter().map(|e| registration(e.address, e.identity, 5)).collect();
    log[1].message.identity = new(1);
    log.push(registration(entries[1].address, entries[1].identity, 6));
    assert_eq!(frozen(&log[..4]), None, "an old identity");
    assert_eq!(frozen(&log), Some(5));
    log.push(registration(Address([0xaa; 20]), new(2), 1));
    assert_eq!(frozen(&log), Some(6), "a stranger");
    log.push(registration(entries[0].address, new(3), 4));
    assert_eq!(frozen(&log), Some(7), "an old counter");
    log.push(registration(entries[0].address, new(4), 9));
    assert_eq!(frozen(&log), Some(7), "a later registration");
    assert_eq!(frozen(&log[1..]), None, "a member who never registered");
    let others = [&holders[..], &[Holder { address: Address([0xaa; 20]), weight: 1 }]].concat();
    assert_eq!(census::frozen_after(entries, draft, &others, &log), Some(5), "frozen before the stranger");
    log.swap(0, 5);
    assert_eq!(census::frozen_after(entries, draft, &others, &log), None, "a member left out");
    let mut heavier = entries.to_vec();
    heavier[0].weight += 1;
    assert_eq!(census::frozen_after(&heavier, draft, holders, &log), None, "another weight");
}

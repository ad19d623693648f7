use super::fixture::{Fixture, registration_key};
use crate::{
    census,
    identity::Identity,
    organiser,
    registration::{InvalidRegistrations, Registered, sign},
};
use circuits::types::*;

const ORGANISATION: &str = "Example DAO";

fn account(i: u8) -> AccountKey {
    AccountKey::from_bytes(&[i; 32]).unwrap()
}

fn register(account_number: u8, identity: &Identity, counter: u64) -> Registration {
    sign(&registration_key(), &account(account_number), identity, 1, ORGANISATION, counter).unwrap()
}

fn check(registrations: &[Registration]) -> Result<Registered, InvalidRegistrations> {
    let key = registration_key().verifying_key().prepare();
    Registered::check(&key, registrations, 1, ORGANISATION)
}

#[test]
fn identities_come_back_from_their_bytes() {
    let identity = Identity::generate();
    assert_eq!(Identity::import(&identity.export()[..]).unwrap(), identity);
    assert!(Identity::import(&[0xff; 32]).is_err());
    assert_eq!(format!("{identity:?}"), "Identity(MemberSecret(..))");
}

/// A69: the highest counter wins in whatever order, and other chains do not
/// count.
#[test]
fn a69_the_highest_counter_wins() {
    let [old, new, other] = [0; 3].map(|_| Identity::generate());
    let foreign = sign(&registration_key(), &account(1), &other, 2, ORGANISATION, 9).unwrap();
    let all = [register(1, &new, 2), register(1, &old, 1), register(2, &other, 1), foreign];
    let registered = check(&all).unwrap();
    assert_eq!(registered.len(), 2);
    assert_eq!(registered.identity(account(1).address()), Some(new.commitment()));
    let twice = [register(1, &old, 1), register(1, &new, 1)];
    assert!(matches!(check(&twice), Err(InvalidRegistrations::Counter { index: 1, counter: 1, .. })));
}

/// A65: a registration of somebody else's identity needs the secret, and a
/// copied proof is bound to its account and message.
#[test]
fn a65_copied_proofs_are_refused() {
    let victim = register(1, &Identity::generate(), 1);
    let mut stolen = victim.clone();
    stolen.message.address = account(2).address();
    stolen.signature = account(2).sign(stolen.message.hash());
    let error = check(&[victim.clone(), stolen]).unwrap_err();
    assert!(
        matches!(error, InvalidRegistrations::Proof { index: 1, address, .. } if address == account(2).address())
    );
    let mut forged = victim.clone();
    forged.message.counter += 1;
    assert!(matches!(check(&[forged]), Err(InvalidRegistrations::Signature { index: 0, .. })));
    let mut foreign = victim;
    foreign.message.organisation = "Other".into();
    assert!(matches!(check(&[foreign]), Err(InvalidRegistrations::Organisation { .. })));
}

#[test]
fn a_census_can_be_rebuilt_from_registrations() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let mut draft = fixture.election.draft().clone();
    let identities: Vec<Identity> = (0..3).map(|_| Identity::generate()).collect();
    let mut holders: Vec<Holder> =
        (1..=4).map(|i| Holder { address: account(i).address(), weight: u64::from(i) * 10 }).collect();
    holders.sort_by_key(|h| h.address);
    draft.census.source = holders_digest(&holders);
    draft.census.maskers.clear();
    let all: Vec<Registration> = (1..=3).zip(&identities).map(|(i, id)| register(i, id, 1)).collect();
    let registered = check(&all).unwrap();
    let preview = organiser::preview_of(&draft, &holders, &registered).unwrap();
    assert_eq!((preview.census.total(), preview.unregistered, preview.unregistered_weight), (60, 1, 40));
    assert_eq!(census::recheck(&preview.census, &draft, &holders, &registered), Ok(()));
    let fewer = check(&all[..2]).unwrap();
    assert!(census::recheck(&preview.census, &draft, &holders, &fewer).is_err());
    holders[0].weight += 1;
    assert!(organiser::preview_of(&draft, &holders, &registered).is_err());
}

/// The log of an organisation goes on after a freeze: members who register
/// anew, holders who are late, strangers.
#[test]
fn registrations_after_the_freeze_do_not_change_a_frozen_census() {
    let fixture = Fixture::new(RuleKind::SingleChoice);
    let mut draft = fixture.election.draft().clone();
    let ids: Vec<Identity> = (0..6).map(|_| Identity::generate()).collect();
    let mut holders: Vec<Holder> =
        (1..=4).map(|i| Holder { address: account(i).address(), weight: u64::from(i) * 10 }).collect();
    holders.sort_by_key(|h| h.address);
    draft.census.source = holders_digest(&holders);
    draft.census.maskers.clear();
    let foreign = sign(&registration_key(), &account(4), &ids[5], 2, ORGANISATION, 9).unwrap();
    // Account 9 holds nothing; account 2 registers anew before the freeze.
    let before = [
        register(1, &ids[0], 1),
        register(9, &ids[5], 1),
        register(2, &ids[1], 1),
        foreign,
        register(2, &ids[2], 2),
    ];
    let frozen = organiser::preview_of(&draft, &holders, &check(&before).unwrap()).unwrap().census;
    let prefix = |late: &[Registration]| {
        let all = [&before[..], late].concat();
        census::frozen_after(frozen.entries(), &draft, &holders, &all)
    };
    assert_eq!(prefix(&[]), Some(5));
    let harmless = [register(8, &ids[4], 1), register(1, &ids[0], 2)];
    assert_eq!(prefix(&harmless), Some(7));
    for late in [register(1, &ids[3], 3), register(3, &ids[4], 1), register(2, &ids[4], 3)] {
        assert_eq!(prefix(&[harmless[0].clone(), late]), Some(6));
    }
    // A census without a member who had registered fits no moment after that.
    let without: Vec<CensusEntry> = frozen.entries()[..1].to_vec();
    let kept = census::frozen_after(&without, &draft, &holders, &before);
    assert!(kept.is_none_or(|n| n < 5), "{kept:?}");
}

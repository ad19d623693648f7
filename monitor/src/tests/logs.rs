//! Evidence about logs of audits: what convicts, and what does not.

use crate::logs::{Claim, Evidence, InvalidEvidence};
use audit::{
    attestation::{Attestation, AttestationProofs, CheckId, NotProven},
    log::{Entry, Event, Log, Parties, Receipt},
    testing::{ORGANISATION, anchor, attestation, registration, terms},
};
use circuits::{primitives::merkle::BoardTree, types::*};

pub const NOW: u64 = 1_790_000_000;

/// Finds every proof good, bad, or has no key.
#[derive(Debug)]
pub struct Judge(pub Result<(), NotProven>);

impl AttestationProofs for Judge {
    fn verify(&self, _: &Attestation) -> Result<(), NotProven> {
        self.0.clone()
    }
}

fn account(byte: u8) -> AccountKey {
    AccountKey::from_bytes(&[byte; 32]).unwrap()
}

fn parties() -> Parties {
    let (operator, organiser) = (account(1).address(), account(2).address());
    Parties { operator, organiser, organisation: ORGANISATION.into() }
}

/// A registration by an organiser, an anchor, and the attestation over it.
pub fn logged(organiser: &AccountKey, time: u64) -> Vec<Entry> {
    let auditor = account(3);
    let attestation = attestation(&auditor, &terms(time), 1, &[]);
    let events = [
        Event::Auditor(registration(organiser, auditor.address(), 1)),
        Event::Anchor(anchor(&auditor, &attestation)),
        Event::Attestation(Box::new(attestation)),
    ];
    events.map(|event| Entry { time, event }).to_vec()
}

fn events() -> Vec<Entry> {
    logged(&account(2), NOW)
}

pub fn tree(entries: &[Entry]) -> BoardTree {
    let mut tree = BoardTree::new();
    entries.iter().for_each(|entry| _ = tree.append(entry.row().leaf()));
    tree
}

fn head(entries: &[Entry], signer: &AccountKey) -> SignedHead {
    let tree = tree(entries);
    let election_id = parties().log().place();
    let head = Head { election_id, size: tree.len(), root: tree.root(), time: NOW, closed: false };
    SignedHead { head, signature: signer.sign(head.signing_hash(&Domain::default())) }
}

fn receipt(entries: &[Entry], seq: u32) -> Receipt {
    let path = tree(entries).path_at(seq, entries.len() as u32).unwrap();
    Receipt { row: entries[seq as usize].row(), head: head(entries, &account(1)), path }
}

/// The file, read anew, and checked.
fn check(claim: Claim, judge: &Judge) -> Result<String, InvalidEvidence> {
    let bytes = Evidence::new(parties(), claim).to_json();
    assert!(Evidence::is_format(&bytes));
    Evidence::from_json(&bytes).unwrap().check(judge)
}

fn broken_rule(entries: &[Entry], head: SignedHead, seq: u32) -> Claim {
    Claim::BrokenRule { head, events: entries.iter().map(Into::into).collect(), seq }
}

pub fn bad() -> Judge {
    Judge(Err(NotProven::Fails { check: CheckId::Proof, why: "it does not hold".into() }))
}

#[test]
fn a59_a_log_that_breaks_a_rule_convicts_its_operator() {
    let good = Judge(Ok(()));
    let entries = events();
    // The attestation before its anchor, by an auditor nobody registered.
    let unregistered = [entries[0].clone(), entries[2].clone()];
    let sign = |entries: &[Entry]| head(entries, &account(1));
    let what = check(broken_rule(&unregistered, sign(&unregistered), 1), &good).unwrap();
    assert!(what.contains("event 1 breaks a rule: the data root"), "{what}");
    let harmless = check(broken_rule(&entries, sign(&entries), 1), &good);
    assert!(matches!(harmless, Err(InvalidEvidence::Harmless)));
    // A later event than the first that breaks a rule is not named.
    let other = check(broken_rule(&unregistered, sign(&unregistered), 0), &good);
    assert!(matches!(other, Err(InvalidEvidence::Harmless)));
    let unsigned = check(broken_rule(&unregistered, head(&unregistered, &account(9)), 1), &good);
    assert!(matches!(unsigned, Err(InvalidEvidence::Receipt(_))));
    let invented = check(broken_rule(&unregistered, sign(&entries), 1), &good);
    assert!(matches!(invented, Err(InvalidEvidence::Events)));
}

/// A60: a proof that does not hold convicts; one that cannot be checked here
/// does not.
#[test]
fn a60_an_attestation_convicts_only_where_its_proof_was_found_bad() {
    let entries = events();
    let Event::Attestation(attestation) = &entries[2].event else { panic!("it is the third") };
    let claim = |file: Vec<u8>| Claim::InvalidAttestation { receipt: (&receipt(&entries, 2)).into(), file };
    let file = attestation.to_bytes();
    let what = check(claim(file.clone()), &bad()).unwrap();
    assert!(what.contains("audit.proof: it does not hold"), "{what}");
    assert!(matches!(check(claim(file.clone()), &Judge(Ok(()))), Err(InvalidEvidence::Harmless)));
    let no_key = Judge(Err(NotProven::NoKey("other parameters".into())));
    assert!(matches!(check(claim(file), &no_key), Err(InvalidEvidence::NoKey(_))));
    let mut other = (**attestation).clone();
    other.proof.push(0);
    assert!(matches!(check(claim(other.to_bytes()), &bad()), Err(InvalidEvidence::OtherFile)));
}

#[test]
fn a35_two_views_of_a_log_convict_and_one_does_not() {
    let good = Judge(Ok(()));
    let entries = events();
    let mut forked = entries.clone();
    forked[1].time += 1;
    let leaves = |a: &Receipt, b: &Receipt| Claim::TwoLeaves { first: a.into(), second: b.into() };
    let what = check(leaves(&receipt(&entries, 1), &receipt(&forked, 1)), &good).unwrap();
    assert!(what.contains("differ in event 1"), "{what}");
    let same = check(leaves(&receipt(&entries, 1), &receipt(&entries[..2], 1)), &good);
    assert!(matches!(same, Err(InvalidEvidence::Harmless)));
    let heads = |a: SignedHead, b: SignedHead| Claim::TwoHeads { first: a, second: b };
    let [ours, theirs] = [&entries, &forked].map(|entries| head(entries, &account(1)));
    assert!(check(heads(ours, theirs), &good).unwrap().contains("two roots"));
    assert!(matches!(check(heads(ours, ours), &good), Err(InvalidEvidence::Harmless)));
    let shorter = head(&forked[..2], &account(1));
    let prefix = Claim::other_prefix(&tree(&entries), ours, shorter).unwrap();
    assert!(check(prefix, &good).unwrap().contains("the first 2 events differ"));
    let honest = Claim::other_prefix(&tree(&entries), ours, head(&entries[..2], &account(1))).unwrap();
    assert!(matches!(check(honest, &good), Err(InvalidEvidence::Harmless)));
    let report = Claim::Report { node: "n".into(), saw: "s".into(), head: None };
    assert!(!report.is_proof() && matches!(check(report, &good), Err(InvalidEvidence::Report(_))));
}

/// The rules are those of the log itself.
#[test]
fn the_events_of_the_fixture_are_a_log() {
    let mut log = Log::new(parties());
    events().iter().for_each(|entry| _ = log.admit(entry).unwrap());
    assert_eq!(log.tree().root(), tree(&events()).root());
}

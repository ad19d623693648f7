//! Opening: identifiers, signatures, keys.

use super::settled::{OTHER, deployed, election_on, id, keyed, opened, refused, send, settled, view};
use crate::election::{THRESHOLD, domain};
use alloy::{
    primitives::{U256, b256},
    sol_types::SolCall,
};
use chain::{
    abi::{self, IElections},
    elections,
};
use circuits::types::{
    AccountKey, Address, BallotShape, Draft, GroupElement, Rule, RuleKind, SettlementMode, SignedDraft,
    SignedElectionKey, TrusteeIdentity, TypedData,
};
use rand_core::OsRng;

/// A change of a draft.
type Change = fn(&mut Draft);

/// The draft changed, signed again by the organiser.
fn changed(change: impl FnOnce(&mut Draft)) -> SignedDraft {
    let e = &settled().election;
    let mut draft = e.draft.draft.clone();
    change(&mut draft);
    let signature = e.organiser.sign(draft.signing_hash(&domain()));
    SignedDraft { draft, proposal: String::new(), signature }
}

/// The key for another draft or with another content, signed by all trustees.
fn signed(change: impl FnOnce(&mut circuits::types::ElectionKey)) -> SignedElectionKey {
    let e = &settled().election;
    let mut key = e.key.key.clone();
    change(&mut key);
    let hash = key.signing_hash(&domain());
    SignedElectionKey { key, signatures: e.trustees.iter().map(|t| t.sign(hash)).collect() }
}

fn open(draft: &SignedDraft) -> Vec<u8> {
    elections::open(draft, &signed(|key| key.draft_id = draft.draft.id()))
}

#[test]
fn an_opened_election_has_the_identifiers_of_the_protocol() {
    let (e, chain) = (&settled().election, opened());
    let found = election_on(&chain, id());
    assert_eq!(found.stage, abi::Stage::Open);
    assert_eq!(found.draftId, e.draft.draft.id().to_bytes());
    assert_eq!(found.censusRoot, e.key.key.census_root.to_bytes());
    assert_eq!(found.organiser, elections::address(e.organiser.address()));
    assert_eq!(found.keys[0], e.key.key.verifying_keys[1]);
    assert_eq!((found.rows, found.batchRows), (8, 4));
    assert_eq!(view(&chain, IElections::electionOfCall { draft: found.draftId }), id());
    // The empty board, before anything is anchored.
    assert_eq!(found.root, circuits::types::board_root(&[]).to_bytes());
}

#[test]
fn a_drafts_identifier_is_that_of_the_protocol_for_every_field() {
    let chain = keyed();
    let changes: [Change; 12] = [
        |_| {},
        |d| d.calls.clear(),
        |d| d.calls[1].value = [255; 32],
        |d| d.calls[0].data = vec![1; 100],
        |d| d.options = (0..16).map(|i| format!("option {i}")).collect(),
        |d| d.census.maskers = (0..5).map(|i| Address([i; 20])).collect(),
        |d| d.census.snapshot = "ä".repeat(60),
        |d| d.organisation = String::new(),
        |d| d.trustees.truncate(2),
        |d| d.settlement = SettlementMode::None,
        |d| d.pass_rule.quorum = u64::MAX,
        |d| d.early_close = false,
    ];
    for change in changes {
        let draft = changed(change).draft;
        let found = view(&chain, IElections::draftIdCall { draft: elections::draft(&draft) });
        assert_eq!(found, draft.id().to_bytes(), "{draft:?}");
    }
}

#[test]
fn a61_every_trustees_signature_is_needed() {
    let (e, chain) = (&settled().election, keyed());
    let count = e.trustees.len();
    for index in 0..count {
        let mut missing = e.key.clone();
        missing.signatures.remove(index);
        let error: IElections::WrongSignatureCount =
            refused(&chain, elections::open(&e.draft, &missing)).error();
        assert_eq!((error.expected, error.found), (U256::from(count), U256::from(count - 1)));
        for stranger in [AccountKey::random(&mut OsRng), e.trustees[(index + 1) % count].clone()] {
            let mut foreign = e.key.clone();
            foreign.signatures[index] = stranger.sign(e.key.key.signing_hash(&domain()));
            let error: IElections::WrongSigner = refused(&chain, elections::open(&e.draft, &foreign)).error();
            assert_eq!(error.index, U256::from(index + 1));
            assert_eq!(error.expected, elections::address(e.trustees[index].address()));
            assert_eq!(error.found, elections::address(stranger.address()));
        }
    }
}

/// The other form of a signature, (r, n - s, the other v), belongs to the
/// same key.
#[test]
fn a_signature_has_one_form() {
    let (e, chain) = (&settled().election, keyed());
    let call = elections::open(&e.draft, &e.key);
    let mut decoded = IElections::openCall::abi_decode(&call).unwrap();
    let order =
        U256::from_be_bytes(b256!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").0);
    let mut high = decoded.trusteeSignatures[0].to_vec();
    let s = order - U256::from_be_slice(&high[32..64]);
    high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    high[64] = 55 - high[64];
    let too_long = [&decoded.trusteeSignatures[0][..], &[0]].concat();
    let v_of_zero = [&decoded.trusteeSignatures[0][..64], &[high[64] - 27]].concat();
    for bad in [high, too_long, v_of_zero, Vec::new()] {
        decoded.trusteeSignatures[0] = bad.into();
        let error: IElections::WrongSigner = refused(&chain, decoded.abi_encode()).error();
        assert!(error.found.is_zero());
    }
}

#[test]
fn the_organiser_has_signed_the_draft() {
    let (e, chain) = (&settled().election, keyed());
    let mut draft = e.draft.clone();
    draft.signature = e.operator.sign(draft.draft.signing_hash(&domain()));
    let error: IElections::WrongSigner = refused(&chain, elections::open(&draft, &e.key)).error();
    assert_eq!(error.found, elections::address(e.operator.address()));
    assert!(error.role.starts_with(b"organiser"));
}

/// What trustees sign names the draft: with another draft their signatures
/// are over something else.
#[test]
fn a61_a_key_opens_no_other_draft() {
    let (e, chain) = (&settled().election, keyed());
    let other = changed(|d| d.nonce = [1; 32]);
    let _: IElections::WrongSigner = refused(&chain, elections::open(&other, &e.key)).error();
    let census = signed(|key| key.census_total += 1).key;
    let replaced = SignedElectionKey { key: census, signatures: e.key.signatures.clone() };
    let _: IElections::WrongSigner = refused(&chain, elections::open(&e.draft, &replaced)).error();
}

#[test]
fn a67_a_draft_opens_once() {
    let (e, chain) = (&settled().election, opened());
    let error: IElections::DraftOpened = refused(&chain, elections::open(&e.draft, &e.key)).error();
    assert_eq!(error.electionId, id());
    // With another key of the same trustees it would be another election.
    let second = signed(|key| key.transcript = [5; 32]);
    let _: IElections::DraftOpened = refused(&chain, elections::open(&e.draft, &second)).error();
    let census = signed(|key| key.census_total += 1);
    let _: IElections::DraftOpened = refused(&chain, elections::open(&e.draft, &census)).error();
}

#[test]
fn a12_a53_a_draft_of_another_chain_or_contract_is_refused() {
    let (e, chain) = (&settled().election, keyed());
    for other in [changed(|d| d.chain_id += 1), changed(|d| d.contract = Address([1; 20]))] {
        let error: IElections::OtherDomain = refused(&chain, open(&other)).error();
        assert_eq!(error.chainId, U256::from(other.draft.chain_id));
    }
    // The same contract at the same address of another chain.
    let mut fork = chain.clone();
    fork.id += 1;
    let _: IElections::OtherDomain = refused(&fork, elections::open(&e.draft, &e.key)).error();
    // Signed for another domain.
    let mut elsewhere = e.key.clone();
    let foreign = circuits::types::Domain { chain_id: 1, ..domain() };
    elsewhere.signatures = e.trustees.iter().map(|t| t.sign(e.key.key.signing_hash(&foreign))).collect();
    let _: IElections::WrongSigner = refused(&chain, elections::open(&e.draft, &elsewhere)).error();
}

#[test]
fn drafts_that_break_a_rule_are_refused_by_the_fields_name() {
    let chain = keyed();
    let cases: [(&str, Change); 18] = [
        ("settlement", |d| d.settlement = SettlementMode::None),
        ("options", |d| d.options.clear()),
        ("options", |d| d.options = vec!["x".into(); 17]),
        ("rule", |d| d.options.truncate(2)),
        ("rule", |d| d.rule = Rule::new(RuleKind::SingleChoice, 5).unwrap()),
        ("passRule", |d| d.pass_rule.winning_option = 3),
        ("passRule", |d| d.pass_rule.majority_numerator = 3),
        ("passRule", |d| d.pass_rule.quorum = 1 << 44),
        ("kind", |d| d.calls.clear()),
        ("kind", |d| d.kind = circuits::types::ProposalKind::Resolution),
        ("times", |d| d.times.opening = d.times.closing),
        ("times", |d| d.times.closing = d.times.root_deadline),
        ("times", |d| d.times.tally_deadline = d.times.root_deadline),
        ("minBallots", |d| d.min_ballots = 0),
        ("threshold", |d| d.threshold = 1),
        ("threshold", |d| d.threshold = 4),
        ("trustees", |d| d.trustees[2].signer = d.trustees[0].signer),
        ("trustees", |d| d.trustees[1].encryption_key = d.trustees[0].encryption_key),
    ];
    for (field, change) in cases {
        let error: IElections::InvalidDraft = refused(&chain, open(&changed(change))).error();
        assert_eq!(error.field, field);
    }
    let crowd = changed(|d| {
        d.trustees =
            (0..17).map(|i| TrusteeIdentity { signer: Address([i; 20]), encryption_key: [i; 32] }).collect();
    });
    let error: IElections::InvalidDraft = refused(&chain, open(&crowd)).error();
    assert_eq!(error.field, "threshold");
}

#[test]
fn nothing_opens_at_or_after_the_closing_time() {
    let (e, mut chain) = (&settled().election, keyed());
    chain.time = e.draft.draft.times.closing;
    let _: IElections::TooLate = refused(&chain, elections::open(&e.draft, &e.key)).error();
    chain.time -= 1;
    send(&mut chain, elections::open(&e.draft, &e.key)).gas();
}

#[test]
fn a14_public_keys_outside_of_the_prime_subgroup_are_refused() {
    let (e, chain) = (&settled().election, keyed());
    let call = IElections::openCall::abi_decode(&elections::open(&e.draft, &e.key)).unwrap();
    let modulus =
        U256::from_be_bytes(circuits::types::field_to_bytes(-circuits::curve::Fr::from(1u64))) + U256::ONE;
    let cases: [fn(&mut IElections::openCall, U256); 6] = [
        |c, _| c.eighthX += U256::ONE,
        |c, _| (c.eighthX, c.eighthY) = (U256::ZERO, U256::ONE),
        |c, r| c.key.pkX += r,
        |c, r| c.eighthY += r,
        |c, r| c.key.pkX = r - c.key.pkX,
        // The identity, shown by itself.
        |c, _| (c.key.pkX, c.key.pkY, c.eighthX, c.eighthY) = (U256::ZERO, U256::ONE, U256::ZERO, U256::ONE),
    ];
    for change in cases {
        let mut bad = call.clone();
        change(&mut bad, modulus);
        let error: IElections::InvalidPublicKey = refused(&chain, bad.abi_encode()).error();
        assert_eq!(error.x, bad.key.pkX);
    }
    // PK plus a point of order two: on the curve, outside of the subgroup.
    let mut bad = call.clone();
    (bad.key.pkX, bad.key.pkY) = (modulus - bad.key.pkX, modulus - bad.key.pkY);
    let _: IElections::InvalidPublicKey = refused(&chain, bad.abi_encode()).error();
}

/// With the right eighth any key of the subgroup is taken.
#[test]
fn every_point_of_the_subgroup_has_an_eighth() {
    let mut chain = keyed();
    let other = GroupElement::mul_generator(123_456_789u64.into()).unwrap();
    let e = &settled().election;
    let key = signed(|key| key.public_key = other);
    send(&mut chain, elections::open(&e.draft, &key)).gas();
}

#[test]
fn a1_a_census_root_that_is_no_field_element_is_refused() {
    let (e, chain) = (&settled().election, keyed());
    let mut call = IElections::openCall::abi_decode(&elections::open(&e.draft, &e.key)).unwrap();
    call.key.censusRoot.0 = [255; 32];
    let error: IElections::NotCanonical = refused(&chain, call.abi_encode()).error();
    assert_eq!(error.value, U256::MAX);
}

/// The hashes are pinned by what the trustees signed; the contract demands
/// in addition that each is a key of the circuit in its place.
#[test]
fn a17_keys_of_other_circuits_or_unknown_ones_are_refused() {
    let (e, chain) = (&settled().election, keyed());
    for place in 1..5 {
        let unknown = signed(|key| key.verifying_keys[place] = [6; 32]);
        let error: IElections::WrongKey = refused(&chain, elections::open(&e.draft, &unknown)).error();
        let expected = if place == 2 { 1 } else { place - 1 };
        assert_eq!(error.index, U256::from(expected));
        let swapped = signed(|key| key.verifying_keys.swap(place, if place == 1 { 4 } else { place - 1 }));
        let _: IElections::WrongKey = refused(&chain, elections::open(&e.draft, &swapped)).error();
    }
    let bare = deployed(&[]);
    let _: IElections::WrongKey = refused(&bare, elections::open(&e.draft, &e.key)).error();
    // Another threshold needs other keys.
    let draft = changed(|d| d.threshold = THRESHOLD + 1);
    let _: IElections::WrongKey = refused(&chain, open(&draft)).error();
    let wider = changed(|d| {
        d.options = (0..5).map(|i| i.to_string()).collect();
        d.rule = Rule::new(RuleKind::SingleChoice, 5).unwrap();
    });
    assert_eq!(wider.draft.rule.shape(), BallotShape::Shape16);
    let _: IElections::WrongKey = refused(&chain, open(&wider)).error();
}

#[test]
fn anyone_may_send_an_opening() {
    let (e, mut chain) = (&settled().election, keyed());
    chain.send(OTHER, crate::election::contract(), elections::open(&e.draft, &e.key)).gas();
    assert_eq!(election_on(&chain, id()).stage, abi::Stage::Open);
}

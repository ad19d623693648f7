//! When a model is approved, and when not.

use super::{
    audit::{EXPIRES, ISSUED, MODEL, PROVEN, sign},
    votes,
    world::{COUNTING, Votes, World, account, deploy_testing, election_of, error, ours, refused},
};
use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolError, SolValue},
};
use chain::{
    abi::{
        IAttestations::{self, Status},
        IModelGate::{self, Standing},
    },
    artifact::Artifact,
    gate::{self, Demand, Mandate, Proposal},
};
use circuits::types::{Address, Call, Draft, keccak256};
use std::collections::BTreeMap;

/// Closing time of the first vote.
const CLOSING: u64 = ISSUED + 500;

/// The approval of all tests with one term changed.
fn with(votes: &Votes, change: impl FnOnce(&mut Terms)) -> Proposal {
    let Proposal::Approve { model, policy_hash, auditor, data_root, expires, demand } = votes.approval()
    else {
        panic!("an approval");
    };
    let mut terms = Terms { model, policy_hash, auditor, data_root, expires, demand };
    change(&mut terms);
    let Terms { model, policy_hash, auditor, data_root, expires, demand } = terms;
    Proposal::Approve { model, policy_hash, auditor, data_root, expires, demand }
}

struct Terms {
    model: [u8; 32],
    policy_hash: [u8; 32],
    auditor: circuits::types::Address,
    data_root: [u8; 32],
    expires: u64,
    demand: Demand,
}

#[test]
fn a_vote_and_a_valid_attestation_open_the_gate() {
    let (mut votes, attestation) = Votes::new();
    assert_eq!(votes.standing(), Standing::NoVote);
    let approval = votes.approval();
    let election = votes.vote(CLOSING, &[approval]);
    assert_eq!(votes.standing(), Standing::Approved);
    let decision = votes.ask(&IModelGate::decisionCall { model: B256::new(MODEL) });
    assert!(decision.approved);
    assert_eq!(decision.electionId.0, election.to_bytes());
    assert_eq!((decision.asOf, decision.expires), (CLOSING, EXPIRES));
    let standing = votes.ask(&IModelGate::standingCall { model: B256::new(MODEL) });
    assert_eq!(standing.attestation, B256::new(attestation.id()));
    assert!(votes.ask(&IModelGate::enactedCall { electionId: decision.electionId }));
}

/// A68: every term of the vote must be the attestation's.
#[test]
fn a68_each_term_that_differs_keeps_the_gate_closed() {
    type Change<'a> = &'a dyn Fn(&mut Terms);
    let cases: [(&str, Change<'_>); 6] = [
        ("model", &|t| t.model[0] ^= 1),
        ("policy", &|t| t.policy_hash[31] ^= 1),
        ("auditor", &|t| t.auditor.0[0] ^= 1),
        ("data root", &|t| t.data_root[0] ^= 1),
        ("expiry, earlier", &|t| t.expires -= 1),
        ("expiry, later", &|t| t.expires += 1),
    ];
    for (what, change) in cases {
        let (mut votes, _) = Votes::new();
        let proposal = with(&votes, change);
        votes.vote(CLOSING, &[proposal]);
        assert!(!votes.is_approved(), "another {what}");
        let standing = votes.standing();
        let expected = if what == "model" { Standing::NoVote } else { Standing::NoAttestation };
        assert_eq!(standing, expected, "another {what}");
        // Nor is the model that the vote named.
        let Proposal::Approve { model, .. } = proposal else { unreachable!() };
        assert!(!votes.ask(&IModelGate::isApprovedCall { model: B256::new(model) }), "another {what}");
        // The right terms open it.
        let approval = votes.approval();
        votes.vote(CLOSING + 1, &[approval]);
        assert!(votes.is_approved());
    }
}

#[test]
fn without_an_attestation_the_gate_is_closed_and_opens_when_it_comes() {
    let world = World::new();
    let attestation = world.attestation();
    let mut votes = Votes::on(world);
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    assert_eq!(votes.standing(), Standing::NoAttestation);
    votes.world.attest(&attestation).unwrap();
    assert_eq!(votes.standing(), Standing::Approved);
}

#[test]
fn the_gate_closes_in_the_second_of_the_expiry() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    votes.world.mine_at(EXPIRES - 1);
    assert!(votes.is_approved());
    votes.world.mine_at(EXPIRES);
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
}

/// A59, A68: by auditor or organiser, in the same block.
#[test]
fn a59_a_revocation_closes_the_gate_at_once() {
    for who in [1, 2] {
        let (mut votes, attestation) = Votes::new();
        let approval = votes.approval();
        votes.vote(CLOSING, &[approval]);
        let now = votes.world.time;
        refused(votes.world.revoke(attestation.id(), now, &account(9)), IAttestations::NotEntitled::SELECTOR);
        assert!(votes.is_approved());
        votes.world.revoke(attestation.id(), now, &account(who)).unwrap();
        assert_eq!(votes.standing(), Standing::AttestationNotValid);
    }
}

/// A59
#[test]
fn a59_an_auditor_who_was_not_registered_when_signing_closes_the_gate() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    votes.world.register(0, ISSUED + 1, 2).unwrap();
    assert!(votes.is_approved());
    votes.world.register(0, ISSUED, 3).unwrap();
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
}

#[test]
fn an_attestation_in_place_of_the_voted_one_needs_a_new_vote_if_its_terms_differ() {
    let (mut votes, old) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    let mut terms = votes.world.terms();
    (terms.issued, terms.expires, terms.supersedes) = (ISSUED + 1, EXPIRES + 86_400, old.id());
    let new = sign(&terms, &votes.world.auditor);
    votes.world.attest(&new).unwrap();
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
    let renewed = with(&votes, |t| t.expires = EXPIRES + 86_400);
    votes.vote(CLOSING + 1, &[renewed]);
    assert_eq!(votes.standing(), Standing::Approved);
}

#[test]
fn members_choose_what_the_verdicts_must_be() {
    let outcome = &PROVEN.statement.outcome;
    let codes = || outcome.iter().flat_map(|view| view.verdicts.iter().flatten());
    use circuits::attestation::Verdict;
    assert!(codes().any(|v| *v == Verdict::Fail), "the test's audit fails a check");
    for (at, demand, expected) in [
        (0, Demand::AllPass, Standing::VerdictsNotMet),
        (1, Demand::NoneFails, Standing::VerdictsNotMet),
        (2, Demand::AnyVerdict, Standing::Approved),
    ] {
        let (mut votes, _) = Votes::new();
        let proposal = with(&votes, |t| t.demand = demand);
        votes.vote(CLOSING + at, &[proposal]);
        assert_eq!(votes.standing(), expected);
    }
}

/// A gate that believes a stand-in for `Attestations`.
struct Believing {
    votes: Votes,
    attestations: revm::primitives::Address,
}

impl Believing {
    fn new() -> Self {
        let mut votes = Votes::on(World::empty());
        let json = include_str!("../../../../contracts/artifacts/testing/AttestationsStub.json");
        let attestations = deploy_testing(&mut votes.world.evm, json);
        let name = B256::new(keccak256(&votes.mandate.organisation));
        let organiser = chain::elections::address(votes.mandate.organiser);
        let serve =
            [&keccak256("serve(bytes32,address)")[..4], &(name, organiser).abi_encode_params()].concat();
        votes.world.evm.send(attestations, serve).unwrap();
        let code = gate::gate_creation_code(&votes.mandate, ours(attestations)).unwrap();
        votes.gate = votes.world.evm.deploy(code).unwrap().0;
        Self { votes, attestations }
    }

    /// What the gate says if this is what is recorded.
    fn standing(&mut self, status: Status, verdicts: u128) -> Standing {
        let arguments = (U256::from(u8::from(status)), U256::from(verdicts)).abi_encode_params();
        let set = [&keccak256("set(uint8,uint72)")[..4], &arguments].concat();
        self.votes.world.evm.send(self.attestations, set).unwrap();
        self.votes.standing()
    }
}

/// Every code of a verdict in every place, against every demand.
#[test]
fn each_verdict_counts_as_the_vote_demands() {
    for (demand, accepted) in
        [(Demand::AllPass, &[0, 1][..]), (Demand::NoneFails, &[0, 1, 3]), (Demand::AnyVerdict, &[0, 1, 2, 3])]
    {
        let mut world = Believing::new();
        let proposal = with(&world.votes, |t| t.demand = demand);
        world.votes.vote(CLOSING, &[proposal]);
        // All others pass, or are not asked for.
        for others in [0x1_5555_5555_5555_5555, 0u128] {
            for (place, code) in (0..33).flat_map(|place| (0..4).map(move |code| (place, code))) {
                let verdicts = others & !(3 << (2 * place)) | code << (2 * place);
                let expected =
                    if accepted.contains(&code) { Standing::Approved } else { Standing::VerdictsNotMet };
                assert_eq!(
                    world.standing(Status::Valid, verdicts),
                    expected,
                    "{demand:?}: {code} at {place}"
                );
            }
        }
    }
}

/// A59
#[test]
fn a59_only_a_valid_attestation_opens_the_gate() {
    let mut world = Believing::new();
    let approval = world.votes.approval();
    world.votes.vote(CLOSING, &[approval]);
    assert_eq!(world.standing(Status::Valid, 0), Standing::Approved);
    for status in
        [Status::Unknown, Status::Expired, Status::Revoked, Status::Superseded, Status::Unregistered]
    {
        assert_eq!(world.standing(status, 0), Standing::AttestationNotValid, "{status:?}");
    }
}

/// A vote names terms, not an attestation: after a revocation the auditor may
/// attest the same again. The organiser ends that by ending the registration.
#[test]
fn a59_another_attestation_with_the_voted_terms_opens_again_while_its_auditor_is_registered() {
    let (mut votes, attestation) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    let (now, auditor, organiser) =
        (votes.world.time, votes.world.auditor.clone(), votes.world.organiser.clone());
    votes.world.revoke(attestation.id(), now, &organiser).unwrap();
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
    let mut terms = votes.world.terms();
    terms.issued += 1;
    let again = sign(&terms, &auditor);
    votes.world.attest(&again).unwrap();
    assert_eq!(votes.standing(), Standing::Approved);
    // The latest counts, also where an older one is still valid.
    terms.issued += 1;
    let third = sign(&terms, &auditor);
    votes.world.attest(&third).unwrap();
    votes.world.revoke(third.id(), now, &auditor).unwrap();
    assert_eq!(votes.world.status(again.id()), Status::Valid);
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
    votes.world.register(0, ISSUED, 2).unwrap();
    terms.issued += 1;
    refused(votes.world.attest(&sign(&terms, &auditor)), IAttestations::AuditorNotRegistered::SELECTOR);
    assert_eq!(votes.standing(), Standing::AttestationNotValid);
}

#[test]
fn a_sanction_closes_the_gate_at_once() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    assert!(votes.is_approved());
    votes.vote(CLOSING + 1, &[Proposal::Sanction { model: MODEL }]);
    assert_eq!(votes.standing(), Standing::Sanctioned);
    // Members may change their minds.
    votes.vote(CLOSING + 2 + COUNTING, &[approval]);
    assert_eq!(votes.standing(), Standing::Approved);
}

/// A68: an approval whose voting ended before a sanction stood cannot undo it,
/// however late it is finalised and enacted.
#[test]
fn a68_an_old_approval_does_not_undo_a_newer_sanction() {
    let stood = CLOSING + COUNTING;
    for closing in [CLOSING - 1, CLOSING, CLOSING + 1, stood] {
        let (mut votes, _) = Votes::new();
        let approval = votes.approval();
        votes.vote(CLOSING, &[Proposal::Sanction { model: MODEL }]);
        votes.vote_anew(closing, &[approval], |_| ());
        assert_eq!(votes.standing(), Standing::Sanctioned, "closed at {closing}");
        votes.vote(stood + 1, &[approval]);
        assert_eq!(votes.standing(), Standing::Approved);
    }
}

/// A68: an early close may have come at any time since the opening, whatever
/// its draft says of the closing.
#[test]
fn a68_a_vote_that_may_close_early_counts_as_of_its_opening() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    votes.vote(CLOSING, &[Proposal::Sanction { model: MODEL }]);
    let stood = CLOSING + COUNTING;
    let early = |opening: u64| {
        move |draft: &mut Draft| {
            draft.early_close = true;
            draft.times.opening = opening;
        }
    };
    votes.vote_anew(stood + 86_400, &[approval], early(stood));
    assert_eq!(votes.standing(), Standing::Sanctioned);
    votes.vote_anew(stood + 86_400, &[approval], early(stood + 1));
    assert_eq!(votes.standing(), Standing::Approved);
    // Nor does its far closing time keep a sanction away.
    votes.vote(stood + 2, &[Proposal::Sanction { model: MODEL }]);
    assert_eq!(votes.standing(), Standing::Sanctioned);
}

#[test]
fn an_approval_stays_only_if_its_voting_ended_after_the_sanction_stood() {
    for (closing, expected) in [
        (CLOSING + COUNTING + 1, Standing::Approved),
        (CLOSING + COUNTING, Standing::Sanctioned),
        (CLOSING + 1, Standing::Sanctioned),
    ] {
        let (mut votes, _) = Votes::new();
        let approval = votes.approval();
        votes.vote_anew(closing, &[approval], |_| ());
        votes.vote(CLOSING, &[Proposal::Sanction { model: MODEL }]);
        assert_eq!(votes.standing(), expected, "closed at {closing}");
    }
}

#[test]
fn one_vote_may_decide_on_several_models() {
    let (mut votes, _) = Votes::new();
    let (approval, other) = (votes.approval(), [8; 32]);
    votes.vote(CLOSING + 9, &[Proposal::Sanction { model: other }]);
    // The second model's decision is newer: it stays, the first one's comes.
    let second = with(&votes, |t| t.model = other);
    votes.vote(CLOSING, &[second, approval]);
    assert!(votes.is_approved());
    let standing = votes.ask(&IModelGate::standingCall { model: B256::new(other) }).standing_;
    assert_eq!(standing, Standing::Sanctioned);
    // Both in one draft: the sanction counts, whatever the order.
    for proposals in
        [[approval, Proposal::Sanction { model: MODEL }], [Proposal::Sanction { model: MODEL }, approval]]
    {
        let (mut votes, _) = Votes::new();
        votes.vote(CLOSING, &proposals);
        assert_eq!(votes.standing(), Standing::Sanctioned);
    }
}

/// A68: somebody else's election, though finalised and passed.
#[test]
fn a68_elections_of_others_are_refused() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    let mut refuse = |name: &str, change: &dyn Fn(&mut Draft)| {
        let mut draft = votes.draft(CLOSING, &[approval]);
        change(&mut draft);
        let id = votes.settle(&draft, true);
        refused(votes.enact(id, &draft), error(name));
        assert!(!votes.is_approved());
    };
    refuse("NotOurOrganisation", &|d| d.organisation = "Another Cooperative".into());
    refuse("NotOurOrganiser", &|d| d.organiser = account(9).address());
    refuse("NotOurTrustees", &|d| d.trustees[2].signer = account(9).address());
    refuse("NotOurTrustees", &|d| d.trustees.swap(0, 1));
    refuse("NotOurTrustees", &|d| d.trustees.truncate(d.trustees.len() - 1));
    refuse("NotOurTrustees", &|d| d.trustees.push(d.trustees[0]));
    refuse("NotOurTrustees", &|d| d.threshold = 3);
    refuse("WeakPassRule", &|d| d.pass_rule.quorum = 99);
    refuse("WeakPassRule", &|d| d.pass_rule.majority_denominator = 3);
    refuse("WeakPassRule", &|d| {
        d.pass_rule.majority_numerator = 49_999;
        d.pass_rule.majority_denominator = 100_000;
    });
    // Stronger or equal rules, and other encryption keys, are accepted.
    for change in [
        &(|d: &mut Draft| d.pass_rule.quorum = 101) as &dyn Fn(&mut Draft),
        &|d| (d.pass_rule.majority_numerator, d.pass_rule.majority_denominator) = (2, 4),
        &|d| (d.pass_rule.majority_numerator, d.pass_rule.majority_denominator) = (2, 3),
        &|d| d.trustees[0].encryption_key = [77; 32],
    ] {
        let mut draft = votes.draft(CLOSING, &[approval]);
        change(&mut draft);
        let id = votes.settle(&draft, true);
        votes.enact(id, &draft).unwrap();
        assert!(votes.is_approved());
    }
}

#[test]
fn a68_only_finalised_passed_votes_count_and_only_once() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    let draft = votes.draft(CLOSING, &[approval]);
    let id = election_of(&draft);
    refused(votes.enact(id, &draft), error("OtherDraft"));
    votes.settle(&draft, false);
    refused(votes.enact(id, &draft), error("NotPassed"));
    votes.settle(&draft, true);
    let mut other = draft.clone();
    other.nonce[0] ^= 1;
    refused(votes.enact(id, &other), error("OtherDraft"));
    other = draft.clone();
    other.calls[0].data[40] ^= 1;
    refused(votes.enact(id, &other), error("OtherDraft"));
    assert!(!votes.is_approved());
    votes.enact(id, &draft).unwrap();
    refused(votes.enact(id, &draft), error("AlreadyEnacted"));
    // A sanction since cannot be undone by enacting the old vote again.
    votes.vote(CLOSING + 1, &[Proposal::Sanction { model: MODEL }]);
    refused(votes.enact(id, &draft), error("AlreadyEnacted"));
    assert_eq!(votes.standing(), Standing::Sanctioned);
}

#[test]
fn calls_that_are_no_proposals_are_refused() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    let gate = ours(votes.gate);
    let good = approval.call(gate);
    let mut refuse = |name: Option<&str>, calls: Vec<Call>| {
        let draft = votes::draft(&votes.mandate, CLOSING, calls);
        let id = votes.settle(&draft, true);
        let result = votes.enact(id, &draft);
        match name {
            Some(name) => drop(refused(result, error(name))),
            None => drop(result.unwrap_err()),
        }
        assert!(!votes.is_approved());
    };
    let changed = |change: &dyn Fn(&mut Call)| {
        let mut call = good.clone();
        change(&mut call);
        vec![call]
    };
    refuse(Some("NotAProposal"), changed(&|c| c.value[31] = 1));
    refuse(Some("NotAProposal"), changed(&|c| c.data.push(0)));
    refuse(Some("NotAProposal"), changed(&|c| c.data.truncate(c.data.len() - 1)));
    refuse(Some("NotAProposal"), changed(&|c| c.data[0] ^= 1));
    refuse(Some("NotAProposal"), changed(&|c| c.data.clear()));
    let sanction = Proposal::Sanction { model: MODEL }.call(gate);
    for length in [4, 35, 37, 68] {
        let mut call = sanction.clone();
        call.data.resize(length, 0);
        refuse(Some("NotAProposal"), vec![call]);
    }
    // One call that is none undoes the others.
    refuse(Some("NotAProposal"), vec![good.clone(), Call { value: [1; 32], ..sanction }]);
    // No enum has a fourth member, no address 21 bytes, no time 65 bits.
    let last = good.data.len() - 1;
    refuse(None, changed(&|c| c.data[last] = 3));
    refuse(None, changed(&|c| c.data[4 + 64 + 11] = 1));
    refuse(None, changed(&|c| c.data[4 + 128 + 23] = 1));
    // Another gate's proposal is not ours, and a resolution has none.
    refuse(Some("NothingToEnact"), changed(&|c| c.target.0[0] ^= 1));
    refuse(Some("NothingToEnact"), Vec::new());
}

/// The functions that a draft calls change nothing by themselves.
#[test]
fn calling_a_proposal_directly_changes_nothing() {
    let (mut votes, _) = Votes::new();
    let approval = votes.approval();
    let data = approval.call(ours(votes.gate)).data;
    votes.world.evm.send(votes.gate, data).unwrap();
    assert_eq!(votes.standing(), Standing::NoVote);
    votes.vote(CLOSING, &[approval]);
    let call = IModelGate::sanctionModelCall { model: B256::new(MODEL) }.abi_encode();
    votes.world.evm.send(votes.gate, call).unwrap();
    assert_eq!(votes.standing(), Standing::Approved);
}

/// Bytes that create a contract with this code, and with this in its storage.
fn forged(code: &[u8], storage: &BTreeMap<U256, U256>) -> Vec<u8> {
    let push = |word: U256| [&[0x7f][..], &word.to_be_bytes::<32>()].concat();
    let stored = storage.iter().flat_map(|(place, word)| [push(*word), push(*place), vec![0x55]].concat());
    let mut out: Vec<u8> = stored.collect();
    // CODECOPY of what follows to 0, RETURN.
    let length = push(U256::from(code.len()));
    let start = U256::from(out.len() + 2 * 33 + 2 + 1 + 33 + 2 + 1);
    out.extend([&length[..], &push(start), &[0x60, 0, 0x39], &length, &[0x60, 0, 0xf3]].concat());
    out.extend(code);
    out
}

/// A55: who deploys can write what they like into a contract's storage before
/// they give it the very code of a gate. The data of the transaction that
/// created it shows that, its code does not.
#[test]
fn a55_a_contracts_code_does_not_show_how_it_was_created() {
    let (mut votes, _) = Votes::new();
    let (honest, evm) = (votes.gate, votes.world.evm.clone());
    let approval = votes.approval();
    votes.vote(CLOSING, &[approval]);
    let (code, storage) = (votes.world.evm.code(honest), votes.world.evm.storage(honest));
    // No vote has been cast here.
    votes.world.evm = evm;
    assert_eq!(votes.standing(), Standing::NoVote);
    let created = gate::gate_creation_code(&votes.mandate, ours(votes.world.attestations)).unwrap();
    let arguments = created[Artifact::gate().unwrap().bytecode.len()..].to_vec();
    let other = forged(&code, &storage);
    votes.gate = votes.world.evm.deploy(other.clone()).unwrap().0;
    assert_eq!(votes.standing(), Standing::Approved);
    assert!(Artifact::gate().unwrap().is_code(&votes.world.evm.code(votes.gate)));
    assert_eq!(Artifact::gate().unwrap().creation_arguments(&other), None);
    assert_eq!(Artifact::gate().unwrap().creation_arguments(&created), Some(&arguments[..]));
    // The data of an honest creation gives this code, and nothing is stored.
    votes.gate = votes.world.evm.deploy(created).unwrap().0;
    assert_eq!(votes.world.evm.code(votes.gate), code);
    assert!(votes.world.evm.storage(votes.gate).is_empty());
}

#[test]
fn a_gate_needs_a_mandate_and_its_own_organisations_attestations() {
    let (mut votes, _) = Votes::new();
    let attestations = ours(votes.world.attestations);
    let mut refuse = |attestations: Address, change: &dyn Fn(&mut Mandate)| {
        let mut mandate = votes.mandate.clone();
        change(&mut mandate);
        let code = gate::gate_creation_code(&mandate, attestations).unwrap();
        let why = votes.world.evm.deploy(code).unwrap_err();
        let expected =
            [&error("InvalidTerms")[..], &("attestations".to_owned(),).abi_encode_params()].concat();
        assert!(why.contains(&hex::encode(expected)), "{why}");
    };
    refuse(attestations, &|m| m.organisation = "Another Cooperative".into());
    refuse(attestations, &|m| m.organiser = account(9).address());
    refuse(Address([0x98; 20]), &|_| ());
    assert!(Artifact::gate().unwrap().deployed_bytecode.len() <= 24_576);
}

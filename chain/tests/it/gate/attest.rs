//! What `Attestations.attest` accepts and refuses.

use super::{
    audit::{EXPIRES, ISSUED, MODEL, ORGANISATION, PROVEN, sign},
    world::{
        CHAIN_ID, START, World, account, change_counts, change_outcome, change_policy, ours, refused,
        system_tag,
    },
};
use crate::evm::GAS_LIMIT;
use ::audit::{
    attestation::{Attestation, Proven, outcome_hash, table_hash},
    commitment::reading_digest,
};
use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolError, SolEvent},
};
use chain::{
    abi::{
        IAttestations::{self, ClaimFault, Status},
        Submission,
    },
    attestation, audits,
};
use circuits::{
    attestation::{DataRoot, Ratio},
    types::{AccountKey, TypedData, keccak256},
};

/// Most gas of an attestation as a whole transaction.
const ATTEST_GAS: u64 = 900_000;
/// Length of a contract's code that EIP-170 allows.
const CODE_LIMIT: usize = 24_576;

/// An attestation over changed content, signed anew so that every hash fits.
fn forged(world: &World, change: impl FnOnce(&mut Proven)) -> Attestation {
    let mut proven = PROVEN.clone();
    change(&mut proven);
    proven.data.mapping = reading_digest(&proven.policy.attributes, proven.mapping);
    Attestation::sign(&world.terms(), proven, &world.auditor).unwrap()
}

/// Signs a claim that was changed by hand.
fn resigned(mut attestation: Attestation, auditor: &AccountKey) -> Attestation {
    attestation.signature = auditor.sign(attestation.claim.signing_hash(&attestation.domain));
    attestation
}

fn send(world: &mut World, submission: Submission) -> Result<crate::evm::Sent, crate::evm::Reverted> {
    world.tell(IAttestations::attestCall { submission }.abi_encode())
}

#[test]
fn an_attestation_is_recorded_within_its_gas() {
    let mut world = World::new();
    let attestation = world.attestation();
    let call = audits::attest(&attestation);
    let (bytes, sent) = (call.len(), world.tell(call).unwrap());
    println!("attest: {} gas as a whole transaction, {bytes} bytes of calldata", sent.gas);
    assert!(sent.gas <= ATTEST_GAS, "{} gas", sent.gas);
    assert_eq!(sent.output, attestation.id());
    assert_eq!(world.status(attestation.id()), Status::Valid);

    let id = B256::new(attestation.id());
    let record = world.ask(&IAttestations::recordCall { attestation: id });
    assert_eq!(record.subject, B256::new(MODEL));
    assert_eq!(record.dataRoot, B256::new(PROVEN.data.root().0));
    assert_eq!(record.policyHash, B256::new(PROVEN.policy.hash()));
    assert_eq!(record.auditor.into_array(), world.auditor.address().0);
    assert_eq!((record.issued, record.expires), (ISSUED, EXPIRES));
    assert_eq!(record.systemTag.to_be_bytes::<15>().to_vec(), system_tag());
    for (view, metric, verdict) in attestation.verdicts() {
        let bits = record.verdicts.to::<u128>() >> (22 * view + 2 * metric.index()) & 3;
        assert_eq!(bits, u128::from(verdict.code()), "{metric} of view {view}");
    }
    let terms = IAttestations::findCall {
        subject: record.subject,
        policyHash: record.policyHash,
        auditor: record.auditor,
        dataRoot: record.dataRoot,
        expires: record.expires,
    };
    assert_eq!(world.ask(&terms), id);
    let log = sent.logs.last().unwrap();
    let event = IAttestations::Attested::decode_raw_log(log.topics(), &log.data.data).unwrap();
    assert_eq!((event.attestation, event.subject, event.verdicts), (id, record.subject, record.verdicts));
}

#[test]
fn anchoring_is_cheap_and_the_first_block_counts() {
    let mut world = World::empty();
    let root = DataRoot([9; 32]);
    let block = |world: &mut World| world.ask(&IAttestations::anchoredAtCall { dataRoot: B256::new(root.0) });
    assert_eq!(block(&mut world), U256::ZERO);
    let gas = world.anchor(root).unwrap().gas;
    println!("anchor of a data root: {gas} gas as a whole transaction");
    assert!(gas <= 60_000);
    let first = block(&mut world);
    assert_ne!(first, U256::ZERO);
    world.mine();
    world.anchor(root).unwrap();
    assert_eq!(block(&mut world), first);
    refused(world.anchor(DataRoot([0; 32])), IAttestations::EmptyRoot::SELECTOR);
}

/// A57: data that was not bound before, or in this very block.
#[test]
fn a57_data_is_anchored_in_an_earlier_block() {
    let mut world = World::empty();
    world.register(0, u64::MAX, 1).unwrap();
    let attestation = world.attestation();
    refused(world.attest(&attestation), IAttestations::NotAnchored::SELECTOR);
    world.anchor(PROVEN.data.root()).unwrap();
    refused(world.attest(&attestation), IAttestations::AnchoredTooLate::SELECTOR);
    world.mine();
    world.attest(&attestation).unwrap();
}

#[test]
fn a57_data_serves_for_one_model_and_period_only() {
    let (mut world, attestation) = World::attested();
    let mut terms = world.terms();
    terms.to = "2026-07-31".parse().unwrap();
    let other_period = sign(&terms, &world.auditor);
    refused(world.attest(&other_period), IAttestations::ReplayedData::SELECTOR);
    let other_model = forged(&world, |p| p.statement.subject.0[0] ^= 1);
    refused(world.attest(&other_model), IAttestations::ReplayedData::SELECTOR);
    refused(world.attest(&attestation), IAttestations::AlreadyAttested::SELECTOR);
}

/// A56, A57, A58: whatever is not as it was signed is refused by name.
#[test]
fn what_was_not_signed_is_refused() {
    let mut world = World::new();
    let good = audits::submission(&world.attestation());
    let mut expect = |change: &dyn Fn(&mut Submission), selector: [u8; 4]| {
        let mut changed = good.clone();
        change(&mut changed);
        assert_ne!(changed, good);
        refused(send(&mut world, changed), selector);
    };
    use IAttestations as I;
    expect(&|s| change_policy(s, |p| p.title.push('!')), I::OtherPolicy::SELECTOR);
    expect(&|s| change_policy(s, |p| p.minimumCell += U256::from(1)), I::OtherPolicy::SELECTOR);
    expect(&|s| change_policy(s, |p| p.views[1].allowed[0] = U256::from(2)), I::OtherPolicy::SELECTOR);
    expect(&|s| change_policy(s, |p| p.attributes[0].groups.swap(0, 1)), I::OtherPolicy::SELECTOR);
    expect(&|s| change_outcome(s, |o| o[2].unknown += U256::from(1)), I::OtherOutcome::SELECTOR);
    expect(&|s| change_outcome(s, |o| o[0].verdicts[0] = U256::from(3)), I::OtherOutcome::SELECTOR);
    expect(&|s| change_counts(s, |c| c[7] += 1), I::OtherTable::SELECTOR);
    expect(&|s| s.data.mapping_[0] ^= 1, I::OtherData::SELECTOR);
    expect(&|s| s.data.file[31] ^= 1, I::OtherData::SELECTOR);
    expect(&|s| s.data.receipts[0] ^= 1, I::OtherData::SELECTOR);
    expect(&|s| flip(s, 0), I::OtherProof::SELECTOR);
    expect(&|s| flip(s, 3_000), I::OtherProof::SELECTOR);
    expect(&|s| s.claim.system.push('!'), I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.modelCommitment[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.dataRoot[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.policyHash[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.records += 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.from -= 86_400, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.to += 86_400, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.issued += 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.expires += 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.outcomeHash[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.tableHash[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.proofHash[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.supersedes[0] ^= 1, I::WrongSigner::SELECTOR);
    expect(&|s| s.claim.organisation.push('!'), I::InvalidClaim::SELECTOR);
    expect(&|s| s.claim.keyHash[0] ^= 1, I::InvalidClaim::SELECTOR);
    expect(&|s| s.claim.insecure = false, I::InvalidClaim::SELECTOR);
    expect(&|s| s.claim.auditor[0] ^= 1, I::AuditorNotRegistered::SELECTOR);
    for (at, change) in [(0, 1), (33, 1), (64, 1), (64, 3)] {
        let tamper = |s: &mut Submission| {
            let mut bytes = s.signature.to_vec();
            bytes[at] ^= change;
            s.signature = bytes.into();
        };
        expect(&tamper, I::WrongSigner::SELECTOR);
    }
    expect(&|s| s.signature = s.signature[..64].to_vec().into(), I::WrongSigner::SELECTOR);
    expect(&|s| s.signature = high_s(&s.signature).into(), I::WrongSigner::SELECTOR);
    send(&mut world, good).unwrap();
}

/// The committed meaning of the groups' numbers cannot be exchanged, though
/// the auditor signs it: the names are part of the data root.
#[test]
fn exchanged_group_names_are_refused() {
    let mut world = World::new();
    let mut proven = PROVEN.clone();
    proven.policy.attributes[0].groups.swap(0, 1);
    let exchanged = Attestation::sign(&world.terms(), proven, &world.auditor).unwrap();
    refused(world.attest(&exchanged), IAttestations::OtherData::SELECTOR);
}

/// A57, A58: every part of the root that the claim does not choose, alone.
#[test]
fn a57_the_root_is_that_of_the_circuits_own_numbers() {
    use circuits::attestation::{Layout, Packing, Shape, SrsId};
    let shape = Shape::on_chain;
    let of = |k: u32, columns: usize, packing: Packing, labels: bool| {
        Shape::new(k, columns, packing, Layout::new(24, labels, 1).unwrap(), shape().views().to_vec())
            .unwrap()
    };
    let packing = shape().packing();
    assert_eq!(of(shape().k(), shape().columns(), packing, true), shape());
    let mut world = World::new();
    let mut expect = |what: &str, change: &dyn Fn(&mut Proven)| {
        let mut proven = PROVEN.clone();
        change(&mut proven);
        assert_ne!(proven.data.root(), PROVEN.data.root(), "{what}");
        world.anchor(proven.data.root()).unwrap();
        world.mine();
        let attestation = Attestation::sign(&world.terms(), proven, &world.auditor).unwrap();
        refused(world.attest(&attestation), IAttestations::OtherData::SELECTOR);
    };
    expect("parameters", &|p| p.data.srs = SrsId([1; 32]));
    expect("rows", &|p| p.data.shape = of(17, 8, packing, true));
    expect("columns", &|p| p.data.shape = of(16, 7, packing, true));
    expect("records per cell", &|p| p.data.shape = of(16, 8, Packing::One, true));
    expect("codes", &|p| p.data.shape = of(16, 8, packing, false));
    expect("records", &|p| p.data.records += 1);
    expect("commitments", &|p| p.data.data.0[0] ^= 1);
    expect("mapping", &|p| p.data.mapping[0] ^= 1);
}

/// Nobody signs for the zero account, though the organiser registered it: a
/// signature from which no account can be recovered is nobody's.
#[test]
fn a59_the_zero_account_attests_nothing() {
    let mut world = World::new();
    let mut registration = world.registration(0, u64::MAX, 1);
    registration.auditor = circuits::types::Address::default();
    let organiser = world.organiser.clone();
    world.register_by(registration, &organiser).unwrap();
    let mut submission = audits::submission(&world.attestation());
    submission.claim.auditor = alloy::primitives::Address::ZERO;
    for signature in [vec![0; 65], vec![], submission.signature.to_vec()] {
        submission.signature = signature.into();
        refused(send(&mut world, submission.clone()), IAttestations::WrongSigner::SELECTOR);
    }
}

fn flip(submission: &mut Submission, at: usize) {
    let mut bytes = submission.proof.to_vec();
    bytes[at] ^= 1;
    submission.proof = bytes.into();
}

/// The other signature over the same message: n - s, the other v.
fn high_s(signature: &[u8]) -> Vec<u8> {
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    let s = U256::from_be_slice(&signature[32..64]);
    [&signature[..32], &(order - s).to_be_bytes::<32>(), &[27 + 28 - signature[64]]].concat()
}

/// A56, A58: the auditor signs something false; the proof gives it away.
#[test]
fn a58_what_was_not_proven_is_refused_though_signed() {
    let mut world = World::new();
    let mut expect = |change: &dyn Fn(&mut Proven)| {
        let false_claim = forged(&world, |p| change(p));
        if false_claim.claim.data_root != PROVEN.data.root().0 {
            world.anchor(DataRoot(false_claim.claim.data_root)).unwrap();
            world.mine();
        }
        refused(world.attest(&false_claim), IAttestations::InvalidProof::SELECTOR);
    };
    expect(&|p| p.policy.numbers.thresholds[0] = Ratio::new(3, 5));
    expect(&|p| p.policy.numbers.minimum_cell += 1);
    expect(&|p| p.policy.numbers.minimum_share = Ratio::new(1, 100));
    expect(&|p| p.policy.numbers.views[2].excluded = [0].into_iter().collect());
    expect(&|p| p.policy.numbers.views[0].checks.truncate(3));
    expect(&|p| p.statement.outcome[0].unknown += 1);
    expect(&|p| p.statement.outcome[1].unassessed = [1].into_iter().collect());
    expect(&|p| {
        let verdict = &mut p.statement.outcome[0].verdicts[0];
        use circuits::attestation::Verdict::{Fail, Pass};
        *verdict = Some(if *verdict == Some(Pass) { Fail } else { Pass });
    });
    expect(&|p| {
        let counts = &mut p.statement.disclosed.as_mut().unwrap().counts;
        counts[0].true_positives += 1;
        counts[1].true_positives -= 1;
    });
    expect(&|p| {
        p.statement.records += 1;
        p.data.records += 1;
    });
    expect(&|p| p.proof[3_000] ^= 1);
    // The first data column of another data set: its root is another.
    expect(&|p| {
        p.proof.copy_within(64..128, 0);
        p.data.data.0 = keccak256(&p.proof[..512]);
    });
    // Last: from here on the root is bound to another model and period.
    refused_as_replayed_or_invalid(&mut world);
}

/// The first use of the data is another model than the proof's: nothing is
/// kept of the failed call, so the true attestation is still possible.
fn refused_as_replayed_or_invalid(world: &mut World) {
    let other = forged(world, |p| p.statement.subject.0[0] ^= 1);
    refused(world.attest(&other), IAttestations::InvalidProof::SELECTOR);
    let mut terms = world.terms();
    terms.from = "2025-12-01".parse().unwrap();
    let other = sign(&terms, &world.auditor);
    refused(world.attest(&other), IAttestations::InvalidProof::SELECTOR);
    let attestation = world.attestation();
    world.attest(&attestation).unwrap();
}

#[test]
fn a_proof_of_another_length_is_refused() {
    let mut world = World::new();
    let longer = forged(&world, |p| p.proof.push(0));
    refused(world.attest(&longer), IAttestations::ProofLength::SELECTOR);
    let shorter = forged(&world, |p| p.proof.truncate(p.proof.len() - 1));
    refused(world.attest(&shorter), IAttestations::ProofLength::SELECTOR);
}

#[test]
fn claims_that_cannot_be_are_refused_by_name() {
    let mut world = World::new();
    let mut expect = |change: &dyn Fn(&mut ::audit::attestation::Claim), fault: ClaimFault| {
        let mut changed = world.attestation();
        change(&mut changed.claim);
        let changed = resigned(changed, &world.auditor);
        let reverted = refused(world.attest(&changed), IAttestations::InvalidClaim::SELECTOR);
        assert_eq!(IAttestations::InvalidClaim::abi_decode(&reverted.0).unwrap().fault, fault);
    };
    expect(&|c| c.organisation = "Another Cooperative".into(), ClaimFault::Organisation);
    expect(&|c| c.key_hash = [1; 32], ClaimFault::VerifyingKey);
    expect(&|c| c.insecure = false, ClaimFault::InsecureMark);
    expect(&|c| c.records = 1_047_809, ClaimFault::Records);
    expect(&|c| c.to = c.from, ClaimFault::Period);
    expect(&|c| c.from += 1, ClaimFault::Period);
    expect(&|c| c.to -= 1, ClaimFault::Period);
    expect(&|c| c.to = 86_400 << 32, ClaimFault::Period);
    expect(&|c| c.expires = c.issued, ClaimFault::Validity);
    expect(&|c| c.issued = START + 13, ClaimFault::IssuedInTheFuture);
    expect(&|c| c.expires = START + 12, ClaimFault::AlreadyExpired);
}

/// A59: never registered, by somebody else, not yet, no longer, rotated.
#[test]
fn a59_only_a_registered_auditor_attests() {
    let mut world = World::empty();
    world.anchor(PROVEN.data.root()).unwrap();
    world.mine();
    let attestation = world.attestation();
    let not_registered = IAttestations::AuditorNotRegistered::SELECTOR;
    refused(world.attest(&attestation), not_registered);

    let registration = world.registration(0, u64::MAX, 1);
    let stranger = account(9);
    let by_stranger = world.register_by(registration.clone(), &stranger);
    refused(by_stranger, IAttestations::WrongSigner::SELECTOR);
    let mut elsewhere = registration.clone();
    elsewhere.organisation = "Another Cooperative".into();
    let organiser = world.organiser.clone();
    refused(world.register_by(elsewhere, &organiser), IAttestations::OtherOrganisation::SELECTOR);
    let mut another = registration;
    another.auditor = stranger.address();
    world.register_by(another, &organiser).unwrap();
    refused(world.attest(&attestation), not_registered);

    // Before `from`, from `until` on, and signed in time by whom has left since.
    for (counter, from, until) in [(1, ISSUED + 1, u64::MAX), (2, 0, ISSUED), (3, 0, world.time)] {
        world.register(from, until, counter).unwrap();
        refused(world.attest(&attestation), not_registered);
    }
    // The very limits.
    world.register(ISSUED, world.time + 1, 4).unwrap();
    world.attest(&attestation).unwrap();
}

/// A69
#[test]
fn a69_an_old_registration_is_not_taken_again() {
    let mut world = World::empty();
    // Any number begins, also 0.
    world.register(0, u64::MAX, 0).unwrap();
    refused(world.register(0, u64::MAX, 0), IAttestations::StaleRegistration::SELECTOR);
    world.register(0, u64::MAX, 5).unwrap();
    refused(world.register(0, u64::MAX, 5), IAttestations::StaleRegistration::SELECTOR);
    refused(world.register(0, u64::MAX, 4), IAttestations::StaleRegistration::SELECTOR);
    world.register(0, ISSUED, 6).unwrap();
    let auditor = world.auditor.address();
    let call = IAttestations::registrationOfCall { auditor: chain::elections::address(auditor) };
    let known = world.ask(&call);
    assert_eq!((known.from, known.until, known.counter, known.known), (0, ISSUED, 6, true));
}

/// A53: nothing that is signed for one contract or chain counts on another.
#[test]
fn a53_replays_on_another_chain_or_contract_are_refused() {
    let (mut world, attestation) = World::attested();
    let registration = world.registration(0, u64::MAX, 1);
    let signature = world.organiser.sign(registration.signing_hash(&world.domain));
    let signed = ::audit::attestation::SignedRegistration { registration, signature };

    let mut elsewhere = World::on_chain(CHAIN_ID + 1);
    assert_eq!(elsewhere.attestations, world.attestations);
    let code = audits::creation_code(ours(world.verifier), ORGANISATION, world.organiser.address()).unwrap();
    let (second, _, _) = world.evm.deploy(code).unwrap();
    world.attestations = second;
    for other in [&mut elsewhere, &mut world] {
        refused(other.tell(audits::register(&signed)), IAttestations::WrongSigner::SELECTOR);
        // Registered there as well, and the data anchored: still not.
        other.domain.contract = ours(other.attestations);
        other.register(0, u64::MAX, 1).unwrap();
        other.anchor(PROVEN.data.root()).unwrap();
        other.mine();
        refused(other.attest(&attestation), IAttestations::WrongSigner::SELECTOR);
        let own = other.attestation();
        other.attest(&own).unwrap();
    }
}

/// A54: with too little gas the call says so, or runs out, and changes
/// nothing; a valid proof is never called invalid.
#[test]
fn a54_short_gas_reverts_and_says_nothing_about_the_proof() {
    let mut world = World::new();
    let attestation = world.attestation();
    let call = audits::attest(&attestation);
    let (mut accepted, mut said) = (Vec::new(), 0);
    for gas in (300_000..1_600_000).step_by(12_500) {
        match world.evm.simulate(world.attestations, call.clone(), gas) {
            Ok(_) => accepted.push(gas),
            Err(reverted) => {
                assert!(accepted.is_empty(), "more gas is worse: {gas}");
                let selector = reverted.0.get(..4);
                assert_ne!(selector, Some(&IAttestations::InvalidProof::SELECTOR[..]), "at {gas} gas");
                said += u32::from(selector == Some(&IAttestations::NotEnoughGas::SELECTOR[..]));
            }
        }
    }
    println!("attest needs a gas limit of {:?}, and says so at {said} lower ones", accepted.first());
    assert!(!accepted.is_empty() && said > 10);
    let too_little = world.evm.send_with(world.attestations, call, accepted[0] - 12_500, 0);
    refused(too_little, IAttestations::NotEnoughGas::SELECTOR);
    assert_eq!(world.status(attestation.id()), Status::Unknown);
    world.attest(&attestation).unwrap();
}

/// A point off the curve makes a precompile burn all its gas: the cap holds.
#[test]
fn a54_a_tampered_proof_costs_no_more_than_the_cap() {
    let mut world = World::new();
    let tampered = forged(&world, |p| p.proof[1_500] ^= 1);
    refused(world.attest(&tampered), IAttestations::InvalidProof::SELECTOR);
    // Without a cap it would burn all but a 64th of what it is given.
    let call = audits::attest(&tampered);
    let gas = world.evm.gas_of(world.attestations, call.clone());
    println!("a tampered proof costs {gas} of {GAS_LIMIT} gas");
    assert!(gas <= attestation::GAS_CAP + ATTEST_GAS, "{gas} gas");
    let less = world.evm.send_with(world.attestations, call, GAS_LIMIT / 8, 0);
    refused(less, IAttestations::InvalidProof::SELECTOR);
    let cap = world.evm.view(world.attestations, keccak256("VERIFIER_GAS()")[..4].to_vec());
    assert_eq!(U256::from_be_slice(&cap), U256::from(attestation::GAS_CAP));
}

/// A55: who deploys cannot put in another verifier.
#[test]
fn a55_another_verifier_is_refused_when_deploying() {
    let mut world = World::empty();
    let (nothing, nobody) = (circuits::types::Address([0x77; 20]), circuits::types::Address::default());
    for other in [nothing, ours(world.attestations)] {
        let code = audits::creation_code(other, ORGANISATION, world.organiser.address()).unwrap();
        let why = world.evm.deploy(code).unwrap_err();
        assert!(why.contains(&hex::encode(&keccak256("OtherVerifier(bytes32,bytes32)")[..4])), "{why}");
    }
    // Nor an organisation without a name or an organiser.
    for (name, organiser) in [("", world.organiser.address()), (ORGANISATION, nobody)] {
        let code = audits::creation_code(ours(world.verifier), name, organiser).unwrap();
        let why = world.evm.deploy(code).unwrap_err();
        assert!(why.contains(&hex::encode(&keccak256("NoOrganisation()")[..4])), "{why}");
    }
    let code = audits::creation_code(ours(world.verifier), ORGANISATION, world.organiser.address()).unwrap();
    let (_, length, _) = world.evm.deploy(code).unwrap();
    assert!(length <= CODE_LIMIT, "{length} bytes of code");
}

/// The hashes are there beside what they are of.
#[test]
fn the_test_attestation_hashes_what_it_carries() {
    let attestation = World::empty().attestation();
    assert_eq!(attestation.claim.outcome_hash, outcome_hash(&attestation.outcome));
    assert_eq!(attestation.claim.table_hash, table_hash(attestation.disclosed.as_ref()));
}

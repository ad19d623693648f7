//! A chain with the contracts and their parties.

use super::audit::{EXPIRES, ISSUED, MODEL, ORGANISATION, PROVEN, SYSTEM, sign, terms};
use crate::evm::{Evm, Reverted, Sent};
use ::audit::attestation::{
    Attestation, AuditorRegistration, Revocation, SignedRegistration, SignedRevocation, Terms,
};
use alloy::{
    primitives::B256,
    sol_types::{SolCall, SolValue},
};
use chain::{
    abi::{
        IAttestations::{self, Status},
        IModelGate, Policy, Submission, ViewOutcome,
    },
    artifact::Artifact,
    attestation, audits,
    gate::{self, Demand, Mandate, Proposal},
};
use circuits::{
    attestation::DataRoot,
    types::{AccountKey, Address, Domain, Draft, ElectionId, TypedData, keccak256, word_u64},
};
use revm::primitives::Address as EvmAddress;

/// Chain id of a world.
pub const CHAIN_ID: u64 = 31_337;
/// Block time at the start, just after signing.
pub const START: u64 = ISSUED + 1_000;

/// From the closing time of a vote until its result stands.
pub const COUNTING: u64 = 50;

/// See the module.
pub struct World {
    pub evm: Evm,
    pub time: u64,
    pub organiser: AccountKey,
    pub auditor: AccountKey,
    pub verifier: EvmAddress,
    pub attestations: EvmAddress,
    pub domain: Domain,
}

/// A key that is the same in every run.
pub fn account(seed: u8) -> AccountKey {
    AccountKey::from_bytes(&[seed; 32]).unwrap()
}

pub fn ours(address: EvmAddress) -> Address {
    Address(address.into_array())
}

impl World {
    /// The contract is there, and nobody is registered.
    pub fn empty() -> Self {
        Self::on_chain(CHAIN_ID)
    }

    pub fn on_chain(chain_id: u64) -> Self {
        let mut evm = Evm::with_chain_id(chain_id);
        evm.mine_at(START);
        let (organiser, auditor) = (account(1), account(2));
        let (verifier, _, _) = evm.deploy(attestation::creation_code().unwrap()).unwrap();
        let code = audits::creation_code(ours(verifier), ORGANISATION, organiser.address()).unwrap();
        let (attestations, length, gas) = evm.deploy(code).unwrap();
        println!("Attestations: {length} bytes of code, {gas} gas to create");
        let domain = Domain { chain_id, contract: ours(attestations) };
        Self { evm, time: START, organiser, auditor, verifier, attestations, domain }
    }

    /// The auditor is registered, the data anchored in an earlier block.
    pub fn new() -> Self {
        let mut world = Self::empty();
        world.register(0, u64::MAX, 1).unwrap();
        world.anchor(PROVEN.data.root()).unwrap();
        world.mine();
        world
    }

    /// As [`World::new`], and the attestation is recorded.
    pub fn attested() -> (Self, Attestation) {
        let mut world = Self::new();
        let attestation = world.attestation();
        world.attest(&attestation).unwrap();
        (world, attestation)
    }

    /// A block 12 seconds later.
    pub fn mine(&mut self) {
        self.mine_at(self.time + 12);
    }

    pub fn mine_at(&mut self, time: u64) {
        self.time = time;
        self.evm.mine_at(time);
    }

    pub fn terms(&self) -> Terms {
        terms(self.domain)
    }

    /// The attestation of all tests, signed for this contract.
    pub fn attestation(&self) -> Attestation {
        sign(&self.terms(), &self.auditor)
    }

    pub fn registration(&self, from: u64, until: u64, counter: u64) -> AuditorRegistration {
        AuditorRegistration {
            organisation: ORGANISATION.into(),
            auditor: self.auditor.address(),
            name: "Audits & Co".into(),
            from,
            until,
            counter,
        }
    }

    pub fn register(&mut self, from: u64, until: u64, counter: u64) -> Result<Sent, Reverted> {
        let registration = self.registration(from, until, counter);
        self.register_by(registration, &self.organiser.clone())
    }

    pub fn register_by(
        &mut self,
        registration: AuditorRegistration,
        signer: &AccountKey,
    ) -> Result<Sent, Reverted> {
        let signature = signer.sign(registration.signing_hash(&self.domain));
        self.tell(audits::register(&SignedRegistration { registration, signature }))
    }

    pub fn anchor(&mut self, root: DataRoot) -> Result<Sent, Reverted> {
        self.tell(audits::anchor(root))
    }

    pub fn attest(&mut self, attestation: &Attestation) -> Result<Sent, Reverted> {
        self.tell(audits::attest(attestation))
    }

    pub fn revoke(&mut self, id: [u8; 32], time: u64, signer: &AccountKey) -> Result<Sent, Reverted> {
        let call = audits::revoke(&self.revocation(id, time, signer));
        self.tell(call)
    }

    pub fn revocation(&self, id: [u8; 32], time: u64, signer: &AccountKey) -> SignedRevocation {
        let revocation = Revocation { attestation: id, reason: "an error in the data".into(), time };
        let signature = signer.sign(revocation.signing_hash(&self.domain));
        SignedRevocation { revocation, signature }
    }

    /// Sends a call to `Attestations`.
    pub fn tell(&mut self, call: Vec<u8>) -> Result<Sent, Reverted> {
        self.evm.send(self.attestations, call)
    }

    /// Asks `Attestations`.
    pub fn ask<C: SolCall>(&mut self, call: &C) -> C::Return {
        let output = self.evm.view(self.attestations, call.abi_encode());
        C::abi_decode_returns(&output).unwrap()
    }

    pub fn status(&mut self, id: [u8; 32]) -> Status {
        self.ask(&IAttestations::statusOfCall { attestation: B256::new(id) })
    }
}

/// Whether the contract said this error.
#[track_caller]
pub fn refused(result: Result<Sent, Reverted>, selector: [u8; 4]) -> Reverted {
    let reverted = result.expect_err("it was accepted");
    let found = reverted.0.get(..4).map(hex::encode);
    assert_eq!(found, Some(hex::encode(selector)), "another error: 0x{}", hex::encode(&reverted.0));
    reverted
}

/// The selector of an error of the gate by its name, as the committed interface has it.
pub fn error(name: &str) -> [u8; 4] {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../../contracts/artifacts/ModelGate.json")).unwrap();
    let items = json["abi"].as_array().unwrap();
    let item = items.iter().find(|item| item["type"] == "error" && item["name"] == name).unwrap();
    let inputs = item["inputs"].as_array().unwrap();
    let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
    let hash = keccak256(format!("{name}({})", types.join(",")));
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Gate, executor and a stand-in for `Elections` in a world.
pub struct Votes {
    pub world: World,
    pub elections: EvmAddress,
    pub gate: EvmAddress,
    pub mandate: Mandate,
}

impl Votes {
    /// The attestation is recorded, no vote is.
    pub fn new() -> (Self, Attestation) {
        let (world, attestation) = World::attested();
        (Self::on(world), attestation)
    }

    /// Gate and stand-in in this world.
    pub fn on(mut world: World) -> Self {
        let elections = deploy_testing(
            &mut world.evm,
            include_str!("../../../../contracts/artifacts/testing/ElectionsStub.json"),
        );
        let mandate = Mandate {
            elections: ours(elections),
            organisation: ORGANISATION.into(),
            organiser: world.organiser.address(),
            trustees: (11..14).map(|seed| account(seed).address()).collect(),
            threshold: 2,
            quorum: 100,
            majority_numerator: 1,
            majority_denominator: 2,
        };
        let code = gate::gate_creation_code(&mandate, ours(world.attestations)).unwrap();
        let (gate, length, gas) = world.evm.deploy(code).unwrap();
        println!("ModelGate: {length} bytes of code, {gas} gas to create");
        Self { world, elections, gate, mandate }
    }

    /// The terms of the recorded attestation.
    pub fn approval(&self) -> Proposal {
        approval(self.world.auditor.address())
    }

    /// A draft of this organisation with these proposals.
    pub fn draft(&self, closing: u64, proposals: &[Proposal]) -> Draft {
        let calls = proposals.iter().map(|proposal| proposal.call(ours(self.gate))).collect();
        super::votes::draft(&self.mandate, closing, calls)
    }

    /// What the stand-in says of an election with this draft: its result
    /// stood [`COUNTING`] seconds after the closing time.
    pub fn settle(&mut self, draft: &Draft, passed: bool) -> ElectionId {
        let id = election_of(draft);
        let word = |last: u8| [vec![0; 31], vec![last]].concat();
        let selector = &keccak256("set(bytes32,bytes32,bool,uint64)")[..4];
        let time = word_u64(draft.times.closing + COUNTING);
        let call = [selector, &id.to_bytes(), &draft.id().to_bytes(), &word(passed.into()), &time].concat();
        self.world.evm.send(self.elections, call).unwrap();
        id
    }

    pub fn enact(&mut self, id: ElectionId, draft: &Draft) -> Result<Sent, Reverted> {
        self.world.evm.send(self.gate, gate::enact(id, draft))
    }

    /// A passed vote that the gate obeys.
    pub fn vote(&mut self, closing: u64, proposals: &[Proposal]) -> ElectionId {
        let draft = self.draft(closing, proposals);
        let id = self.settle(&draft, true);
        self.enact(id, &draft).unwrap();
        id
    }

    /// The same with a changed draft, and another nonce than other votes.
    pub fn vote_anew(&mut self, closing: u64, proposals: &[Proposal], change: impl FnOnce(&mut Draft)) {
        let mut draft = self.draft(closing, proposals);
        change(&mut draft);
        draft.nonce = keccak256([&draft.nonce[..], &draft.times.opening.to_be_bytes()].concat());
        let id = self.settle(&draft, true);
        self.enact(id, &draft).unwrap();
    }

    pub fn is_approved(&mut self) -> bool {
        self.ask(&IModelGate::isApprovedCall { model: B256::new(MODEL) })
    }

    pub fn standing(&mut self) -> IModelGate::Standing {
        let standing = self.ask(&IModelGate::standingCall { model: B256::new(MODEL) }).standing_;
        // The one question that others ask says the same.
        assert_eq!(self.is_approved(), standing == IModelGate::Standing::Approved);
        standing
    }

    /// Asks the gate.
    pub fn ask<C: SolCall>(&mut self, call: &C) -> C::Return {
        let output = self.world.evm.view(self.gate, call.abi_encode());
        C::abi_decode_returns(&output).unwrap()
    }
}

/// A proposal with the terms of the audit of all tests.
pub fn approval(auditor: Address) -> Proposal {
    Proposal::Approve {
        model: MODEL,
        policy_hash: PROVEN.policy.hash(),
        auditor,
        data_root: PROVEN.data.root().0,
        expires: EXPIRES,
        demand: Demand::AnyVerdict,
    }
}

/// Any identifier will do for the stand-in.
pub fn election_of(draft: &Draft) -> ElectionId {
    ElectionId::from_bytes(&draft.id().to_bytes()).unwrap()
}

/// A contract of `contracts/testing` without arguments.
pub fn deploy_testing(evm: &mut Evm, json: &str) -> EvmAddress {
    let code = Artifact::parse("a contract for tests", json).unwrap().bytecode;
    evm.deploy(code).unwrap().0
}

/// Changes a submission's policy.
pub fn change_policy(submission: &mut Submission, change: impl FnOnce(&mut Policy)) {
    let mut policy = Policy::abi_decode(&submission.policy).unwrap();
    change(&mut policy);
    submission.policy = policy.abi_encode().into();
}

/// Changes a submission's outcome.
pub fn change_outcome(submission: &mut Submission, change: impl FnOnce(&mut Vec<ViewOutcome>)) {
    let mut outcome = <Vec<ViewOutcome>>::abi_decode(&submission.outcome).unwrap();
    change(&mut outcome);
    submission.outcome = outcome.abi_encode().into();
}

/// Changes a submission's counts.
pub fn change_counts(submission: &mut Submission, change: impl FnOnce(&mut Vec<u64>)) {
    let mut counts: Vec<u64> =
        submission.disclosed.chunks(8).map(|c| u64::from_be_bytes(c.try_into().unwrap())).collect();
    change(&mut counts);
    submission.disclosed = counts.into_iter().flat_map(u64::to_be_bytes).collect::<Vec<u8>>().into();
}

/// The name of the system as the contract keeps it.
pub fn system_tag() -> Vec<u8> {
    keccak256(SYSTEM)[17..].to_vec()
}

//! The whole story with real elections, ballots, tallies and a real audit: a
//! vote opens the gate and pays the auditor, a later vote closes it.

use super::{
    audit::{ISSUED, MODEL, PROVEN, sign, terms},
    world::{account, approval, ours},
};
use crate::{
    chain::{CHAIN_ID, Chain, GAS_LIMIT},
    election::{DEPLOYER, Election, Parties, SHAPE, Script, contract, draft, store},
};
use ::audit::attestation::{AuditorRegistration, SignedRegistration};
use alloy::{primitives::B256, sol_types::SolCall};
use chain::{
    Artifact,
    abi::{IElections, IModelGate},
    attestation, audits, elections,
    gate::{self, Mandate, Proposal},
};
use circuits::{
    tally::Layout,
    types::{Call, Domain, Draft, Times, TypedData, keccak256, word_address, word_u64},
};
use revm::primitives::Address;

/// Who sends everything: no right hangs on it.
const ANYONE: Address = Address::repeat_byte(0xaa);
/// Entries of each board: one tally proof.
const ENTRIES: usize = 8;
const DELAY: u64 = 3_600;
/// Voting on the approval ends; that on the sanction a day later.
const CLOSING: u64 = ISSUED + 10_000;
const DAY: u64 = 86_400;

/// All contracts of an organisation.
struct World {
    chain: Chain,
    parties: Parties,
    attestations: Address,
    gate: Address,
    executor: Address,
    target: Address,
}

impl World {
    fn new() -> Self {
        let parties = Parties::random();
        let mut chain = Chain::new();
        chain.time = ISSUED + 100;
        let (elections, _) = chain.create(DEPLOYER, Artifact::elections().unwrap().bytecode);
        assert_eq!(elections, contract());
        let (verifier, _) = chain.create(ANYONE, attestation::creation_code().unwrap());
        let mandate = mandate(&parties);
        let code = audits::creation_code(ours(verifier), &mandate.organisation, mandate.organiser).unwrap();
        let (attestations, _) = chain.create(ANYONE, code);
        let code = gate::gate_creation_code(&mandate, ours(attestations)).unwrap();
        let (gate, _) = chain.create(ANYONE, code);
        let code = gate::executor_creation_code(&mandate, DELAY).unwrap();
        let (executor, _) = chain.create(ANYONE, code);
        let json = include_str!("../../../../contracts/artifacts/testing/Target.json");
        let code = Artifact::parse("Target", json).unwrap().bytecode;
        let (target, _) = chain.create(ANYONE, code);
        let open = [&keccak256("setOpen(bool)")[..4], &word_u64(1)].concat();
        chain.send(ANYONE, target, open).gas();
        Self { chain, parties, attestations, gate, executor, target }
    }

    /// The audit of all tests, anchored, signed and recorded.
    fn audit(&mut self) {
        let (auditor, organiser) = (account(2), self.parties.organiser.clone());
        let domain = Domain { chain_id: CHAIN_ID, contract: ours(self.attestations) };
        let organisation = mandate(&self.parties).organisation;
        let registration = AuditorRegistration {
            organisation: organisation.clone(),
            auditor: auditor.address(),
            name: "Audits & Co".into(),
            from: 0,
            until: u64::MAX,
            counter: 1,
        };
        let signature = organiser.sign(registration.signing_hash(&domain));
        let register = audits::register(&SignedRegistration { registration, signature });
        let mut terms = terms(domain);
        terms.organisation = organisation;
        let attest = audits::attest(&sign(&terms, &auditor));
        for call in [register, audits::anchor(PROVEN.data.root()), attest] {
            self.chain.send(ANYONE, self.attestations, call).gas();
            self.chain.number += 1;
        }
    }

    /// A vote on these calls: opened, voted, closed, proven, finalised.
    fn vote(&mut self, closing: u64, calls: Vec<Call>) -> Election {
        let change = |draft: &mut Draft| {
            draft.calls = calls;
            draft.nonce = keccak256(closing.to_be_bytes());
            draft.times = Times {
                opening: closing - 5_000,
                closing,
                root_deadline: closing + 5_000,
                tally_deadline: closing + 9_000,
            };
        };
        let layout = Layout::new(SHAPE, ENTRIES).unwrap();
        let election = Election::of(layout, &Script::short(ENTRIES), self.parties.clone(), change);
        let verifiers = self.view(contract(), IElections::verifiersCall {});
        for key in &election.verifying {
            self.chain.send(ANYONE, verifiers, elections::add_key(key).unwrap());
        }
        self.tell(elections::open(&election.draft, &election.key));
        self.chain.time = closing;
        let head = election.head(ENTRIES, closing, true);
        self.tell(elections::close(&head, None));
        let batch = layout.batch_rows();
        for (start, ballots) in (0u32..).step_by(batch).zip(election.entries.chunks(batch)) {
            self.tell(elections::post_batch(election.id(), start, ballots));
        }
        let tally = election.tally(ENTRIES, &election.points(ENTRIES));
        let rows = u32::try_from(layout.rows()).unwrap();
        for call in elections::post_result(election.id(), ANYONE, rows, &tally) {
            self.tell(call);
        }
        election
    }

    /// Sends a call to `Elections`.
    fn tell(&mut self, call: Vec<u8>) {
        self.chain.send(ANYONE, contract(), call).gas();
        self.chain.number += 1;
    }

    fn view<C: SolCall>(&self, of: Address, call: C) -> C::Return {
        C::abi_decode_returns(self.chain.call(of, call.abi_encode()).output()).unwrap()
    }

    fn is_approved(&self) -> bool {
        self.view(self.gate, IModelGate::isApprovedCall { model: B256::new(MODEL) })
    }

    fn enact(&mut self, election: &Election) -> u64 {
        let call = gate::enact(election.id(), &election.draft.draft);
        self.chain.send(ANYONE, self.gate, call).gas()
    }
}

/// What all votes of these parties have in common.
fn mandate(parties: &Parties) -> Mandate {
    Mandate::like(&draft(SHAPE, &parties.operator, &parties.organiser, &parties.trustees))
}

/// A68, with nothing made up.
#[test]
fn a68_votes_audits_and_their_ends_open_and_close_the_gate() {
    store();
    let mut world = World::new();
    let gate = ours(world.gate);
    let approval = approval(account(2).address());
    let act = Call { target: ours(world.target), value: [0; 32], data: keccak256("act()")[..4].to_vec() };
    let approved = world.vote(CLOSING, vec![approval.call(gate), act]);
    let gas = world.enact(&approved);
    assert!(!world.is_approved(), "there is no audit yet");
    world.audit();
    assert!(world.is_approved());

    let (id, voted) = (approved.id(), &approved.draft.draft);
    let queued = world.chain.send(ANYONE, world.executor, gate::queue(id, voted)).gas();
    assert!(!world.chain.send(ANYONE, world.executor, gate::execute(id, voted)).is_done());
    world.chain.time += DELAY;
    let executed = world.chain.send(ANYONE, world.executor, gate::execute(id, voted)).gas();
    println!("after a vote: {gas} gas to enact, {queued} to queue, {executed} to execute");
    let timelock = world.chain.call(world.executor, keccak256("timelock()")[..4].to_vec());
    let who = word_address(circuits::types::Address(timelock.output()[12..].try_into().unwrap()));
    let acted = [&keccak256("acted(address)")[..4], &who].concat();
    assert_eq!(world.chain.call(world.target, acted).output(), word_u64(1));

    let sanction = Proposal::Sanction { model: MODEL };
    let sanctioned = world.vote(CLOSING + DAY, vec![sanction.call(gate)]);
    assert!(world.is_approved(), "nobody has enacted it yet");
    world.enact(&sanctioned);
    assert!(!world.is_approved());
    // The old vote does not come back.
    let again = gate::enact(id, voted);
    assert!(!world.chain.send_with(ANYONE, world.gate, again, GAS_LIMIT).is_done());
    assert!(!world.is_approved());
}

/// Somebody's own organisation, with members of their own: a real election
/// that passed, and a gate that does not listen. A68
#[test]
fn a68_a_real_election_of_others_does_not_open_the_gate() {
    let mut world = World::new();
    world.audit();
    let approval = approval(account(2).address());
    let honest = world.parties.clone();
    world.parties = Parties::random();
    let foreign = world.vote(CLOSING, vec![approval.call(ours(world.gate))]);
    let call = gate::enact(foreign.id(), &foreign.draft.draft);
    assert!(!world.chain.send(ANYONE, world.gate, call).is_done());
    assert!(!world.is_approved());
    // With the trustees of the organisation, and an organiser of one's own.
    world.parties = Parties { organiser: account(9), ..honest };
    let foreign = world.vote(CLOSING + DAY, vec![approval.call(ours(world.gate))]);
    let call = gate::enact(foreign.id(), &foreign.draft.draft);
    assert!(!world.chain.send(ANYONE, world.gate, call).is_done());
    assert!(!world.is_approved());
}

//! Running what members voted for.

use super::{
    audit::ISSUED,
    votes,
    world::{Votes, account, deploy_testing, error, ours, refused},
};
use crate::evm::{GAS_LIMIT, Reverted, Sent};
use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolError, SolValue},
};
use chain::{
    abi::IExecutor::{self, Standing},
    elections::id,
    gate::{self, Mandate},
};
use circuits::types::{Address, Call, Draft, ElectionId, keccak256, word_address, word_u64};
use revm::primitives::Address as EvmAddress;

const CLOSING: u64 = ISSUED + 500;
/// From queueing a vote until it may run.
pub const DELAY: u64 = 86_400;

/// An executor, its timelock, and something to call.
pub struct World {
    pub votes: Votes,
    pub executor: EvmAddress,
    pub timelock: EvmAddress,
    pub target: EvmAddress,
}

impl World {
    pub fn new() -> Self {
        Self::waiting(DELAY)
    }

    /// With another delay.
    fn waiting(delay: u64) -> Self {
        let (mut votes, _) = Votes::new();
        let code = gate::executor_creation_code(&votes.mandate, delay).unwrap();
        let (executor, length, gas) = votes.world.evm.deploy(code).unwrap();
        println!("Executor: {length} bytes of code, {gas} gas to create with its timelock");
        let answer = votes.world.evm.view(executor, keccak256("timelock()")[..4].to_vec());
        let timelock = EvmAddress::from_slice(&answer[12..]);
        let json = include_str!("../../../../contracts/artifacts/testing/Target.json");
        let target = deploy_testing(&mut votes.world.evm, json);
        let mut world = Self { votes, executor, timelock, target };
        world.open(true);
        world
    }

    fn send(&mut self, to: EvmAddress, data: Vec<u8>) -> Result<Sent, Reverted> {
        self.votes.world.evm.send(to, data)
    }

    /// Whether the target's function succeeds.
    fn open(&mut self, open: bool) {
        let call = [&keccak256("setOpen(bool)")[..4], &word_u64(open.into())].concat();
        self.send(self.target, call).unwrap();
    }

    /// Calls of the target by the timelock.
    fn acted(&mut self) -> u64 {
        let who = word_address(ours(self.timelock));
        let call = [&keccak256("acted(address)")[..4], &who].concat();
        let answer = self.votes.world.evm.view(self.target, call);
        u64::from_be_bytes(answer[24..].try_into().unwrap())
    }

    pub fn act(&self) -> Call {
        Call { target: ours(self.target), value: [0; 32], data: keccak256("act()")[..4].to_vec() }
    }

    fn draft(&self, calls: Vec<Call>) -> Draft {
        votes::draft(&self.votes.mandate, CLOSING, calls)
    }

    /// A vote that passed, or did not.
    pub fn vote(&mut self, calls: Vec<Call>, passed: bool) -> (ElectionId, Draft) {
        let draft = self.draft(calls);
        (self.votes.settle(&draft, passed), draft)
    }

    /// Another passed vote with the same closing time.
    fn vote_anew(&mut self, calls: Vec<Call>) -> (ElectionId, Draft) {
        let mut draft = self.draft(calls);
        draft.nonce = [4; 32];
        (self.votes.settle(&draft, true), draft)
    }

    pub fn queue(&mut self, it: &(ElectionId, Draft)) -> Result<Sent, Reverted> {
        self.send(self.executor, gate::queue(it.0, &it.1))
    }

    fn execute(&mut self, it: &(ElectionId, Draft)) -> Result<Sent, Reverted> {
        self.send(self.executor, gate::execute(it.0, &it.1))
    }

    fn standing(&mut self, election: ElectionId) -> Standing {
        let call = IExecutor::standingCall { electionId: id(election) }.abi_encode();
        let answer = self.votes.world.evm.view(self.executor, call);
        IExecutor::standingCall::abi_decode_returns(&answer).unwrap()
    }

    pub fn wait(&mut self, seconds: u64) {
        let time = self.votes.world.time + seconds;
        self.votes.world.mine_at(time);
    }
}

#[test]
fn the_calls_of_a_passed_vote_run_once_after_the_delay() {
    let mut world = World::new();
    let vote = world.vote(vec![world.act(), world.act()], true);
    assert_eq!(world.standing(vote.0), Standing::None);
    let gas = world.queue(&vote).unwrap().gas;
    assert_eq!(world.standing(vote.0), Standing::Waiting);
    world.wait(DELAY - 1);
    assert_eq!(world.standing(vote.0), Standing::Waiting);
    world.execute(&vote).unwrap_err();
    assert_eq!(world.acted(), 0);
    world.wait(1);
    assert_eq!(world.standing(vote.0), Standing::Ready);
    let executed = world.execute(&vote).unwrap().gas;
    println!("executor: {gas} gas to queue two calls, {executed} to make them");
    assert_eq!((world.acted(), world.standing(vote.0)), (2, Standing::Done));
    world.execute(&vote).unwrap_err();
    refused(world.queue(&vote), IExecutor::AlreadyQueued::SELECTOR);
    world.wait(DELAY);
    world.execute(&vote).unwrap_err();
    assert_eq!(world.acted(), 2);
}

#[test]
fn a_failing_call_undoes_all_and_can_be_tried_again() {
    let mut world = World::new();
    world.open(false);
    let set = |open: bool| [&keccak256("setOpen(bool)")[..4], &word_u64(open.into())].concat();
    let act = world.act();
    // Shuts the target before it acts, so it never can.
    let hopeless =
        vec![Call { data: set(true), ..act.clone() }, Call { data: set(false), ..act.clone() }, act.clone()];
    let (hopeless, other) = (world.vote(hopeless, true), world.vote_anew(vec![act]));
    world.queue(&hopeless).unwrap();
    world.queue(&other).unwrap();
    world.wait(DELAY);
    for _ in 0..2 {
        world.execute(&other).unwrap_err();
        // Its first call would have opened the target.
        world.execute(&hopeless).unwrap_err();
        assert_eq!((world.acted(), world.standing(other.0)), (0, Standing::Ready));
    }
    world.open(true);
    world.execute(&hopeless).unwrap_err();
    assert_eq!(world.standing(hopeless.0), Standing::Ready);
    world.execute(&other).unwrap();
    assert_eq!((world.acted(), world.standing(other.0)), (1, Standing::Done));
}

/// A68: nothing but a passed vote of this organisation makes it act.
#[test]
fn a68_nothing_else_makes_the_executor_act() {
    let mut world = World::new();
    let calls = vec![world.act()];
    let failed = world.vote(calls.clone(), false);
    world.queue(&failed).unwrap_err();
    refused(world.execute(&failed), IExecutor::NotQueued::SELECTOR);
    let resolution = world.vote(Vec::new(), true);
    refused(world.queue(&resolution), IExecutor::NoAction::SELECTOR);
    for change in [
        &(|d: &mut Draft| d.organiser = account(9).address()) as &dyn Fn(&mut Draft),
        &|d| d.organisation = "Another Cooperative".into(),
        &|d| d.trustees.swap(0, 2),
        &|d| d.threshold = 3,
        &|d| d.pass_rule.quorum = 0,
        &|d| d.pass_rule.majority_numerator = 0,
    ] {
        let mut draft = world.draft(calls.clone());
        change(&mut draft);
        let election = world.votes.settle(&draft, true);
        world.queue(&(election, draft)).unwrap_err();
        assert_eq!(world.standing(election), Standing::None);
    }
    // The calls are those of the draft.
    let mut vote = world.vote(calls.clone(), true);
    let honest = vote.clone();
    vote.1.calls[0].data = keccak256("setOpen(bool)")[..4].to_vec();
    world.queue(&vote).unwrap_err();
    world.queue(&honest).unwrap();
    world.wait(DELAY);
    world.execute(&vote).unwrap_err();
    assert_eq!(world.acted(), 0);
    world.execute(&honest).unwrap();
    assert_eq!(world.acted(), 1);
}

/// The timelock listens to the executor alone, whose roles nobody changes.
#[test]
fn a68_the_timelock_obeys_nobody_else() {
    let mut world = World::new();
    let vote = world.vote(vec![world.act()], true);
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    let role = |name: &str| keccak256(name);
    let stranger = word_address(Address::default());
    let grant = |role: [u8; 32]| [&keccak256("grantRole(bytes32,address)")[..4], &role, &stranger].concat();
    let delay = [&keccak256("updateDelay(uint256)")[..4], &word_u64(0)].concat();
    let operation = world
        .votes
        .world
        .evm
        .view(world.executor, IExecutor::operationOfCall { electionId: id(vote.0) }.abi_encode());
    let cancel = [&keccak256("cancel(bytes32)")[..4], &operation].concat();
    // target, value, offset of the data, predecessor, salt, and the delay to schedule.
    let act = |name: &str, delay: Option<u64>| {
        let words = 5 + u64::from(delay.is_some());
        let mut out = keccak256(name)[..4].to_vec();
        out.extend([word_address(ours(world.target)), word_u64(0), word_u64(32 * words)].concat());
        out.extend([[0; 32], [7; 32]].concat());
        out.extend(delay.into_iter().flat_map(word_u64));
        out.extend(word_u64(4));
        out.extend([&keccak256("act()")[..4], &[0; 28]].concat());
        out
    };
    let schedule = act("schedule(address,uint256,bytes,bytes32,bytes32,uint256)", Some(DELAY));
    let execute = act("execute(address,uint256,bytes,bytes32,bytes32)", None);
    let timelock = world.timelock;
    for call in [
        grant([0; 32]),
        grant(role("PROPOSER_ROLE")),
        grant(role("EXECUTOR_ROLE")),
        grant(role("CANCELLER_ROLE")),
        delay.clone(),
        cancel,
        schedule,
        execute,
    ] {
        world.send(timelock, call).unwrap_err();
    }
    assert_eq!((world.acted(), world.standing(vote.0)), (0, Standing::Ready));
    // Members cannot vote its roles or its delay away either.
    for data in [grant([0; 32]), delay] {
        let call = Call { target: ours(timelock), value: [0; 32], data };
        let vote = world.vote_anew(vec![world.act(), call]);
        refused(world.queue(&vote), IExecutor::CallToTimelock::SELECTOR);
    }
}

#[test]
fn a_call_may_pay_from_what_is_sent() {
    let mut world = World::new();
    let mut call = world.act();
    call.value = word_u64(5);
    let vote = world.vote(vec![call], true);
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    world.execute(&vote).unwrap_err();
    let call = gate::execute(vote.0, &vote.1);
    world.votes.world.evm.send_with(world.executor, call, GAS_LIMIT, 5).unwrap();
    assert_eq!(world.acted(), 1);
}

/// A draft may hold proposals for the gate beside other calls.
#[test]
fn gate_and_executor_share_a_vote() {
    let mut world = World::new();
    let approval = world.votes.approval();
    let calls = vec![approval.call(ours(world.votes.gate)), world.act()];
    let vote = world.vote(calls, true);
    world.votes.enact(vote.0, &vote.1).unwrap();
    assert!(world.votes.is_approved());
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    world.execute(&vote).unwrap();
    assert_eq!(world.acted(), 1);
}

/// What is ready runs through the executor alone, also in the timelock's own
/// form; there is no second door.
#[test]
fn a68_nobody_runs_a_ready_batch_at_the_timelock() {
    let mut world = World::new();
    let vote = world.vote(vec![world.act()], true);
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    let calls = &vote.1.calls;
    let targets: Vec<_> = calls.iter().map(|c| chain::elections::address(c.target)).collect();
    let values: Vec<_> = calls.iter().map(|c| U256::from_be_bytes(c.value)).collect();
    let data: Vec<_> = calls.iter().map(|c| alloy::primitives::Bytes::from(c.data.clone())).collect();
    let salt = B256::new(vote.0.to_bytes());
    let batch = (targets.clone(), values.clone(), data.clone(), B256::ZERO, salt).abi_encode_params();
    let again = (targets, values, data, B256::ZERO, B256::ZERO, U256::from(DELAY)).abi_encode_params();
    for (function, arguments) in [
        ("executeBatch(address[],uint256[],bytes[],bytes32,bytes32)", batch),
        ("scheduleBatch(address[],uint256[],bytes[],bytes32,bytes32,uint256)", again),
    ] {
        let call = [&keccak256(function)[..4], &arguments].concat();
        let unauthorised = keccak256("AccessControlUnauthorizedAccount(address,bytes32)");
        let selector = [unauthorised[0], unauthorised[1], unauthorised[2], unauthorised[3]];
        refused(world.send(world.timelock, call), selector);
    }
    assert_eq!((world.acted(), world.standing(vote.0)), (0, Standing::Ready));
    world.execute(&vote).unwrap();
    assert_eq!(world.acted(), 1);
}

/// A call of the draft, to a contract that calls `to` with `data` once.
fn caller(world: &mut World, to: EvmAddress, data: &[u8]) -> Call {
    let json = include_str!("../../../../contracts/artifacts/testing/Caller.json");
    let caller = deploy_testing(&mut world.votes.world.evm, json);
    let arguments = (to, alloy::primitives::Bytes::from(data.to_vec())).abi_encode_params();
    let set = [&keccak256("set(address,bytes)")[..4], &arguments].concat();
    world.send(caller, set).unwrap();
    Call { target: ours(caller), value: [0; 32], data: keccak256("act()")[..4].to_vec() }
}

/// A contract that is called calls back: the batch does not run twice, and
/// another one that is ready runs, once.
#[test]
fn a68_a_call_back_runs_nothing_twice() {
    let mut world = World::new();
    let other = world.vote_anew(vec![world.act()]);
    world.queue(&other).unwrap();
    let run_other = gate::execute(other.0, &other.1);
    let executor = world.executor;
    let nested = caller(&mut world, executor, &run_other);
    let act = world.act();
    let outer = world.vote(vec![nested, act.clone()], true);
    world.queue(&outer).unwrap();

    // The call back needs the draft that it is part of: it is told afterwards.
    let json = include_str!("../../../../contracts/artifacts/testing/Caller.json");
    let twice = deploy_testing(&mut world.votes.world.evm, json);
    let call = Call { target: ours(twice), ..act.clone() };
    let mut draft = world.draft(vec![call, act]);
    draft.nonce = [5; 32];
    let again = (world.votes.settle(&draft, true), draft);
    world.queue(&again).unwrap();
    let data = alloy::primitives::Bytes::from(gate::execute(again.0, &again.1));
    let set = [&keccak256("set(address,bytes)")[..4], &(executor, data).abi_encode_params()].concat();
    world.send(twice, set).unwrap();

    world.wait(DELAY);
    world.execute(&again).unwrap_err();
    assert_eq!((world.acted(), world.standing(again.0)), (0, Standing::Ready));
    world.execute(&outer).unwrap();
    assert_eq!((world.standing(outer.0), world.standing(other.0)), (Standing::Done, Standing::Done));
    assert_eq!(world.acted(), 2);
    world.execute(&other).unwrap_err();
    assert_eq!(world.acted(), 2);
}

/// Nor does the timelock listen to whom it calls.
#[test]
fn a68_the_timelock_does_not_listen_to_what_it_calls() {
    let mut world = World::new();
    let timelock = world.timelock;
    let grant = [
        &keccak256("grantRole(bytes32,address)")[..4],
        &keccak256("PROPOSER_ROLE"),
        &word_address(account(9).address()),
    ]
    .concat();
    let delay = [&keccak256("updateDelay(uint256)")[..4], &word_u64(0)].concat();
    for (at, data) in (21..).zip([grant, delay]) {
        let call = caller(&mut world, timelock, &data);
        let mut draft = world.draft(vec![call]);
        draft.nonce = [at; 32];
        let vote = (world.votes.settle(&draft, true), draft);
        world.queue(&vote).unwrap();
        world.wait(DELAY);
        world.execute(&vote).unwrap_err();
        assert_eq!(world.standing(vote.0), Standing::Ready);
    }
    let answer = world.votes.world.evm.view(timelock, keccak256("getMinDelay()")[..4].to_vec());
    assert_eq!(answer, word_u64(DELAY));
}

/// Members who want none have no delay; still nothing runs twice or unqueued.
#[test]
fn without_a_delay_a_vote_runs_in_the_block_that_queues_it() {
    let mut world = World::waiting(0);
    let vote = world.vote(vec![world.act()], true);
    refused(world.execute(&vote), IExecutor::NotQueued::SELECTOR);
    world.queue(&vote).unwrap();
    world.execute(&vote).unwrap();
    world.execute(&vote).unwrap_err();
    assert_eq!((world.acted(), world.standing(vote.0)), (1, Standing::Done));
}

/// What is sent beyond the calls' values is the timelock's, to be spent by
/// later votes alone.
#[test]
fn what_is_sent_too_much_stays_for_later_votes() {
    let mut world = World::new();
    let mut call = world.act();
    call.value = word_u64(5);
    let (first, second) = (world.vote(vec![call.clone()], true), world.vote_anew(vec![call]));
    world.queue(&first).unwrap();
    world.queue(&second).unwrap();
    world.wait(DELAY);
    world.votes.world.evm.send_with(world.executor, gate::execute(first.0, &first.1), GAS_LIMIT, 10).unwrap();
    world.execute(&second).unwrap();
    assert_eq!(world.acted(), 2);
}

/// An address without code answers every call, as to an account that is paid:
/// such a call is made, and does nothing.
#[test]
fn a_call_to_an_address_without_code_is_made() {
    let mut world = World::new();
    let nobody = Call { target: account(33).address(), ..world.act() };
    let vote = world.vote(vec![nobody], true);
    world.queue(&vote).unwrap();
    world.wait(DELAY);
    world.execute(&vote).unwrap();
    assert_eq!((world.acted(), world.standing(vote.0)), (0, Standing::Done));
}

/// Each term of a mandate that is none, alone.
#[test]
fn a68_what_makes_no_mandate_is_refused_by_name() {
    let (mut votes, _) = Votes::new();
    let mut refuse = |field: &str, change: &dyn Fn(&mut Mandate)| {
        let mut mandate = votes.mandate.clone();
        change(&mut mandate);
        let code = gate::executor_creation_code(&mandate, DELAY).unwrap();
        let why = votes.world.evm.deploy(code).expect_err(field);
        let expected = [&error("InvalidTerms")[..], &(field.to_owned(),).abi_encode_params()].concat();
        assert!(why.contains(&hex::encode(expected)), "{field}: {why}");
    };
    refuse("elections", &|m| m.elections = Address([0x99; 20]));
    refuse("organisation", &|m| m.organisation.clear());
    refuse("organiser", &|m| m.organiser = Address::default());
    refuse("trustees", &|m| m.threshold = 1);
    refuse("trustees", &|m| m.threshold = 4);
    refuse("trustees", &|m| m.trustees.truncate(1));
    refuse("majority", &|m| m.majority_numerator = m.majority_denominator);
    refuse("majority", &|m| (m.majority_numerator, m.majority_denominator) = (0, 0));
}

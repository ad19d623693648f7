//! What is posted once a vote has passed.

use super::calls;
use crate::{
    abi::{IExecutor, IModelGate},
    backend::Data,
    deployed::answers,
    elections::id,
    outbox::{Done, Posting, PostingId},
};
use circuits::types::{Address, Draft, ElectionId};

/// Code of `IExecutor.Standing.Done`.
const DONE: u64 = 3;

/// A vote that passed, with its draft.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'d> {
    /// The election.
    pub election: ElectionId,
    /// Its draft, which every contract compares with the election's.
    pub draft: &'d Draft,
}

impl Passed<'_> {
    fn posting(&self, contract: Address, kind: &str, data: Vec<u8>, done: Done) -> Posting {
        let id = PostingId::new(format!("{}/{contract}", self.election), kind, 0);
        Posting { id, to: Some(contract), data: Data(data), done }
    }

    /// Lets a gate obey it. spec: `gate.enact`
    pub fn enact(&self, gate: Address) -> Posting {
        let question = IModelGate::enactedCall { electionId: id(self.election) };
        let done = answers(gate, &question, 0, 1);
        self.posting(gate, "enact", calls::enact(self.election, self.draft), done)
    }

    /// Lets an executor's delay begin. spec: `gate.executor`
    pub fn queue(&self, executor: Address) -> Posting {
        let question = IExecutor::operationOfCall { electionId: id(self.election) };
        let done = answers(executor, &question, 0, 1);
        self.posting(executor, "queue", calls::queue(self.election, self.draft), done)
    }

    /// Makes its calls. spec: `gate.executor`
    pub fn execute(&self, executor: Address) -> Posting {
        let question = IExecutor::standingCall { electionId: id(self.election) };
        let done = answers(executor, &question, 0, DONE);
        self.posting(executor, "execute", calls::execute(self.election, self.draft), done)
    }
}

//! What is to be posted for an election. Each names itself and says how to
//! see on the chain that it is there. spec: `chain.settlement`

use crate::{
    abi::{IElections, IGroth16Verifiers},
    backend::Data,
    deployed::answers,
    elections::{self, NotOnChain},
    outbox::{Done, Posting, PostingId},
};
use circuits::types::{
    Address, BoardEntry, Draft, ElectionId, Signature, SignedDraft, SignedElectionKey, SignedHead, Tally,
};
use verifier::VerifyingKey;

/// Words of `election`'s answer. Its fields are all of fixed size.
const STAGE: usize = 0;
const HEAD_TIME: usize = 26;
/// Stages as the contract numbers them.
const CLOSED: u64 = 2;
const FINALISED: u64 = 3;
/// Words of `posting`'s answer.
const BALLOTS: usize = 0;
const CHUNKS: usize = 1;

/// An election at a contract, posted by an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The contract.
    pub contract: Address,
    /// The election.
    pub election: ElectionId,
    /// Who posts.
    pub poster: Address,
}

impl Case {
    /// The case of a draft's election.
    pub fn new(draft: &Draft, election: ElectionId, poster: Address) -> Self {
        Self { contract: draft.contract, election, poster }
    }

    fn posting(&self, kind: &str, index: u64, data: Vec<u8>, done: Done) -> Posting {
        let id = PostingId::new(self.election, kind, index);
        Posting { id, to: Some(self.contract), data: Data(data), done }
    }

    fn election_says(&self, word: usize, least: u64) -> Done {
        let call = IElections::electionCall { electionId: elections::id(self.election) };
        answers(self.contract, &call, word, least)
    }

    fn posting_says(&self, word: usize, least: u64) -> Done {
        let (election, poster) = (elections::id(self.election), elections::address(self.poster));
        let call = IElections::postingCall { electionId: election, poster };
        answers(self.contract, &call, word, least)
    }

    /// Opens the draft as the election.
    pub fn open(&self, draft: &SignedDraft, key: &SignedElectionKey) -> Posting {
        let call = IElections::electionOfCall { draft: draft.draft.id().to_bytes().into() };
        let done = answers(self.contract, &call, 0, 1);
        self.posting("open", 0, elections::open(draft, key), done)
    }

    /// Keeps an open head; named by its time, which rises.
    pub fn anchor(&self, head: &SignedHead) -> Posting {
        let time = head.head.time;
        self.posting("anchor", time, elections::anchor(head), self.election_says(HEAD_TIME, time))
    }

    /// Closes with the last head.
    pub fn close(&self, head: &SignedHead, order: Option<&Signature>) -> Posting {
        self.posting("close", 0, elections::close(head, order), self.election_says(STAGE, CLOSED))
    }

    /// All batches of the whole board, in order.
    ///
    /// # Panics
    /// If there are 2^32 entries or more.
    pub fn batches(&self, entries: &[BoardEntry], batch_rows: usize) -> Vec<Posting> {
        let batch = |(index, ballots): (usize, &[BoardEntry])| {
            let start = u32::try_from(index * batch_rows).expect("boards are below 2^32 entries");
            let end = start as usize + ballots.len();
            let data = elections::post_batch(self.election, start, ballots);
            self.posting("batch", index as u64, data, self.posting_says(BALLOTS, end as u64))
        };
        entries.chunks(batch_rows).enumerate().map(batch).collect()
    }

    /// The calls that settle the result, in order: totals, and proofs of `rows`
    /// rows over the points of the posted batches.
    pub fn result(&self, tally: &Tally, rows: u32) -> Vec<Posting> {
        let poster = elections::address(self.poster);
        let mut calls = elections::post_result(self.election, poster, rows, tally);
        let last = calls.pop();
        let chunk = |(index, data): (u64, Vec<u8>)| {
            self.posting("chunk", index, data, self.posting_says(CHUNKS, index + 1))
        };
        let chunks = (0..).zip(calls).map(chunk);
        let tally = last.map(|data| self.posting("tally", 0, data, self.election_says(STAGE, FINALISED)));
        chunks.chain(tally).collect()
    }

    /// Ends the election past a deadline.
    pub fn void(&self) -> Posting {
        // Finalised would be less than voided, and the contract refuses then.
        self.posting("void", 0, elections::void(self.election), self.election_says(STAGE, FINALISED + 1))
    }

    /// Adds a verifying key, which elections can pin from then on.
    ///
    /// # Errors
    /// If the chain takes no key of this circuit.
    pub fn key(verifiers: Address, key: &VerifyingKey) -> Result<Posting, NotOnChain> {
        let hash = key.hash();
        let question = IGroth16Verifiers::circuitCall { keyHash: hash.0.into() };
        Ok(Posting {
            id: PostingId::new(hash, "key", 0),
            to: Some(verifiers),
            data: Data(elections::add_key(key)?),
            done: answers(verifiers, &question, 0, 1),
        })
    }
}

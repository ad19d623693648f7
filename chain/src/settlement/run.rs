//! Posting an election, step by step; each step goes on from what is there.

use super::{Case, Elections, Error as ContractError, OnChain, Progress, Stage};
use crate::{
    backend::Backend,
    elections::NotOnChain,
    gate::{Gate, Passed},
    outbox::{Posting, PostingId},
    poster::{self, Posted, Poster},
};
use circuits::types::{
    Address, BoardEntry, Draft, ElectionId, Signature, SignedDraft, SignedElectionKey, SignedHead, Tally,
};
use std::collections::BTreeSet;
use verifier::{CircuitId, VerifyingKey};

/// Why an election is not settled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// See the message.
    #[error(transparent)]
    Poster(#[from] poster::Error),
    /// See the message.
    #[error(transparent)]
    Key(#[from] NotOnChain),
    /// See the message.
    #[error("the election {0} is not open on the chain; post its opening first")]
    NotOpen(ElectionId),
    /// See the message.
    #[error("the election {0} is void on the chain: a deadline passed without a root or a result")]
    Voided(ElectionId),
    /// See the message.
    #[error("the draft was opened as another election on the chain: {0}")]
    OtherElection(ElectionId),
    /// See the message.
    #[error(
        "the chain has closed the board with {chain} entries under another head than this one with {here}"
    )]
    OtherHead {
        /// On the chain.
        chain: u32,
        /// In what was to be posted.
        here: u32,
    },
}

/// One election on its way to the chain.
#[derive(Debug)]
pub struct Settlement<'p, B> {
    poster: &'p mut Poster<B>,
    case: Case,
    posted: Vec<PostingId>,
}

impl<'p, B: Backend> Settlement<'p, B> {
    /// An election of a draft, on the chain and at the contract that the draft
    /// names.
    ///
    /// # Errors
    /// If the poster's chain is another one, or the contract is.
    pub async fn new(poster: &'p mut Poster<B>, draft: &Draft, election: ElectionId) -> Result<Self, Error> {
        Elections::of_draft(poster.chain(), draft).await?;
        let case = Case::new(draft, election, poster.account());
        Ok(Self { poster, case, posted: Vec::new() })
    }

    /// The contract, whose code was compared at the beginning.
    fn elections(&self) -> Elections<'_, B> {
        Elections::known(self.poster.chain(), self.case.contract)
    }

    /// What the chain knows of the election.
    ///
    /// # Errors
    /// If it is not open there, or void.
    pub async fn on_chain(&self) -> Result<OnChain, Error> {
        let election = self.case.election;
        let found = self.elections().election(election).await?;
        match found {
            None => Err(Error::NotOpen(election)),
            Some(found) if found.stage == Stage::Voided => Err(Error::Voided(election)),
            Some(found) => Ok(found),
        }
    }

    /// What the poster has posted after closing.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn progress(&self) -> Result<Progress, Error> {
        Ok(self.elections().progress(self.case.election, self.case.poster).await?)
    }

    async fn post(&mut self, posting: Posting) -> Result<Posted, Error> {
        self.posted.push(posting.id.clone());
        Ok(self.poster.post(posting).await?)
    }

    /// Adds the verifying keys that the chain does not have; those of
    /// registrations it does not need.
    ///
    /// # Errors
    /// If one cannot be posted.
    pub async fn keys(&mut self, keys: &[VerifyingKey]) -> Result<Vec<Posted>, Error> {
        let verifiers = self.elections().verifiers().await?;
        let mut posted = Vec::new();
        for key in keys.iter().filter(|key| key.id() != CircuitId::Registration) {
            posted.push(self.post(Case::key(verifiers, key)?).await?);
        }
        Ok(posted)
    }

    /// Opens the election.
    ///
    /// # Errors
    /// If it cannot be posted, or the draft is open as another election.
    pub async fn open(&mut self, draft: &SignedDraft, key: &SignedElectionKey) -> Result<Posted, Error> {
        let posted = self.post(self.case.open(draft, key)).await?;
        match self.elections().election_of(draft.draft.id()).await? {
            Some(found) if found != self.case.election => Err(Error::OtherElection(found)),
            _ => Ok(posted),
        }
    }

    /// Anchors an open head.
    ///
    /// # Errors
    /// If it cannot be posted.
    pub async fn anchor(&mut self, head: &SignedHead) -> Result<Posted, Error> {
        self.on_chain().await?;
        self.post(self.case.anchor(head)).await
    }

    /// Closes with the last head.
    ///
    /// # Errors
    /// If it cannot be posted, or the chain has another last head.
    pub async fn close(&mut self, head: &SignedHead, order: Option<&Signature>) -> Result<Posted, Error> {
        self.on_chain().await?;
        let posted = self.post(self.case.close(head, order)).await?;
        let found = self.on_chain().await?;
        if (found.size, found.root) != (head.head.size, Some(head.head.root)) {
            return Err(Error::OtherHead { chain: found.size, here: head.head.size });
        }
        Ok(posted)
    }

    /// Posts all ballots of the closed board.
    ///
    /// # Errors
    /// If a batch cannot be posted.
    pub async fn ballots(&mut self, entries: &[BoardEntry]) -> Result<Vec<Posted>, Error> {
        let batch_rows = self.on_chain().await?.batch_rows as usize;
        self.all(self.case.batches(entries, batch_rows)).await
    }

    /// Posts the result, whose proofs are over the batches' points.
    ///
    /// # Errors
    /// If a proof cannot be posted.
    pub async fn result(&mut self, tally: &Tally) -> Result<Vec<Posted>, Error> {
        let rows = self.on_chain().await?.rows;
        let posted = self.all(self.case.result(tally, rows)).await?;
        self.on_chain().await?;
        Ok(posted)
    }

    /// The gates that a draft calls, each once; calls of other contracts are an
    /// executor's to make. spec: `gate.proposal`
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn gates(&self, draft: &Draft) -> Result<Vec<Address>, Error> {
        let targets: BTreeSet<Address> = draft.calls.iter().map(|call| call.target).collect();
        let mut gates = Vec::new();
        for target in targets {
            match Gate::at(self.poster.chain(), target).await {
                Ok(_) => gates.push(target),
                Err(ContractError::NoContract { .. } | ContractError::OtherContract { .. }) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(gates)
    }

    /// Lets a gate obey a vote that passed. spec: `gate.enact`
    ///
    /// # Errors
    /// If it cannot be posted; the gate may refuse it.
    pub async fn enact(&mut self, draft: &Draft, gate: Address) -> Result<Posted, Error> {
        self.post(Passed { election: self.case.election, draft }.enact(gate)).await
    }

    async fn all(&mut self, postings: Vec<Posting>) -> Result<Vec<Posted>, Error> {
        let mut posted = Vec::with_capacity(postings.len());
        for posting in postings {
            posted.push(self.post(posting).await?);
        }
        Ok(posted)
    }

    /// Waits until all that was posted is as deep as the policy asks for.
    ///
    /// # Errors
    /// If the chain does not get there.
    pub async fn finish(&mut self) -> Result<(), Error> {
        Ok(self.poster.settle(&self.posted).await?)
    }
}

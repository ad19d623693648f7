//! An election on a chain: what is to be posted for it, and what the chain
//! says about it. spec: `settlement`, `chain.settlement`.

mod board;
mod postings;
mod run;

pub use board::{OnChain, Outcome, Progress, Stage};
pub use postings::{Case, deploy};
pub use run::{Error as SettlementError, Settlement};

use crate::{
    abi::{IElections, IGroth16Verifiers},
    artifact::{Artifact, InvalidArtifact},
    backend::{self, Backend, Call},
    elections,
};
use alloy::sol_types::SolCall;
use circuits::types::{Address, DraftId, ElectionId};
use verifier::KeyHash;

/// Why a contract is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error(transparent)]
    Chain(#[from] backend::Error),
    /// See the message.
    #[error("there is no contract at {contract} on {chain}; wrong chain, or wrong address")]
    NoContract {
        /// The address.
        contract: Address,
        /// The chain.
        chain: String,
    },
    /// See the message.
    #[error("the contract at {0} is not the Elections of this version; what it says proves nothing here")]
    OtherContract(Address),
    /// See the message.
    #[error("the draft names chain {draft}, {chain} is chain {found}")]
    OtherChain {
        /// In the draft.
        draft: u64,
        /// What the chain calls itself.
        found: u64,
        /// The chain.
        chain: String,
    },
    /// See the message.
    #[error("the draft is not to be settled on a chain; only one with settlement = \"validity\" is")]
    NotSettled,
    /// See the message.
    #[error("the contract answers {0} with something that its interface does not allow")]
    Answer(&'static str),
    /// See the message.
    #[error(transparent)]
    Artifact(#[from] InvalidArtifact),
}

/// The contract `Elections` on a chain; answers are of the newest block.
#[derive(Debug)]
pub struct Elections<'c, B> {
    chain: &'c B,
    /// Its address.
    pub contract: Address,
}

/// Whether a gate lets a model be used now. spec: `gate`
///
/// # Errors
/// If the chain does not answer, or the contract is no gate.
pub async fn is_approved<B: Backend>(chain: &B, gate: Address, model: [u8; 32]) -> Result<bool, Error> {
    let call = crate::abi::IModelGate::isApprovedCall { model: model.into() };
    let answer = chain.call(&Call::question(gate, call.abi_encode())).await?;
    crate::abi::IModelGate::isApprovedCall::abi_decode_returns(&answer)
        .map_err(|_| Error::Answer("isApproved"))
}

impl<B> Clone for Elections<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Elections<'_, B> {}

impl<'c, B: Backend> Elections<'c, B> {
    /// The contract at an address, if it is the committed one (A55).
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, contract: Address) -> Result<Self, Error> {
        let code = chain.code(contract).await?;
        if code.is_empty() {
            return Err(Error::NoContract { contract, chain: chain.name() });
        }
        if !Artifact::elections()?.is_code(&code) {
            return Err(Error::OtherContract(contract));
        }
        Ok(Self { chain, contract })
    }

    /// The contract that a draft names, on the chain that it names.
    ///
    /// # Errors
    /// If the draft is not settled, or this is another chain or contract.
    pub async fn of_draft(chain: &'c B, draft: &circuits::types::Draft) -> Result<Self, Error> {
        if draft.settlement != circuits::types::SettlementMode::Validity {
            return Err(Error::NotSettled);
        }
        let found = chain.chain_id().await?;
        if found != draft.chain_id {
            return Err(Error::OtherChain { draft: draft.chain_id, found, chain: chain.name() });
        }
        Self::at(chain, draft.contract).await
    }

    async fn ask<C: SolCall>(&self, to: Address, call: C, what: &'static str) -> Result<C::Return, Error> {
        let answer = self.chain.call(&Call::question(to, call.abi_encode())).await?;
        C::abi_decode_returns(&answer).map_err(|_| Error::Answer(what))
    }

    /// What the chain knows of an election; `None` before it is opened.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn election(&self, election: ElectionId) -> Result<Option<OnChain>, Error> {
        let call = IElections::electionCall { electionId: elections::id(election) };
        OnChain::read(self.ask(self.contract, call, "election").await?).ok_or(Error::Answer("election"))
    }

    /// The election that a draft was opened as.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn election_of(&self, draft: DraftId) -> Result<Option<ElectionId>, Error> {
        let call = IElections::electionOfCall { draft: draft.to_bytes().into() };
        let answer = self.ask(self.contract, call, "electionOf").await?;
        if answer.is_zero() {
            return Ok(None);
        }
        ElectionId::from_bytes(answer.as_slice()).map(Some).map_err(|_| Error::Answer("electionOf"))
    }

    /// What an account has posted of an election after closing.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn progress(&self, election: ElectionId, poster: Address) -> Result<Progress, Error> {
        let call = IElections::postingCall {
            electionId: elections::id(election),
            poster: elections::address(poster),
        };
        let posting = self.ask(self.contract, call, "posting").await?;
        Ok(Progress { ballots: posting.ballots, chunks: posting.chunks })
    }

    /// The result; `None` before the election is finalised.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn outcome(&self, election: ElectionId) -> Result<Option<Outcome>, Error> {
        let finalised = self.election(election).await?.is_some_and(|e| e.stage == Stage::Finalised);
        if !finalised {
            return Ok(None);
        }
        let call = IElections::resultCall { electionId: elections::id(election) };
        let found = self.ask(self.contract, call, "result").await?;
        Ok(Some(Outcome {
            passed: found.passed,
            time: found.time,
            size: found.size,
            slots: found.slots,
            totals: found.totals,
        }))
    }

    /// Where the verifying keys are.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn verifiers(&self) -> Result<Address, Error> {
        let answer = self.ask(self.contract, IElections::verifiersCall {}, "verifiers").await?;
        Ok(crate::convert::address(answer))
    }

    /// Whether a verifying key has been added.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn has_key(&self, verifiers: Address, key: KeyHash) -> Result<bool, Error> {
        let call = IGroth16Verifiers::circuitCall { keyHash: key.0.into() };
        Ok(self.ask(verifiers, call, "circuit").await?.kind != crate::abi::Kind::None)
    }
}

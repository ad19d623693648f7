//! Contracts on chains: creating them, and asking them. Whoever asks has
//! compared the code first (A55).

use crate::{
    artifact::{Artifact, InvalidArtifact},
    backend::{self, Backend, Call, Data, Hash},
    outbox::{Done, Posting, PostingId},
};
use alloy::sol_types::SolCall;
use circuits::types::{Address, keccak256, word_u64};

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
    #[error("the contract at {contract} is not the {name} of this version; what it says proves nothing here")]
    OtherContract {
        /// The address.
        contract: Address,
        /// What was expected there.
        name: &'static str,
    },
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

/// Creates a contract. The same code of one outbox is created once.
/// spec: `chain.contracts`
pub fn creation(kind: &str, code: Vec<u8>) -> Posting {
    let id = PostingId::new(Hash(keccak256(&code)), kind, 0);
    Posting { id, to: None, data: Data(code), done: Done::Receipt }
}

/// Done when a contract answers a question with at least `least` in a word.
pub(crate) fn answers(to: Address, question: &impl SolCall, word: usize, least: u64) -> Done {
    Done::Answer { to, data: Data(question.abi_encode()), word, least: Hash(word_u64(least)) }
}

/// A contract of this version; answers are of the newest block.
#[derive(Debug)]
pub struct Deployed<'c, B> {
    chain: &'c B,
    /// Its address.
    pub address: Address,
}

impl<B> Clone for Deployed<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Deployed<'_, B> {}

impl<'c, B: Backend> Deployed<'c, B> {
    /// The contract at an address, if its code is that of the artifact.
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, address: Address, artifact: &Artifact) -> Result<Self, Error> {
        let code = chain.code(address).await?;
        if code.is_empty() {
            return Err(Error::NoContract { contract: address, chain: chain.name() });
        }
        if !artifact.is_code(&code) {
            return Err(Error::OtherContract { contract: address, name: artifact.name });
        }
        Ok(Self { chain, address })
    }

    /// A contract whose code was compared before.
    pub(crate) fn known(chain: &'c B, address: Address) -> Self {
        Self { chain, address }
    }

    /// Its chain.
    pub fn chain(&self) -> &'c B {
        self.chain
    }

    /// What it answers.
    ///
    /// # Errors
    /// If the chain does not answer, or the contract does with nonsense.
    pub(crate) async fn ask<C: SolCall>(&self, call: C) -> Result<C::Return, Error> {
        let name = C::SIGNATURE.split_once('(').map_or(C::SIGNATURE, |(name, _)| name);
        let answer = self.chain.call(&Call::question(self.address, call.abi_encode())).await?;
        C::abi_decode_returns(&answer).map_err(|_| Error::Answer(name))
    }
}

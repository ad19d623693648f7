//! Chains: the embedded one, and others over JSON-RPC. spec: `chain.backend`.

mod any;
pub mod embedded;
mod rpc;
mod types;

pub use any::Chain;
pub use embedded::Embedded;
pub use rpc::{InvalidUrl, Rpc};
pub use types::{Block, Call, Data, Hash, InvalidHash, Log, Receipt};

use crate::revert::Revert;
use circuits::types::Address;
use std::future::Future;

/// Most gas that a transaction may ask for (EIP-7825).
pub const TRANSACTION_GAS_MAX: u64 = 16_777_216;

/// Why a chain did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error("{chain} does not answer ({what}): {problem}; check the address, or try again later")]
    Unreachable {
        /// Which chain; never with a path, which may hold a key.
        chain: String,
        /// What was asked.
        what: &'static str,
        /// What went wrong.
        problem: String,
    },
    /// See the message.
    #[error("{chain} refuses {what}: {problem}")]
    Refused {
        /// Which chain.
        chain: String,
        /// What was asked.
        what: &'static str,
        /// What it said.
        problem: String,
    },
    /// See the message.
    #[error("{chain} answers {what} with something that no chain with EIP-1559 says: {problem}")]
    Nonsense {
        /// Which chain.
        chain: String,
        /// What was asked.
        what: &'static str,
        /// What is wrong with the answer.
        problem: String,
    },
    /// The contract refused.
    #[error("{0}")]
    Reverted(Revert),
    /// The embedded chain's files.
    #[error(transparent)]
    Embedded(#[from] embedded::Broken),
}

impl Error {
    /// Whether the same question may be answered later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Unreachable { .. })
    }
}

/// Why a transaction was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The very transaction is there already.
    #[error("the chain has this transaction already")]
    Known,
    /// Another transaction took the nonce.
    #[error("the nonce is used already")]
    NonceTooLow,
    /// Transactions before it are missing.
    #[error("transactions with lower nonces are missing")]
    NonceTooHigh,
    /// The fee is too low, or not enough above that of the transaction that it
    /// is to replace.
    #[error("the fee is too low: {0}")]
    Underpriced(String),
    /// The account cannot pay.
    #[error("the account cannot pay for it: {0}; send it some of the chain's coin")]
    Unfunded(String),
    /// See the message.
    #[error(transparent)]
    Chain(#[from] Error),
}

/// Answer of a chain.
pub type Answer<T> = Result<T, Error>;

/// A chain. All of it is at the newest block. spec: `chain.backend`
pub trait Backend: Send + Sync {
    /// What to call it in messages, without secrets.
    fn name(&self) -> String;

    /// The chain's id (EIP-155).
    fn chain_id(&self) -> impl Future<Output = Answer<u64>> + Send;

    /// The newest block.
    fn latest(&self) -> impl Future<Output = Answer<Block>> + Send;

    /// Transactions of an account that are in blocks.
    fn nonce(&self, account: Address) -> impl Future<Output = Answer<u64>> + Send;

    /// Wei of an account; `u128::MAX` for more.
    fn balance(&self, account: Address) -> impl Future<Output = Answer<u128>> + Send;

    /// A contract's code; empty where there is none.
    fn code(&self, account: Address) -> impl Future<Output = Answer<Vec<u8>>> + Send;

    /// What a call returns.
    fn call(&self, call: &Call) -> impl Future<Output = Answer<Vec<u8>>> + Send;

    /// Gas with which a transaction succeeds.
    fn estimate(&self, call: &Call) -> impl Future<Output = Answer<u64>> + Send;

    /// Wei per gas over the base fee that get a transaction into a block.
    fn tip(&self) -> impl Future<Output = Answer<u128>> + Send;

    /// Hands in a signed transaction.
    fn send(&self, raw: &[u8]) -> impl Future<Output = Result<(), SendError>> + Send;

    /// What became of a transaction; `None` while it is in no block.
    fn receipt(&self, transaction: Hash) -> impl Future<Output = Answer<Option<Receipt>>> + Send;

    /// Whether a transaction is in a block or waits for one.
    fn knows(&self, transaction: Hash) -> impl Future<Output = Answer<bool>> + Send;

    /// The code that a transaction created a contract with, arguments behind
    /// it; `None` if it is in no block or was sent to somebody.
    fn creation(&self, transaction: Hash) -> impl Future<Output = Answer<Option<Vec<u8>>>> + Send;

    /// Lets a development chain pay an account; `false` where nobody does.
    fn endow(&self, account: Address) -> impl Future<Output = Answer<bool>> + Send;
}

//! An EVM chain in a directory: blocks of one transaction each, made when
//! it is handed in, under the rules of Osaka. Nobody pays for gas.
//! spec: `chain.embedded`.
//!
//! Several processes may use one directory: each takes a lock to add a block
//! and reads what others have added before it answers.

mod block;
mod evm;
mod store;

use super::{Answer, Backend, Block, Call, Error, Hash, Receipt, SendError};
use crate::{
    revert::Revert,
    transaction::{InvalidTransaction, Transaction},
};
use circuits::types::Address;
use evm::{Env, Evm, Outcome};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};
use store::Store;

use block::Record;
pub use store::Broken;

/// The id of an embedded chain: none that anybody uses for a network.
pub const CHAIN_ID: u64 = 0x7ab_e11a;

/// A chain in a directory.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Mutex<Inner>>,
    name: String,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedded({})", self.name)
    }
}

struct Inner {
    store: Store,
    evm: Evm,
    blocks: Vec<Record>,
}

impl Inner {
    /// Takes in what other processes have added.
    fn refresh(&mut self) -> Result<(), Broken> {
        for record in self.store.read_new()? {
            self.take(record);
        }
        Ok(())
    }

    fn take(&mut self, record: Record) {
        self.evm.apply(&record);
        self.blocks.push(record);
    }

    fn head(&self) -> Block {
        match self.blocks.last() {
            Some(record) => record.head(),
            None => Block { number: 0, hash: Hash::default(), timestamp: 0, base_fee: 0 },
        }
    }

    fn next(&self) -> Env {
        let head = self.head();
        Env { number: head.number + 1, timestamp: now().max(head.timestamp + 1) }
    }
}

impl Embedded {
    /// Opens the chain of a directory, or begins one.
    ///
    /// # Errors
    /// If its files cannot be read or are damaged.
    pub fn open(directory: &Path) -> Result<Self, Broken> {
        let mut inner = Inner { store: Store::open(directory)?, evm: Evm::new(CHAIN_ID), blocks: Vec::new() };
        inner.refresh()?;
        let name = format!("the embedded chain in {}", directory.display());
        Ok(Self { inner: Arc::new(Mutex::new(inner)), name })
    }

    fn fresh(&self) -> Result<MutexGuard<'_, Inner>, Error> {
        // Nothing panics between two steps that belong together.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.refresh()?;
        Ok(inner)
    }

    fn add(&self, raw: &[u8]) -> Result<(), SendError> {
        let malformed = |e: InvalidTransaction| self.refused("a transaction", e.to_string());
        let (transaction, from, hash) = Transaction::decode(raw).map_err(malformed)?;
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *guard;
        let lock = inner.store.lock().map_err(Error::from)?;
        inner.refresh().map_err(Error::from)?;
        if inner.blocks.iter().any(|record| record.receipt.transaction == hash) {
            return Err(SendError::Known);
        }
        self.check(&transaction, inner.evm.nonce(from))?;
        let env = inner.next();
        let run = inner.evm.transact(&env, from, &transaction);
        let (outcome, accounts) = run.map_err(|e| self.refused("a transaction", e))?;
        let record = Record::new(&env, inner.head().hash, raw, hash, &outcome, accounts);
        inner.store.append(&record).map_err(Error::from)?;
        drop(lock);
        inner.take(record);
        Ok(())
    }

    fn check(&self, transaction: &Transaction, nonce: u64) -> Result<(), SendError> {
        if transaction.chain_id != CHAIN_ID {
            let problem = format!("it is for chain {}, this is {CHAIN_ID}", transaction.chain_id);
            return Err(self.refused("a transaction", problem).into());
        }
        match transaction.nonce.cmp(&nonce) {
            std::cmp::Ordering::Less => Err(SendError::NonceTooLow),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(SendError::NonceTooHigh),
        }
    }

    fn refused(&self, what: &'static str, problem: String) -> Error {
        Error::Refused { chain: self.name.clone(), what, problem }
    }

    fn run(&self, call: &Call, gas: u64) -> Answer<Outcome> {
        let inner = self.fresh()?;
        let env = inner.next();
        inner.evm.call(&env, call, gas).map_err(|e| self.refused("a call", e))
    }
}

/// A successful call's outcome, or why the contract refused.
fn accepted(outcome: Outcome) -> Answer<Outcome> {
    if outcome.succeeded { Ok(outcome) } else { Err(Error::Reverted(Revert::new(outcome.output))) }
}

impl Backend for Embedded {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn chain_id(&self) -> Answer<u64> {
        Ok(CHAIN_ID)
    }

    async fn latest(&self) -> Answer<Block> {
        Ok(self.fresh()?.head())
    }

    async fn nonce(&self, account: Address) -> Answer<u64> {
        Ok(self.fresh()?.evm.nonce(account))
    }

    async fn balance(&self, account: Address) -> Answer<u128> {
        Ok(self.fresh()?.evm.balance(account))
    }

    async fn code(&self, account: Address) -> Answer<Vec<u8>> {
        Ok(self.fresh()?.evm.code(account))
    }

    async fn call(&self, call: &Call) -> Answer<Vec<u8>> {
        Ok(accepted(self.run(call, super::TRANSACTION_GAS_MAX)?)?.output)
    }

    /// The least gas with which it succeeds, within 1 in 64: what is used is
    /// too little where a contract keeps gas back for a call (EIP-150).
    async fn estimate(&self, call: &Call) -> Answer<u64> {
        let mut enough = super::TRANSACTION_GAS_MAX;
        let mut short = accepted(self.run(call, enough)?)?.gas.saturating_sub(1);
        let mut next = short + short / 64 + 1;
        while enough - short > short / 64 + 1 {
            if self.run(call, next.min(enough))?.succeeded {
                enough = next.min(enough);
            } else {
                short = next;
            }
            next = short + (enough - short) / 2;
        }
        Ok(enough)
    }

    async fn tip(&self) -> Answer<u128> {
        Ok(0)
    }

    async fn send(&self, raw: &[u8]) -> Result<(), SendError> {
        self.add(raw)
    }

    async fn receipt(&self, transaction: Hash) -> Answer<Option<Receipt>> {
        let inner = self.fresh()?;
        Ok(inner.blocks.iter().find(|b| b.receipt.transaction == transaction).map(|b| b.receipt.clone()))
    }

    async fn knows(&self, transaction: Hash) -> Answer<bool> {
        Ok(self.receipt(transaction).await?.is_some())
    }

    async fn creation(&self, transaction: Hash) -> Answer<Option<Vec<u8>>> {
        let inner = self.fresh()?;
        let found = inner.blocks.iter().find(|b| b.receipt.transaction == transaction);
        // What is in a block was read before it got there.
        let sent = found.and_then(|block| Transaction::decode(&block.raw.0).ok());
        Ok(sent.filter(|(sent, ..)| sent.to.is_none()).map(|(sent, ..)| sent.data))
    }

    async fn endow(&self, _: Address) -> Answer<bool> {
        Ok(true)
    }
}

/// Unix seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

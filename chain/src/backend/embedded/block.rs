//! A block: its transaction, what became of it, and what it left in every
//! account that it touched, so that nobody has to run it again.

use super::evm::{Env, Outcome};
use crate::{
    backend::{Block, Data, Hash, Receipt},
    lines,
};
use circuits::types::{Address, keccak256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A block as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Hash of the block before it.
    pub parent: Hash,
    /// Unix seconds.
    pub timestamp: u64,
    /// The transaction.
    pub raw: Data,
    /// What became of it.
    pub receipt: Receipt,
    /// The accounts that it changed, afterwards.
    pub accounts: BTreeMap<Address, Account>,
}

/// An account after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Transactions, or contracts that it created.
    pub nonce: u64,
    /// Wei.
    pub balance: Hash,
    /// The code, where the block created it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Data>,
    /// Slots that changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub storage: BTreeMap<Hash, Hash>,
}

impl Record {
    /// The block of one transaction.
    pub(super) fn new(
        env: &Env,
        parent: Hash,
        raw: &[u8],
        transaction: Hash,
        outcome: &Outcome,
        accounts: BTreeMap<Address, Account>,
    ) -> Self {
        let receipt = Receipt {
            transaction,
            block: env.number,
            block_hash: Hash::default(),
            succeeded: outcome.succeeded,
            gas: outcome.gas,
            price: 0,
            created: outcome.created,
            logs: outcome.logs.clone(),
        };
        let raw = Data(raw.to_vec());
        let mut record = Self { parent, timestamp: env.timestamp, raw, receipt, accounts };
        record.receipt.block_hash = record.hash();
        record
    }

    /// Over everything else in it, so that a block commits to all before it.
    fn hash(&self) -> Hash {
        let mut unnamed = self.clone();
        unnamed.receipt.block_hash = Hash::default();
        Hash(keccak256(lines::encode(&unnamed)))
    }

    /// Whether it follows a block and is what its hash says.
    pub(super) fn follows(&self, before: Option<&Record>) -> bool {
        let (number, hash, time) =
            before.map_or((0, Hash::default(), 0), |b| (b.receipt.block, b.receipt.block_hash, b.timestamp));
        (self.receipt.block, self.parent) == (number + 1, hash)
            && self.timestamp > time
            && self.receipt.block_hash == self.hash()
    }

    /// Its head.
    pub fn head(&self) -> Block {
        Block {
            number: self.receipt.block,
            hash: self.receipt.block_hash,
            timestamp: self.timestamp,
            base_fee: 0,
        }
    }
}

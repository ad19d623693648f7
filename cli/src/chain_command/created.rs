//! What commands that create a contract have in common.

use anyhow::Result;
use chain::{Chain, Poster, deployed::creation, outbox::Mined};
use circuits::types::Address;
use serde_json::{Value, json};

/// A contract, and the transaction that created it.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// Its address.
    pub contract: Address,
    /// The transaction.
    pub mined: Mined,
}

impl Created {
    /// Creates it, or finds the one that this outbox has created with the same
    /// terms.
    ///
    /// # Errors
    /// If it cannot be posted.
    pub async fn new(poster: &mut Poster<Chain>, kind: &str, code: Vec<u8>) -> Result<Self> {
        let (contract, mined) = poster.create(creation(kind, code)).await?;
        Ok(Self { contract, mined })
    }

    /// For programs: {chain_id, contract, gas, transaction}.
    pub fn json(&self, chain_id: u64) -> Value {
        json!({
            "chain_id": chain_id,
            "contract": self.contract,
            "gas": self.mined.gas,
            "transaction": self.mined.hash,
        })
    }
}

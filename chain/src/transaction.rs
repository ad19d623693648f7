//! Transactions with EIP-1559 fees, signed by accounts of this project.
//! spec: `chain.transaction`.

use crate::{
    backend::Hash,
    convert::{hash, to_address},
};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{Bytes, Signature as AlloySignature, TxKind, U256},
};
use circuits::types::{AccountKey, Address, InvalidSignature, Signature};
use serde::{Deserialize, Serialize};

/// Wei per gas that a transaction offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fee {
    /// Most that is paid in all.
    #[serde(with = "wei")]
    pub max: u128,
    /// Most of it over the base fee.
    #[serde(with = "wei")]
    pub tip: u128,
}

/// Integers of 128 bits as decimal text: JSON readers take fewer bits.
mod wei {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(wei: &u128, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(wei)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<u128, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

/// Everything of a transaction but its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The chain that it is for.
    pub chain_id: u64,
    /// Number among the account's transactions.
    pub nonce: u64,
    /// The contract, or `None` to create one.
    pub to: Option<Address>,
    /// Calldata, or the code that creates.
    pub data: Vec<u8>,
    /// Most gas that it may take.
    pub gas: u64,
    /// What it pays.
    pub fee: Fee,
}

/// A transaction that can be handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Its bytes (EIP-2718).
    pub raw: Vec<u8>,
    /// Its hash.
    pub hash: Hash,
}

/// Why bytes are not a transaction that the embedded chain takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransaction {
    /// See the message.
    #[error("the bytes are no transaction: {0}")]
    Malformed(String),
    /// See the message.
    #[error("it is of another type than EIP-1559")]
    Type,
    /// See the message.
    #[error("it carries coin or an access list, which this chain does not take")]
    Content,
    /// See the message.
    #[error("its signature: {0}")]
    Signature(#[from] InvalidSignature),
}

impl Transaction {
    /// Signs it.
    ///
    /// # Panics
    /// Never: signatures of accounts have the form of the chain.
    pub fn sign(self, key: &AccountKey) -> Signed {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas,
            max_fee_per_gas: self.fee.max,
            max_priority_fee_per_gas: self.fee.tip,
            to: self.to.map_or(TxKind::Create, |to| TxKind::Call(to_address(to))),
            value: U256::ZERO,
            access_list: Default::default(),
            input: Bytes::from(self.data),
        };
        let signature = key.sign(transaction.signature_hash().0).to_bytes();
        let signature = AlloySignature::from_raw_array(&signature).expect("r, s and v of 27 or 28");
        let signed = transaction.into_signed(signature);
        let hash = hash(*signed.hash());
        Signed { raw: TxEnvelope::Eip1559(signed).encoded_2718(), hash }
    }

    /// Reads a signed transaction: who signed it, and its hash.
    ///
    /// # Errors
    /// See [`InvalidTransaction`].
    pub fn decode(raw: &[u8]) -> Result<(Self, Address, Hash), InvalidTransaction> {
        let mut rest = raw;
        let envelope =
            TxEnvelope::decode_2718(&mut rest).map_err(|e| InvalidTransaction::Malformed(e.to_string()))?;
        if !rest.is_empty() {
            return Err(InvalidTransaction::Malformed("bytes follow it".into()));
        }
        let TxEnvelope::Eip1559(signed) = envelope else { return Err(InvalidTransaction::Type) };
        let signature = Signature::from_bytes(&signed.signature().as_bytes())?;
        let from = signature.recover(signed.signature_hash().0)?;
        let (hash, it) = (hash(*signed.hash()), signed.strip_signature());
        if it.value != U256::ZERO || !it.access_list.is_empty() {
            return Err(InvalidTransaction::Content);
        }
        let transaction = Self {
            chain_id: it.chain_id,
            nonce: it.nonce,
            to: it.to.to().map(|to| Address(to.into_array())),
            data: it.input.to_vec(),
            gas: it.gas_limit,
            fee: Fee { max: it.max_fee_per_gas, tip: it.max_priority_fee_per_gas },
        };
        Ok((transaction, from, hash))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn transaction() -> Transaction {
        Transaction {
            chain_id: 31337,
            nonce: 7,
            to: Some(Address([9; 20])),
            data: vec![1, 2, 3],
            gas: 50_000,
            fee: Fee { max: 30, tip: 2 },
        }
    }

    #[test]
    fn a_signed_transaction_is_read_back_with_its_signer() {
        let key = AccountKey::random(&mut rand_core::OsRng);
        let signed = transaction().sign(&key);
        let (read, from, hash) = Transaction::decode(&signed.raw).unwrap();
        assert_eq!((read, from, hash), (transaction(), key.address(), signed.hash));
    }

    #[test]
    fn bytes_after_or_of_less_than_a_transaction_are_refused() {
        let mut raw = transaction().sign(&AccountKey::random(&mut rand_core::OsRng)).raw;
        raw.push(0);
        assert!(Transaction::decode(&raw).is_err());
        raw.truncate(raw.len() - 2);
        assert!(Transaction::decode(&raw).is_err());
    }
}

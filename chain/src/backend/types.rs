//! What all chains have in common, in this crate's own types.

use circuits::types::Address;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// 32 bytes: of a block, a transaction, a topic, or a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// Not 0x and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 0x and 64 hexadecimal digits")]
pub struct InvalidHash;

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;
    fn from_str(s: &str) -> Result<Self, InvalidHash> {
        let mut out = [0; 32];
        let digits = s.strip_prefix("0x").ok_or(InvalidHash)?;
        hex::decode_to_slice(digits, &mut out).map_err(|_| InvalidHash)?;
        Ok(Self(out))
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Bytes as 0x and hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Data(pub Vec<u8>);

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Data {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("0x{}", hex::encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let digits =
            text.strip_prefix("0x").ok_or_else(|| serde::de::Error::custom("no 0x before digits"))?;
        hex::decode(digits).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A block's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
    /// Unix seconds.
    pub timestamp: u64,
    /// Wei per gas that every transaction of the next block pays at least, as
    /// far as this block tells.
    pub base_fee: u128,
}

/// What a contract said while it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// Hash of the event's signature, then its indexed arguments.
    pub topics: Vec<Hash>,
    /// The other arguments.
    pub data: Data,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The transaction.
    pub transaction: Hash,
    /// Height of its block.
    pub block: u64,
    /// Hash of its block.
    pub block_hash: Hash,
    /// Whether it did what it was to do; otherwise it only cost gas.
    pub succeeded: bool,
    /// Gas of the whole transaction.
    pub gas: u64,
    /// Wei per gas that were paid.
    pub price: u128,
    /// The contract that it created.
    pub created: Option<Address>,
    /// What contracts said.
    pub logs: Vec<Log>,
}

/// A call that changes nothing, or whose gas is to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who calls.
    pub from: Address,
    /// The contract, or `None` to create one.
    pub to: Option<Address>,
    /// Calldata, or the code that creates.
    pub data: Vec<u8>,
}

impl Call {
    /// A question to a contract; who asks makes no difference.
    pub fn question(to: Address, data: Vec<u8>) -> Self {
        Self { from: Address::default(), to: Some(to), data }
    }
}

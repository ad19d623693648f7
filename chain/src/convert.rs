//! Between this crate's types and those of the libraries.

use crate::backend::{Data, Hash, Log};
use alloy::primitives as alloy;
use circuits::types::Address;

pub(crate) fn address(from: alloy::Address) -> Address {
    Address(from.into_array())
}

pub(crate) fn to_address(from: Address) -> alloy::Address {
    alloy::Address::new(from.0)
}

pub(crate) fn hash(from: alloy::B256) -> Hash {
    Hash(from.0)
}

pub(crate) fn to_hash(from: Hash) -> alloy::B256 {
    alloy::B256::new(from.0)
}

pub(crate) fn log(from: &alloy::Log) -> Log {
    Log {
        address: address(from.address),
        topics: from.topics().iter().copied().map(hash).collect(),
        data: Data(from.data.data.to_vec()),
    }
}

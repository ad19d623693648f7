//! A contract for tests: whoever calls it with two words stores the second
//! under the first, once. A second time it refuses with
//! `AlreadyThere(bytes32)`. With one word it answers what is stored.

use chain::{
    Backend, Hash,
    backend::{Call, Data},
    outbox::{Done, Posting, PostingId},
};
use circuits::types::{Address, keccak256};

/// The runtime code, by hand.
///
/// ```text
/// 00 CALLDATASIZE; PUSH1 20; EQ; PUSH1 read; JUMPI
/// 06 PUSH0; CALLDATALOAD; DUP1; SLOAD; PUSH1 there; JUMPI
/// 0d PUSH1 20; CALLDATALOAD; SWAP1; SSTORE; STOP
/// there: JUMPDEST; selector at 0; key at 4; REVERT 36 bytes
/// read:  JUMPDEST; PUSH0; CALLDATALOAD; SLOAD; PUSH0; MSTORE; RETURN 32 bytes
/// ```
pub fn creation_code() -> Vec<u8> {
    let mut runtime = vec![0x36, 0x60, 0x20, 0x14, 0x60, 0, 0x57];
    runtime.extend([0x5f, 0x35, 0x80, 0x54, 0x60, 0, 0x57]);
    runtime.extend([0x60, 0x20, 0x35, 0x90, 0x55, 0x00]);
    runtime[12] = u8::try_from(runtime.len()).unwrap();
    runtime.push(0x5b);
    runtime.push(0x7f);
    runtime.extend(&keccak256("AlreadyThere(bytes32)")[..4]);
    runtime.extend([0; 28]);
    runtime.extend([0x5f, 0x52, 0x60, 0x04, 0x52, 0x60, 0x24, 0x5f, 0xfd]);
    runtime[5] = u8::try_from(runtime.len()).unwrap();
    runtime.extend([0x5b, 0x5f, 0x35, 0x54, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]);
    let length = u8::try_from(runtime.len()).unwrap();
    let mut creation = vec![0x60, length, 0x80, 0x60, 0x09, 0x5f, 0x39, 0x5f, 0xf3];
    creation.extend(runtime);
    creation
}

pub fn word(n: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&n.to_be_bytes());
    word
}

/// Creates the contract.
pub fn creation() -> Posting {
    Posting {
        id: PostingId::new("test", "ledger", 0),
        to: None,
        data: Data(creation_code()),
        done: Done::Receipt,
    }
}

/// Stores n + 1 under n.
pub fn entry(ledger: Address, n: u64) -> Posting {
    Posting {
        id: PostingId::new("test", "entry", n),
        to: Some(ledger),
        data: Data([word(n), word(n + 1)].concat()),
        done: Done::Answer { to: ledger, data: Data(word(n).to_vec()), word: 0, least: Hash(word(1)) },
    }
}

/// What is stored under n.
pub async fn stored(chain: &impl Backend, ledger: Address, n: u64) -> Vec<u8> {
    chain.call(&Call::question(ledger, word(n).to_vec())).await.unwrap()
}

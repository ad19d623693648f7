//! The tests' chain, with one sender and results to unwrap.

use crate::chain::{self, Chain};
use revm::primitives::{Address, Log, U256};
use std::collections::BTreeMap;

/// Most gas of a transaction.
pub const GAS_LIMIT: u64 = chain::GAS_LIMIT;
/// Who sends everything: no right hangs on it.
const SENDER: Address = Address::repeat_byte(0x5e);

/// A transaction that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// As a whole transaction.
    pub gas: u64,
    pub output: Vec<u8>,
    pub logs: Vec<Log>,
}

/// A transaction that changed nothing: the error, or nothing if it ran out
/// of gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted(pub Vec<u8>);

/// See the module. A clone goes its own way.
#[derive(Clone)]
pub struct Evm {
    chain: Chain,
}

impl Evm {
    pub fn with_chain_id(id: u64) -> Self {
        let mut chain = Chain::new();
        chain.id = id;
        chain.fund(SENDER, 1_000);
        Self { chain }
    }

    /// The next block has this time.
    pub fn mine_at(&mut self, time: u64) {
        self.chain.time = time;
        self.chain.number += 1;
    }

    /// Creates a contract; returns its address, its code's length and the
    /// gas.
    pub fn deploy(&mut self, code: Vec<u8>) -> Result<(Address, usize, u64), String> {
        let created = self.chain.try_create(SENDER, code);
        let (address, gas) = created.map_err(|why| format!("{why:?}"))?;
        Ok((address, self.chain.code(address).len(), gas))
    }

    /// A transaction that counts.
    pub fn send(&mut self, to: Address, data: Vec<u8>) -> Result<Sent, Reverted> {
        self.send_with(to, data, GAS_LIMIT, 0)
    }

    /// A transaction with this gas limit that sends `wei`.
    pub fn send_with(&mut self, to: Address, data: Vec<u8>, gas: u64, wei: u64) -> Result<Sent, Reverted> {
        result(self.chain.pay(SENDER, to, data, gas, wei))
    }

    /// The same without a trace.
    pub fn simulate(&self, to: Address, data: Vec<u8>, gas: u64) -> Result<Sent, Reverted> {
        result(self.chain.clone().send_with(SENDER, to, data, gas))
    }

    /// Gas of a transaction, carried out or not, without a trace.
    pub fn gas_of(&self, to: Address, data: Vec<u8>) -> u64 {
        self.chain.gas_of(SENDER, to, data)
    }

    /// A contract's code.
    pub fn code(&self, of: Address) -> Vec<u8> {
        self.chain.code(of)
    }

    /// A contract's storage, without what is zero.
    pub fn storage(&self, of: Address) -> BTreeMap<U256, U256> {
        self.chain.storage(of)
    }

    /// What a view returns.
    pub fn view(&self, to: Address, data: Vec<u8>) -> Vec<u8> {
        self.simulate(to, data, GAS_LIMIT).expect("the view returns").output
    }
}

fn result(sent: chain::Sent) -> Result<Sent, Reverted> {
    match sent {
        chain::Sent::Done { gas, output, logs } => Ok(Sent { gas, output, logs }),
        chain::Sent::Reverted { output } => Err(Reverted(output)),
        chain::Sent::Halted => Err(Reverted(Vec::new())),
    }
}

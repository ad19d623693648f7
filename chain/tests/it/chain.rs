//! A chain in memory: accounts, time and transactions, under the limits of
//! the real one: sizes of code (EIP-170, EIP-3860) and gas of a transaction
//! (EIP-7825).

use alloy::sol_types::SolError;
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::TxEnv,
    context_interface::result::{ExecutionResult, Output},
    database::InMemoryDB,
    primitives::{Address, Bytes, Log, TxKind, U256, hardfork::SpecId},
    state::AccountInfo,
};
use std::collections::BTreeMap;

/// The chain's id.
pub const CHAIN_ID: u64 = 31_337;
/// Most gas of a transaction, by EIP-7825.
pub const GAS_LIMIT: u64 = 1 << 24;
/// The block's time at first.
pub const START: u64 = 1_700_000_000;

/// What a transaction did.
#[derive(Debug)]
pub enum Sent {
    /// It was carried out.
    Done { gas: u64, output: Vec<u8>, logs: Vec<Log> },
    /// The contract refused it; `output` is the error.
    Reverted { output: Vec<u8> },
    /// It ran out of gas or did something that is none.
    Halted,
}

impl Sent {
    /// The gas of a transaction that was carried out.
    pub fn gas(&self) -> u64 {
        match self {
            Sent::Done { gas, .. } => *gas,
            other => panic!("refused: {other:?}, {}", other.reason()),
        }
    }

    /// The answer of a transaction that was carried out.
    pub fn output(&self) -> &[u8] {
        match self {
            Sent::Done { output, .. } => output,
            other => panic!("refused: {other:?}, {}", other.reason()),
        }
    }

    /// Whether it was carried out.
    pub fn is_done(&self) -> bool {
        matches!(self, Sent::Done { .. })
    }

    /// The custom error with its arguments.
    pub fn error<E: SolError>(&self) -> E {
        match self {
            Sent::Reverted { output, .. } => {
                E::abi_decode(output).unwrap_or_else(|_| panic!("another error: {}", self.reason()))
            }
            other => panic!("no error: {other:?}"),
        }
    }

    fn reason(&self) -> String {
        use alloy::sol_types::SolInterface;
        use chain::abi::{IElections::IElectionsErrors, IGroth16Verifiers::IGroth16VerifiersErrors};
        let Sent::Reverted { output, .. } = self else { return String::new() };
        let elections = IElectionsErrors::abi_decode(output).map(|e| format!("{e:?}"));
        let verifiers = IGroth16VerifiersErrors::abi_decode(output).map(|e| format!("{e:?}"));
        elections.or(verifiers).unwrap_or_else(|_| format!("unknown error 0x{}", hex::encode(output)))
    }
}

/// A chain; a clone goes its own way.
#[derive(Clone, Debug)]
pub struct Chain {
    state: InMemoryDB,
    /// The next block's time.
    pub time: u64,
    /// The next block's number.
    pub number: u64,
    /// The chain's id.
    pub id: u64,
}

impl Chain {
    /// An empty chain.
    pub fn new() -> Self {
        Self { state: InMemoryDB::default(), time: START, number: 1, id: CHAIN_ID }
    }

    /// Creates a contract; returns its address and the gas.
    pub fn create(&mut self, from: Address, code: Vec<u8>) -> (Address, u64) {
        self.try_create(from, code).unwrap_or_else(|why| panic!("not created: {why:?}"))
    }

    /// Creates a contract, unless its constructor or a limit refuses.
    pub fn try_create(&mut self, from: Address, code: Vec<u8>) -> Result<(Address, u64), ExecutionResult> {
        match self.run(from, TxKind::Create, code, GAS_LIMIT, 0) {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), gas, .. } => {
                Ok((address, gas.tx_gas_used()))
            }
            other => Err(other),
        }
    }

    /// Gives an account what it may send.
    pub fn fund(&mut self, account: Address, wei: u64) {
        let info = AccountInfo { balance: U256::from(wei), nonce: self.nonce(account), ..Default::default() };
        self.state.insert_account_info(account, info);
    }

    /// Sends a transaction.
    pub fn send(&mut self, from: Address, to: Address, data: Vec<u8>) -> Sent {
        self.send_with(from, to, data, GAS_LIMIT)
    }

    /// Sends a transaction with a limit of its own.
    pub fn send_with(&mut self, from: Address, to: Address, data: Vec<u8>, limit: u64) -> Sent {
        self.pay(from, to, data, limit, 0)
    }

    /// Sends a transaction with wei.
    pub fn pay(&mut self, from: Address, to: Address, data: Vec<u8>, limit: u64, wei: u64) -> Sent {
        let result = self.run(from, TxKind::Call(to), data, limit, wei);
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, logs, .. } => {
                Sent::Done { gas, output: output.into_data().to_vec(), logs }
            }
            ExecutionResult::Revert { output, .. } => Sent::Reverted { output: output.to_vec() },
            ExecutionResult::Halt { .. } => Sent::Halted,
        }
    }

    /// Gas of a transaction, carried out or not, without a trace.
    pub fn gas_of(&self, from: Address, to: Address, data: Vec<u8>) -> u64 {
        self.clone().run(from, TxKind::Call(to), data, GAS_LIMIT, 0).tx_gas_used()
    }

    /// Calls without a trace.
    pub fn call(&self, to: Address, data: Vec<u8>) -> Sent {
        self.clone().send(Address::repeat_byte(0xca), to, data)
    }

    /// A contract's code.
    pub fn code(&self, of: Address) -> Vec<u8> {
        let info = &self.state.cache.accounts[&of].info;
        let code = info.code.clone().unwrap_or_else(|| self.state.cache.contracts[&info.code_hash].clone());
        code.original_bytes().to_vec()
    }

    /// A contract's storage, without what is zero.
    pub fn storage(&self, of: Address) -> BTreeMap<U256, U256> {
        let all = self.state.cache.accounts[&of].storage.iter();
        all.filter(|(_, value)| !value.is_zero()).map(|(key, value)| (*key, *value)).collect()
    }

    fn nonce(&self, of: Address) -> u64 {
        self.state.cache.accounts.get(&of).map_or(0, |account| account.info.nonce)
    }

    fn run(&mut self, from: Address, kind: TxKind, data: Vec<u8>, limit: u64, wei: u64) -> ExecutionResult {
        let transaction = TxEnv::builder()
            .caller(from)
            .kind(kind)
            .data(Bytes::from(data))
            .gas_limit(limit)
            .value(U256::from(wei))
            .nonce(self.nonce(from))
            .chain_id(Some(self.id))
            .build()
            .expect("a complete transaction");
        let (time, number, id) = (self.time, self.number, self.id);
        let context = Context::mainnet()
            .with_db(&mut self.state)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
                cfg.chain_id = id;
            })
            .modify_block_chained(|block| {
                block.timestamp = U256::from(time);
                block.number = U256::from(number);
            });
        let mut evm = context.build_mainnet();
        evm.transact_commit(transaction).expect("a transaction that may be sent")
    }
}

//! An EVM in memory, with the limits of the real one: code size (EIP-170,
//! EIP-3860) and the gas of each call.

use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{BlockEnv, CfgEnv, Journal, TxEnv},
    context_interface::result::{ExecutionResult, Output},
    database::InMemoryDB,
    primitives::{Address, Bytes, Log, TxKind, U256, hardfork::SpecId},
    state::AccountInfo,
};

/// Most gas of a transaction (EIP-7825), rounded down.
pub const GAS_LIMIT: u64 = 16_000_000;

/// What a call did.
#[derive(Debug, PartialEq, Eq)]
pub enum Called {
    /// It returned.
    Returned { gas: u64, output: Vec<u8> },
    /// It reverted, or ran out of its gas.
    Refused { gas: u64 },
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// As a whole transaction.
    pub gas: u64,
    pub output: Vec<u8>,
    pub logs: Vec<Log>,
}

/// A transaction that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    pub gas: u64,
    /// The error, or nothing if it ran out of gas.
    pub data: Vec<u8>,
}

type Inner = MainnetEvm<Context<BlockEnv, TxEnv, CfgEnv, InMemoryDB, Journal<InMemoryDB>, ()>>;

/// Each has its own state.
pub struct Evm {
    inner: Inner,
    block: BlockEnv,
    chain_id: u64,
    nonce: u64,
}

impl Evm {
    /// An empty chain under the rules of Prague.
    pub fn new() -> Self {
        Self::with_chain_id(1)
    }

    /// The same with another chain id.
    pub fn with_chain_id(chain_id: u64) -> Self {
        let mut database = InMemoryDB::default();
        let rich = AccountInfo { balance: U256::MAX >> 1, ..AccountInfo::default() };
        database.insert_account_info(Address::ZERO, rich);
        let context = Context::mainnet().with_db(database).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            cfg.chain_id = chain_id;
            cfg.disable_nonce_check = false;
        });
        let block = BlockEnv { number: U256::from(1), ..BlockEnv::default() };
        let mut evm = Self { inner: context.build_mainnet(), block, chain_id, nonce: 0 };
        evm.inner.set_block(evm.block.clone());
        evm
    }

    /// The next block has this time.
    pub fn mine_at(&mut self, time: u64) {
        self.block.number += U256::from(1);
        self.block.timestamp = U256::from(time);
        self.inner.set_block(self.block.clone());
    }

    /// Creates a contract; returns its address, its code's length and the
    /// gas.
    pub fn deploy(&mut self, code: Vec<u8>) -> Result<(Address, usize, u64), String> {
        let transaction = self.transaction(TxKind::Create, code, GAS_LIMIT, 0);
        let result = self.inner.transact_commit(transaction).map_err(|why| format!("{why:?}"))?;
        self.nonce += 1;
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output: Output::Create(code, Some(address)), .. } => {
                Ok((address, code.len(), gas))
            }
            other => Err(format!("{other:?}")),
        }
    }

    /// Calls a contract with at most `gas`; keeps no change of the state.
    pub fn call(&mut self, to: Address, data: Vec<u8>, gas: u64) -> Called {
        match self.simulate(to, data, gas) {
            Ok(sent) => Called::Returned { gas: sent.gas, output: sent.output },
            Err(reverted) => Called::Refused { gas: reverted.gas },
        }
    }

    /// As [`Evm::call`], with logs or the error.
    pub fn simulate(&mut self, to: Address, data: Vec<u8>, gas: u64) -> Result<Sent, Reverted> {
        let transaction = self.transaction(TxKind::Call(to), data, gas, 0);
        sent(self.inner.transact(transaction).expect("a well-formed transaction").result)
    }

    /// A transaction that counts.
    pub fn send(&mut self, to: Address, data: Vec<u8>) -> Result<Sent, Reverted> {
        self.send_with(to, data, GAS_LIMIT, 0)
    }

    /// A transaction with this gas limit that sends `value` wei.
    pub fn send_with(
        &mut self,
        to: Address,
        data: Vec<u8>,
        gas: u64,
        value: u64,
    ) -> Result<Sent, Reverted> {
        let transaction = self.transaction(TxKind::Call(to), data, gas, value);
        let result = self.inner.transact_commit(transaction).expect("a well-formed transaction");
        self.nonce += 1;
        sent(result)
    }

    /// What a view returns.
    pub fn view(&mut self, to: Address, data: Vec<u8>) -> Vec<u8> {
        self.simulate(to, data, GAS_LIMIT).expect("the view returns").output
    }

    fn transaction(&self, kind: TxKind, data: Vec<u8>, gas: u64, value: u64) -> TxEnv {
        TxEnv::builder()
            .kind(kind)
            .data(Bytes::from(data))
            .gas_limit(gas)
            .value(U256::from(value))
            .chain_id(Some(self.chain_id))
            .nonce(self.nonce)
            .build()
            .expect("a complete transaction")
    }
}

fn sent(result: ExecutionResult) -> Result<Sent, Reverted> {
    let gas = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, logs, .. } => {
            Ok(Sent { gas, output: output.into_data().to_vec(), logs })
        }
        ExecutionResult::Revert { output, .. } => Err(Reverted { gas, data: output.to_vec() }),
        ExecutionResult::Halt { .. } => Err(Reverted { gas, data: Vec::new() }),
    }
}

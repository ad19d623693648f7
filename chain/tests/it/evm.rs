//! An EVM in memory, with the limits of the real one: code size (EIP-170,
//! EIP-3860) and the gas of each call.

use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{BlockEnv, CfgEnv, Journal, TxEnv},
    context_interface::result::{ExecutionResult, Output},
    database::InMemoryDB,
    primitives::{Address, Bytes, TxKind, hardfork::SpecId},
};

/// What a call did.
#[derive(Debug, PartialEq, Eq)]
pub enum Called {
    /// It returned.
    Returned { gas: u64, output: Vec<u8> },
    /// It reverted, or ran out of its gas.
    Refused { gas: u64 },
}

type Inner = MainnetEvm<Context<BlockEnv, TxEnv, CfgEnv, InMemoryDB, Journal<InMemoryDB>, ()>>;

/// Each has its own state.
pub struct Evm {
    inner: Inner,
    nonce: u64,
}

impl Evm {
    /// An empty chain under the rules of Prague.
    pub fn new() -> Self {
        let context = Context::mainnet().with_db(InMemoryDB::default()).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            cfg.disable_nonce_check = false;
        });
        Self { inner: context.build_mainnet(), nonce: 0 }
    }

    /// Creates a contract; returns its address, its code's length and the
    /// gas.
    pub fn deploy(&mut self, code: Vec<u8>) -> Result<(Address, usize, u64), String> {
        let transaction = self.transaction(TxKind::Create, code, 16_000_000);
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
        let transaction = self.transaction(TxKind::Call(to), data, gas);
        let result = self.inner.transact(transaction).expect("a well-formed transaction").result;
        let gas = result.tx_gas_used();
        match result {
            ExecutionResult::Success { output, .. } => {
                Called::Returned { gas, output: output.into_data().to_vec() }
            }
            ExecutionResult::Revert { .. } | ExecutionResult::Halt { .. } => Called::Refused { gas },
        }
    }

    fn transaction(&self, kind: TxKind, data: Vec<u8>, gas: u64) -> TxEnv {
        TxEnv::builder()
            .kind(kind)
            .data(Bytes::from(data))
            .gas_limit(gas)
            .nonce(self.nonce)
            .build()
            .expect("a complete transaction")
    }
}

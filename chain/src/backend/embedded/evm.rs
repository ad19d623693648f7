//! The EVM and its accounts in memory.

use super::block::{Account, Record};
use crate::{
    backend::{Call, Hash, Log, TRANSACTION_GAS_MAX},
    convert::{address, log, to_address},
    transaction::Transaction,
};
use circuits::types::Address;
use revm::{
    Context, Database, DatabaseRef, ExecuteEvm, MainBuilder, MainContext,
    context::TxEnv,
    context_interface::result::{ExecutionResult, Output},
    database::InMemoryDB,
    primitives::{Bytes, TxKind, U256, hardfork::SpecId},
    state::{AccountInfo, Bytecode, EvmState},
};
use std::collections::BTreeMap;

/// Gas of a block: as on the main network.
const BLOCK_GAS: u64 = 60_000_000;

/// The block in which something runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Env {
    pub number: u64,
    pub timestamp: u64,
}

/// What running something came to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub succeeded: bool,
    pub gas: u64,
    pub output: Vec<u8>,
    pub created: Option<Address>,
    pub logs: Vec<Log>,
}

/// Accounts, and the rules under which they change.
pub(super) struct Evm {
    chain_id: u64,
    accounts: InMemoryDB,
}

impl Evm {
    pub(super) fn new(chain_id: u64) -> Self {
        Self { chain_id, accounts: InMemoryDB::default() }
    }

    fn info(&self, account: Address) -> AccountInfo {
        let Ok(info) = self.accounts.basic_ref(to_address(account));
        info.unwrap_or_default()
    }

    pub(super) fn nonce(&self, account: Address) -> u64 {
        self.info(account).nonce
    }

    pub(super) fn balance(&self, account: Address) -> u128 {
        self.info(account).balance.try_into().unwrap_or(u128::MAX)
    }

    pub(super) fn code(&self, account: Address) -> Vec<u8> {
        let Ok(code) = self.accounts.code_by_hash_ref(self.info(account).code_hash);
        code.original_byte_slice().to_vec()
    }

    /// Takes in what a block left.
    pub(super) fn apply(&mut self, record: &Record) {
        for (account, after) in &record.accounts {
            let account = to_address(*account);
            let Ok(before) = self.accounts.basic(account);
            let mut info = before.unwrap_or_default();
            info.nonce = after.nonce;
            info.balance = U256::from_be_bytes(after.balance.0);
            if let Some(code) = &after.code {
                let code = Bytecode::new_raw(Bytes::from(code.0.clone()));
                info = AccountInfo::new(info.balance, info.nonce, code.hash_slow(), code);
            }
            self.accounts.insert_account_info(account, info);
            for (slot, value) in &after.storage {
                let (slot, value) = (U256::from_be_bytes(slot.0), U256::from_be_bytes(value.0));
                let Ok(()) = self.accounts.insert_account_storage(account, slot, value);
            }
        }
    }

    /// Runs a transaction without keeping what it does: the caller writes it
    /// down first and then applies it.
    pub(super) fn transact(
        &self,
        env: &Env,
        from: Address,
        it: &Transaction,
    ) -> Result<(Outcome, BTreeMap<Address, Account>), String> {
        let transaction = TxEnv::builder()
            .caller(to_address(from))
            .kind(kind(it.to))
            .data(Bytes::from(it.data.clone()))
            .gas_limit(it.gas)
            .nonce(it.nonce)
            .chain_id(Some(self.chain_id))
            .build()
            .map_err(|e| format!("{e:?}"))?;
        let (outcome, state) = self.execute(env, transaction, true)?;
        Ok((outcome, changes(state)))
    }

    /// What a call would do in the next block.
    pub(super) fn call(&self, env: &Env, call: &Call, gas: u64) -> Result<Outcome, String> {
        let transaction = TxEnv::builder()
            .caller(to_address(call.from))
            .kind(kind(call.to))
            .data(Bytes::from(call.data.clone()))
            .gas_limit(gas.min(TRANSACTION_GAS_MAX))
            .nonce(self.nonce(call.from))
            .chain_id(Some(self.chain_id))
            .build()
            .map_err(|e| format!("{e:?}"))?;
        Ok(self.execute(env, transaction, false)?.0)
    }

    fn execute(&self, env: &Env, transaction: TxEnv, nonce: bool) -> Result<(Outcome, EvmState), String> {
        let accounts = revm::database::WrapDatabaseRef(&self.accounts);
        let context = Context::mainnet().with_db(accounts).modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
            cfg.chain_id = self.chain_id;
            cfg.disable_nonce_check = !nonce;
        });
        let mut evm = context
            .modify_block_chained(|block| {
                block.number = U256::from(env.number);
                block.timestamp = U256::from(env.timestamp);
                block.gas_limit = BLOCK_GAS;
                block.basefee = 0;
            })
            .build_mainnet();
        let done = evm.transact(transaction).map_err(|e| format!("{e:?}"))?;
        Ok((outcome(done.result), done.state))
    }
}

fn kind(to: Option<Address>) -> TxKind {
    to.map_or(TxKind::Create, |to| TxKind::Call(to_address(to)))
}

fn outcome(result: ExecutionResult) -> Outcome {
    let gas = result.tx_gas_used();
    let refused = |output| Outcome { succeeded: false, gas, output, created: None, logs: Vec::new() };
    match result {
        ExecutionResult::Success { output, logs, .. } => {
            let created = match &output {
                Output::Create(_, created) => created.map(address),
                Output::Call(_) => None,
            };
            let logs = logs.iter().map(log).collect();
            Outcome { succeeded: true, gas, output: output.into_data().to_vec(), created, logs }
        }
        ExecutionResult::Revert { output, .. } => refused(output.to_vec()),
        ExecutionResult::Halt { .. } => refused(Vec::new()),
    }
}

/// What a transaction left, in an order of its own.
fn changes(state: EvmState) -> BTreeMap<Address, Account> {
    let touched = state.into_iter().filter(|(_, account)| account.is_touched());
    let change = |account: revm::state::Account| Account {
        nonce: account.info.nonce,
        balance: Hash(account.info.balance.to_be_bytes()),
        code: account
            .is_created()
            .then(|| {
                account.info.code.as_ref().map(|c| crate::backend::Data(c.original_byte_slice().to_vec()))
            })
            .flatten(),
        storage: account
            .storage
            .iter()
            .filter(|(_, slot)| slot.is_changed())
            .map(|(slot, value)| (Hash(slot.to_be_bytes()), Hash(value.present_value.to_be_bytes())))
            .collect(),
    };
    touched.map(|(at, account)| (address(at), change(account))).collect()
}

//! Chains that others run, over JSON-RPC and HTTP. spec: `chain.rpc`.

use super::{Answer, Backend, Block, Call, Error, Hash, Receipt, SendError};
use crate::{
    convert::{address, hash, log, to_address, to_hash},
    is_development,
    revert::Revert,
};
use alloy::{
    consensus::Transaction as _,
    eips::{BlockNumberOrTag, eip2718::Encodable2718},
    network::TransactionBuilder,
    primitives::{Bytes, TxKind, U256, keccak256},
    providers::{Provider, RootProvider},
    rpc::{
        client::ClientBuilder,
        types::{TransactionReceipt, TransactionRequest},
    },
    transports::{RpcError, TransportErrorKind},
};
use circuits::types::Address;
use reqwest::Url;
use std::{error::Error as _, sync::Arc, time::Duration};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most characters of an answer that get into a message.
const LONGEST_SAYING: usize = 300;
/// Tip where a node proposes none, in wei per gas.
const USUAL_TIP: u128 = 1_000_000_000;
/// What a development chain pays a fresh account, in wei.
const ENDOWMENT: u128 = 10_000_000_000_000_000_000;
/// Looks for the receipt of such a payment, and the time between two.
const LOOKS: u32 = 150;
const PAUSE: Duration = Duration::from_millis(200);

/// A chain over JSON-RPC.
#[derive(Clone, Debug)]
pub struct Rpc {
    provider: RootProvider,
    /// Scheme, host and port alone: paths and queries hold access keys.
    name: String,
    url: String,
}

/// Why an address is not that of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// See the message.
    #[error("it is not an address like http://host:port or https://host/path: {0}")]
    Form(String),
    /// See the message.
    #[error("the connection cannot be set up: {0}")]
    Client(String),
}

impl Rpc {
    /// A chain's node. Nothing is asked yet.
    ///
    /// # Errors
    /// If the address is none.
    pub fn new(address: &str) -> Result<Self, InvalidUrl> {
        let url = Url::parse(address).map_err(|e| InvalidUrl::Form(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Form(format!("{:?} is neither http nor https", url.scheme())));
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let name = format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default());
        let client = client().map_err(|e| InvalidUrl::Client(e.to_string()))?;
        let provider = RootProvider::new(ClientBuilder::default().http_with_client(client, url.clone()));
        Ok(Self { provider, name, url: url.into() })
    }

    fn failed(&self, what: &'static str) -> impl Fn(RpcError<TransportErrorKind>) -> Error + '_ {
        move |error| self.error(what, &error)
    }

    fn error(&self, what: &'static str, error: &RpcError<TransportErrorKind>) -> Error {
        let chain = self.name.clone();
        match error {
            RpcError::ErrorResp(payload) => match payload.as_revert_data() {
                Some(data) => Error::Reverted(Revert::new(data.to_vec())),
                None if payload.message.contains("revert") => Error::Reverted(Revert::new(Vec::new())),
                None => Error::Refused { chain, what, problem: shown(&payload.message) },
            },
            RpcError::Transport(kind) => {
                let mut problem = kind.to_string();
                let mut cause = kind.source();
                while let Some(inner) = cause {
                    problem = inner.to_string();
                    cause = inner.source();
                }
                Error::Unreachable { chain, what, problem: shown(&problem.replace(&self.url, &self.name)) }
            }
            other => Error::Nonsense { chain, what, problem: shown(&other.to_string()) },
        }
    }

    fn nonsense(&self, what: &'static str, problem: &str) -> Error {
        Error::Nonsense { chain: self.name.clone(), what, problem: problem.into() }
    }

    fn taken(&self, found: &TransactionReceipt) -> Answer<Option<Receipt>> {
        let (Some(block), Some(block_hash)) = (found.block_number, found.block_hash) else { return Ok(None) };
        Ok(Some(Receipt {
            transaction: hash(found.transaction_hash),
            block,
            block_hash: hash(block_hash),
            succeeded: found.status(),
            gas: found.gas_used,
            price: found.effective_gas_price,
            created: found.contract_address.map(address),
            logs: found.logs().iter().map(|l| log(&l.inner)).collect(),
        }))
    }

    async fn pay(&self, account: Address) -> Answer<bool> {
        let failed = self.failed("a payment by the development chain");
        let Some(payer) = self.provider.get_accounts().await.map_err(&failed)?.first().copied() else {
            return Ok(false);
        };
        let payment = TransactionRequest::default()
            .with_from(payer)
            .with_to(to_address(account))
            .with_value(U256::from(ENDOWMENT));
        let sent = self.provider.send_transaction(payment).await.map_err(&failed)?;
        for _ in 0..LOOKS {
            let receipt = self.provider.get_transaction_receipt(*sent.tx_hash()).await.map_err(&failed)?;
            if let Some(receipt) = receipt {
                return Ok(receipt.status());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }
}

/// What somebody else's program said, for a message: a page of a proxy, say,
/// is long, and a terminal obeys control characters.
fn shown(said: &str) -> String {
    let printable = said.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(LONGEST_SAYING).collect()
}

/// A client that trusts the web's authorities, by the one TLS provider of
/// this program.
fn client() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder().timeout(TIMEOUT).tls_backend_preconfigured(tls).build()?)
}

fn request(call: &Call) -> TransactionRequest {
    let kind = call.to.map_or(TxKind::Create, |to| TxKind::Call(to_address(to)));
    TransactionRequest::default()
        .with_from(to_address(call.from))
        .with_kind(kind)
        .with_input(Bytes::from(call.data.clone()))
}

/// What a node means; there are no codes for it, only usual words.
fn refusal(message: &str, other: Error) -> SendError {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["already known", "already imported", "already exists", "known transaction"]) {
        SendError::Known
    } else if says(&["nonce too low", "nonce is too low", "nonce has already been used"]) {
        SendError::NonceTooLow
    } else if says(&["nonce too high", "nonce gap"]) {
        SendError::NonceTooHigh
    } else if says(&["underpriced", "less than block base fee", "fee too low", "fee cap"]) {
        SendError::Underpriced(message)
    } else if says(&["insufficient funds", "insufficient balance"]) {
        SendError::Unfunded(message)
    } else {
        SendError::Chain(other)
    }
}

impl Backend for Rpc {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn chain_id(&self) -> Answer<u64> {
        self.provider.get_chain_id().await.map_err(self.failed("its chain id"))
    }

    async fn latest(&self) -> Answer<Block> {
        let what = "its newest block";
        let found = self.provider.get_block_by_number(BlockNumberOrTag::Latest).await;
        let found = found.map_err(self.failed(what))?;
        let block = found.ok_or_else(|| self.nonsense(what, "there is none"))?;
        let head = &block.header;
        let base_fee = head.base_fee_per_gas.ok_or_else(|| self.nonsense(what, "it has no base fee"))?;
        Ok(Block {
            number: head.number,
            hash: hash(head.hash),
            timestamp: head.timestamp,
            base_fee: base_fee.into(),
        })
    }

    async fn nonce(&self, account: Address) -> Answer<u64> {
        let count = self.provider.get_transaction_count(to_address(account)).latest();
        count.await.map_err(self.failed("an account's nonce"))
    }

    async fn balance(&self, account: Address) -> Answer<u128> {
        let balance = self.provider.get_balance(to_address(account)).latest();
        let balance = balance.await.map_err(self.failed("an account's balance"))?;
        Ok(balance.try_into().unwrap_or(u128::MAX))
    }

    async fn code(&self, account: Address) -> Answer<Vec<u8>> {
        let code = self.provider.get_code_at(to_address(account)).latest();
        Ok(code.await.map_err(self.failed("a contract's code"))?.to_vec())
    }

    async fn call(&self, call: &Call) -> Answer<Vec<u8>> {
        let output = self.provider.call(request(call)).latest();
        Ok(output.await.map_err(self.failed("a call"))?.to_vec())
    }

    async fn estimate(&self, call: &Call) -> Answer<u64> {
        let gas = self.provider.estimate_gas(request(call));
        gas.await.map_err(self.failed("the gas of a transaction"))
    }

    async fn tip(&self) -> Answer<u128> {
        match self.provider.get_max_priority_fee_per_gas().await {
            Ok(tip) => Ok(tip),
            // Not every node knows the question.
            Err(RpcError::ErrorResp(_)) => Ok(USUAL_TIP),
            Err(e) => Err(self.error("the usual tip", &e)),
        }
    }

    async fn send(&self, raw: &[u8]) -> Result<(), SendError> {
        match self.provider.send_raw_transaction(raw).await {
            Ok(_) => Ok(()),
            Err(e) => {
                let other = self.error("a transaction", &e);
                Err(match &e {
                    RpcError::ErrorResp(payload) => refusal(&shown(&payload.message), other),
                    _ => SendError::Chain(other),
                })
            }
        }
    }

    async fn receipt(&self, transaction: Hash) -> Answer<Option<Receipt>> {
        let found = self.provider.get_transaction_receipt(to_hash(transaction)).await;
        match found.map_err(self.failed("a receipt"))? {
            Some(found) => self.taken(&found),
            None => Ok(None),
        }
    }

    async fn knows(&self, transaction: Hash) -> Answer<bool> {
        let found = self.provider.get_transaction_by_hash(to_hash(transaction)).await;
        Ok(found.map_err(self.failed("a transaction"))?.is_some())
    }

    async fn creation(&self, transaction: Hash) -> Answer<Option<Vec<u8>>> {
        let found = self.provider.get_transaction_by_hash(to_hash(transaction)).await;
        let Some(found) = found.map_err(self.failed("a transaction"))? else { return Ok(None) };
        // A node that says what the hash does not commit to is noticed.
        let said = found.inner.inner();
        if found.block_number.is_none() || said.kind() != TxKind::Create {
            return Ok(None);
        }
        if hash(keccak256(said.encoded_2718())) != transaction {
            let (chain, what) = (self.name(), "a transaction");
            return Err(Error::Nonsense { chain, what, problem: "it has another hash".into() });
        }
        Ok(Some(said.input().to_vec()))
    }

    async fn endow(&self, account: Address) -> Answer<bool> {
        // Accounts that a node of a real chain keeps are nobody's to spend.
        if is_development(self.chain_id().await?) { self.pay(account).await } else { Ok(false) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn other() -> Error {
        Error::Refused { chain: String::new(), what: "", problem: String::new() }
    }

    #[test]
    fn usual_words_of_nodes_are_understood() {
        let meant = |message: &str| refusal(message, other());
        assert!(matches!(meant("already known"), SendError::Known));
        assert!(matches!(meant("transaction already imported"), SendError::Known));
        assert!(matches!(meant("nonce too low: next nonce 3, tx nonce 2"), SendError::NonceTooLow));
        assert!(matches!(meant("replacement transaction underpriced"), SendError::Underpriced(_)));
        assert!(matches!(meant("max fee per gas less than block base fee"), SendError::Underpriced(_)));
        assert!(matches!(meant("Insufficient funds for gas * price + value"), SendError::Unfunded(_)));
        assert!(matches!(meant("something else"), SendError::Chain(_)));
    }

    /// Paths and queries of public nodes hold access keys.
    #[tokio::test]
    async fn no_message_holds_more_of_an_address_than_the_host() {
        let rpc = Rpc::new("http://127.0.0.1:1/v3/secret-key?token=secret").unwrap();
        let message = rpc.chain_id().await.unwrap_err().to_string();
        assert!(message.contains("http://127.0.0.1:1") && !message.contains("secret"), "{message}");
        assert_eq!(Rpc::new("https://host/secret").unwrap().name(), "https://host");
    }

    #[test]
    fn answers_get_into_messages_in_part_and_without_control_characters() {
        let page = format!("\u{1b}[2J{}", "<html>\n".repeat(1_000));
        let shown = shown(&page);
        assert!(shown.starts_with(" [2J<html> <html>") && shown.chars().count() == LONGEST_SAYING, "{shown}");
    }

    #[test]
    fn only_http_addresses_are_taken() {
        for wrong in ["", "host:80", "ftp://host", "ws://host"] {
            assert!(matches!(Rpc::new(wrong), Err(InvalidUrl::Form(_))), "{wrong}");
        }
    }
}

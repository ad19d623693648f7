//! The log of a node that a command speaks with. spec: `cli.audit.log`

use super::{address, word};
use crate::options::NodeOptions;
use anyhow::{Context, Result};
use audit::log::{Parties, Receipt};
use circuits::types::Address;
use clap::Args;
use client::{Node, info};
use serde_json::{Value, json};
use std::future::Future;

/// Which node, and whose log.
#[derive(Clone, Debug, Args)]
pub struct LogOptions {
    #[command(flatten)]
    node: NodeOptions,
    /// The organisation whose audits these are.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The organiser's account, as the organisation publishes it.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS", value_parser = address)]
    organiser: Address,
    #[command(flatten)]
    operator: OperatorOptions,
}

/// Who signs the heads.
#[derive(Clone, Copy, Debug, Args)]
pub struct OperatorOptions {
    /// The account of the node's operator, which signs the log's heads.
    /// Without it, the node's own word is taken.
    #[arg(long, env = "TABELLA_OPERATOR", value_name = "ADDRESS", value_parser = address)]
    operator: Option<Address>,
}

impl OperatorOptions {
    /// The operator's account.
    ///
    /// # Errors
    /// If the node has to be asked and does not answer.
    pub async fn get(self, node: &Node) -> Result<Address> {
        match self.operator {
            Some(operator) => Ok(operator),
            None => {
                let operator = info::fetch(node).await?.operator;
                eprintln!("Operator {operator}, by the node's own word; name it with --operator to be sure.");
                Ok(operator)
            }
        }
    }
}

impl LogOptions {
    /// Connects, and says whose log it is.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn open(&self) -> Result<(Node, Parties)> {
        let node = self.node.connect().await?;
        let operator = self.operator.get(&node).await?;
        let parties =
            Parties { operator, organiser: self.organiser, organisation: self.organisation.clone() };
        Ok((node, parties))
    }
}

/// Runs what asks a node.
///
/// # Errors
/// Those of the work.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Runtime::new().context("cannot start the runtime")?.block_on(work)
}

/// A checked receipt for programs.
pub fn receipt_json(parties: &Parties, receipt: &Receipt) -> Value {
    json!({
        "log": parties.log(),
        "operator": parties.operator,
        "seq": receipt.path.index,
        "logged": receipt.row.time,
        "size": receipt.head.head.size,
        "root": receipt.head.head.root,
        "event": word(receipt.row.id),
    })
}

/// A checked receipt for people.
pub fn receipt_line(parties: &Parties, receipt: &Receipt) -> String {
    format!(
        "Event {} of log {}, under a head of {} signed by {}",
        receipt.path.index,
        parties.log(),
        receipt.head.head.size,
        parties.operator
    )
}

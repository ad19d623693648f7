//! `tabella chain status`: what the chain, an election on it and the outbox
//! are at. Needs no passphrase, and works while something is posted.

use super::options::ChainOptions;
use crate::{account, vote::options::election_id};
use anyhow::{Context, Result};
use chain::{
    Backend, Outbox,
    outbox::Entry,
    settlement::{Elections, OnChain, Outcome, Progress, Stage},
};
use circuits::types::{Address, ElectionId};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// `tabella chain status`
#[derive(Clone, Debug, Args)]
pub struct StatusOptions {
    /// An election; needs --contract.
    #[arg(value_name = "ELECTION", value_parser = election_id, requires = "contract")]
    election: Option<ElectionId>,
    /// The contract of elections.
    #[arg(long, value_name = "ADDRESS")]
    contract: Option<Address>,
    #[command(flatten)]
    chain: ChainOptions,
    /// Sealed account whose outbox is shown, and whose batches count.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    account: Option<PathBuf>,
    /// The outbox; in the home, by chain and account, if not given.
    #[arg(long, value_name = "FILE")]
    outbox: Option<PathBuf>,
    /// Print one JSON object: {chain, chain_id, block, contract, election, account, outbox}.
    #[arg(long)]
    json: bool,
}

struct Shown {
    contract: Option<Address>,
    on_chain: Option<(ElectionId, Option<OnChain>, Progress, Option<Outcome>)>,
    account: Option<(Address, u64, u128)>,
    outbox: Vec<Entry>,
}

/// Shows it.
///
/// # Errors
/// If the chain does not answer, or the contract is another one.
pub async fn run(options: &StatusOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let (chain_id, head) = (chain.chain_id().await?, chain.latest().await?);
    let address = options.account.as_deref().map(account::public).transpose()?;
    let mut shown = Shown { contract: options.contract, on_chain: None, account: None, outbox: Vec::new() };
    if let Some(contract) = options.contract {
        let elections = Elections::at(&chain, contract).await?;
        if let Some(id) = options.election {
            let progress = elections.progress(id, address.unwrap_or_default()).await?;
            shown.on_chain =
                Some((id, elections.election(id).await?, progress, elections.outcome(id).await?));
        }
    }
    if let Some(address) = address {
        shown.account = Some((address, chain.nonce(address).await?, chain.balance(address).await?));
        shown.outbox = outbox(options, chain_id, address)?;
    } else if let Some(path) = &options.outbox {
        shown.outbox = Outbox::look(path)?;
    }
    if options.json {
        println!("{}", shown.json(&chain.name(), chain_id, head.number));
    } else {
        println!("{}, id {chain_id}, block {}", chain.name(), head.number);
        shown.print();
    }
    Ok(())
}

fn outbox(options: &StatusOptions, chain_id: u64, account: Address) -> Result<Vec<Entry>> {
    let path = match &options.outbox {
        Some(path) => path.clone(),
        None => options.chain.home.open()?.outbox(chain_id, account)?,
    };
    if !path.exists() {
        return Ok(Vec::new());
    }
    Outbox::look(&path).with_context(|| path.display().to_string())
}

impl Shown {
    fn print(&self) {
        if let Some((id, found, progress, outcome)) = &self.on_chain {
            match found {
                None => println!("election {id}: not opened"),
                Some(e) => {
                    println!(
                        "election {id}: {}, {} entries under the last head",
                        e.status(*progress),
                        e.size
                    );
                }
            }
            if let Some(outcome) = outcome {
                let verdict = if outcome.passed { "passed" } else { "not passed" };
                println!("    totals {:?} from {} slots; {verdict}", outcome.totals, outcome.slots);
            } else if matches!(found, Some(e) if e.stage == Stage::Closed) {
                println!("    {} ballots and {} chunks of this account", progress.ballots, progress.chunks);
            }
        }
        if let Some((account, nonce, balance)) = self.account {
            println!("account {account}: nonce {nonce}, {balance} wei");
        }
        for entry in &self.outbox {
            let id = &entry.posting.id;
            let hash = entry.mined.map(|m| m.hash).or_else(|| entry.sent.last().map(|s| s.hash));
            let hash = hash.map(|h| h.to_string()).unwrap_or_default();
            println!("    {:<7} {:<8} {:<5} {hash}", entry.state(), id.kind, id.index);
        }
    }

    fn json(&self, chain: &str, chain_id: u64, block: u64) -> Value {
        let election = self.on_chain.as_ref().map(|(id, found, progress, outcome)| {
            json!({
                "election_id": id,
                "status": found.as_ref().map(|e| e.status(*progress)),
                "entries": found.as_ref().map(|e| e.size),
                "root": found.as_ref().and_then(|e| e.root),
                "ballots": progress.ballots,
                "chunks": progress.chunks,
                "passed": outcome.as_ref().map(|o| o.passed),
                "slots": outcome.as_ref().map(|o| o.slots),
                "totals": outcome.as_ref().map(|o| &o.totals),
            })
        });
        let account = self.account.map(|(address, nonce, balance)| {
            json!({ "address": address, "nonce": nonce, "wei": balance.to_string() })
        });
        json!({
            "chain": chain,
            "chain_id": chain_id,
            "block": block,
            "contract": self.contract,
            "election": election,
            "account": account,
            "outbox": self.outbox.iter().map(entry_json).collect::<Vec<Value>>(),
        })
    }
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "posting": entry.posting.id,
        "state": entry.state(),
        "nonce": entry.nonce,
        "transactions": entry.sent.iter().map(|s| s.hash).collect::<Vec<_>>(),
        "block": entry.mined.map(|m| m.block),
        "gas": entry.mined.map(|m| m.gas),
        "failures": entry.failures,
    })
}

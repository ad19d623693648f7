//! `tabella chain check`: whether a vote would move what it is meant to move.

use super::{
    ChainOptions,
    votes::{Votes, VotesOptions},
};
use anyhow::{Result, bail};
use chain::{
    Chain,
    deployed::Error,
    gate::{Executor, Gate, Objection, Proposal},
};
use circuits::types::Address;
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;

/// `tabella chain check`
#[derive(Clone, Debug, Args)]
pub struct CheckOptions {
    #[command(flatten)]
    votes: VotesOptions,
    /// The executor that is to make the calls.
    #[arg(long, env = "TABELLA_EXECUTOR", value_name = "ADDRESS")]
    executor: Option<Address>,
    #[command(flatten)]
    chain: ChainOptions,
    /// Print one JSON object: {ok, contracts: [{contract, kind, objections}]}.
    #[arg(long)]
    json: bool,
}

/// A contract, and why it would not obey.
struct Checked {
    contract: Address,
    kind: &'static str,
    objections: Vec<String>,
}

/// Checks every gate that the vote calls, what it is told, and the executor,
/// before anybody votes.
///
/// # Errors
/// If one would not obey, or the chain does not answer.
pub async fn run(options: &CheckOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let votes = options.votes.on(&chain).await?;
    let checked = check(options, &chain, &votes).await?;
    let ok = checked.iter().all(|c| c.objections.is_empty());
    if options.json {
        let contracts: Vec<_> = checked.iter().map(Checked::json).collect();
        println!("{}", json!({ "ok": ok, "contracts": contracts }));
    } else {
        checked.iter().for_each(Checked::print);
    }
    if !ok {
        bail!("not every contract would obey this vote");
    }
    Ok(())
}

async fn check(options: &CheckOptions, chain: &Chain, votes: &Votes) -> Result<Vec<Checked>> {
    let mut out = Vec::new();
    let targets: BTreeSet<Address> = votes.calls.iter().map(|call| call.target).collect();
    for contract in targets {
        let (kind, objections) = match Gate::at(chain, contract).await {
            Ok(gate) => (
                "gate",
                [said(&gate.objections(&votes.mandate).await?), no_proposals(votes, contract)].concat(),
            ),
            Err(Error::OtherContract { .. } | Error::NoContract { .. }) => ("other", Vec::new()),
            Err(e) => return Err(e.into()),
        };
        out.push(Checked { contract, kind, objections });
    }
    if let Some(contract) = options.executor {
        let objections = said(&Executor::at(chain, contract).await?.objections(&votes.mandate).await?);
        out.push(Checked { contract, kind: "executor", objections });
    }
    Ok(out)
}

fn said(objections: &[Objection]) -> Vec<String> {
    objections.iter().map(ToString::to_string).collect()
}

/// One call that is no proposal makes the gate refuse the whole vote.
fn no_proposals(votes: &Votes, gate: Address) -> Vec<String> {
    let calls = votes.calls.iter().enumerate().filter(|(_, call)| call.target == gate);
    let wrong = calls.filter(|(_, call)| Proposal::read(call).is_none());
    wrong
        .map(|(index, _)| {
            format!(
                "call {} is no proposal: `tabella chain gate approve` and `sanction` print them",
                index + 1
            )
        })
        .collect()
}

impl Checked {
    fn json(&self) -> serde_json::Value {
        json!({ "contract": self.contract, "kind": self.kind, "objections": self.objections })
    }

    fn print(&self) {
        match (self.kind, self.objections.is_empty()) {
            ("other", _) => {
                println!("{}: no gate of this version; an executor makes the call", self.contract)
            }
            (kind, true) => println!("{}: the {kind} would obey", self.contract),
            (kind, false) => println!("{}: the {kind} would NOT obey", self.contract),
        }
        for objection in &self.objections {
            println!("    {objection}");
        }
    }
}

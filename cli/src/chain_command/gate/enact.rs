//! `tabella chain gate enact`; also what follows every result that is posted.

use crate::{chain_command::options::PosterOptions, record};
use anyhow::{Result, bail, ensure};
use chain::{
    Backend, Poster,
    poster::{self, Posted},
    settlement::{Elections, Settlement, SettlementError},
};
use circuits::types::{Address, Draft, ElectionId};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// `tabella chain gate enact`
#[derive(Clone, Debug, Args)]
pub struct EnactOptions {
    /// Directory of the vote's record.
    #[arg(value_name = "RECORD")]
    record: PathBuf,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {election_id, gates: [{gate, gas, refusal}]}.
    #[arg(long)]
    json: bool,
}

/// What became of a vote at one gate.
#[derive(Clone, Debug, Serialize)]
pub struct Obeyed {
    /// The gate.
    gate: Address,
    /// Of the transaction; `None` if the gate had obeyed before, or refuses.
    gas: Option<u64>,
    /// Why it refuses.
    refusal: Option<String>,
}

/// Lets all gates that the draft calls obey the vote.
///
/// # Errors
/// If the vote has not passed, calls no gate, or one refuses it.
pub async fn run(options: &EnactOptions) -> Result<()> {
    let election = record::open(&options.record)?.election;
    let (draft, id) = (&election.draft.draft, election.key.key.election_id());
    let mut poster = options.poster.open().await?;
    let outcome = Elections::of_draft(poster.chain(), draft).await?.outcome(id).await?;
    match outcome {
        None => bail!("the chain has no result of {id}; post it first"),
        Some(outcome) => ensure!(outcome.passed, "the vote has not passed; no gate obeys it"),
    }
    let gates = obey(&mut poster, draft, id).await?;
    ensure!(!gates.is_empty(), "the vote calls no gate of this version");
    if options.json {
        println!("{}", json!({ "election_id": id, "gates": gates }));
    }
    match gates.iter().find_map(|obeyed| obeyed.refusal.as_ref()) {
        Some(refusal) => bail!("{refusal}"),
        None => Ok(()),
    }
}

/// Lets all gates that the draft of a passed vote calls obey it, and says
/// what became of it. A gate that refuses is no reason to stop.
///
/// # Errors
/// If something cannot be posted.
pub async fn obey<B: Backend>(poster: &mut Poster<B>, draft: &Draft, id: ElectionId) -> Result<Vec<Obeyed>> {
    let mut settlement = Settlement::new(poster, draft, id).await?;
    let mut out = Vec::new();
    for gate in settlement.gates(draft).await? {
        let obeyed = match settlement.enact(draft, gate).await {
            Ok(posted) => {
                eprintln!("    the gate {gate} has obeyed{}", before(posted));
                Obeyed { gate, gas: posted.gas(), refusal: None }
            }
            Err(SettlementError::Poster(poster::Error::Reverted { cause, .. })) => {
                let refusal = format!("the gate {gate} does not obey: {cause}");
                eprintln!("    {refusal}");
                Obeyed { gate, gas: None, refusal: Some(refusal) }
            }
            Err(e) => return Err(e.into()),
        };
        out.push(obeyed);
    }
    settlement.finish().await?;
    Ok(out)
}

fn before(posted: Posted) -> &'static str {
    if posted.gas().is_none() { " before" } else { "" }
}

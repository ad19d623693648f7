//! `tabella chain creation`: how a contract came to be, before anybody relies
//! on it. spec: `cli.chain.creation`

use super::ChainOptions;
use crate::text;
use anyhow::Result;
use chain::{Hash, gate::Mandate, origin::Origin};
use circuits::types::Address;
use clap::Args;
use serde_json::{Value, json};

/// `tabella chain creation`
#[derive(Clone, Debug, Args)]
pub struct CreationOptions {
    /// The contract: of elections, of attestations, a gate or an executor.
    #[arg(value_name = "CONTRACT")]
    contract: Address,
    /// The transaction that created it, as whoever deployed it says.
    #[arg(long, value_name = "HASH")]
    transaction: Hash,
    #[command(flatten)]
    chain: ChainOptions,
    /// Print one JSON object: {contract, transaction, kind, terms}.
    #[arg(long)]
    json: bool,
}

/// Compares the creation with this version's, and shows with what terms.
///
/// # Errors
/// If the transaction created another contract, or by another code.
pub async fn run(options: &CreationOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let origin = Origin::of(&chain, options.contract, options.transaction).await?;
    let (kind, terms) = described(&origin);
    if options.json {
        let (contract, transaction) = (options.contract, options.transaction);
        println!(
            "{}",
            json!({ "contract": contract, "transaction": transaction, "kind": kind, "terms": terms })
        );
        return Ok(());
    }
    println!("{}: {kind} of this version, created by this version's code", options.contract);
    for (name, value) in terms.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), text::line);
        println!("    {name:<20} {value}");
    }
    if matches!(origin, Origin::Gate { .. } | Origin::Executor { .. }) {
        println!("It is as good as the contracts that it asks: check their creation, too.");
    }
    Ok(())
}

fn described(origin: &Origin) -> (&'static str, Value) {
    match origin {
        Origin::Elections => ("elections", json!({})),
        Origin::Attestations { organisation, organiser } => {
            ("attestations", json!({ "organisation": organisation, "organiser": organiser }))
        }
        Origin::Gate { mandate, attestations } => {
            let mut terms = described_mandate(mandate);
            terms["attestations"] = json!(attestations);
            ("gate", terms)
        }
        Origin::Executor { mandate, delay } => {
            let mut terms = described_mandate(mandate);
            terms["delay_seconds"] = json!(delay);
            ("executor", terms)
        }
    }
}

fn described_mandate(mandate: &Mandate) -> Value {
    json!({
        "elections": mandate.elections,
        "organisation": mandate.organisation,
        "organiser": mandate.organiser,
        "trustees": mandate.trustees,
        "threshold": mandate.threshold,
        "quorum_units": mandate.quorum,
        "majority": format!("{}/{}", mandate.majority_numerator, mandate.majority_denominator),
    })
}

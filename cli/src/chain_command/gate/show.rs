//! `tabella chain gate show`.

use crate::{
    audit::{bytes32, word},
    chain_command::ChainOptions,
};
use anyhow::Result;
use chain::{
    Backend,
    gate::{Demand, Gate, GateStanding},
};
use circuits::types::Address;
use clap::Args;
use serde_json::json;

/// `tabella chain gate show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    /// Commitment to the model: 0x and 64 hexadecimal digits.
    #[arg(value_name = "MODEL", value_parser = bytes32)]
    model: [u8; 32],
    /// The gate.
    #[arg(long, env = "TABELLA_GATE", value_name = "ADDRESS")]
    gate: Address,
    #[command(flatten)]
    chain: ChainOptions,
    /// Print one JSON object: {model, approved, standing, attestation, election, demand,
    /// attestations, chain_id, gate}.
    #[arg(long)]
    json: bool,
}

/// Asks the gate.
///
/// # Errors
/// If the chain does not answer, or the contract is no gate of this version.
pub async fn run(options: &ShowOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let gate = Gate::at(&chain, options.gate).await?;
    let (standing, attestation) = gate.standing(options.model).await?;
    let (decision, attestations) = (gate.decision(options.model).await?, gate.attestations().await?);
    let approved = standing == GateStanding::Approved;
    if options.json {
        let object = json!({
            "model": word(options.model),
            "approved": approved,
            "standing": standing,
            "attestation": attestation.map(word),
            "election": decision.map(|d| d.election),
            "demand": decision.filter(|d| d.approved).map(|d| demand(d.demand)),
            "attestations": attestations,
            "chain_id": chain.chain_id().await?,
            "gate": options.gate,
        });
        println!("{object}");
        return Ok(());
    }
    println!("{}", if approved { "APPROVED" } else { "NOT APPROVED" });
    println!("{}", reason(standing));
    if let Some(decision) = decision {
        println!("    last vote     {}", decision.election);
    }
    if let Some(attestation) = attestation {
        println!("    attestation   {} at {attestations}", word(attestation));
    }
    Ok(())
}

fn demand(demand: Demand) -> &'static str {
    match demand {
        Demand::AllPass => "all_pass",
        Demand::NoneFails => "none_fails",
        Demand::AnyVerdict => "any",
    }
}

fn reason(standing: GateStanding) -> &'static str {
    match standing {
        GateStanding::Approved => "The last vote approved it, and the audit that it asks for is valid.",
        GateStanding::NoVote => "No vote on this model has been enacted.",
        GateStanding::Sanctioned => "The last vote sanctioned it.",
        GateStanding::NoAttestation => "The audit that the last vote asks for is not recorded.",
        GateStanding::AttestationNotValid => {
            "The audit that the last vote asks for does not count (any more); see `tabella chain audit show`."
        }
        GateStanding::VerdictsNotMet => "The audit's verdicts are not what the last vote demands.",
    }
}

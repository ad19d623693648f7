//! `tabella chain gate deploy`.

use crate::chain_command::{created::Created, options::PosterOptions, votes::VotesOptions};
use anyhow::{Result, ensure};
use chain::{audits::Attestations, gate::gate_creation_code};
use circuits::types::{Address, keccak256};
use clap::Args;

/// `tabella chain gate deploy`
#[derive(Clone, Debug, Args)]
pub struct DeployOptions {
    #[command(flatten)]
    votes: VotesOptions,
    /// The contract of the organisation's attestations.
    #[arg(long, env = "TABELLA_ATTESTATIONS", value_name = "ADDRESS")]
    attestations: Address,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {chain_id, contract, gas, transaction}.
    #[arg(long)]
    json: bool,
}

/// Creates the gate, or finds the one of these terms that this outbox has
/// created.
///
/// # Errors
/// If elections or attestations are none of this version's or another
/// organisation's, or it cannot be posted.
pub async fn run(options: &DeployOptions) -> Result<()> {
    let mut poster = options.poster.open().await?;
    let votes = options.votes.on(poster.chain()).await?;
    let attestations = Attestations::at(poster.chain(), options.attestations).await?;
    let ours = (keccak256(votes.mandate.organisation.as_bytes()), votes.mandate.organiser);
    ensure!(
        attestations.organisation().await? == ours,
        "the attestations at {} are of another organisation or organiser than the votes",
        options.attestations
    );
    let code = gate_creation_code(&votes.mandate, options.attestations)?;
    let created = Created::new(&mut poster, "gate", code).await?;
    if options.json {
        println!("{}", created.json(poster.chain_id()));
    } else {
        println!("{}", created.contract);
        eprintln!(
            "A gate on chain {}, {} gas. Votes call it: see `approve`.",
            poster.chain_id(),
            created.mined.gas
        );
    }
    Ok(())
}

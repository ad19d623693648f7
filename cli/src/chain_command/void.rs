//! `tabella chain void`: the end of an election that missed a deadline.

use super::options::PosterOptions;
use crate::vote::options::election_id;
use anyhow::Result;
use chain::settlement::{Case, Elections};
use circuits::types::{Address, ElectionId};
use clap::Args;
use serde_json::json;

/// `tabella chain void`
#[derive(Clone, Debug, Args)]
pub struct VoidOptions {
    /// Id of the election.
    #[arg(value_name = "ELECTION", value_parser = election_id)]
    election: ElectionId,
    /// The contract that the draft names.
    #[arg(long, value_name = "ADDRESS")]
    contract: Address,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {election_id, status, gas}.
    #[arg(long)]
    json: bool,
}

/// Voids it.
///
/// # Errors
/// If it is too early, or it has a result.
pub async fn run(options: &VoidOptions) -> Result<()> {
    let mut poster = options.poster.open().await?;
    Elections::at(poster.chain(), options.contract).await?;
    let case = Case { contract: options.contract, election: options.election, poster: poster.account() };
    let posting = case.void();
    let id = posting.id.clone();
    let posted = poster.post(posting).await?;
    poster.settle(&[id]).await?;
    if options.json {
        println!("{}", json!({ "election_id": options.election, "status": "voided", "gas": posted.gas() }));
    } else {
        println!("Voided.");
    }
    Ok(())
}

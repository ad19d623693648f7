//! `tabella chain executor show`.

use crate::{chain_command::ChainOptions, vote::options::election_id};
use anyhow::Result;
use chain::{
    Backend,
    gate::{Executor, ExecutorStanding},
};
use circuits::types::{Address, ElectionId};
use clap::Args;
use serde_json::json;

/// `tabella chain executor show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    /// Id of the election.
    #[arg(value_name = "ELECTION", value_parser = election_id)]
    election: ElectionId,
    /// The executor.
    #[arg(long, env = "TABELLA_EXECUTOR", value_name = "ADDRESS")]
    executor: Address,
    #[command(flatten)]
    chain: ChainOptions,
    /// Print one JSON object: {election_id, standing, timelock, chain_id, contract}.
    #[arg(long)]
    json: bool,
}

/// Asks the executor.
///
/// # Errors
/// If the chain does not answer, or the contract is no executor of this version.
pub async fn run(options: &ShowOptions) -> Result<()> {
    let chain = options.chain.open()?;
    let executor = Executor::at(&chain, options.executor).await?;
    let (standing, timelock) = (executor.standing(options.election).await?, executor.timelock().await?);
    if options.json {
        let object = json!({
            "election_id": options.election,
            "standing": standing,
            "timelock": timelock,
            "chain_id": chain.chain_id().await?,
            "contract": options.executor,
        });
        println!("{object}");
        return Ok(());
    }
    println!(
        "{}",
        match standing {
            ExecutorStanding::None => "not queued",
            ExecutorStanding::Waiting => "queued; the delay is not over",
            ExecutorStanding::Ready => "ready: anybody may execute",
            ExecutorStanding::Done => "done",
        }
    );
    println!("    timelock   {timelock}");
    Ok(())
}

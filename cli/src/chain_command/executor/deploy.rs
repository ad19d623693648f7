//! `tabella chain executor deploy`.

use crate::{
    chain_command::{created::Created, options::PosterOptions, votes::VotesOptions},
    times,
};
use anyhow::Result;
use chain::gate::{Executor, executor_creation_code};
use clap::Args;

/// `tabella chain executor deploy`
#[derive(Clone, Debug, Args)]
pub struct DeployOptions {
    #[command(flatten)]
    votes: VotesOptions,
    /// How long calls wait between `queue` and `execute`, as 2d or 12h; fixed
    /// for good.
    #[arg(long, value_name = "TIME", value_parser = times::seconds)]
    delay: u64,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {chain_id, contract, timelock, gas, transaction}.
    #[arg(long)]
    json: bool,
}

/// Creates the executor, or finds the one of these terms that this outbox has
/// created.
///
/// # Errors
/// If the elections are none of this version's, or it cannot be posted.
pub async fn run(options: &DeployOptions) -> Result<()> {
    let mut poster = options.poster.open().await?;
    let votes = options.votes.on(poster.chain()).await?;
    let code = executor_creation_code(&votes.mandate, options.delay)?;
    let created = Created::new(&mut poster, "executor", code).await?;
    let timelock = Executor::at(poster.chain(), created.contract).await?.timelock().await?;
    if options.json {
        let mut object = created.json(poster.chain_id());
        object["timelock"] = serde_json::to_value(timelock)?;
        println!("{object}");
    } else {
        println!("{}", created.contract);
        eprintln!("An executor on chain {}, {} gas.", poster.chain_id(), created.mined.gas);
        eprintln!(
            "Its timelock is {timelock}: what is to obey the members gives its rights, and coin, to that."
        );
    }
    Ok(())
}

//! What commands that post one thing have in common.

use super::options::PosterOptions;
use anyhow::Result;
use chain::{Chain, Poster, outbox::Posting, poster::Posted};
use clap::Args;
use serde_json::Value;

/// Who posts, and for whom it is told.
#[derive(Clone, Debug, Args)]
pub struct OneOptions {
    #[command(flatten)]
    pub poster: PosterOptions,
    /// Print one JSON object: what was named, chain_id, contract, and gas,
    /// which is null if somebody else's transaction had done it.
    #[arg(long)]
    pub json: bool,
}

/// Posts one thing, and waits until it counts.
///
/// # Errors
/// If it cannot be posted.
pub async fn settle(poster: &mut Poster<Chain>, posting: Posting) -> Result<Posted> {
    let id = posting.id.clone();
    let posted = poster.post(posting).await?;
    poster.settle(&[id]).await?;
    Ok(posted)
}

impl OneOptions {
    /// Says that it is there, and what it took.
    pub fn tell(&self, posted: Posted, line: &str, mut object: Value) {
        let gas = posted.gas();
        if self.json {
            object["gas"] = gas.into();
            println!("{object}");
            return;
        }
        println!("{line}");
        match gas {
            Some(gas) => eprintln!("{gas} gas."),
            None => eprintln!("It was there already."),
        }
    }
}

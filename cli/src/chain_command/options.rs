//! Which chain, and who posts to it.

use crate::{account, home::HomeOptions, options::PassphraseOptions, times};
use anyhow::{Context, Result, bail};
use chain::{Backend, Chain, Embedded, Outbox, Policy, Poster, Rpc};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Which chain.
#[derive(Clone, Debug, Args)]
pub struct ChainOptions {
    /// Address of a node of the chain, JSON-RPC over http or https; without
    /// it, the embedded chain.
    #[arg(id = "chain_url", long = "chain", env = "TABELLA_CHAIN", value_name = "URL")]
    pub url: Option<String>,
    /// Directory of the embedded chain; `chain` in the home if not given.
    #[arg(long, env = "TABELLA_CHAIN_DIR", value_name = "DIR")]
    pub chain_dir: Option<PathBuf>,
    #[command(flatten)]
    pub home: HomeOptions,
}

impl ChainOptions {
    /// Opens it.
    ///
    /// # Errors
    /// If the address is none, or the embedded chain's files are damaged.
    pub fn open(&self) -> Result<Chain> {
        if let Some(url) = &self.url {
            // The address may hold an access key; it is not repeated.
            return Ok(Chain::Rpc(Rpc::new(url).context("--chain")?));
        }
        let directory = match &self.chain_dir {
            Some(directory) => directory.clone(),
            None => self.home.open()?.chain(),
        };
        Ok(Chain::Embedded(Embedded::open(&directory)?))
    }
}

/// Who posts to a chain, and how.
#[derive(Clone, Debug, Args)]
pub struct PosterOptions {
    #[command(flatten)]
    pub chain: ChainOptions,
    /// Sealed account that signs and pays for the transactions; used for
    /// nothing else.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    pub account: PathBuf,
    #[command(flatten)]
    pub passphrase: PassphraseOptions,
    /// What was posted and is under way; in the home, by chain and account,
    /// if not given.
    #[arg(long, value_name = "FILE")]
    pub outbox: Option<PathBuf>,
    /// Blocks, that of a transaction included, after which it counts; 12, or
    /// 1 on development chains.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub confirmations: Option<u64>,
    /// Most that is offered for gas, in billionths of the chain's coin (gwei).
    #[arg(long, value_name = "GWEI", default_value = "200", value_parser = gwei)]
    pub max_fee: u128,
    /// Longest time to wait while nothing happens.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration)]
    pub patience: Duration,
}

fn duration(text: &str) -> Result<Duration> {
    times::seconds(text).map(Duration::from_secs)
}

/// Wei from a decimal number of gwei.
fn gwei(text: &str) -> Result<u128, String> {
    const WRONG: &str = "a number of gwei, such as 30 or 0.5";
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 9 || !digits(whole) || !digits(part) {
        return Err(WRONG.into());
    }
    format!("{whole}{part:0<9}").parse().map_err(|_| WRONG.into())
}

impl PosterOptions {
    /// Opens chain, account and outbox.
    ///
    /// # Errors
    /// If one of them cannot be.
    pub async fn open(&self) -> Result<Poster<Chain>> {
        let chain = self.chain.open()?;
        let chain_id = chain.chain_id().await?;
        let key = account::load(&self.account, &self.passphrase)?;
        if matches!(chain, Chain::Rpc(_)) && chain_id == chain::backend::embedded::CHAIN_ID {
            bail!("a node serves the id of embedded chains, {chain_id}; that is no chain to settle on");
        }
        let path = match &self.outbox {
            Some(path) => path.clone(),
            None => self.chain.home.open()?.outbox(chain_id, key.address())?,
        };
        let policy = Policy {
            fee_cap: self.max_fee,
            patience: self.patience,
            confirmations: self.confirmations.unwrap_or(Policy::of_chain(chain_id).confirmations),
            ..Policy::of_chain(chain_id)
        };
        // Where coin is worth nothing the node gives some.
        let poor = matches!(chain, Chain::Rpc(_)) && chain.balance(key.address()).await? == 0;
        if poor && chain.endow(key.address()).await? {
            eprintln!("    a development chain pays for {}", key.address());
        }
        let report = Box::new(|news: &chain::poster::News| eprintln!("    {news}"));
        Ok(Poster::new(chain, Outbox::open(&path)?, key, policy, report).await?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gwei_are_read_exactly() {
        assert_eq!(gwei("30").unwrap(), 30_000_000_000);
        assert_eq!(gwei("0.5").unwrap(), 500_000_000);
        assert_eq!(gwei("1.000000001").unwrap(), 1_000_000_001);
        for wrong in ["", ".5", "-1", "1e9", "0.0000000001", "1.2.3"] {
            assert!(gwei(wrong).is_err(), "{wrong}");
        }
    }
}

//! Options of the commands that vote, mask and look.

use crate::{
    home::HomeOptions,
    options::{NodeOptions, PassphraseOptions},
    times,
};
use anyhow::{Context, Result, ensure};
use circuits::types::{Address, ElectionId};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Longest delay that may be asked for: a week.
const DELAY_MAX: u64 = 7 * 24 * 60 * 60;

/// Which election, and who is trusted about it.
#[derive(Clone, Debug, Args)]
pub struct ElectionOptions {
    /// The election, 0x and 64 hexadecimal digits, from the organisation.
    #[arg(long = "election", env = "TABELLA_ELECTION", value_name = "ID", value_parser = election_id)]
    pub id: ElectionId,
    /// The organiser's account, as the organisation publishes it; not needed
    /// if the election's id comes from the organisation.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    pub organiser: Option<Address>,
}

/// Who votes or masks.
#[derive(Clone, Debug, Args)]
pub struct MemberOptions {
    #[command(flatten)]
    pub home: HomeOptions,
    #[command(flatten)]
    pub passphrase: PassphraseOptions,
}

/// A node that a command may do without.
#[derive(Clone, Debug, Args)]
pub struct MaybeNode {
    /// Address of the node: http://host:port, or https://host:port.
    #[arg(long = "node", env = "TABELLA_NODE", value_name = "URL")]
    url: Option<String>,
    /// Certificate (PEM) of the authority that vouches for the node, instead
    /// of the public ones.
    #[arg(long, env = "TABELLA_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl MaybeNode {
    /// The node that a command cannot do without after all.
    ///
    /// # Errors
    /// If none is named.
    pub fn required(&self) -> Result<NodeOptions> {
        let url = self.url.clone().context("--node URL, or the variable TABELLA_NODE: which node to ask")?;
        Ok(NodeOptions { url, ca: self.ca.clone() })
    }
}

/// Where the board comes from.
#[derive(Clone, Debug, Args)]
pub struct SourceOptions {
    #[command(flatten)]
    pub node: MaybeNode,
    /// State that somebody fetched (`tabella vote state`): no node is asked.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// When something is sent.
#[derive(Clone, Copy, Debug, Args)]
pub struct DelayOptions {
    /// Wait a random time up to this before the node hears anything, so that
    /// timing does not link you to an entry: 30s, 10m, 2h.
    #[arg(long, value_name = "TIME", value_parser = delay)]
    delay: Option<Duration>,
}

impl DelayOptions {
    /// The longest wait; zero if none was asked for.
    pub fn longest(self) -> Duration {
        self.delay.unwrap_or_default()
    }

    /// Waits, uniformly at random.
    pub async fn wait(self) {
        if let Some(longest) = self.delay {
            eprintln!("Waiting a random time of at most {} s ..", longest.as_secs());
            tokio::time::sleep(client::vote::random_up_to(longest)).await;
        }
    }
}

fn delay(text: &str) -> Result<Duration> {
    let seconds = times::seconds(text)?;
    ensure!(seconds <= DELAY_MAX, "a delay is at most 7 days");
    Ok(Duration::from_secs(seconds))
}

/// Reads an election's id.
///
/// # Errors
/// If the text is not `0x` and 64 hexadecimal digits of an id.
pub fn election_id(text: &str) -> Result<ElectionId> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    let bytes = hex::decode(digits).unwrap_or_default();
    ensure!(bytes.len() == 32, "an election's id is 0x and 64 hexadecimal digits");
    Ok(ElectionId::from_bytes(&bytes)?)
}

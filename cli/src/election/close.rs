//! `tabella election close`: the end of voting.

use super::which::ElectionOptions;
use crate::{
    account,
    options::{NodeOptions, PassphraseOptions},
    times,
};
use anyhow::{Result, bail, ensure};
use clap::Args;
use client::organiser;
use serde_json::json;
use std::path::PathBuf;

/// `tabella election close`
#[derive(Clone, Debug, Args)]
pub struct CloseOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Sealed account of the organiser, to close before the closing time.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    account: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// Print one JSON object: {election_id, size, root, time}.
    #[arg(long)]
    json: bool,
}

/// Closes, and prints the last head.
///
/// # Errors
/// If it is too early, or the node refuses.
pub async fn run(options: &CloseOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    let (draft, id) = (found.draft(), found.require_id()?);
    let closing = draft.times.closing;
    let early = client::info::fetch(&node).await?.time < closing;
    let head = match &options.account {
        Some(account) if early => {
            ensure!(
                draft.early_close,
                "the draft does not allow closing before {}; wait until then",
                times::show(closing)
            );
            let key = account::load(account, &options.passphrase)?;
            organiser::close(&node, &key, draft, id).await?
        }
        None if early => bail!(
            "voting ends at {}; the organiser may close before, with --account, if the draft allows it",
            times::show(closing)
        ),
        _ => organiser::close_due(&node, draft, id).await?,
    };
    let head = head.head;
    if options.json {
        let object = json!({ "election_id": id, "size": head.size, "root": head.root, "time": head.time });
        println!("{object}");
    } else {
        println!("Closed with {} entries under root {}.", head.size, head.root);
        println!("The trustees decrypt now; then: tabella tally --election {id} --wait ..");
    }
    Ok(())
}

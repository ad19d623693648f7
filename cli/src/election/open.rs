//! `tabella election open`: the order to open, after a look at what totals
//! could reveal. spec: `cli.open`

use super::{report, show, which::ElectionOptions};
use crate::{
    account,
    options::{NodeOptions, PassphraseOptions},
    progress, text,
};
use anyhow::{Result, bail};
use clap::Args;
use client::{
    Node,
    election::{self, Expected},
    organiser,
};
use proto::v1::Phase;
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// Time between two looks at the node.
const POLL: Duration = Duration::from_secs(1);

/// `tabella election open`
#[derive(Clone, Debug, Args)]
pub struct OpenOptions {
    #[command(flatten)]
    election: ElectionOptions,
    /// Sealed account of the organiser.
    #[arg(long, env = "TABELLA_ACCOUNT", value_name = "FILE")]
    account: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// Also write the election's id to this file.
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// Wait until all trustees have signed the key.
    #[arg(long)]
    wait: bool,
    /// You have read what totals could reveal, and open all the same.
    #[arg(long)]
    confirm_disclosure: bool,
    /// Print one JSON object: {election_id, draft_id, risk, opening, closing}.
    #[arg(long)]
    json: bool,
}

/// Checks the key, shows the report, asks, and opens.
///
/// # Errors
/// If the key is not complete or not sound, the organiser does not confirm,
/// or the node refuses.
pub async fn run(options: &OpenOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let organiser = account::public(&options.account)?;
    let found = options.election.find_of(&node, organiser).await?;
    let draft = found.draft();
    if options.wait {
        wait_for_key(&node, options.election).await?;
    }
    let hashes = super::development_hashes(draft)?;
    let expected = Expected { organiser, verifying_keys: hashes, development_keys: true };
    let keyed = election::fetch_keyed(&node, found.draft_id(), &expected).await?;
    let found = options.election.find_of(&node, organiser).await?;
    let disclosure = report::of_frozen(&node, &found).await?;
    if !options.json {
        println!("What totals could tell about single votes:");
        report::print(&disclosure);
        println!();
    }
    confirm(options.confirm_disclosure, report::risk(&disclosure))?;
    let key = account::load(&options.account, &options.passphrase)?;
    organiser::open(&node, &key, draft, keyed.id).await?;
    super::write_id(options.id_file.as_deref(), keyed.id)?;
    if options.json {
        let object = json!({
            "election_id": keyed.id,
            "draft_id": found.draft_id(),
            "risk": report::risk(&disclosure),
            "opening": draft.times.opening,
            "closing": draft.times.closing,
            "insecure_development_keys": found.raw.insecure_development_keys,
        });
        println!("{object}");
    } else {
        println!("Election {} is open.", keyed.id);
        super::print_times(draft);
    }
    Ok(())
}

fn confirm(given: bool, risk: &str) -> Result<()> {
    if given {
        return Ok(());
    }
    match text::confirm(&format!("The risk is {risk}. Open the election?"))? {
        Some(true) => Ok(()),
        Some(false) => bail!("nothing was opened"),
        None => bail!(
            "the risk that totals reveal votes is {risk}; read the report, and repeat with --confirm-disclosure"
        ),
    }
}

async fn wait_for_key(node: &Node, election: ElectionOptions) -> Result<()> {
    let line = progress::spinner("waiting for the trustees");
    loop {
        let found = election.find(node).await?;
        match found.phase {
            Phase::Draft => bail!("the census is not frozen yet; `tabella census freeze` does it"),
            Phase::KeyGeneration => {}
            _ => break,
        }
        let status = show::Status::fetch(node, found).await?;
        if status.is_dead() {
            bail!("{}", status.awaited());
        }
        line.set_message(status.awaited());
        tokio::time::sleep(POLL).await;
    }
    line.finish_and_clear();
    Ok(())
}

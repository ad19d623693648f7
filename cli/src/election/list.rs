//! `tabella election list`

use crate::{options::NodeOptions, text, times};
use anyhow::Result;
use clap::Args;
use client::election::{self, Summary};
use serde_json::{Value, json};

/// `tabella election list`
#[derive(Clone, Debug, Args)]
pub struct ListOptions {
    /// Only those of this organisation.
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    #[command(flatten)]
    node: NodeOptions,
    /// Print one JSON object: {elections: [{draft_id, election_id, phase, ..}]}.
    #[arg(long)]
    json: bool,
}

/// Prints every draft and election of the node.
///
/// # Errors
/// If the node refuses.
pub async fn run(options: &ListOptions) -> Result<()> {
    let mut all = election::list(&options.node.connect().await?).await?;
    all.retain(|e| options.organisation.as_ref().is_none_or(|name| e.organisation == *name));
    if options.json {
        println!("{}", json!({ "elections": all.iter().map(object).collect::<Vec<_>>() }));
        return Ok(());
    }
    for e in &all {
        println!("{}  {}", super::phase(e.phase), text::line(&e.organisation));
        match e.election_id {
            Some(id) => println!("  election {id}"),
            None => println!("  draft    {}", e.draft_id),
        }
        println!("  voting from {} to {}", times::show(e.opening), times::show(e.closing));
    }
    if all.is_empty() {
        println!("no elections");
    }
    Ok(())
}

fn object(e: &Summary) -> Value {
    json!({
        "draft_id": e.draft_id,
        "election_id": e.election_id,
        "phase": super::phase(e.phase),
        "organisation": e.organisation,
        "opening": e.opening,
        "closing": e.closing,
    })
}

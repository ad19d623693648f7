//! `tabella census show`: a frozen census. Always the whole of it: the node
//! never learns whom anyone looks for (A64).

use crate::{chart, election::which::ElectionOptions, options::NodeOptions};
use anyhow::{Context, Result};
use circuits::types::Census;
use clap::Args;
use client::organiser;
use serde_json::{Value, json};

/// `tabella census show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    #[command(flatten)]
    election: ElectionOptions,
    #[command(flatten)]
    node: NodeOptions,
    /// List every member: account, weight, identity.
    #[arg(long)]
    members: bool,
    /// Print one JSON object: {draft_id, root, total, members, maskers, ..}.
    #[arg(long)]
    json: bool,
}

/// Downloads the census, compares it with what the organiser signed, and
/// shows it.
///
/// # Errors
/// If it is not frozen, or another one.
pub async fn run(options: &ShowOptions) -> Result<()> {
    let node = options.node.connect().await?;
    let found = options.election.find(&node).await?;
    let statement = found.census.context("the census is not frozen yet; `tabella census freeze` does it")?;
    let census = organiser::fetch_frozen(&node, found.draft(), &statement).await?;
    let decimals = found.draft().census.decimals;
    if options.json {
        println!("{}", object(&found, &census, options.members));
        return Ok(());
    }
    let maskers = census.entries().iter().filter(|e| e.weight == 0).count();
    println!("{} members, {maskers} of them maskers without a vote", census.entries().len());
    println!("{} tokens, {decimals} decimals", chart::units(census.total(), decimals));
    println!("Root {}, signed by the organiser {}", census.root(), found.draft().organiser);
    if options.members {
        for e in census.entries() {
            println!("{}  {:>20}  {}", e.address, chart::units(e.weight, decimals), e.identity);
        }
    }
    Ok(())
}

fn object(found: &crate::election::which::Found, census: &Census, members: bool) -> Value {
    let mut object = json!({
        "draft_id": found.draft_id(),
        "organiser": found.draft().organiser,
        "root": census.root(),
        "total": census.total(),
        "decimals": found.draft().census.decimals,
        "members": census.entries().len(),
        "maskers": census.entries().iter().filter(|e| e.weight == 0).count(),
    });
    if members {
        object["entries"] = json!(census.entries());
    }
    object
}

//! `tabella chain audit deploy`.

use crate::chain_command::{created::Created, options::PosterOptions};
use anyhow::{Result, ensure};
use chain::{attestation, audits};
use circuits::types::Address;
use clap::Args;

/// `tabella chain audit deploy`
#[derive(Clone, Debug, Args)]
pub struct DeployOptions {
    /// The organisation whose audits are recorded; fixed for good.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The account that names auditors; fixed for good.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Address,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {chain_id, contract, verifier, insecure, gas, transaction}.
    #[arg(long)]
    json: bool,
}

/// Creates verifier and contract, or finds those that this outbox has created.
///
/// # Errors
/// If one cannot be posted.
pub async fn run(options: &DeployOptions) -> Result<()> {
    ensure!(!options.organisation.is_empty(), "--organisation: an organisation has a name");
    ensure!(options.organiser != Address::default(), "--organiser: the zero address signs nothing");
    let mut poster = options.poster.open().await?;
    let verifier = Created::new(&mut poster, "verifier", attestation::creation_code()?).await?;
    let code = audits::creation_code(verifier.contract, &options.organisation, options.organiser)?;
    let created = Created::new(&mut poster, "attestations", code).await?;
    let insecure = audits::Attestations::at(poster.chain(), created.contract).await?.insecure().await?;
    if options.json {
        let mut object = created.json(poster.chain_id());
        object["verifier"] = serde_json::to_value(verifier.contract)?;
        object["insecure"] = insecure.into();
        println!("{object}");
        return Ok(());
    }
    println!("{}", created.contract);
    eprintln!(
        "Attestations of {:?} on chain {}, {} gas; its verifier is {}, {} gas.",
        options.organisation,
        poster.chain_id(),
        created.mined.gas,
        verifier.contract,
        verifier.mined.gas
    );
    if insecure {
        eprintln!("Its parameters are INSECURE development parameters: anyone can forge with them.");
    }
    Ok(())
}

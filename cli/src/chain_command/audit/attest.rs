//! `tabella chain audit attest`.

use super::ContractOptions;
use crate::{
    account,
    audit::{self as files, word},
    chain_command::posting::{OneOptions, settle},
};
use anyhow::{Context, Result, bail, ensure};
use audit::attestation::Attestation;
use chain::audits::Office;
use circuits::{attestation::Shape, types::Domain};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `tabella chain audit attest`
#[derive(Clone, Debug, Args)]
pub struct AttestOptions {
    /// The attestation, over records committed with `--on-chain`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Sealed account of the auditor, who signs an attestation anew that was
    /// made for another place, say for nodes' logs.
    #[arg(long, value_name = "FILE")]
    auditor: Option<PathBuf>,
    /// File to write the attestation to that was signed anew.
    #[arg(long, value_name = "FILE", requires = "auditor")]
    out: Option<PathBuf>,
    #[command(flatten)]
    contract: ContractOptions,
    #[command(flatten)]
    one: OneOptions,
}

/// Records an attestation.
///
/// # Errors
/// If it is of another circuit or for another place, or the contract refuses it.
pub async fn run(options: &AttestOptions) -> Result<()> {
    let name = || options.file.display().to_string();
    let attestation = Attestation::from_bytes(&files::read(&options.file)?).with_context(name)?;
    ensure!(
        attestation.data.shape == Shape::on_chain(),
        "{} was not proven in the contract's circuit; commit to the records with `tabella audit commit --on-chain`",
        name()
    );
    let (mut poster, domain) = options.contract.open(&options.one.poster).await?;
    let attestation = signed(options, attestation, domain)?;
    if let Some(out) = &options.out {
        files::write(out, &attestation.to_bytes())?;
    }
    let posted = settle(&mut poster, Office { contract: domain.contract }.attest(&attestation)).await?;
    let id = word(attestation.id());
    let object = json!({
        "attestation": id, "chain_id": domain.chain_id, "contract": domain.contract, "out": options.out,
    });
    options.one.tell(posted, &id, object);
    Ok(())
}

/// For this contract: as it is, or signed anew.
fn signed(options: &AttestOptions, attestation: Attestation, domain: Domain) -> Result<Attestation> {
    let Some(auditor) = &options.auditor else {
        if attestation.domain == domain {
            return Ok(attestation);
        }
        let Domain { chain_id, contract } = attestation.domain;
        bail!(
            "{} was signed for chain {chain_id} and contract {contract}; with --auditor its auditor signs it for \
             chain {} and contract {}",
            options.file.display(),
            domain.chain_id,
            domain.contract
        )
    };
    let auditor = account::load(auditor, &options.one.poster.passphrase)?;
    Ok(attestation.sign_for(domain, &auditor)?)
}

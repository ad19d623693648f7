//! `tabella audit register`: the organiser names an auditor.

use super::{
    address,
    log::{OperatorOptions, block_on, receipt_json, receipt_line},
    pretty,
};
use crate::{
    account,
    options::{NodeOptions, PassphraseOptions},
};
use anyhow::Result;
use audit::{
    attestation::{AuditorRegistration, SignedRegistration},
    calendar::Day,
    log::{Parties, Receipt},
};
use circuits::types::{AccountKey, Address, Domain, TypedData};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// Which auditor, and for how long.
#[derive(Clone, Debug, Args)]
pub struct AuditorOptions {
    /// The organisation.
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// The auditor's account.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub auditor: Address,
    /// The auditor's name.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// First day on which the auditor may sign.
    #[arg(long, value_name = "DAY")]
    pub from: Day,
    /// Last day on which the auditor may sign.
    #[arg(long, value_name = "DAY")]
    pub until: Day,
    /// Rises with every registration of this auditor: the highest counts. To
    /// end one early, register again with an earlier last day.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub counter: u64,
}

impl AuditorOptions {
    /// The registration, signed by the organiser for a node's log or a contract.
    ///
    /// # Errors
    /// If it ends before it starts.
    pub fn sign(&self, organiser: &AccountKey, domain: &Domain) -> Result<SignedRegistration> {
        anyhow::ensure!(self.from <= self.until, "the registration ends before it starts");
        let registration = AuditorRegistration {
            organisation: self.organisation.clone(),
            auditor: self.auditor,
            name: self.name.clone(),
            from: self.from.start(),
            until: self.until.end(),
            counter: self.counter,
        };
        let signature = organiser.sign(registration.signing_hash(domain));
        Ok(SignedRegistration { registration, signature })
    }
}

/// `tabella audit register`
#[derive(Clone, Debug, Args)]
pub struct RegisterOptions {
    #[command(flatten)]
    auditor: AuditorOptions,
    /// Sealed account of the organiser.
    #[arg(long, value_name = "FILE")]
    organiser: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Node that keeps the organisation's log: it gets the registration.
    #[arg(long = "node", env = "TABELLA_NODE", value_name = "URL")]
    node: Option<String>,
    /// Certificate (PEM) of the authority that vouches for the node, instead
    /// of the public ones.
    #[arg(long, env = "TABELLA_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    operator: OperatorOptions,
    /// File to write, for whoever checks offline.
    #[arg(long, value_name = "FILE", required_unless_present = "node")]
    out: Option<PathBuf>,
    /// Print {registration, organiser, auditor, log, seq, ..} as JSON.
    #[arg(long)]
    json: bool,
}

/// Signs a registration, sends it if a node is named, and writes it.
///
/// # Errors
/// If the account cannot be opened, the node refuses, its receipt does not
/// hold, or the file cannot be written.
pub fn run(options: &RegisterOptions) -> Result<ExitCode> {
    let organiser = account::load(&options.organiser, &options.passphrase)?;
    let signed = options.auditor.sign(&organiser, &Domain::default())?;
    let logged = match &options.node {
        Some(url) => Some(block_on(send(options, url, organiser.address(), &signed))?),
        None => None,
    };
    if let Some(out) = &options.out {
        super::write(out, &pretty(&signed)?)?;
    }
    print(options, organiser.address(), logged.as_ref());
    Ok(ExitCode::SUCCESS)
}

async fn send(
    options: &RegisterOptions,
    url: &str,
    organiser: Address,
    signed: &SignedRegistration,
) -> Result<(Parties, Receipt)> {
    let node = NodeOptions { url: url.to_owned(), ca: options.ca.clone() }.connect().await?;
    let operator = options.operator.get(&node).await?;
    let parties = Parties { operator, organiser, organisation: options.auditor.organisation.clone() };
    let receipt = client::attestation::register_auditor(&node, &parties, signed).await?;
    Ok((parties, receipt))
}

fn print(options: &RegisterOptions, organiser: Address, logged: Option<&(Parties, Receipt)>) {
    if options.json {
        let mut object =
            logged.map_or_else(|| json!({}), |(parties, receipt)| receipt_json(parties, receipt));
        object["registration"] = json!(options.out);
        object["organiser"] = json!(organiser);
        object["auditor"] = json!(options.auditor.auditor);
        println!("{object}");
        return;
    }
    if let Some(out) = &options.out {
        println!("{}", out.display());
    }
    if let Some((parties, receipt)) = logged {
        println!("{}", receipt_line(parties, receipt));
    }
}

//! `tabella audit register`: the organiser names an auditor.

use super::address;
use crate::{account, options::PassphraseOptions};
use anyhow::Result;
use audit::{
    attestation::{AuditorRegistration, SignedRegistration},
    calendar::Day,
};
use circuits::types::{Address, Domain, TypedData};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, process::ExitCode};

/// `tabella audit register`
#[derive(Clone, Debug, Args)]
pub struct RegisterOptions {
    /// The organisation.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The auditor's account.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    auditor: Address,
    /// The auditor's name.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// First day on which the auditor may sign.
    #[arg(long, value_name = "DAY")]
    from: Day,
    /// Last day on which the auditor may sign.
    #[arg(long, value_name = "DAY")]
    until: Day,
    /// Rises with every registration of this auditor: the highest counts. To
    /// end one early, register again with an earlier last day.
    #[arg(long, value_name = "N", default_value_t = 1)]
    counter: u64,
    /// Sealed account of the organiser.
    #[arg(long, value_name = "FILE")]
    organiser: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print {registration, organiser, auditor} as JSON.
    #[arg(long)]
    json: bool,
}

/// Signs and writes a registration.
///
/// # Errors
/// If the account cannot be opened or the file not be written.
pub fn run(options: &RegisterOptions) -> Result<ExitCode> {
    anyhow::ensure!(options.from <= options.until, "the registration ends before it starts");
    let organiser = account::load(&options.organiser, &options.passphrase)?;
    let registration = AuditorRegistration {
        organisation: options.organisation.clone(),
        auditor: options.auditor,
        name: options.name.clone(),
        from: options.from.start(),
        until: options.until.end(),
        counter: options.counter,
    };
    let signature = organiser.sign(registration.signing_hash(&Domain::default()));
    let signed = SignedRegistration { registration, signature };
    let mut bytes = serde_json::to_vec_pretty(&signed)?;
    bytes.push(b'\n');
    super::write(&options.out, &bytes)?;
    let organiser = organiser.address().to_string();
    if options.json {
        let auditor = options.auditor.to_string();
        println!("{}", json!({ "registration": options.out, "organiser": organiser, "auditor": auditor }));
    } else {
        println!("{}", options.out.display());
    }
    Ok(ExitCode::SUCCESS)
}

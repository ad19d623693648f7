//! `tabella audit verify`.

use super::{address, bytes32, parameters::ParameterOptions};
use anyhow::{Context, Result};
use audit::{
    attestation::{Attestation, Checklist, Expected, SignedRegistration, SignedRevocation, Trust, verify},
    policy::Policy,
};
use circuits::types::Address;
use clap::Args;
use serde::de::DeserializeOwned;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What the reader knows.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustOptions {
    #[command(flatten)]
    pub parameters: ParameterOptions,
    /// The voted policy; its hash must be the attestation's.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The hash of the voted policy.
    #[arg(long, value_name = "HASH", value_parser = bytes32, conflicts_with = "policy")]
    pub policy_hash: Option<[u8; 32]>,
    /// The anchored data root.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    pub data_root: Option<[u8; 32]>,
    /// The commitment to the deployed model.
    #[arg(long, value_name = "HASH", value_parser = bytes32)]
    pub model: Option<[u8; 32]>,
    /// The organiser's account.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub organiser: Option<Address>,
    /// Registration of an auditor, signed by the organiser. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub registration: Vec<PathBuf>,
    /// Revocation that is known. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub revocation: Vec<PathBuf>,
    /// A later attestation that may take the place of this one. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub successor: Vec<PathBuf>,
    /// Unix time in seconds at which it should count; by default now.
    #[arg(long, value_name = "SECONDS")]
    pub at: Option<u64>,
}

/// `tabella audit verify`
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// The attestation.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    trust: TrustOptions,
    /// Print one JSON object: {ok, checks: [{id, name, ok, state, detail}], warnings}.
    #[arg(long)]
    json: bool,
}

/// Prints the checklist; exit code 0 only if no check failed.
///
/// # Errors
/// If a file of what the reader trusts cannot be read.
pub fn run(options: &VerifyOptions) -> Result<ExitCode> {
    let (_, checklist) = check_file(&options.file, &options.trust)?;
    if options.json {
        println!("{}", serde_json::to_string(&checklist)?);
    } else {
        print!("{checklist}");
        println!("{}", if checklist.ok { "VERIFIED" } else { "NOT VERIFIED" });
    }
    Ok(if checklist.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks an attestation. A file that cannot be read fails its checks.
///
/// # Errors
/// If a file of what the reader trusts cannot be read.
pub fn check_file(file: &Path, options: &TrustOptions) -> Result<(Option<Attestation>, Checklist)> {
    let bytes = match super::read(file) {
        Ok(bytes) => bytes,
        Err(e) => return Ok((None, Checklist::unreadable(&format!("{e:#}")))),
    };
    let registrations: Vec<SignedRegistration> = all(&options.registration, json)?;
    let revocations: Vec<SignedRevocation> = all(&options.revocation, json)?;
    let now = options.at.map_or_else(super::now, Ok)?;
    let keys = |shape: &_, srs| options.parameters.own_key(shape, srs);
    let alone = Trust {
        now,
        keys: &keys,
        expected: Expected::default(),
        organiser: options.organiser,
        registrations: &registrations,
        revocations: &revocations,
        others: &[],
    };
    // Only a successor that is valid itself takes a place.
    let successor = |path: &Path| -> Result<Option<Attestation>> {
        let (attestation, checklist) = verify(&super::read(path)?, &alone);
        Ok(attestation.filter(|_| checklist.ok))
    };
    let others: Vec<Attestation> = all(&options.successor, successor)?.into_iter().flatten().collect();
    let trust = Trust { expected: options.expected()?, others: &others, ..alone };
    Ok(verify(&bytes, &trust))
}

impl TrustOptions {
    fn expected(&self) -> Result<Expected> {
        let policy_hash = match &self.policy {
            Some(path) => Some(Policy::open(path).context("the policy has faults")?.hash()),
            None => self.policy_hash,
        };
        Ok(Expected { policy_hash, data_root: self.data_root, model_commitment: self.model })
    }
}

fn all<T>(paths: &[PathBuf], read: impl Fn(&Path) -> Result<T>) -> Result<Vec<T>> {
    paths.iter().map(|path| read(path)).collect()
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&super::read(path)?).with_context(|| path.display().to_string())
}

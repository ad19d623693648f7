//! The parameters of commitments and proofs, and the keys that follow.

use crate::progress;
use anyhow::{Context, Result};
use circuits::attestation::{Shape, SrsId};
use clap::Args;
use prover::{
    KeyStore,
    attestation::{Srs, Store, ptau},
};
use std::{fs::File, path::PathBuf};
use verifier::attestation::VerifyingKey;

/// Which parameters.
#[derive(Clone, Debug, Default, Args)]
pub struct ParameterOptions {
    /// Powers of tau (`.ptau`) of a ceremony. Without it, INSECURE development
    /// parameters are used.
    #[arg(long, value_name = "FILE")]
    pub ptau: Option<PathBuf>,
    /// Where keys are kept; where all commands keep them, if not given.
    #[arg(skip)]
    pub directory: Option<PathBuf>,
}

impl ParameterOptions {
    fn store(&self) -> Result<Store> {
        Ok(Store::new(match &self.directory {
            Some(directory) => directory.clone(),
            None => KeyStore::default_directory().context("keys")?,
        }))
    }

    /// The parameters for 2^k rows.
    ///
    /// # Errors
    /// If they cannot be read or made.
    pub fn srs(&self, k: u32) -> Result<Srs> {
        let line = progress::spinner(&format!("parameters for 2^{k} rows"));
        let srs = match &self.ptau {
            Some(path) => import(path, k),
            None => self
                .store()
                .and_then(|store| Ok(store.development_srs(k, &|step| line.set_message(step.to_string()))?)),
        };
        line.finish_and_clear();
        srs
    }

    /// The verifying key of a shape, made on this machine.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn verifying_key(&self, shape: &Shape) -> Result<VerifyingKey> {
        let srs = self.srs(shape.k())?;
        let line = progress::spinner("verifying key");
        let key = self.store().and_then(|store| {
            Ok(store.verifying_key(&srs, shape, &|step| line.set_message(step.to_string()))?)
        });
        line.finish_and_clear();
        key
    }

    /// The same for the check of an attestation. Other parameters than the
    /// reader's are not looked for.
    ///
    /// # Errors
    /// If the attestation has other parameters, or there is no such key.
    pub fn own_key(&self, shape: &Shape, srs: SrsId) -> Result<VerifyingKey, String> {
        self.require_srs(self.verifying_key(shape).map_err(|e| format!("{e:#}"))?, srs)
    }

    /// A key of these parameters, if the attestation has the same.
    ///
    /// # Errors
    /// If it has others.
    pub fn require_srs(&self, key: VerifyingKey, srs: SrsId) -> Result<VerifyingKey, String> {
        if key.srs().id() == srs {
            return Ok(key);
        }
        let which = if self.ptau.is_some() { "those of --ptau" } else { "the development ones" };
        Err(format!("its parameters are not {which}; name the ceremony's file with --ptau"))
    }
}

fn import(path: &PathBuf, k: u32) -> Result<Srs> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    ptau::import(&mut file, k).with_context(|| path.display().to_string())
}

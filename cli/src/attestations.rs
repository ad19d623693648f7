//! Keys for the attestations of others, made on this machine and kept in
//! memory: for a node that takes them and for a monitor.

use crate::audit::ParameterOptions;
use audit::attestation::{Attestation, AttestationProofs, NotProven};
use circuits::attestation::{Shape, SrsId};
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use verifier::attestation::VerifyingKey;

/// Keys kept at once; there are few shapes, and a key takes seconds to make.
const KEPT: usize = 32;

/// Verifies attestations under the parameters of this machine.
#[derive(Debug)]
pub struct AttestationKeys {
    parameters: ParameterOptions,
    keys: Mutex<Vec<VerifyingKey>>,
}

impl AttestationKeys {
    /// Keys of a ceremony's file, or of the INSECURE development parameters.
    pub fn new(ptau: Option<PathBuf>) -> Self {
        Self { parameters: ParameterOptions { ptau }, keys: Mutex::default() }
    }

    /// The verifying key of a shape under these parameters.
    ///
    /// # Errors
    /// If this machine has other parameters, or cannot make the key.
    pub fn key(&self, shape: &Shape, srs: SrsId) -> Result<VerifyingKey, String> {
        let is = |key: &&VerifyingKey| key.shape() == shape && key.srs().id() == srs;
        if let Some(key) = self.kept().iter().find(is) {
            return Ok(key.clone());
        }
        let key = self.parameters.own_key(shape, srs)?;
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(key.clone());
        Ok(key)
    }

    /// The list changes in single steps.
    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<VerifyingKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AttestationProofs for AttestationKeys {
    fn verify(&self, attestation: &Attestation) -> Result<(), NotProven> {
        attestation.check_with(&|shape, srs| self.key(shape, srs))
    }
}

//! Keys for the attestations of others, made on this machine: for a node that takes them and for a monitor.

use crate::audit::ParameterOptions;
use audit::attestation::{Attestation, AttestationProofs, NotProven};
use circuits::attestation::{Shape, SrsId};
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use verifier::attestation::VerifyingKey;

/// Keys kept at once, one for a shape; there are few shapes, and a key takes
/// seconds to make.
const KEPT: usize = 32;

/// Verifies attestations under the parameters of this machine.
#[derive(Debug)]
pub struct AttestationKeys {
    parameters: ParameterOptions,
    keys: Mutex<Vec<VerifyingKey>>,
}

impl AttestationKeys {
    /// Keys of a ceremony's file, or of the INSECURE development parameters;
    /// kept in `directory` too, or where all commands keep them.
    pub fn new(ptau: Option<PathBuf>, directory: Option<PathBuf>) -> Self {
        Self { parameters: ParameterOptions { ptau, directory }, keys: Mutex::default() }
    }

    /// The verifying key of a shape under these parameters.
    ///
    /// # Errors
    /// If this machine has other parameters, or cannot make the key.
    pub fn key(&self, shape: &Shape, srs: SrsId) -> Result<VerifyingKey, String> {
        let found = self.kept().iter().find(|key| key.shape() == shape).cloned();
        let key = match found {
            Some(key) => key,
            None => self.make(shape)?,
        };
        self.parameters.require_srs(key, srs)
    }

    fn make(&self, shape: &Shape) -> Result<VerifyingKey, String> {
        let key = self.parameters.verifying_key(shape).map_err(|e| format!("{e:#}"))?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use circuits::attestation::{Layout, Packing, circuit::AttestationCircuit};
    use std::fs;

    /// Also if the attestation has other parameters: whoever submits such
    /// ones again and again has the key made once.
    #[test]
    fn a_key_is_made_once_and_where_keys_are_kept() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("keys");
        let keys = AttestationKeys::new(None, Some(directory.clone()));
        let layout = Layout::new(4, false, 1).unwrap();
        let shape = AttestationCircuit::smallest_shape(layout, &[4], Packing::Two, 100).unwrap();
        assert!(keys.key(&shape, SrsId([0; 32])).unwrap_err().contains("not the development ones"));
        assert!(fs::read_dir(&directory).unwrap().next().is_some());
        fs::remove_dir_all(&directory).unwrap();
        let own = keys.kept()[0].srs().id();
        assert_eq!(keys.key(&shape, own).unwrap().shape(), &shape);
        assert!(keys.kept().len() == 1 && !directory.exists());
    }
}

//! The proving and verifying keys on this machine.

use crate::progress;
use anyhow::{Context, Result};
use circuits::types::{BallotShape, VERIFYING_KEYS};
use prover::{KeyStore, ProvingKey};
use std::sync::Arc;
use verifier::{CircuitId, KeyHash, PreparedVerifyingKey, VerifyingKey};

/// The development keys of one kind of election.
#[derive(Clone, Debug)]
pub struct ElectionKeys {
    store: Arc<KeyStore>,
    shape: BallotShape,
    /// Verifying keys, in the order of [`CircuitId::of_election`].
    pub verifying: Vec<VerifyingKey>,
}

impl ElectionKeys {
    /// Loads or makes the keys of elections of a shape with threshold `t`.
    ///
    /// # Errors
    /// If there is no place for the cache or a key cannot be made.
    pub fn load(shape: BallotShape, t: usize) -> Result<Self> {
        let directory = KeyStore::default_directory().context("keys")?;
        Self::from_store(Arc::new(KeyStore::of_circuits(directory)), shape, t)
    }

    /// Loads or makes them in a store.
    ///
    /// # Errors
    /// If a key cannot be made.
    pub fn from_store(store: Arc<KeyStore>, shape: BallotShape, t: usize) -> Result<Self> {
        let verifying = CircuitId::of_election(shape, t)
            .into_iter()
            .map(|id| {
                let line = progress::spinner(&format!("key of {id}"));
                let key = store.verifying_key(id, &|p| line.set_message(p.to_string()));
                line.finish_and_clear();
                key.with_context(|| format!("key of {id}"))
            })
            .collect::<Result<_>>()?;
        Ok(Self { store, shape, verifying })
    }

    /// The store, for proving keys.
    pub fn store(&self) -> &Arc<KeyStore> {
        &self.store
    }

    /// Hashes of the verifying keys, as elections pin them.
    pub fn hashes(&self) -> [KeyHash; VERIFYING_KEYS] {
        let hashes: Vec<KeyHash> = self.verifying.iter().map(VerifyingKey::hash).collect();
        hashes.try_into().expect("one key per circuit of an election")
    }

    /// The verifying key of registrations.
    pub fn registration(&self) -> PreparedVerifyingKey {
        self.verifying[0].prepare()
    }

    /// The verifying key of ballots.
    pub fn ballot(&self) -> PreparedVerifyingKey {
        self.verifying[1].prepare()
    }

    /// A proving key.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn proving(&self, id: CircuitId) -> Result<Arc<ProvingKey>> {
        self.store.get(id, &|_| {}).with_context(|| format!("key of {id}"))
    }

    /// The proving key of registrations.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn prove_registration(&self) -> Result<Arc<ProvingKey>> {
        self.proving(CircuitId::Registration)
    }

    /// The proving key of ballots.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn prove_ballot(&self) -> Result<Arc<ProvingKey>> {
        self.proving(CircuitId::Ballot(self.shape))
    }
}

/// The verifying key of registrations, without making any other key.
///
/// # Errors
/// If there is no place for the cache or the key cannot be made.
pub fn registration_alone() -> Result<PreparedVerifyingKey> {
    let store = KeyStore::of_circuits(KeyStore::default_directory().context("keys")?);
    Ok(store.verifying_key_alone(CircuitId::Registration).context("key of registrations")?.prepare())
}

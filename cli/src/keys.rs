//! The proving and verifying keys on this machine.

use crate::progress;
use anyhow::{Context, Result};
use circuits::types::{Address, BallotShape, VERIFYING_KEYS};
use client::election::Trust;
use prover::{KeyStore, ProvingKey, pinned_hashes};
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

/// The keys of parties that prove no tally: they know all hashes, and make
/// only the keys that they prove with. spec: `setup.pinned_keys`
#[derive(Clone, Debug)]
pub struct MemberKeys(Arc<KeyStore>);

impl MemberKeys {
    /// The cache of this machine.
    ///
    /// # Errors
    /// If there is no place for it.
    pub fn open() -> Result<Self> {
        let directory = KeyStore::default_directory().context("keys")?;
        Ok(Self(Arc::new(KeyStore::of_circuits(directory))))
    }

    /// What a member expects of an election: these keys' hashes, and the
    /// organiser, if the member knows the account.
    pub fn trust(organiser: Option<Address>) -> Trust {
        Trust { organiser, verifying_keys: pinned_hashes, development_keys: true }
    }

    /// Proves registrations.
    ///
    /// # Errors
    /// If the key cannot be made.
    pub fn registration(&self) -> Result<Arc<ProvingKey>> {
        self.proving(CircuitId::Registration)
    }

    /// Proves ballots.
    ///
    /// # Errors
    /// If the key cannot be made.
    pub fn ballot(&self, shape: BallotShape) -> Result<Arc<ProvingKey>> {
        self.proving(CircuitId::Ballot(shape))
    }

    fn proving(&self, id: CircuitId) -> Result<Arc<ProvingKey>> {
        let line = progress::spinner(&format!("key of {id}"));
        let key = self.0.get(id, &|p| line.set_message(p.to_string()));
        line.finish_and_clear();
        key.with_context(|| format!("key of {id}"))
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

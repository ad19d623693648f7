//! The development keys of the elections that tests serve.

use anyhow::{Context, Result};
use circuits::types::{BallotShape, VERIFYING_KEYS, keccak256};
use node::KeySet;
use prover::{KeyStore, ProvingKey};
use std::sync::Arc;
use verifier::{CircuitId, KeyHash, PreparedVerifyingKey, VerifyingKey};

/// Trustees that decrypt together.
pub const THRESHOLD: u8 = 2;
/// Room for options of every ballot.
pub const SHAPE: BallotShape = BallotShape::Shape4;

/// Keys of every circuit of an election of `Shape4` with threshold 2, from
/// the cache that the binary uses too.
#[derive(Debug)]
pub struct Keys {
    store: KeyStore,
    /// In the order of [`CircuitId::of_election`].
    pub verifying: Vec<VerifyingKey>,
}

impl Keys {
    /// Loads the keys; those that are not cached are made, with a line on
    /// standard error.
    ///
    /// # Errors
    /// If there is no place for the cache or a key cannot be made.
    pub fn load() -> Result<Self> {
        let store = KeyStore::of_circuits(KeyStore::default_directory()?);
        let key = |id: CircuitId| {
            let say = |p: prover::Progress| eprintln!("{p}");
            store.verifying_key(id, &say).with_context(|| format!("key of {id}"))
        };
        let ids = CircuitId::of_election(SHAPE, usize::from(THRESHOLD));
        let verifying = ids.into_iter().map(key).collect::<Result<_>>()?;
        Ok(Self { store, verifying })
    }

    /// Hashes of the verifying keys, as elections pin them.
    ///
    /// # Panics
    /// Never: an election has that many circuits.
    pub fn hashes(&self) -> [KeyHash; VERIFYING_KEYS] {
        let hashes: Vec<KeyHash> = self.verifying.iter().map(VerifyingKey::hash).collect();
        hashes.try_into().expect("one key per circuit of an election")
    }

    /// A short name of these very keys.
    pub fn digest(&self) -> String {
        let hashes = self.hashes().map(|h| h.0).concat();
        hex::encode(&keccak256(hashes)[..8])
    }

    /// The keys as a node takes them.
    ///
    /// # Errors
    /// If a key is not that of its circuit.
    pub fn set(&self) -> Result<KeySet> {
        Ok(KeySet::new(&self.verifying, true)?)
    }

    /// Verifies ballots.
    pub fn ballot(&self) -> PreparedVerifyingKey {
        self.verifying[1].prepare()
    }

    /// Proves registrations.
    ///
    /// # Errors
    /// If the key cannot be made.
    pub fn prove_registration(&self) -> Result<Arc<ProvingKey>> {
        Ok(self.store.get(CircuitId::Registration, &|_| {})?)
    }

    /// Proves ballots.
    ///
    /// # Errors
    /// If the key cannot be made.
    pub fn prove_ballot(&self) -> Result<Arc<ProvingKey>> {
        Ok(self.store.get(CircuitId::Ballot(SHAPE), &|_| {})?)
    }
}

//! The verifying keys that a node uses, by circuit and by hash.
//! spec: `setup.key_hash`.

use circuits::{
    ballot, registration,
    types::{BallotShape, VERIFYING_KEYS},
};
use verifier::{CircuitId, InvalidKey, KeyHash, PreparedVerifyingKey, VerifyingKey};

/// A checked set of verifying keys. New elections use the first key of each
/// circuit; further ones serve elections that pinned them.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<PreparedVerifyingKey>,
    registration: usize,
    development: bool,
}

/// Why a set of keys is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeySet {
    /// See the message.
    #[error("no key for registrations; a node cannot do without one")]
    NoRegistration,
    /// See [`InvalidKey`].
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

impl KeySet {
    /// `development` says that the keys come from the public seed, so that
    /// anyone can forge proofs; it is shown wherever the keys are.
    ///
    /// # Errors
    /// Without a registration key, or if a key has not its circuit's number
    /// of public inputs.
    pub fn new(keys: &[VerifyingKey], development: bool) -> Result<Self, InvalidKeySet> {
        for key in keys {
            match key.id() {
                id @ CircuitId::Registration => key.require_circuit(id, registration::Statement::LEN)?,
                id @ CircuitId::Ballot(_) => key.require_circuit(id, ballot::Statement::LEN)?,
                CircuitId::Tally { .. } | CircuitId::TallyChunk { .. } | CircuitId::TallyFinal { .. } => {}
            }
        }
        let registration = keys.iter().position(|k| k.id() == CircuitId::Registration);
        let registration = registration.ok_or(InvalidKeySet::NoRegistration)?;
        Ok(Self { keys: keys.iter().map(VerifyingKey::prepare).collect(), registration, development })
    }

    /// Whether anyone can forge proofs under these keys.
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// The key of registrations.
    pub fn registration(&self) -> &PreparedVerifyingKey {
        &self.keys[self.registration]
    }

    /// The key with this hash.
    pub fn by_hash(&self, hash: [u8; 32]) -> Option<&PreparedVerifyingKey> {
        self.keys.iter().find(|k| k.hash() == KeyHash(hash))
    }

    /// Hashes of the keys of a new election, in the order of
    /// [`CircuitId::of_election`]. `None` if a key is missing.
    /// spec: `election.verifying_keys`
    pub fn election(&self, shape: BallotShape, threshold: u8) -> Option<[[u8; 32]; VERIFYING_KEYS]> {
        let mut hashes = [[0; 32]; VERIFYING_KEYS];
        for (hash, id) in hashes.iter_mut().zip(CircuitId::of_election(shape, usize::from(threshold))) {
            *hash = self.keys.iter().find(|k| k.key().id() == id)?.hash().0;
        }
        Some(hashes)
    }
}

//! The verifying keys of an election, fetched by the hashes that the monitor
//! knows without any node. spec: `monitor.keys`; A17.

use circuits::types::{Draft, VERIFYING_KEYS};
use client::{Error, Node, record};
use std::{collections::BTreeMap, sync::Arc};
use verifier::{CircuitId, KeyHash, PreparedVerifyingKey};

/// The keys that verify while voting goes on.
#[derive(Clone, Debug)]
pub struct ElectionKeys {
    /// Verifies registrations.
    pub registration: Arc<PreparedVerifyingKey>,
    /// Verifies ballots.
    pub ballot: Arc<PreparedVerifyingKey>,
}

impl ElectionKeys {
    /// Fetches the keys by their hashes; a node cannot give others.
    ///
    /// # Errors
    /// If the node has them not.
    pub async fn fetch(node: &Node, hashes: [KeyHash; VERIFYING_KEYS]) -> Result<Self, Error> {
        let registration = record::fetch_verifying_key(node, hashes[0]).await?.prepare();
        let ballot = record::fetch_verifying_key(node, hashes[1]).await?.prepare();
        Ok(Self { registration: registration.into(), ballot: ballot.into() })
    }
}

/// The keys of results, by circuit; fetched when there is one.
///
/// # Errors
/// If the node has them not.
pub async fn fetch_tally_keys(
    node: &Node,
    draft: &Draft,
    hashes: [[u8; 32]; VERIFYING_KEYS],
) -> Result<BTreeMap<CircuitId, PreparedVerifyingKey>, Error> {
    let circuits = CircuitId::of_election(draft.rule.shape(), usize::from(draft.threshold));
    let mut keys = BTreeMap::new();
    for (circuit, hash) in circuits.into_iter().zip(hashes).skip(2) {
        let key = record::fetch_verifying_key(node, KeyHash(hash)).await?;
        if key.id() == circuit {
            keys.insert(circuit, key.prepare());
        }
    }
    Ok(keys)
}

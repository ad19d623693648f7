//! Results. spec: `tally.result`.

use super::{ProofBytes, json};
use crate::curve::Fr;

/// The result of an election with its proofs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Census units, in option order.
    pub totals: Vec<u64>,
    /// Slots with at least one entry.
    pub slots: u32,
    /// Indices of the trustees whose partial decryptions were combined.
    pub quorum: Vec<u8>,
    /// One proof, or the chunks' proofs followed by the final one.
    pub proofs: Vec<TallyProof>,
}

/// One proof of a result.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TallyProof {
    /// Id of the circuit, e.g. `tally/4/rows=256/t=2`.
    pub circuit: String,
    /// Public inputs, in the circuit's order.
    #[serde(with = "json::fields")]
    pub inputs: Vec<Fr>,
    /// The proof.
    pub proof: ProofBytes,
}

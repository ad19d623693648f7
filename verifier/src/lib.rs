//! Verification of Tabella's Groth16 proofs, alone and in batches, and the
//! keys for it. Holds no prover code and builds for
//! `wasm32-unknown-unknown`. spec: `setup`.

#[cfg(feature = "plonk")]
pub mod attestation;
pub mod batch;
pub mod board;
pub mod circuit_id;
pub mod curve;
pub mod decryption;
pub mod encoding;
pub mod key;
pub mod proof;
pub mod record;
pub mod snarkjs;
pub mod tally;
pub mod verify;

pub use batch::{BadClaims, Claim, verify_batch};
pub use circuit_id::{CircuitId, UnknownCircuit};
pub use encoding::PointFault;
pub use key::{InvalidKey, KeyHash, KeyPoint, PreparedVerifyingKey, VerifyingKey};
pub use proof::{Element, InvalidProof, Proof};
pub use verify::{VerifyError, verify};

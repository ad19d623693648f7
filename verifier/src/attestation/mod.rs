//! Verification of attestations: proofs of bias audits, receipts of single
//! records. spec: `attestation.verification`.

mod commitment;
mod key;
mod point;
mod receipt;
mod srs;
mod transcript;
mod verify;

pub use commitment::{DataCommitment, InvalidCommitment};
pub use key::{InvalidKey, KeyHash, VerifyingKey};
pub use point::{InvalidPoint, POINT_BYTES, point_from_bytes, point_to_bytes};
pub use receipt::{InvalidReceipt, Receipt, check_receipt, row_point};
pub use srs::{SrsOrigin, VerifierSrs};
pub use transcript::{KeccakChallenge, KeccakTranscript};
pub use verify::{VerifyError, proof_bytes, verify};

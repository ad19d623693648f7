//! Proofs of attestations: parameters, commitments to data, proofs and
//! receipts. spec: `attestation.proving`.

mod commit;
mod key;
mod prove;
pub mod ptau;
mod receipt;
mod srs;
#[cfg(not(target_family = "wasm"))]
mod store;
mod tape;

pub use commit::{CommitError, CommitmentSeed, Dataset, InvalidSeed, ProofPermit, SpentCommitment};
pub use key::{KeyError, ProvingKey};
pub use prove::{ProveError, prove};
pub use receipt::{ReceiptError, Receipts};
pub use srs::{Srs, SrsError};
#[cfg(not(target_family = "wasm"))]
pub use store::{Progress, Store, StoreError};

#[cfg(test)]
mod tests;

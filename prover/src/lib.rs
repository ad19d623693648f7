//! Proving keys and proofs. Builds for `wasm32-unknown-unknown`, where there
//! is no cache of keys. spec: `setup`.

#[cfg(feature = "plonk")]
pub mod attestation;
pub mod certificate;
mod codec;
pub mod engine;
pub mod key;
pub mod matrices;
mod parallel;
pub mod pinned;
pub mod setup;
pub mod shapes;
#[cfg(not(target_family = "wasm"))]
pub mod store;
pub mod tally;

pub use certificate::{Certificate, InconsistentKey};
pub use codec::InvalidFile;
pub use engine::{ProveError, prove, prove_assignment};
pub use key::{ImportError, KeyOrigin, ProvingKey};
pub use matrices::Matrices;
pub use pinned::{pinned_hash, pinned_hashes};
pub use setup::{SetupError, development_certificate, development_key, development_verifying_key};
pub use shapes::shape;
#[cfg(not(target_family = "wasm"))]
pub use store::{KeyStore, Progress, Shapes, StoreError};

#[cfg(test)]
mod tests;

//! Settlement on EVM chains: what contracts take, chains to talk to (an
//! embedded one, and others over JSON-RPC), and the poster, which gets
//! transactions into a chain exactly once. The only crate that names an EVM
//! or a chain library. spec: `chain`, `settlement`, `gate`, `attestation.evm`.

pub mod abi;
pub mod artifact;
pub mod attestation;
pub mod audits;
pub mod backend;
mod contracts;
mod convert;
pub mod deployed;
pub mod elections;
pub mod gate;
pub mod lines;
pub mod origin;
pub mod outbox;
pub mod poster;
pub mod revert;
pub mod settlement;
pub mod transaction;

pub use artifact::{Artifact, InvalidArtifact};
pub use backend::{Backend, Chain, Embedded, Hash, Rpc};
pub use outbox::Outbox;
pub use poster::{Policy, Poster};

/// Chains on which nothing is worth anything, and blocks come when there is
/// something in them: the embedded one, and those of development nodes.
pub fn is_development(chain_id: u64) -> bool {
    matches!(chain_id, backend::embedded::CHAIN_ID | 1337 | 31337)
}

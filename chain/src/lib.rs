//! What contracts take: bindings of the contracts, their bytecode and
//! calldata. The only crate that names an EVM or a chain library.
//! spec: `settlement`, `attestation.evm`.

pub mod abi;
pub mod artifact;
pub mod attestation;
pub mod elections;

pub use artifact::{Artifact, InvalidArtifact};

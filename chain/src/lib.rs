//! What contracts take: bindings of the contracts, their bytecode and
//! calldata. The only crate that names an EVM or a chain library.
//! spec: `settlement`, `gate`, `attestation.evm`.

pub mod abi;
pub mod artifact;
pub mod attestation;
pub mod audits;
pub mod elections;
pub mod gate;

pub use artifact::{Artifact, InvalidArtifact};

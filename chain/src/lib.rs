//! What contracts take: the committed verifier of attestations, its calldata
//! and its gas. The only crate that names an EVM or a chain library.
//! spec: `attestation.evm`.

pub mod attestation;

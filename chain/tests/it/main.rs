//! Contracts on an embedded EVM.
#![allow(clippy::unwrap_used, missing_docs)]

mod anvil;
mod attestation;
mod evm;
mod poster;

//! Contracts on an embedded EVM.
#![allow(clippy::unwrap_used, missing_docs)]

mod anvil;
mod attestation;
mod chain;
mod compiled;
mod election;
mod elections;
mod evm;
mod gate;
mod poster;

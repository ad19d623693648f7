//! Contracts on an embedded EVM.
#![allow(clippy::unwrap_used, missing_docs)]

mod anvil;
mod attestation;
mod chain;
mod compiled;
#[path = "../../../tests/it/cores.rs"]
mod cores;
mod election;
mod elections;
mod evm;
mod gate;
mod poster;

//! Contracts on an embedded EVM.

mod attestation;
mod evm;

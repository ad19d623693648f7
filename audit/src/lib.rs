//! Bias audits: policies, mappings, files of records, attestations and their
//! reports. Proofs are made in `prover` and checked in `verifier`.
//!
//! 1. An organisation votes on a [`policy`]; its hash is what counts.
//! 2. An auditor describes a file of records by a [`mapping`] and reads it
//!    into codes ([`data`]).

pub mod abi;
pub mod attestation;
pub mod calendar;
pub mod commitment;
pub mod data;
pub mod decimal;
pub mod document;
pub mod figures;
pub mod log;
pub mod mapping;
pub mod metrics;
pub mod policy;
pub mod receipt;
pub mod report;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

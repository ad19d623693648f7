//! Policies, mappings and records, against independent oracles.
#![allow(clippy::unwrap_used)]

mod agreement;
mod aif360;
mod attestation;
mod bruteforce;
mod compas;
mod data;
mod examples;
mod fairlearn;
mod hashes;
mod mapping;
mod policy;
mod proven;
mod receipt;
mod report;
mod status;
mod vault;

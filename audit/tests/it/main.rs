//! Policies, mappings and records, against independent oracles.
#![allow(clippy::unwrap_used)]

mod aif360;
mod bruteforce;
mod compas;
mod data;
mod examples;
mod fairlearn;
mod mapping;
mod policy;
mod report;

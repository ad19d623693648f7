//! Tests of the whole node over gRPC on loopback.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod audits;
mod ballots;
pub(crate) mod fixture;
mod hostile;
mod proofs;
mod restart;
mod rules;

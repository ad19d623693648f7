//! The node: what it stores, what it decides and what it serves.
//!
//! `rpc` converts a request, asks `domain` (pure rules) through `ledger` (the
//! one writer), and converts the answer; `store` keeps the log; `jobs` run
//! beside the requests. A node is started with [`Node::start`] or [`run`].

pub mod clock;
pub mod config;
pub mod domain;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod metrics;
mod rpc;
mod server;
pub mod store;
mod transport;

pub use clock::{Clock, SystemClock};
pub use config::{Config, Limits, Tls};
pub use jobs::attestation::NoAttestations;
pub use jobs::tally::{Entries, TallyCase, TallyFailure, TallyProver};
pub use keys::{InvalidKeySet, KeySet};
pub use metrics::Metrics;
pub use server::{Deps, Found, Node, NodeError, check, run};
pub use transport::{InvalidOrigin, TlsError};

#[cfg(test)]
mod tests;

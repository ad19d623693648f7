//! An independent monitor of an operator's nodes. spec: `monitor`.
//!
//! It follows elections over gRPC, verifies everything by itself, with the
//! same functions as voters and records, compares what different nodes and
//! other people have been shown, and keeps evidence that anybody can check
//! offline.

pub mod board;
mod checkpoint;
mod closing;
mod doubts;
pub mod endpoint;
pub mod evidence;
pub mod finding;
mod follow;
mod heads;
mod inquest;
pub mod keys;
pub mod logs;
pub mod metrics;
mod monitor;
mod promises;
pub mod store;
mod watch;

pub use endpoint::Endpoint;
pub use evidence::Evidence;
pub use finding::{Kind, Recorded};
pub use monitor::{Config, Monitor, Pass, Problem};
pub use watch::Progress;

/// Why the monitor cannot go on; never what a node did.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`store::StoreError`].
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// See the message.
    #[error("verification was interrupted; start the monitor again")]
    Interrupted,
    /// See the message.
    #[error("verification was interrupted: {0}; start the monitor again")]
    Task(#[from] tokio::task::JoinError),
}

#[cfg(test)]
mod tests;

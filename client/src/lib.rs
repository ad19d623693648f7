//! An embeddable client of a Tabella node: for members who register and
//! vote, for organisers who prepare elections, and for whoever fetches a
//! record. spec: `client`.
//!
//! The operator stays blind: a member downloads the whole census and the
//! whole board and looks things up locally, and votes and masks go through
//! the same calls (A64). Nothing that a node says is believed before it is
//! checked against signatures, roots and hashes.

pub mod attestation;
pub mod board;
pub mod census;
pub mod choice;
pub mod election;
mod error;
pub mod identity;
pub mod info;
pub mod masker;
pub mod node;
pub mod organiser;
pub mod receipt;
pub mod record;
pub mod registration;
pub mod state;
pub mod submission;
pub mod tickets;
pub mod trustees;
pub mod vote;
pub mod words;

pub use error::{Error, Refusal, Violation};
pub use node::Node;

#[cfg(test)]
mod tests;

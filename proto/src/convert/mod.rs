//! Conversions both ways between the messages of `tabella.v1` and the typed
//! values of `circuits`. spec: `encoding.protobuf`.
//!
//! A message becomes a typed value with `TryFrom`, which refuses everything
//! but the one canonical form of each field and names the field at fault; a
//! typed value becomes a message with `From<&T>`. What is stored or hashed is
//! the typed value: how protobuf wrote it leaves no trace.

mod attestation;
mod board;
mod draft;
mod election;
mod error;
mod registry;
mod tally;
mod trustee;

pub use error::{Cause, InvalidField};
pub use tally::{CIRCUIT_NAME_MAX, TALLY_PROOFS_MAX};
pub use trustee::TRUSTEE_BODY_MAX;

#[cfg(test)]
mod tests;

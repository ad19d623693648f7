//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod demo;
mod records;

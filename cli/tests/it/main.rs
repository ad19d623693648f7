//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod audit;
mod demo;
mod records;

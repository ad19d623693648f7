//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod crash;
mod demo;
mod foreign;
mod node;
mod records;
mod served;

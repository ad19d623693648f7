//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod audit;
mod audit_log;
mod chain;
mod crash;
mod demo;
mod foreign;
mod masker;
mod monitor;
mod node;
mod organiser;
mod records;
mod served;
mod trustees;
mod voter;
mod walkthrough;

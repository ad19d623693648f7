//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod crash;
mod demo;
mod organiser;
mod records;
mod trustees;
// mod voter;
mod walkthrough;
mod foreign;
mod node;
mod served;

//! The binary from outside.
#![allow(clippy::unwrap_used, missing_docs)]

mod account;
mod crash;
mod demo;
mod masker;
mod monitor;
mod organiser;
mod records;
mod trustees;
mod voter;

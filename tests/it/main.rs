//! End-to-end tests.
#![allow(clippy::unwrap_used)]

mod served;
mod spec_ids;
mod wire;

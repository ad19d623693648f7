//! End-to-end tests.
#![allow(clippy::unwrap_used)]

mod attack_index;
mod packaging;
mod served;
mod spec_ids;
mod wire;

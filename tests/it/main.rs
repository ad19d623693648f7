//! End-to-end tests.

mod spec_ids;

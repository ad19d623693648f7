//! Helpers for tests of circuits.

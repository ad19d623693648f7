//! Tests of proofs.

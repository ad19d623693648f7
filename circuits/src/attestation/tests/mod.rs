//! Tests of the attestation.

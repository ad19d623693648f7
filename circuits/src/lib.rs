//! The statements of Tabella: types, native relations and, with the feature
//! `r1cs`, the constraint systems that prove them.
//!
//! Without features this crate holds types and native computation only: no
//! proof system. spec: `params`.

pub mod attestation;
pub mod ballot;
pub mod curve;
pub mod decryption;
pub mod params;
pub mod primitives;
#[cfg(feature = "r1cs")]
pub mod r1cs;
pub mod registration;
pub mod tally;
#[cfg(all(feature = "r1cs", any(test, feature = "testing")))]
pub mod testing;
pub mod types;

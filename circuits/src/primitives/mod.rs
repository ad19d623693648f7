//! Hashes, trees, encryption and ranges: natively and as gadgets.

#[cfg(feature = "r1cs")]
pub mod edwards;
pub mod merkle;
pub mod montgomery;
pub mod poseidon;
#[cfg(feature = "r1cs")]
pub mod range;

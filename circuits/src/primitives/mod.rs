//! Hashes, trees, encryption and ranges: natively and as gadgets.

pub mod poseidon;

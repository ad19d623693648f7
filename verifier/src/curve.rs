//! The only file of this crate and of the prover that names the pairing
//! curve: BN254 (alt_bn128 of the EVM). spec: `params.curve`.

pub use ark_bn254::{Bn254, Fq, Fq2, Fq12, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1, g2};
pub use ark_ec::bn::G2Prepared as PreparedG2;

/// A point of G2 with the line coefficients of its Miller loop.
pub type G2Prepared = PreparedG2<ark_bn254::Config>;

//! BN254 as the attestation's proof system has it, and the one conversion
//! between its scalars and ours: both are the integers modulo r, so that
//! canonical bytes carry over. spec: `attestation.proof_system`.

use ark_ff::{BigInteger, PrimeField as _};
use halo2_proofs::halo2curves::ff::PrimeField as _;

pub use halo2_proofs::halo2curves::{
    bn256::{Bn256, Fq, Fr, G1, G1Affine, G2Affine},
    ff, group, pairing,
};

/// Our scalar as the proof system's.
pub fn to_plonk(x: super::Fr) -> Fr {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&x.into_bigint().to_bytes_le());
    Option::from(Fr::from_repr(bytes)).expect("a canonical scalar of the same field")
}

/// The proof system's scalar as ours.
pub fn from_plonk(x: Fr) -> super::Fr {
    super::Fr::from_le_bytes_mod_order(&x.to_repr())
}

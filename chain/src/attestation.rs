//! The verifier contract of the on-chain shape. spec: `attestation.evm`.
//!
//! It has no functions: the calldata is the public inputs, 32 bytes each,
//! and the proof. It returns nothing for a valid proof and reverts for any
//! other, also for the same numbers in another form: r or more, or with bytes
//! behind them. It checks the proof alone; whoever calls it computes the inputs
//! from the voted policy and compares the proof's first 512 bytes with the
//! anchored commitment.

use ark_ff::{BigInteger, PrimeField};
use circuits::curve::Fr;

/// The bytecode that creates the contract, in hexadecimal.
const CREATION_CODE: &str = include_str!("../../contracts/attestation/verifier.hex");
/// What the bytecode was made from, as JSON.
pub const DESCRIPTION: &str = include_str!("../../contracts/attestation/verifier.json");

/// Gas to give the verifier: a tampered point makes a precompile burn
/// everything that it is given, so a caller forwards no more than this.
pub const GAS_CAP: u64 = 1_000_000;

/// The committed file is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("contracts/attestation/verifier.hex is not hexadecimal; make it again as contracts/README.md says")]
pub struct InvalidArtifact;

/// The bytecode that creates the contract.
///
/// # Errors
/// If the committed file is damaged.
pub fn creation_code() -> Result<Vec<u8>, InvalidArtifact> {
    hex::decode(CREATION_CODE.trim()).map_err(|_| InvalidArtifact)
}

/// Public inputs, big-endian, then the proof.
pub fn calldata(inputs: &[Fr], proof: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = inputs.iter().flat_map(|input| input.into_bigint().to_bytes_be()).collect();
    out.extend(proof);
    out
}

//! Keys, proofs and inputs in the JSON forms of snarkjs, for independent
//! verifiers: `snarkjs groth16 verify vkey.json public.json proof.json`.
//! spec: `export.snarkjs`.
//!
//! snarkjs writes points in projective form, the real part of an `Fq2`
//! first, and all numbers as decimal strings.

use crate::{
    curve::{Fq, Fr, G1Affine, G2Affine},
    key::VerifyingKey,
    proof::Proof,
};
use ark_ff::PrimeField;
use serde_json::{Value, json};

/// `vkey.json`. `vk_alphabeta_12` is left out: snarkjs computes it.
pub fn verifying_key(key: &VerifyingKey) -> Value {
    let p = key.points();
    json!({
        "protocol": "groth16",
        "curve": "bn128",
        "nPublic": key.num_inputs(),
        "vk_alpha_1": g1(&p.alpha_g1),
        "vk_beta_2": g2(&p.beta_g2),
        "vk_gamma_2": g2(&p.gamma_g2),
        "vk_delta_2": g2(&p.delta_g2),
        "IC": p.gamma_abc_g1.iter().map(g1).collect::<Vec<_>>(),
    })
}

/// `proof.json`.
pub fn proof(proof: &Proof) -> Value {
    json!({
        "protocol": "groth16",
        "curve": "bn128",
        "pi_a": g1(&proof.a()),
        "pi_b": g2(&proof.b()),
        "pi_c": g1(&proof.c()),
    })
}

/// `public.json`: the inputs in order.
pub fn public_inputs(inputs: &[Fr]) -> Value {
    inputs.iter().map(decimal).collect()
}

fn decimal<F: PrimeField>(x: &F) -> String {
    x.into_bigint().to_string()
}

/// Neither keys nor proofs hold the point at infinity, so z is 1.
fn g1(p: &G1Affine) -> Value {
    json!([decimal(&p.x), decimal(&p.y), "1"])
}

fn g2(p: &G2Affine) -> Value {
    let pair = |c0: &Fq, c1: &Fq| json!([decimal(c0), decimal(c1)]);
    json!([pair(&p.x.c0, &p.x.c1), pair(&p.y.c0, &p.y.c1), ["1", "0"]])
}

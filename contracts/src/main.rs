//! Writes `attestation/Verifier.sol` and `attestation/verifier.json` beside
//! this package: the EVM verifier of the on-chain shape under the
//! development parameters. `contracts/README.md` says how to compile it.

use anyhow::Context;
use circuits::{
    attestation::{Shape, circuit::AttestationCircuit, schema_digest},
    curve::plonk::{Bn256, Fq, Fr, G1Affine, G2Affine},
};
use prover::{
    KeyStore,
    attestation::{ProvingKey, Store},
};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk::PlonkVerifier},
};
use std::{collections::BTreeSet, path::Path, rc::Rc};
use verifier::attestation::{SrsOrigin, VerifyingKey};

type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;

fn main() -> anyhow::Result<()> {
    let shape = Shape::on_chain();
    let store = Store::new(KeyStore::default_directory()?);
    let srs = store.development_srs(shape.k(), &|progress| eprintln!("{progress}"))?;
    let key = ProvingKey::make_verifying(&srs, &shape)?;
    let inputs = AttestationCircuit::blank(&shape)?.public_inputs();
    let (solidity, proof_bytes) = solidity(&srs, &key, inputs)?;
    let solidity = strict(&solidity, 32 * inputs + proof_bytes)?;

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("attestation");
    std::fs::write(folder.join("Verifier.sol"), solidity).context("writing Verifier.sol")?;
    let description = serde_json::json!({
        "parameters": "INSECURE development parameters",
        "insecure": srs.verifier().origin == SrsOrigin::Development,
        "srs_id": format!("0x{}", hex::encode(srs.verifier().id().0)),
        "key_hash": format!("0x{}", hex::encode(key.hash().0)),
        "k": shape.k(),
        "columns": shape.columns(),
        "codes": shape.layout().codes(),
        "cells": shape.layout().cells(),
        "bins": shape.layout().bins(),
        "records_per_cell": shape.packing().records(),
        "capacity": shape.capacity(),
        "schema": format!("0x{}", hex::encode(schema_digest(&shape))),
        "views": shape.views(),
        "inputs": inputs,
        "proof_bytes": proof_bytes,
    });
    let text = serde_json::to_string_pretty(&description)? + "\n";
    std::fs::write(folder.join("verifier.json"), text).context("writing verifier.json")
}

/// The verifier's source, and the length of a proof.
fn solidity(
    srs: &prover::attestation::Srs,
    key: &VerifyingKey,
    inputs: usize,
) -> anyhow::Result<(String, usize)> {
    let protocol = compile(srs.inner(), key.inner(), Config::kzg().with_num_instance(vec![inputs]));
    let svk = (G1Affine::generator(), G2Affine::generator(), srs.verifier().tau_g2).into();
    let loader = EvmLoader::new::<Fq, Fr>();
    let protocol = protocol.loaded(&loader);
    let mut transcript = EvmTranscript::<_, Rc<EvmLoader>, _, _>::new(&loader);
    let instances = transcript.load_instances(vec![inputs]);
    let proof = Verifier::read_proof(&svk, &protocol, &instances, &mut transcript)
        .map_err(|why| anyhow::anyhow!("{why:?}"))?;
    Verifier::verify(&svk, &protocol, &instances, &proof).map_err(|why| anyhow::anyhow!("{why:?}"))?;
    Ok((loader.solidity_code(), proof_length(key)))
}

/// Where the generated code starts to read calldata.
const FIRST_READ: &str = "mstore(0xa0, mod(calldataload(0x0), f_q))";

/// The generated code takes numbers modulo r and looks at nothing behind the
/// proof, so that one proof would have many forms, and one input many values.
/// This makes it refuse all but one.
fn strict(source: &str, calldata: usize) -> anyhow::Result<String> {
    let numbers = numbers(source)?;
    anyhow::ensure!(source.matches(FIRST_READ).count() == 1, "the generated code reads its inputs otherwise");
    let mut checks =
        String::from("// One byte form: nothing missing, nothing behind, every number below r.\n");
    checks += &format!("            if iszero(eq(calldatasize(), {calldata:#x})) {{ revert(0, 0) }}\n");
    for (start, end) in runs(&numbers) {
        checks += &format!(
            "            for {{ let at := {start:#x} }} lt(at, {end:#x}) {{ at := add(at, 0x20) }} {{\n                \
             if iszero(lt(calldataload(at), f_q)) {{ revert(0, 0) }}\n            }}\n"
        );
    }
    Ok(source.replace(FIRST_READ, &format!("{checks}            {FIRST_READ}")))
}

/// Offsets of the numbers that the code reads from the calldata.
fn numbers(source: &str) -> anyhow::Result<BTreeSet<usize>> {
    let reads = source.split("mod(calldataload(0x").skip(1);
    let offset = |rest: &str| Ok(usize::from_str_radix(rest.split(')').next().unwrap_or_default(), 16)?);
    reads.map(offset).collect()
}

/// Words that follow one another, as start and end.
fn runs(offsets: &BTreeSet<usize>) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = vec![];
    for offset in offsets {
        match out.last_mut() {
            Some((_, end)) if end == offset => *end += 32,
            _ => out.push((*offset, offset + 32)),
        }
    }
    out
}

/// Points of 64 bytes, scalars of 32: counted by the verifier's own reading.
fn proof_length(key: &VerifyingKey) -> usize {
    verifier::attestation::proof_bytes(key)
}

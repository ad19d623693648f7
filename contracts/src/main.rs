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
use std::{path::Path, rc::Rc};
use verifier::attestation::{SrsOrigin, VerifyingKey};

type Verifier = PlonkVerifier<KzgAs<Bn256, Bdfg21>>;

fn main() -> anyhow::Result<()> {
    let shape = Shape::on_chain();
    let store = Store::new(KeyStore::default_directory()?);
    let srs = store.development_srs(shape.k(), &|progress| eprintln!("{progress}"))?;
    let key = ProvingKey::make_verifying(&srs, &shape)?;
    let inputs = AttestationCircuit::blank(&shape)?.public_inputs();
    let (solidity, proof_bytes) = solidity(&srs, &key, inputs)?;

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

/// Points of 64 bytes, scalars of 32: counted by the verifier's own reading.
fn proof_length(key: &VerifyingKey) -> usize {
    verifier::attestation::proof_bytes(key)
}

//! Compiles the protobuf files without `protoc`.

use std::{error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let files = ["election", "registry", "ballot", "board", "trustee", "node", "state", "attestation"];
    let files: Vec<String> = files.iter().map(|f| format!("tabella/v1/{f}.proto")).collect();
    println!("cargo:rerun-if-changed=tabella");
    let descriptors = protox::compile(&files, ["."])?;
    let out = std::env::var("OUT_DIR")?;
    let bytes = prost::Message::encode_to_vec(&descriptors);
    std::fs::write(Path::new(&out).join("tabella_v1.bin"), bytes)?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}

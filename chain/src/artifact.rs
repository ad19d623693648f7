//! Compiled contracts, as `contracts/artifacts` holds them.

use serde::Deserialize;

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The code that creates the contract; constructor arguments follow it.
    #[serde(with = "hexadecimal")]
    pub bytecode: Vec<u8>,
    /// The contract's code, with zeros where immutables are.
    #[serde(with = "hexadecimal")]
    pub deployed_bytecode: Vec<u8>,
    /// Where immutables are in it.
    pub immutables: Vec<Immutable>,
}

/// Bytes of a contract's code that are fixed when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Immutable {
    /// First byte.
    pub start: usize,
    /// Number of bytes.
    pub length: usize,
}

/// A committed file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("contracts/artifacts/{name}.json: {cause}; make it again as contracts/README.md says")]
pub struct InvalidArtifact {
    /// The contract.
    pub name: &'static str,
    /// What is wrong.
    pub cause: serde_json::Error,
}

impl Artifact {
    /// From the text of the file of contract `name`.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn parse(name: &'static str, text: &str) -> Result<Self, InvalidArtifact> {
        serde_json::from_str(text).map_err(|cause| InvalidArtifact { name, cause })
    }

    /// `Elections`, whose constructor has no arguments. It creates its
    /// `Groth16Verifiers` itself.
    ///
    /// # Errors
    /// If the committed file is damaged.
    pub fn elections() -> Result<Self, InvalidArtifact> {
        Self::parse("Elections", include_str!("../../contracts/artifacts/Elections.json"))
    }

    /// `Groth16Verifiers`.
    ///
    /// # Errors
    /// If the committed file is damaged.
    pub fn verifiers() -> Result<Self, InvalidArtifact> {
        Self::parse("Groth16Verifiers", include_str!("../../contracts/artifacts/Groth16Verifiers.json"))
    }

    /// `Attestations`. spec: `gate.attestations`
    ///
    /// # Errors
    /// If the committed file is damaged.
    pub fn attestations() -> Result<Self, InvalidArtifact> {
        Self::parse("Attestations", include_str!("../../contracts/artifacts/Attestations.json"))
    }

    /// `ModelGate`. spec: `gate`
    ///
    /// # Errors
    /// If the committed file is damaged.
    pub fn gate() -> Result<Self, InvalidArtifact> {
        Self::parse("ModelGate", include_str!("../../contracts/artifacts/ModelGate.json"))
    }

    /// `Executor`, which creates its `Timelock` itself. spec: `gate.executor`
    ///
    /// # Errors
    /// If the committed file is damaged.
    pub fn executor() -> Result<Self, InvalidArtifact> {
        Self::parse("Executor", include_str!("../../contracts/artifacts/Executor.json"))
    }

    /// Whether `data` is what creates this contract, with these constructor
    /// arguments, when it is sent to nobody. Who relies on a contract checks
    /// this of the transaction that created it: it alone shows what immutables
    /// and storage began as (A55).
    pub fn is_creation(&self, data: &[u8], arguments: &[u8]) -> bool {
        data.strip_prefix(self.bytecode.as_slice()) == Some(arguments)
    }

    /// Whether `code`, read from a chain, is this contract's, whatever its
    /// immutables are. A quick check that an address is not a wrong one; it
    /// does not show that the storage began empty, since another constructor
    /// can leave the same code over any storage (A55).
    /// spec: `settlement.creation`
    pub fn is_code(&self, code: &[u8]) -> bool {
        let masked = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for at in &self.immutables {
                bytes.iter_mut().skip(at.start).take(at.length).for_each(|byte| *byte = 0);
            }
            bytes
        };
        masked(code) == masked(&self.deployed_bytecode)
    }
}

mod hexadecimal {
    use serde::{Deserialize, Deserializer, de::Error};

    /// `0x` and digits.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("0x is missing"))?;
        hex::decode(digits).map_err(D::Error::custom)
    }
}

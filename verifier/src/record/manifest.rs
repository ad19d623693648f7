//! The list of a record's files. spec: `record.manifest`.

use super::files::{FormatFault, json, read_json};
use circuits::types::{
    AccountKey, Address, Domain, ElectionId, InvalidSignature, Signature, TypedData, keccak256,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Name of the format.
pub const FORMAT: &str = "tabella-election-record";
/// Version of the format.
pub const VERSION: u32 = 1;

/// One file of the record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path below the record's directory, with `/`.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of its content.
    #[serde(with = "circuits::types::json::bytes")]
    pub sha256: [u8; 32],
}

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `tabella-election-record`
    pub format: String,
    /// 1
    pub version: u32,
    /// The election.
    pub election_id: ElectionId,
    /// All other files but the signature, ascending by path.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    /// The manifest of `files`.
    pub fn of(election_id: ElectionId, files: &BTreeMap<String, Vec<u8>>) -> Self {
        let entry = |(path, bytes): (&String, &Vec<u8>)| FileEntry {
            path: path.clone(),
            size: bytes.len() as u64,
            sha256: Sha256::digest(bytes).into(),
        };
        Self {
            format: FORMAT.into(),
            version: VERSION,
            election_id,
            files: files.iter().map(entry).collect(),
        }
    }

    /// The one byte form.
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// Reads the one byte form.
    ///
    /// # Errors
    /// If it is not that form, or of another format or version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatFault> {
        let manifest: Self = read_json("manifest.json", bytes)?;
        if manifest.format != FORMAT || manifest.version != VERSION {
            return Err(FormatFault::Version { format: manifest.format, version: manifest.version });
        }
        Ok(manifest)
    }

    /// Signs as the operator.
    pub fn sign(&self, domain: &Domain, key: &AccountKey) -> Signature {
        key.sign(Signed(self).signing_hash(domain))
    }

    /// Checks the operator's signature.
    ///
    /// # Errors
    /// If another account signed, or none.
    pub fn check_signature(
        &self,
        signature: Signature,
        domain: &Domain,
        operator: Address,
    ) -> Result<(), InvalidSignature> {
        signature.verify(Signed(self).signing_hash(domain), operator)
    }
}

struct Signed<'a>(&'a Manifest);

impl TypedData for Signed<'_> {
    const TYPE: &'static str = "Record(bytes32 electionId,bytes32 manifest)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.0.election_id.to_bytes(), keccak256(self.0.to_bytes())]
    }
}

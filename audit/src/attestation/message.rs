//! What is signed about audits: EIP-712 typed data. spec: `audit.messages`.

use circuits::types::{Address, TypedData, keccak256, word_address, word_u64};
use serde::{Deserialize, Serialize};

/// The auditor's claim. Its struct hash is the attestation's id.
/// spec: `audit.attestation`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The organisation whose policy it is.
    pub organisation: String,
    /// The audited system, in words.
    pub system: String,
    /// Commitment to the audited model. The proof carries it and says
    /// nothing about the model.
    #[serde(with = "circuits::types::json::bytes")]
    pub model_commitment: [u8; 32],
    /// What was anchored before the audit.
    #[serde(with = "circuits::types::json::bytes")]
    pub data_root: [u8; 32],
    /// Of the policy that was voted on.
    #[serde(with = "circuits::types::json::bytes")]
    pub policy_hash: [u8; 32],
    /// Of the verifying key: circuit shape and parameters.
    #[serde(with = "circuits::types::json::bytes")]
    pub key_hash: [u8; 32],
    /// n: records behind the commitment.
    pub records: u64,
    /// Unix time of the period's start.
    pub from: u64,
    /// Unix time of the period's end, the first second after it.
    pub to: u64,
    /// Unix time of signing.
    pub issued: u64,
    /// Unix time from which it is no longer valid.
    pub expires: u64,
    /// Hash of the outcome: verdicts and compared groups.
    #[serde(with = "circuits::types::json::bytes")]
    pub outcome_hash: [u8; 32],
    /// Hash of the disclosed counts, or zero.
    #[serde(with = "circuits::types::json::bytes")]
    pub table_hash: [u8; 32],
    /// `keccak256` of the proof.
    #[serde(with = "circuits::types::json::bytes")]
    pub proof_hash: [u8; 32],
    /// Whether the parameters' secret is known to anyone: the proof is
    /// then worth nothing against an attacker.
    pub insecure: bool,
    /// Id of the attestation that this one takes the place of, or zero.
    #[serde(with = "circuits::types::json::bytes")]
    pub supersedes: [u8; 32],
    /// Who signs.
    pub auditor: Address,
}

impl TypedData for Claim {
    const TYPE: &'static str = "Attestation(string organisation,string system,bytes32 modelCommitment,\
        bytes32 dataRoot,bytes32 policyHash,bytes32 keyHash,uint64 records,uint64 from,uint64 to,uint64 issued,\
        uint64 expires,bytes32 outcomeHash,bytes32 tableHash,bytes32 proofHash,bool insecure,bytes32 supersedes,\
        address auditor)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            keccak256(&self.organisation),
            keccak256(&self.system),
            self.model_commitment,
            self.data_root,
            self.policy_hash,
            self.key_hash,
            word_u64(self.records),
            word_u64(self.from),
            word_u64(self.to),
            word_u64(self.issued),
            word_u64(self.expires),
            self.outcome_hash,
            self.table_hash,
            self.proof_hash,
            word_u64(self.insecure.into()),
            self.supersedes,
            word_address(self.auditor),
        ]
    }
}

/// The organisation names an auditor. Signed by the organiser; the highest
/// counter of an auditor counts. spec: `audit.auditor`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditorRegistration {
    /// The organisation.
    pub organisation: String,
    /// The auditor's account.
    pub auditor: Address,
    /// The auditor's name.
    pub name: String,
    /// Unix time from which the auditor may sign.
    pub from: u64,
    /// Unix time from which the auditor may not sign any more. A lower value
    /// under a higher counter ends a registration early.
    pub until: u64,
    /// Rises with every registration of this auditor.
    pub counter: u64,
}

impl TypedData for AuditorRegistration {
    const TYPE: &'static str = "AuditorRegistration(string organisation,address auditor,string name,\
        uint64 from,uint64 until,uint64 counter)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            keccak256(&self.organisation),
            word_address(self.auditor),
            keccak256(&self.name),
            word_u64(self.from),
            word_u64(self.until),
            word_u64(self.counter),
        ]
    }
}

/// An attestation is withdrawn: by its auditor, or by the organiser.
/// spec: `audit.revocation`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Id of the attestation.
    #[serde(with = "circuits::types::json::bytes")]
    pub attestation: [u8; 32],
    /// Why, in words.
    pub reason: String,
    /// Unix time from which it no longer counts.
    pub time: u64,
}

impl TypedData for Revocation {
    const TYPE: &'static str = "AttestationRevocation(bytes32 attestation,string reason,uint64 time)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.attestation, keccak256(&self.reason), word_u64(self.time)]
    }
}

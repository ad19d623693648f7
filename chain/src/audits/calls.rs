//! How the contract `Attestations` is created, and what it is told.

use crate::{
    abi::{self, IAttestations},
    artifact::{Artifact, InvalidArtifact},
    elections::address,
};
use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolValue},
};
use audit::attestation::{Attestation, SignedRegistration, SignedRevocation};
use circuits::{
    attestation::{DataRoot, Metric, ViewOutcome},
    types::Address,
};

/// The bytecode that creates the contract for an organisation.
///
/// # Errors
/// If the committed artifact is damaged.
pub fn creation_code(
    verifier: Address,
    organisation: &str,
    organiser: Address,
) -> Result<Vec<u8>, InvalidArtifact> {
    let arguments = (address(verifier), organisation.to_owned(), address(organiser)).abi_encode_params();
    Ok([Artifact::attestations()?.bytecode, arguments].concat())
}

/// Calldata that anchors a data root.
pub fn anchor(root: DataRoot) -> Vec<u8> {
    IAttestations::anchorCall { dataRoot: B256::new(root.0) }.abi_encode()
}

/// Calldata that records an auditor's registration.
pub fn register(signed: &SignedRegistration) -> Vec<u8> {
    let it = &signed.registration;
    let registration = abi::AuditorRegistration {
        organisation: it.organisation.clone(),
        auditor: address(it.auditor),
        name: it.name.clone(),
        from: it.from,
        until: it.until,
        counter: it.counter,
    };
    let signature = signed.signature.to_bytes().to_vec().into();
    IAttestations::registerCall { registration, signature }.abi_encode()
}

/// Calldata that records a revocation.
pub fn revoke(signed: &SignedRevocation) -> Vec<u8> {
    let it = &signed.revocation;
    IAttestations::revokeCall {
        attestation: B256::new(it.attestation),
        reason: it.reason.clone(),
        time: it.time,
        signature: signed.signature.to_bytes().to_vec().into(),
    }
    .abi_encode()
}

/// Calldata that records an attestation.
pub fn attest(attestation: &Attestation) -> Vec<u8> {
    IAttestations::attestCall { submission: submission(attestation) }.abi_encode()
}

/// An attestation as the contract takes it.
pub fn submission(attestation: &Attestation) -> abi::Submission {
    let parts = &attestation.data;
    let outcome: Vec<abi::ViewOutcome> = attestation.outcome.iter().map(outcome).collect();
    let disclosed = attestation.disclosed.iter().flat_map(|d| d.values());
    abi::Submission {
        claim: claim(attestation),
        policy: attestation.policy.abi().encode().into(),
        data: abi::DataParts {
            mapping_: B256::new(attestation.mapping),
            file: B256::new(parts.file),
            receipts: B256::new(parts.receipts),
        },
        outcome: outcome.abi_encode().into(),
        disclosed: disclosed.flat_map(u64::to_be_bytes).collect::<Vec<u8>>().into(),
        proof: attestation.proof.clone().into(),
        signature: attestation.signature.to_bytes().to_vec().into(),
    }
}

fn claim(attestation: &Attestation) -> abi::Claim {
    let it = &attestation.claim;
    abi::Claim {
        organisation: it.organisation.clone(),
        system: it.system.clone(),
        modelCommitment: B256::new(it.model_commitment),
        dataRoot: B256::new(it.data_root),
        policyHash: B256::new(it.policy_hash),
        keyHash: B256::new(it.key_hash),
        records: it.records,
        from: it.from,
        to: it.to,
        issued: it.issued,
        expires: it.expires,
        outcomeHash: B256::new(it.outcome_hash),
        tableHash: B256::new(it.table_hash),
        proofHash: B256::new(it.proof_hash),
        insecure: it.insecure,
        supersedes: B256::new(it.supersedes),
        auditor: address(it.auditor),
    }
}

fn outcome(outcome: &ViewOutcome) -> abi::ViewOutcome {
    let verdict = |metric| U256::from(outcome.verdict(metric).map_or(0, |v| v.code()));
    abi::ViewOutcome {
        unknown: U256::from(outcome.unknown),
        compared: outcome.compared.iter().map(|set| U256::from(set.bits())).collect(),
        verdicts: Metric::ALL.into_iter().map(verdict).collect(),
        failing: outcome.failing.iter().map(|set| U256::from(set.bits())).collect(),
        unassessed: U256::from(outcome.unassessed.bits()),
    }
}

//! How `ModelGate` and `Executor` are created, what members vote on, and what
//! the contracts are told.

use super::Mandate;
use crate::{
    abi::{IElections, IModelGate},
    artifact::{Artifact, InvalidArtifact},
    convert,
    elections::{self, address, id},
};
use alloy::{
    primitives::{B256, U256},
    sol_types::{SolCall, SolValue},
};
use circuits::types::{Address, Call, Draft, ElectionId, keccak256};

/// The bytecode that creates a gate.
///
/// # Errors
/// If the committed artifact is damaged.
pub fn gate_creation_code(mandate: &Mandate, attestations: Address) -> Result<Vec<u8>, InvalidArtifact> {
    let arguments = (mandate.terms(), address(attestations)).abi_encode_params();
    Ok([Artifact::gate()?.bytecode, arguments].concat())
}

/// The bytecode that creates an executor whose calls wait for `delay` seconds.
///
/// # Errors
/// If the committed artifact is damaged.
pub fn executor_creation_code(mandate: &Mandate, delay: u64) -> Result<Vec<u8>, InvalidArtifact> {
    let arguments = (mandate.terms(), U256::from(delay)).abi_encode_params();
    Ok([Artifact::executor()?.bytecode, arguments].concat())
}

/// What members ask of an audit's verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    /// Every check passes.
    AllPass,
    /// No check fails; some may not be assessable.
    NoneFails,
    /// There is a valid audit, whatever it says.
    AnyVerdict,
}

/// What members vote on. spec: `gate.proposal`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// The model may be used while an attestation with exactly these terms
    /// is valid.
    Approve {
        /// The model commitment.
        model: [u8; 32],
        /// Of the policy.
        policy_hash: [u8; 32],
        /// Who signed the attestation.
        auditor: Address,
        /// What the audit was over.
        data_root: [u8; 32],
        /// When the attestation expires.
        expires: u64,
        /// What it must say.
        demand: Demand,
    },
    /// The model may not be used.
    Sanction {
        /// The model commitment.
        model: [u8; 32],
    },
}

impl Proposal {
    /// What a call to a gate says; `None` if the gate refuses it, and with it
    /// the whole vote.
    pub fn read(call: &Call) -> Option<Self> {
        if call.value != [0; 32] {
            return None;
        }
        if let Ok(found) = IModelGate::sanctionModelCall::abi_decode_validate(&call.data) {
            return (call.data.len() == 4 + 32).then_some(Proposal::Sanction { model: found.model.0 });
        }
        let it = IModelGate::approveModelCall::abi_decode_validate(&call.data).ok()?.approval;
        let demand = Demand::read(it.demand).filter(|_| call.data.len() == 4 + 6 * 32)?;
        Some(Proposal::Approve {
            model: it.model.0,
            policy_hash: it.policyHash.0,
            auditor: convert::address(it.auditor),
            data_root: it.dataRoot.0,
            expires: it.expires,
            demand,
        })
    }

    /// The call of a draft that says so.
    pub fn call(&self, gate: Address) -> Call {
        let data = match *self {
            Proposal::Approve { model, policy_hash, auditor, data_root, expires, demand } => {
                let approval = IModelGate::Approval {
                    model: B256::new(model),
                    policyHash: B256::new(policy_hash),
                    auditor: address(auditor),
                    dataRoot: B256::new(data_root),
                    expires,
                    demand: demand.into(),
                };
                IModelGate::approveModelCall { approval }.abi_encode()
            }
            Proposal::Sanction { model } => {
                IModelGate::sanctionModelCall { model: B256::new(model) }.abi_encode()
            }
        };
        Call { target: gate, value: [0; 32], data }
    }
}

impl Demand {
    pub(super) fn read(code: IModelGate::Demand) -> Option<Self> {
        match code {
            IModelGate::Demand::AllPass => Some(Self::AllPass),
            IModelGate::Demand::NoneFails => Some(Self::NoneFails),
            IModelGate::Demand::AnyVerdict => Some(Self::AnyVerdict),
            IModelGate::Demand::__Invalid => None,
        }
    }
}

impl From<Demand> for IModelGate::Demand {
    fn from(demand: Demand) -> Self {
        match demand {
            Demand::AllPass => IModelGate::Demand::AllPass,
            Demand::NoneFails => IModelGate::Demand::NoneFails,
            Demand::AnyVerdict => IModelGate::Demand::AnyVerdict,
        }
    }
}

/// Calldata by which the gate obeys a vote. spec: `gate.enact`
pub fn enact(election: ElectionId, draft: &Draft) -> Vec<u8> {
    with_draft("enact", election, draft)
}

/// Calldata by which the executor queues the calls of a vote.
pub fn queue(election: ElectionId, draft: &Draft) -> Vec<u8> {
    with_draft("queue", election, draft)
}

/// Calldata by which the executor makes the calls of a vote.
pub fn execute(election: ElectionId, draft: &Draft) -> Vec<u8> {
    with_draft("execute", election, draft)
}

/// A call of `function(bytes32 electionId, Draft draft)`.
fn with_draft(function: &str, election: ElectionId, draft: &Draft) -> Vec<u8> {
    // The draft's type as another function with that argument has it.
    let kind = IElections::draftIdCall::SIGNATURE;
    let kind = kind.strip_prefix("draftId(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(kind);
    let selector = keccak256(format!("{function}(bytes32,{kind})"));
    let arguments = (id(election), elections::draft(draft)).abi_encode_params();
    [&selector[..4], &arguments].concat()
}

//! What is posted about audits.

use super::calls;
use crate::{
    abi::IAttestations::{anchoredAtCall, registrationOfCall, statusOfCall},
    backend::{Data, Hash},
    deployed::answers,
    elections::address,
    outbox::{Done, Posting, PostingId},
};
use alloy::primitives::B256;
use audit::attestation::{Attestation, SignedRegistration, SignedRevocation};
use circuits::{attestation::DataRoot, types::Address};

/// Word of the counter in the answer of `registrationOf`.
const COUNTER: usize = 2;

/// Posts to a contract `Attestations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Office {
    /// The contract.
    pub contract: Address,
}

impl Office {
    fn posting(&self, subject: [u8; 32], kind: &str, index: u64, data: Vec<u8>, done: Done) -> Posting {
        let id = PostingId::new(format!("{}/{}", self.contract, Hash(subject)), kind, index);
        Posting { id, to: Some(self.contract), data: Data(data), done }
    }

    /// Records an auditor's registration; named by its counter.
    pub fn register(&self, signed: &SignedRegistration) -> Posting {
        let (auditor, counter) = (signed.registration.auditor, signed.registration.counter);
        let question = registrationOfCall { auditor: address(auditor) };
        let done = match counter {
            // Nobody was registered with less than that.
            0 => Done::Receipt,
            _ => answers(self.contract, &question, COUNTER, counter),
        };
        let mut subject = [0; 32];
        subject[12..].copy_from_slice(&auditor.0);
        self.posting(subject, "register", counter, calls::register(signed), done)
    }

    /// Anchors a data root.
    pub fn anchor(&self, root: DataRoot) -> Posting {
        let done = answers(self.contract, &anchoredAtCall { dataRoot: B256::new(root.0) }, 0, 1);
        self.posting(root.0, "data-root", 0, calls::anchor(root), done)
    }

    /// Records an attestation.
    pub fn attest(&self, attestation: &Attestation) -> Posting {
        let id = attestation.id();
        let done = answers(self.contract, &statusOfCall { attestation: B256::new(id) }, 0, 1);
        self.posting(id, "attest", 0, calls::attest(attestation), done)
    }

    /// Records a revocation; named by its time. The contract has no question
    /// that says that it is there.
    pub fn revoke(&self, signed: &SignedRevocation) -> Posting {
        let revocation = &signed.revocation;
        let data = calls::revoke(signed);
        self.posting(revocation.attestation, "revoke", revocation.time, data, Done::Receipt)
    }
}

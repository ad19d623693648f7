//! What a log says about auditors, data and attestations. spec: `audit.status`.

use super::{Log, SignedAnchor};
use crate::attestation::{Claim, SignedRegistration, SignedRevocation, Status};
use circuits::types::{Address, Signature};

/// An auditor's registration on the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Number of its event.
    pub seq: u32,
    /// When the node took it.
    pub time: u64,
    /// By the organiser.
    pub signed: SignedRegistration,
}

/// An anchored data root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// Number of its event.
    pub seq: u32,
    /// When the node took it.
    pub time: u64,
    /// By the auditor.
    pub signed: SignedAnchor,
    /// Attestations over it.
    pub attestations: u32,
}

/// An attestation on the log; the file itself is in the log's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Number of its event.
    pub seq: u32,
    /// When the node took it.
    pub time: u64,
    /// Its id.
    pub id: [u8; 32],
    /// What the auditor signed.
    pub claim: Claim,
    /// The auditor's.
    pub signature: Signature,
    /// What withdrew it, with the number of that event.
    pub revocation: Option<(u32, SignedRevocation)>,
    /// Places of those that took its place, in the order of the log.
    pub(super) successors: Vec<usize>,
}

impl Listed {
    fn is_revoked(&self, at: u64) -> bool {
        self.revocation.as_ref().is_some_and(|(_, signed)| signed.revocation.time <= at)
    }
}

impl Log {
    /// All registrations, in log order.
    pub fn auditors(&self) -> &[Named] {
        &self.auditors
    }

    /// The registration of an auditor that counts: that with the highest
    /// counter, which is the last one.
    pub fn auditor(&self, auditor: Address) -> Option<&Named> {
        self.auditors.iter().rev().find(|named| named.signed.registration.auditor == auditor)
    }

    /// The anchored data root.
    pub fn anchored(&self, data_root: &[u8; 32]) -> Option<&Anchored> {
        self.anchors.get(data_root)
    }

    /// All attestations, in log order.
    pub fn attestations(&self) -> &[Listed] {
        &self.attestations
    }

    /// An attestation by its id.
    pub fn attestation(&self, id: &[u8; 32]) -> Option<&Listed> {
        self.attestations.get(self.place(id)?)
    }

    /// What has taken an attestation's place at a time.
    pub fn successor(&self, listed: &Listed, at: u64) -> Option<&Listed> {
        let standing =
            |new: &&Listed| new.claim.issued <= at && !new.is_revoked(at) && self.permits(&new.claim);
        listed.successors.iter().filter_map(|place| self.attestations.get(*place)).find(standing)
    }

    /// The status at a time. What is worst is said first.
    pub fn status(&self, listed: &Listed, at: u64) -> Status {
        if !self.permits(&listed.claim) {
            Status::Unregistered
        } else if listed.is_revoked(at) {
            Status::Revoked
        } else if self.successor(listed, at).is_some() {
            Status::Superseded
        } else if at >= listed.claim.expires {
            Status::Expired
        } else {
            Status::Valid
        }
    }

    /// Whether the registration of an auditor that counts covers a time.
    pub(super) fn is_registered(&self, auditor: Address, at: u64) -> bool {
        self.auditor(auditor).is_some_and(|named| named.signed.registration.covers(at))
    }

    fn permits(&self, claim: &Claim) -> bool {
        self.is_registered(claim.auditor, claim.issued)
    }
}

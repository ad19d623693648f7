//! Whether an attestation counts, from what is known at a time.
//! spec: `audit.status`.

use super::{Attestation, AuditorRegistration, Claim, Revocation};
use circuits::types::{Address, Domain, InvalidSignature, Signature, TypedData};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A registration with the organiser's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRegistration {
    /// What is signed.
    pub registration: AuditorRegistration,
    /// The organiser's.
    pub signature: Signature,
}

impl SignedRegistration {
    /// Checks the signature.
    ///
    /// # Errors
    /// If another account signed.
    pub fn check(&self, domain: &Domain, organiser: Address) -> Result<(), InvalidSignature> {
        self.signature.verify(self.registration.signing_hash(domain), organiser)
    }
}

/// A revocation with a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRevocation {
    /// What is signed.
    pub revocation: Revocation,
    /// The auditor's or the organiser's.
    pub signature: Signature,
}

impl SignedRevocation {
    /// Whether it withdraws this attestation: it names it, and its auditor or
    /// the organiser signed.
    pub fn withdraws(&self, attestation: &Attestation, organiser: Address) -> bool {
        let hash = self.revocation.signing_hash(&attestation.domain);
        let signer = self.signature.recover(hash);
        self.revocation.attestation == attestation.id()
            && signer.is_ok_and(|signer| signer == organiser || signer == attestation.claim.auditor)
    }
}

/// Whether an attestation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Valid,
    /// Its time has passed.
    Expired,
    /// Withdrawn.
    Revoked,
    /// A newer one of the same auditor takes its place.
    Superseded,
    /// Its auditor was not registered when signing.
    Unregistered,
}

impl Status {
    /// All, what is worst first.
    pub const ALL: [Status; 5] =
        [Status::Unregistered, Status::Revoked, Status::Superseded, Status::Expired, Status::Valid];

    /// The name in JSON and reports.
    pub fn name(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Expired => "expired",
            Status::Revoked => "revoked",
            Status::Superseded => "superseded",
            Status::Unregistered => "unregistered",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AuditorRegistration {
    /// Whether `auditor` may sign for the organisation at a time, by the
    /// registration with the highest counter among `all`. A later rotation
    /// or end does not touch what was signed before (A59).
    pub fn permits(all: &[SignedRegistration], attestation: &Attestation) -> bool {
        let claim = &attestation.claim;
        let own = all.iter().map(|signed| &signed.registration);
        let own = own.filter(|r| r.auditor == claim.auditor && r.organisation == claim.organisation);
        own.max_by_key(|r| r.counter).is_some_and(|latest| latest.covers(claim.issued))
    }

    /// Whether it covers a time.
    pub fn covers(&self, at: u64) -> bool {
        (self.from..self.until).contains(&at)
    }
}

impl Claim {
    /// Whether this claim's attestation takes the other one's place: same
    /// auditor, organisation and system, not older, and it names it.
    pub fn supersedes(&self, old: &Claim) -> bool {
        self.supersedes == old.struct_hash()
            && (self.auditor, &self.organisation, &self.system)
                == (old.auditor, &old.organisation, &old.system)
            && self.issued >= old.issued
    }
}

impl Attestation {
    /// Whether this attestation takes the other one's place.
    pub fn supersedes(&self, other: &Attestation) -> bool {
        self.claim.supersedes(&other.claim)
    }

    /// The status at a time, from registrations that the organiser signed,
    /// revocations and other valid attestations. What is worst is said first.
    pub fn status(
        &self,
        now: u64,
        organiser: Address,
        registrations: &[SignedRegistration],
        revocations: &[SignedRevocation],
        others: &[Attestation],
    ) -> Status {
        if AuditorRegistration::permits(registrations, self) {
            self.standing(now, organiser, revocations, others)
        } else {
            Status::Unregistered
        }
    }

    /// The status if the auditor was registered.
    pub(super) fn standing(
        &self,
        now: u64,
        organiser: Address,
        revocations: &[SignedRevocation],
        others: &[Attestation],
    ) -> Status {
        let revoked = |r: &SignedRevocation| r.withdraws(self, organiser) && r.revocation.time <= now;
        if revocations.iter().any(revoked) {
            Status::Revoked
        } else if others.iter().any(|other| other.supersedes(self)) {
            Status::Superseded
        } else if now >= self.claim.expires {
            Status::Expired
        } else {
            Status::Valid
        }
    }
}

impl std::str::FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|s| s.name() == text).ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// See the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status; there are valid, expired, revoked, superseded and unregistered")]
pub struct UnknownStatus(pub String);

//! What is on the log. spec: `audit.events`.

use crate::attestation::{Attestation, Claim, SignedRegistration, SignedRevocation};
use circuits::{
    curve::Fr,
    types::{
        Address, Domain, InvalidSignature, Signature, TypedData, hash_to_field, keccak256, word_address,
        word_u64,
    },
};
use serde::{Deserialize, Serialize};

/// Prefix of a leaf's hash.
const TAG: &[u8] = b"tabella.v1.audit-event";

/// The auditor fixes, before the audit, which records it will be about.
/// Signed by the auditor. spec: `audit.anchor`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The organisation.
    pub organisation: String,
    /// The system that made the decisions.
    pub system: String,
    /// Commitment to the model that made them.
    #[serde(with = "circuits::types::json::bytes")]
    pub model_commitment: [u8; 32],
    /// Root of the commitment to the records, and of everything that goes
    /// with it: mapping, parameters, the log of nonces.
    #[serde(with = "circuits::types::json::bytes")]
    pub data_root: [u8; 32],
    /// Unix time of the period's start.
    pub from: u64,
    /// Unix time of the period's end, the first second after it.
    pub to: u64,
    /// Who signs.
    pub auditor: Address,
}

impl TypedData for Anchor {
    const TYPE: &'static str = "DataAnchor(string organisation,string system,bytes32 modelCommitment,\
        bytes32 dataRoot,uint64 from,uint64 to,address auditor)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            keccak256(&self.organisation),
            keccak256(&self.system),
            self.model_commitment,
            self.data_root,
            word_u64(self.from),
            word_u64(self.to),
            word_address(self.auditor),
        ]
    }
}

/// An anchor with the auditor's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAnchor {
    /// What is signed.
    pub anchor: Anchor,
    /// The auditor's.
    pub signature: Signature,
}

impl Anchor {
    /// What a claim about these records says otherwise than the anchor, if
    /// anything: records are audited as what they were anchored as (A57).
    pub fn differs(&self, claim: &Claim) -> Option<&'static str> {
        let same = [
            ("organisation", self.organisation == claim.organisation),
            ("data root", self.data_root == claim.data_root),
            ("auditor", self.auditor == claim.auditor),
            ("system", self.system == claim.system),
            ("model", self.model_commitment == claim.model_commitment),
            ("period", (self.from, self.to) == (claim.from, claim.to)),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
    }
}

impl SignedAnchor {
    /// Checks the signature.
    ///
    /// # Errors
    /// If another account than the auditor's signed.
    pub fn check(&self) -> Result<(), InvalidSignature> {
        self.signature.verify(self.anchor.signing_hash(&Domain::default()), self.anchor.auditor)
    }
}

/// Something that somebody signed and a node took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The organiser named an auditor.
    Auditor(SignedRegistration),
    /// An auditor anchored a data root.
    Anchor(SignedAnchor),
    /// An auditor submitted an attestation, which was verified.
    Attestation(Box<Attestation>),
    /// An attestation was withdrawn.
    Revocation(SignedRevocation),
}

impl Event {
    /// The number of its kind, which the leaf binds.
    pub fn kind(&self) -> u8 {
        match self {
            Event::Auditor(_) => 1,
            Event::Anchor(_) => 2,
            Event::Attestation(_) => 3,
            Event::Revocation(_) => 4,
        }
    }

    /// The struct hash of what is signed: the same message again has the same,
    /// whatever its signature's bytes.
    pub fn id(&self) -> [u8; 32] {
        match self {
            Event::Auditor(signed) => signed.registration.struct_hash(),
            Event::Anchor(signed) => signed.anchor.struct_hash(),
            Event::Attestation(attestation) => attestation.id(),
            Event::Revocation(signed) => signed.revocation.struct_hash(),
        }
    }

    /// The organisation that the message names; a revocation names none.
    pub fn organisation(&self) -> Option<&str> {
        match self {
            Event::Auditor(signed) => Some(&signed.registration.organisation),
            Event::Anchor(signed) => Some(&signed.anchor.organisation),
            Event::Attestation(attestation) => Some(&attestation.claim.organisation),
            Event::Revocation(_) => None,
        }
    }

    /// What the leaf is made of, if a node took it at a time.
    pub fn row(&self, time: u64) -> Row {
        Row { kind: self.kind(), time, id: self.id(), content: self.content() }
    }

    /// Hash of what comes with what is signed: the signature, or the whole
    /// file of an attestation.
    fn content(&self) -> [u8; 32] {
        match self {
            Event::Auditor(SignedRegistration { signature, .. })
            | Event::Anchor(SignedAnchor { signature, .. })
            | Event::Revocation(SignedRevocation { signature, .. }) => keccak256(signature.to_bytes()),
            Event::Attestation(attestation) => keccak256(attestation.to_bytes()),
        }
    }
}

/// An event with the time at which the node took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Unix time, by the node's clock.
    pub time: u64,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// What the leaf is made of.
    pub fn row(&self) -> Row {
        self.event.row(self.time)
    }
}

/// The content of a leaf; its position binds the number. spec: `audit.leaf`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// See [`Event::kind`].
    pub kind: u8,
    /// See [`Entry::time`].
    pub time: u64,
    /// See [`Event::id`].
    #[serde(with = "circuits::types::json::bytes")]
    pub id: [u8; 32],
    /// Hash of the signature's 65 bytes, or of an attestation's file.
    #[serde(with = "circuits::types::json::bytes")]
    pub content: [u8; 32],
}

impl Row {
    /// `keccak256(tag || kind || time || id || content) >> 8`
    pub fn leaf(&self) -> Fr {
        let (kind, time) = ([self.kind], self.time.to_be_bytes());
        hash_to_field(keccak256([TAG, &kind, &time, &self.id, &self.content].concat()))
    }
}

//! The log of audits: what is signed about them, events, receipts.

use super::error::{At, Cause, InvalidField, array, bytes_at_most, required};
use crate::v1;
use audit::{
    attestation::{
        Attestation, AuditorRegistration, Claim, NAME_MAX, Revocation, SignedRegistration, SignedRevocation,
        Status,
    },
    log::{Anchor, Entry, Event, REASON_MAX, Receipt, Row, SignedAnchor},
};
use circuits::types::{Address, Signature};

fn address(bytes: &[u8], field: &str) -> Result<Address, InvalidField> {
    Address::try_from(bytes).at(field)
}

fn hash(bytes: &[u8], field: &str) -> Result<[u8; 32], InvalidField> {
    array(bytes).at(field)
}

impl TryFrom<v1::AuditorRegistration> for AuditorRegistration {
    type Error = InvalidField;
    fn try_from(m: v1::AuditorRegistration) -> Result<Self, InvalidField> {
        bytes_at_most(NAME_MAX, &m.organisation, "organisation")?;
        bytes_at_most(NAME_MAX, &m.name, "name")?;
        Ok(Self {
            organisation: m.organisation,
            auditor: address(&m.auditor, "auditor")?,
            name: m.name,
            from: m.from,
            until: m.until,
            counter: m.counter,
        })
    }
}

impl From<&AuditorRegistration> for v1::AuditorRegistration {
    fn from(r: &AuditorRegistration) -> Self {
        Self {
            organisation: r.organisation.clone(),
            auditor: r.auditor.0.to_vec(),
            name: r.name.clone(),
            from: r.from,
            until: r.until,
            counter: r.counter,
        }
    }
}

impl TryFrom<v1::SignedAuditorRegistration> for SignedRegistration {
    type Error = InvalidField;
    fn try_from(m: v1::SignedAuditorRegistration) -> Result<Self, InvalidField> {
        let registration = required("registration", m.registration)?;
        Ok(Self { registration, signature: Signature::from_bytes(&m.signature).at("signature")? })
    }
}

impl From<&SignedRegistration> for v1::SignedAuditorRegistration {
    fn from(s: &SignedRegistration) -> Self {
        Self { registration: Some((&s.registration).into()), signature: s.signature.to_bytes().to_vec() }
    }
}

impl TryFrom<v1::DataAnchor> for Anchor {
    type Error = InvalidField;
    fn try_from(m: v1::DataAnchor) -> Result<Self, InvalidField> {
        bytes_at_most(NAME_MAX, &m.organisation, "organisation")?;
        bytes_at_most(NAME_MAX, &m.system, "system")?;
        Ok(Self {
            organisation: m.organisation,
            system: m.system,
            model_commitment: hash(&m.model_commitment, "model_commitment")?,
            data_root: hash(&m.data_root, "data_root")?,
            from: m.from,
            to: m.to,
            auditor: address(&m.auditor, "auditor")?,
        })
    }
}

impl From<&Anchor> for v1::DataAnchor {
    fn from(a: &Anchor) -> Self {
        Self {
            organisation: a.organisation.clone(),
            system: a.system.clone(),
            model_commitment: a.model_commitment.to_vec(),
            data_root: a.data_root.to_vec(),
            from: a.from,
            to: a.to,
            auditor: a.auditor.0.to_vec(),
        }
    }
}

impl TryFrom<v1::SignedDataAnchor> for SignedAnchor {
    type Error = InvalidField;
    fn try_from(m: v1::SignedDataAnchor) -> Result<Self, InvalidField> {
        let anchor = required("anchor", m.anchor)?;
        Ok(Self { anchor, signature: Signature::from_bytes(&m.signature).at("signature")? })
    }
}

impl From<&SignedAnchor> for v1::SignedDataAnchor {
    fn from(s: &SignedAnchor) -> Self {
        Self { anchor: Some((&s.anchor).into()), signature: s.signature.to_bytes().to_vec() }
    }
}

impl TryFrom<v1::AttestationRevocation> for Revocation {
    type Error = InvalidField;
    fn try_from(m: v1::AttestationRevocation) -> Result<Self, InvalidField> {
        bytes_at_most(REASON_MAX, &m.reason, "reason")?;
        Ok(Self { attestation: hash(&m.attestation, "attestation")?, reason: m.reason, time: m.time })
    }
}

impl From<&Revocation> for v1::AttestationRevocation {
    fn from(r: &Revocation) -> Self {
        Self { attestation: r.attestation.to_vec(), reason: r.reason.clone(), time: r.time }
    }
}

impl TryFrom<v1::SignedAttestationRevocation> for SignedRevocation {
    type Error = InvalidField;
    fn try_from(m: v1::SignedAttestationRevocation) -> Result<Self, InvalidField> {
        let revocation = required("revocation", m.revocation)?;
        Ok(Self { revocation, signature: Signature::from_bytes(&m.signature).at("signature")? })
    }
}

impl From<&SignedRevocation> for v1::SignedAttestationRevocation {
    fn from(s: &SignedRevocation) -> Self {
        Self { revocation: Some((&s.revocation).into()), signature: s.signature.to_bytes().to_vec() }
    }
}

impl TryFrom<v1::AttestationClaim> for Claim {
    type Error = InvalidField;
    fn try_from(m: v1::AttestationClaim) -> Result<Self, InvalidField> {
        bytes_at_most(NAME_MAX, &m.organisation, "organisation")?;
        bytes_at_most(NAME_MAX, &m.system, "system")?;
        Ok(Self {
            organisation: m.organisation,
            system: m.system,
            model_commitment: hash(&m.model_commitment, "model_commitment")?,
            data_root: hash(&m.data_root, "data_root")?,
            policy_hash: hash(&m.policy_hash, "policy_hash")?,
            key_hash: hash(&m.key_hash, "key_hash")?,
            records: m.records,
            from: m.from,
            to: m.to,
            issued: m.issued,
            expires: m.expires,
            outcome_hash: hash(&m.outcome_hash, "outcome_hash")?,
            table_hash: hash(&m.table_hash, "table_hash")?,
            proof_hash: hash(&m.proof_hash, "proof_hash")?,
            insecure: m.insecure,
            supersedes: hash(&m.supersedes, "supersedes")?,
            auditor: address(&m.auditor, "auditor")?,
        })
    }
}

impl From<&Claim> for v1::AttestationClaim {
    fn from(c: &Claim) -> Self {
        Self {
            organisation: c.organisation.clone(),
            system: c.system.clone(),
            model_commitment: c.model_commitment.to_vec(),
            data_root: c.data_root.to_vec(),
            policy_hash: c.policy_hash.to_vec(),
            key_hash: c.key_hash.to_vec(),
            records: c.records,
            from: c.from,
            to: c.to,
            issued: c.issued,
            expires: c.expires,
            outcome_hash: c.outcome_hash.to_vec(),
            table_hash: c.table_hash.to_vec(),
            proof_hash: c.proof_hash.to_vec(),
            insecure: c.insecure,
            supersedes: c.supersedes.to_vec(),
            auditor: c.auditor.0.to_vec(),
        }
    }
}

impl TryFrom<v1::LogEvent> for Entry {
    type Error = InvalidField;
    fn try_from(m: v1::LogEvent) -> Result<Self, InvalidField> {
        use v1::log_event::Event as Wire;
        let event = match m.event.ok_or(Cause::Missing).at("event")? {
            Wire::Auditor(a) => Event::Auditor(a.try_into().map_err(within("auditor"))?),
            Wire::Anchor(a) => Event::Anchor(a.try_into().map_err(within("anchor"))?),
            Wire::Attestation(bytes) => {
                let attestation = Attestation::from_bytes(&bytes);
                Event::Attestation(Box::new(attestation.map_err(Box::new).at("attestation")?))
            }
            Wire::Revocation(r) => Event::Revocation(r.try_into().map_err(within("revocation"))?),
        };
        Ok(Self { time: m.time, event })
    }
}

fn within(parent: &'static str) -> impl Fn(InvalidField) -> InvalidField {
    move |e| e.within(parent)
}

impl From<&Entry> for v1::LogEvent {
    fn from(e: &Entry) -> Self {
        use v1::log_event::Event as Wire;
        let event = match &e.event {
            Event::Auditor(a) => Wire::Auditor(a.into()),
            Event::Anchor(a) => Wire::Anchor(a.into()),
            Event::Attestation(a) => Wire::Attestation(a.to_bytes()),
            Event::Revocation(r) => Wire::Revocation(r.into()),
        };
        Self { time: e.time, event: Some(event) }
    }
}

impl TryFrom<v1::LogRow> for Row {
    type Error = InvalidField;
    fn try_from(m: v1::LogRow) -> Result<Self, InvalidField> {
        let kind = u8::try_from(m.kind).ok().filter(|kind| (1..=4).contains(kind));
        Ok(Self {
            kind: kind.ok_or(Cause::Code(m.kind)).at("kind")?,
            time: m.time,
            id: hash(&m.id, "id")?,
            content: hash(&m.content, "content")?,
        })
    }
}

impl From<&Row> for v1::LogRow {
    fn from(r: &Row) -> Self {
        Self { kind: r.kind.into(), time: r.time, id: r.id.to_vec(), content: r.content.to_vec() }
    }
}

impl TryFrom<v1::LogReceipt> for Receipt {
    type Error = InvalidField;
    fn try_from(m: v1::LogReceipt) -> Result<Self, InvalidField> {
        let (row, head) = (required("row", m.row)?, required("head", m.head)?);
        Ok(Self { row, head, path: required("path", m.path)? })
    }
}

impl From<&Receipt> for v1::LogReceipt {
    fn from(r: &Receipt) -> Self {
        Self { row: Some((&r.row).into()), head: Some((&r.head).into()), path: Some((&r.path).into()) }
    }
}

impl From<Status> for v1::AttestationStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Valid => Self::Valid,
            Status::Expired => Self::Expired,
            Status::Revoked => Self::Revoked,
            Status::Superseded => Self::Superseded,
            Status::Unregistered => Self::Unregistered,
        }
    }
}

impl TryFrom<v1::AttestationStatus> for Status {
    type Error = InvalidField;
    fn try_from(status: v1::AttestationStatus) -> Result<Self, InvalidField> {
        match status {
            v1::AttestationStatus::Unspecified => Err(Cause::Missing).at("status"),
            v1::AttestationStatus::Valid => Ok(Self::Valid),
            v1::AttestationStatus::Expired => Ok(Self::Expired),
            v1::AttestationStatus::Revoked => Ok(Self::Revoked),
            v1::AttestationStatus::Superseded => Ok(Self::Superseded),
            v1::AttestationStatus::Unregistered => Ok(Self::Unregistered),
        }
    }
}

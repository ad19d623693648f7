//! Lists of attestations, with filters.

use super::{address, field, hash};
use crate::{domain::AuditLog, rpc::Error};
use audit::{attestation::Status as Standing, log::Listed};
use circuits::types::Address;
use proto::{convert::Cause, v1};

/// Reads a filter that may be off.
fn filter<T>(bytes: &[u8], read: impl Fn(&[u8]) -> Result<T, Error>) -> Result<Option<T>, Error> {
    if bytes.is_empty() { Ok(None) } else { read(bytes).map(Some) }
}

/// What a list shows of an attestation.
pub fn summary(log: &AuditLog, listed: &Listed, at: u64) -> v1::AttestationSummary {
    v1::AttestationSummary {
        id: listed.id.to_vec(),
        claim: Some((&listed.claim).into()),
        signature: listed.signature.to_bytes().to_vec(),
        status: v1::AttestationStatus::from(log.log.status(listed, at)).into(),
        seq: listed.seq,
        logged: listed.time,
        revocation: listed.revocation.as_ref().map(|(_, signed)| signed.into()),
        successor: log.log.successor(listed, at).map(|new| new.id.to_vec()).unwrap_or_default(),
    }
}

/// What a list is asked for.
pub struct Wanted {
    model: Option<[u8; 32]>,
    system: String,
    auditor: Option<Address>,
    data_root: Option<[u8; 32]>,
    status: Option<Standing>,
    /// Unix time of the statuses.
    pub at: u64,
}

impl Wanted {
    /// Reads a request's filters.
    pub fn read(m: &v1::ListAttestationsRequest, now: u64) -> Result<Self, Error> {
        let status = v1::AttestationStatus::try_from(m.status);
        let status = status.map_err(|e| field("status", Cause::Code(e.0.unsigned_abs())))?;
        Ok(Self {
            model: filter(&m.model_commitment, |b| hash("model_commitment", b))?,
            system: m.system.clone(),
            auditor: filter(&m.auditor, |b| address("auditor", b))?,
            data_root: filter(&m.data_root, |b| hash("data_root", b))?,
            status: status.try_into().ok(),
            at: if m.time == 0 { now } else { m.time },
        })
    }

    /// Whether an attestation is asked for.
    pub fn is(&self, log: &AuditLog, listed: &Listed) -> bool {
        let claim = &listed.claim;
        self.model.is_none_or(|model| model == claim.model_commitment)
            && (self.system.is_empty() || self.system == claim.system)
            && self.auditor.is_none_or(|auditor| auditor == claim.auditor)
            && self.data_root.is_none_or(|root| root == claim.data_root)
            && self.status.is_none_or(|status| status == log.log.status(listed, self.at))
    }
}

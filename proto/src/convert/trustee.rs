//! Messages of the trustees, as a node sees them: addressed and signed, with
//! a body that it does not read. spec: `trustee.message`.

use super::error::{At, InvalidField, byte, bytes_at_most};
use crate::v1;
use circuits::types::{DraftId, Signature, TrusteeMessage};

/// Longest body that a node carries, in bytes.
pub const TRUSTEE_BODY_MAX: usize = 64 * 1024;

impl TryFrom<v1::TrusteeMessage> for TrusteeMessage {
    type Error = InvalidField;
    fn try_from(m: v1::TrusteeMessage) -> Result<Self, InvalidField> {
        bytes_at_most(TRUSTEE_BODY_MAX, &m.body, "body")?;
        Ok(Self {
            draft_id: DraftId::from_bytes(&m.draft_id).at("draft_id")?,
            round: byte(m.round).at("round")?,
            from: byte(m.from).at("from")?,
            to: byte(m.to).at("to")?,
            body: m.body,
            signature: Signature::from_bytes(&m.signature).at("signature")?,
        })
    }
}

impl From<&TrusteeMessage> for v1::TrusteeMessage {
    fn from(m: &TrusteeMessage) -> Self {
        Self {
            draft_id: m.draft_id.to_bytes().to_vec(),
            round: m.round.into(),
            from: m.from.into(),
            to: m.to.into(),
            body: m.body.clone(),
            signature: m.signature.to_bytes().to_vec(),
        }
    }
}

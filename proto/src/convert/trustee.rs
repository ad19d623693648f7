//! Messages of the trustees, as a node sees them: addressed and signed, with
//! a body that it does not read. spec: `trustee.message`.

use super::error::{At, Cause, InvalidField, byte};
use crate::v1;
use circuits::types::{Draft, DraftId, InvalidSignature, Signature, TypedData, keccak256, word_u64};

/// Longest body that a node carries, in bytes.
pub const TRUSTEE_BODY_MAX: usize = 64 * 1024;

/// A trustee's message with an unread body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrusteeMessage {
    /// The draft.
    pub draft_id: DraftId,
    /// What the message is for; spec: `trustee.rounds`.
    pub round: u8,
    /// The sender's index, from 1.
    pub from: u8,
    /// The recipient's index, or 0 for all.
    pub to: u8,
    /// What the round says.
    pub body: Vec<u8>,
    /// By the sender's account.
    pub signature: Signature,
}

/// Why a message is not its sender's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrusteeMessage {
    /// See the message.
    #[error("the message comes from trustee {from}, but the draft has {n}, counted from 1")]
    Sender {
        /// As it says.
        from: u8,
        /// Trustees of the draft.
        n: usize,
    },
    /// See the message.
    #[error("the message goes to trustee {to}, but the draft has {n}; 0 addresses everyone")]
    Recipient {
        /// As it says.
        to: u8,
        /// Trustees of the draft.
        n: usize,
    },
    /// See the message.
    #[error("trustee {from}: {cause}")]
    Signature {
        /// Who should have signed.
        from: u8,
        /// What is wrong.
        cause: InvalidSignature,
    },
}

impl TypedData for TrusteeMessage {
    const TYPE: &'static str = "TrusteeMessage(bytes32 draftId,uint8 round,uint8 from,uint8 to,bytes body)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            self.draft_id.to_bytes(),
            word_u64(self.round.into()),
            word_u64(self.from.into()),
            word_u64(self.to.into()),
            keccak256(&self.body),
        ]
    }
}

impl TrusteeMessage {
    /// Checks the addresses and the sender's signature, not the body.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, draft: &Draft) -> Result<(), InvalidTrusteeMessage> {
        let (from, to, n) = (self.from, self.to, draft.trustees.len());
        let sender = usize::from(from).checked_sub(1).and_then(|i| draft.trustees.get(i));
        let sender = sender.ok_or(InvalidTrusteeMessage::Sender { from, n })?;
        if usize::from(to) > n {
            return Err(InvalidTrusteeMessage::Recipient { to, n });
        }
        let check = self.signature.verify(self.signing_hash(&draft.domain()), sender.signer);
        check.map_err(|cause| InvalidTrusteeMessage::Signature { from, cause })
    }
}

impl TryFrom<v1::TrusteeMessage> for TrusteeMessage {
    type Error = InvalidField;
    fn try_from(m: v1::TrusteeMessage) -> Result<Self, InvalidField> {
        let (max, found) = (TRUSTEE_BODY_MAX as u64, m.body.len() as u64);
        if found > max {
            return Err(Cause::Range { max, found }).at("body.length");
        }
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

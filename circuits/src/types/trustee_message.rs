//! What trustees send one another, as everyone can check it.
//! spec: `trustee.message`.

use super::{Draft, DraftId, InvalidSignature, Signature, TypedData, keccak256, word_u64};

/// A trustee's signed message. What the body says is up to the round.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrusteeMessage {
    /// The draft.
    pub draft_id: DraftId,
    /// 1 commit, 2 reveal, 3 share, 4 key, 5 decryption, 255 abort.
    pub round: u8,
    /// The sender's index, from 1.
    pub from: u8,
    /// The recipient's index, or 0 for all.
    pub to: u8,
    /// What the round says.
    #[serde(with = "super::json::bytes")]
    pub body: Vec<u8>,
    /// By the sender's account.
    pub signature: Signature,
}

/// Round of the signed election key.
pub const ROUND_KEY: u8 = 4;
/// Round of the partial decryptions.
pub const ROUND_DECRYPTION: u8 = 5;

/// Why a message is not the named trustee's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrusteeMessage {
    /// See the message.
    #[error("the message belongs to draft {0}")]
    Draft(DraftId),
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

impl TrusteeMessage {
    /// The hash that the sender signs.
    pub fn hash(&self, draft: &Draft) -> [u8; 32] {
        let Self { draft_id, round, from, to, ref body, .. } = *self;
        TrusteeContent { draft_id, round, from, to, body }.signing_hash(&draft.domain())
    }

    /// Checks draft, addresses and the sender's signature; not the body.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, draft: &Draft) -> Result<(), InvalidTrusteeMessage> {
        if self.draft_id != draft.id() {
            return Err(InvalidTrusteeMessage::Draft(self.draft_id));
        }
        let (from, to, n) = (self.from, self.to, draft.trustees.len());
        let sender = usize::from(from).checked_sub(1).and_then(|i| draft.trustees.get(i));
        let signer = sender.ok_or(InvalidTrusteeMessage::Sender { from, n })?.signer;
        if usize::from(to) > n {
            return Err(InvalidTrusteeMessage::Recipient { to, n });
        }
        let check = self.signature.verify(self.hash(draft), signer);
        check.map_err(|cause| InvalidTrusteeMessage::Signature { from, cause })
    }
}

/// What the sender of a [`TrusteeMessage`] signs.
#[derive(Clone, Copy, Debug)]
pub struct TrusteeContent<'a> {
    /// See [`TrusteeMessage::draft_id`].
    pub draft_id: DraftId,
    /// See [`TrusteeMessage::round`].
    pub round: u8,
    /// See [`TrusteeMessage::from`].
    pub from: u8,
    /// See [`TrusteeMessage::to`].
    pub to: u8,
    /// See [`TrusteeMessage::body`].
    pub body: &'a [u8],
}

impl TypedData for TrusteeContent<'_> {
    const TYPE: &'static str = "TrusteeMessage(bytes32 draftId,uint8 round,uint8 from,uint8 to,bytes body)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            self.draft_id.to_bytes(),
            word_u64(self.round.into()),
            word_u64(self.from.into()),
            word_u64(self.to.into()),
            keccak256(self.body),
        ]
    }
}

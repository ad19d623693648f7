//! What trustees send one another: signed, addressed, in one byte form.
//! spec: `trustee.message`.
//!
//! A node only carries messages. Every message is public and goes to every
//! trustee, since all of them enter the transcript; what is secret in one is
//! encrypted to its recipient.

use crate::encoding::{Reader, Unreadable, put_string};
use circuits::{
    params::TRUSTEES_MAX,
    types::{
        AccountKey, Draft, DraftId, InvalidSignature, NonCanonical, Signature, TrusteeContent,
        TrusteeMessage, TypedData,
    },
};

/// What a message is for. Rounds 1 to 4 make the key, 5 decrypts.
/// spec: `trustee.rounds`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Round {
    /// Commits to the next round's message before seeing any other (A25).
    Commit,
    /// Opens the commitment: salt, coefficient commitments, proof of
    /// possession.
    Reveal,
    /// One encrypted share, to one trustee.
    Share,
    /// The election's key with the sender's signature.
    Key,
    /// The sender's partial decryption of the closed board.
    Decryption,
    /// Ends the key generation: names a culprit and shows evidence.
    Abort,
}

impl Round {
    /// All rounds, in order.
    pub const ALL: [Round; 6] =
        [Round::Commit, Round::Reveal, Round::Share, Round::Key, Round::Decryption, Round::Abort];

    /// The number in messages.
    pub const fn code(self) -> u8 {
        match self {
            Round::Commit => 1,
            Round::Reveal => 2,
            Round::Share => 3,
            Round::Key => 4,
            Round::Decryption => 5,
            Round::Abort => 255,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.code() == code)
    }

    /// Longest body, in bytes: above what any honest message needs. An abort
    /// holds up to two other messages.
    const fn body_max(self) -> usize {
        match self {
            Round::Abort => 2 * (BODY_MAX + ENVELOPE) + 64,
            Round::Commit | Round::Reveal | Round::Share | Round::Key | Round::Decryption => BODY_MAX,
        }
    }
}

/// Longest body of a message that is not an abort.
const BODY_MAX: usize = 4096;
/// Bytes of a message around its body, and of the length before it.
const ENVELOPE: usize = 32 + 3 + 4 + 65 + 4;

/// Longest message, in bytes.
pub const MESSAGE_MAX: usize = Round::Abort.body_max() + ENVELOPE;

/// A message's place: at most one message of a draft has it. Ordered by
/// round, sender, recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// What the message is for.
    pub round: Round,
    /// The sender's index, from 1.
    pub from: u8,
    /// The recipient's index, or 0 for all.
    pub to: u8,
}

/// A signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The draft.
    pub draft_id: DraftId,
    /// Round, sender and recipient.
    pub route: Route,
    /// What the round says.
    pub body: Vec<u8>,
    /// By the sender's account.
    pub signature: Signature,
}

/// Why a message is refused. It may come from anybody, and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// See [`Unreadable`].
    #[error("trustee message: {0}")]
    Bytes(#[from] Unreadable),
    /// See the message.
    #[error("trustee message: draft_id: {0}")]
    DraftId(#[from] NonCanonical),
    /// See the message.
    #[error("trustee message: there is no round {0}; rounds are 1 to 5, and 255")]
    Round(u8),
    /// See the message.
    #[error("the message belongs to draft {found}, this is draft {expected}")]
    Draft {
        /// This draft.
        expected: DraftId,
        /// The message's.
        found: DraftId,
    },
    /// See the message.
    #[error("the message comes from trustee {from}, but the draft has {n}")]
    Sender {
        /// As it says.
        from: u8,
        /// Trustees of the draft.
        n: usize,
    },
    /// See the message.
    #[error("the message goes to {to}; a share goes to another trustee's index, everything else to 0")]
    Recipient {
        /// As it says.
        to: u8,
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

impl Message {
    pub(crate) fn sign(draft: &Draft, route: Route, body: Vec<u8>, key: &AccountKey) -> Self {
        let draft_id = draft.id();
        let content = TrusteeContent {
            draft_id,
            round: route.round.code(),
            from: route.from,
            to: route.to,
            body: &body,
        };
        let signature = key.sign(content.signing_hash(&draft.domain()));
        Self { draft_id, route, body, signature }
    }

    /// Checks draft, addresses and signature, not the body.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, draft: &Draft) -> Result<(), InvalidMessage> {
        let (Route { round, from, to }, n) = (self.route, draft.trustees.len());
        let expected = draft.id();
        if self.draft_id != expected {
            return Err(InvalidMessage::Draft { expected, found: self.draft_id });
        }
        let sender = usize::from(from).checked_sub(1).and_then(|i| draft.trustees.get(i));
        let sender = sender.ok_or(InvalidMessage::Sender { from, n })?;
        let addressed = match round {
            Round::Share => (1..=n).contains(&usize::from(to)) && to != from,
            Round::Commit | Round::Reveal | Round::Key | Round::Decryption | Round::Abort => to == 0,
        };
        if !addressed {
            return Err(InvalidMessage::Recipient { to });
        }
        let (length, max) = (self.body.len(), round.body_max());
        if length > max {
            return Err(Unreadable::TooLong { length, max }.into());
        }
        let hash = self.content().signing_hash(&draft.domain());
        let check = self.signature.verify(hash, sender.signer);
        check.map_err(|cause| InvalidMessage::Signature { from, cause })
    }

    fn content(&self) -> TrusteeContent<'_> {
        let Route { round, from, to } = self.route;
        TrusteeContent { draft_id: self.draft_id, round: round.code(), from, to, body: &self.body }
    }

    /// What the transcript hashes of a message: all but the signature, of
    /// which a signer can make several for one content.
    pub(crate) fn content_hash(&self) -> [u8; 32] {
        self.content().struct_hash()
    }

    /// draft_id, round, from, to, body behind its length, signature.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.draft_id.to_bytes().to_vec();
        out.extend([self.route.round.code(), self.route.from, self.route.to]);
        put_string(&mut out, &self.body);
        out.extend(self.signature.to_bytes());
        out
    }

    /// The inverse of [`Message::to_bytes`]; [`Message::check`] comes next.
    ///
    /// # Errors
    /// If the bytes are not the one form of a message.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let mut reader = Reader::new(bytes);
        let draft_id = DraftId::from_bytes(reader.take(32)?)?;
        let code = reader.u8()?;
        let round = Round::from_code(code).ok_or(InvalidMessage::Round(code))?;
        let route = Route { round, from: reader.u8()?, to: reader.u8()? };
        let body = reader.string(round.body_max())?.to_vec();
        let signature = reader.take(65)?;
        reader.end()?;
        let signature = Signature::from_bytes(signature)
            .map_err(|cause| InvalidMessage::Signature { from: route.from, cause })?;
        Ok(Self { draft_id, route, body, signature })
    }
}

impl From<&Message> for TrusteeMessage {
    fn from(m: &Message) -> Self {
        let Route { round, from, to } = m.route;
        let (draft_id, round) = (m.draft_id, round.code());
        Self { draft_id, round, from, to, body: m.body.clone(), signature: m.signature }
    }
}

impl TryFrom<TrusteeMessage> for Message {
    type Error = InvalidMessage;
    fn try_from(m: TrusteeMessage) -> Result<Self, InvalidMessage> {
        let round = Round::from_code(m.round).ok_or(InvalidMessage::Round(m.round))?;
        let route = Route { round, from: m.from, to: m.to };
        Ok(Self { draft_id: m.draft_id, route, body: m.body, signature: m.signature })
    }
}

const _: () = assert!(TRUSTEES_MAX < 255);

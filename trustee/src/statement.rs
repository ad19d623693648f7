//! The body of round 4: the election's key, signed. spec:
//! `trustee.key_statement`, `election.key`.

use crate::{
    encoding::{Reader, Unreadable},
    message::Message,
};
use circuits::types::{
    AccountKey, CensusRoot, Draft, ElectionKey, GroupElement, InvalidPoint, InvalidSignature, NonCanonical,
    Signature, TypedData, VERIFYING_KEYS, keccak256,
};

/// An election key with one trustee's signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatement {
    /// The key as the trustee sees it.
    pub key: ElectionKey,
    /// By the trustee, over the key.
    pub signature: Signature,
}

/// Why a body is not a key statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStatement {
    /// See [`Unreadable`].
    #[error("key statement: {0}")]
    Bytes(#[from] Unreadable),
    /// See the message.
    #[error("key statement: census root: {0}")]
    CensusRoot(#[from] NonCanonical),
    /// See the message.
    #[error("key statement: {0}")]
    Point(#[from] InvalidPoint),
    /// See the message.
    #[error("key statement: {0}")]
    Signature(#[from] InvalidSignature),
}

impl KeyStatement {
    pub(crate) fn sign(draft: &Draft, key: ElectionKey, account: &AccountKey) -> Self {
        let signature = account.sign(key.signing_hash(&draft.domain()));
        Self { key, signature }
    }

    /// Census root, total, PK, VK_1 .. VK_n, four hashes of verifying keys,
    /// transcript, signature. The draft is the message's.
    pub(crate) fn to_body(&self) -> Vec<u8> {
        let key = &self.key;
        let mut body = key.census_root.to_bytes().to_vec();
        body.extend(key.census_total.to_be_bytes());
        body.extend(key.public_key.to_bytes());
        body.extend(key.verification_shares.iter().flat_map(|vk| vk.to_bytes()));
        body.extend(key.verifying_keys.concat());
        body.extend(key.transcript);
        body.extend(self.signature.to_bytes());
        body
    }

    /// The statement in a message's body.
    ///
    /// # Errors
    /// If the body is not one for the draft's number of trustees.
    pub fn from_body(draft: &Draft, body: &[u8]) -> Result<Self, InvalidStatement> {
        let mut reader = Reader::new(body);
        let census_root = CensusRoot::from_bytes(reader.take(32)?)?;
        let census_total = reader.u64()?;
        let public_key = GroupElement::from_bytes(reader.take(64)?)?;
        let mut verification_shares = Vec::new();
        for _ in &draft.trustees {
            verification_shares.push(GroupElement::from_bytes(reader.take(64)?)?);
        }
        let mut verifying_keys = [[0; 32]; VERIFYING_KEYS];
        for hash in &mut verifying_keys {
            *hash = reader.array()?;
        }
        let transcript = reader.array()?;
        let signature = Signature::from_bytes(reader.take(65)?)?;
        reader.end()?;
        let draft_id = draft.id();
        let key = ElectionKey {
            draft_id,
            census_root,
            census_total,
            public_key,
            verification_shares,
            verifying_keys,
            transcript,
        };
        Ok(Self { key, signature })
    }
}

/// The transcript of a key generation: `keccak256(tag || content hashes)`
/// over all messages of rounds 1 to 3, by round, sender and recipient.
/// spec: `trustee.transcript`
pub(crate) fn transcript<'a>(messages: impl Iterator<Item = &'a Message>) -> [u8; 32] {
    let mut preimage = b"tabella.v1.trustee-transcript".to_vec();
    preimage.extend(messages.flat_map(Message::content_hash));
    keccak256(preimage)
}

//! The body of a trustee's message of round 4: the key as that trustee
//! signs it. spec: `trustee.key_statement`.

use circuits::types::{
    CensusRoot, Draft, ElectionKey, GroupElement, InvalidPoint, InvalidSignature, NonCanonical, Signature,
    TypedData, VERIFYING_KEYS,
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
    /// See the message.
    #[error("a key statement of {trustees} trustees has {expected} bytes, not {found}")]
    Length {
        /// Trustees of the draft.
        trustees: usize,
        /// Bytes of the one form.
        expected: usize,
        /// Bytes received.
        found: usize,
    },
    /// See the message.
    #[error("census root: {0}")]
    CensusRoot(#[from] NonCanonical),
    /// See the message.
    #[error("public key or share: {0}")]
    Point(#[from] InvalidPoint),
    /// See the message.
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
}

/// Root, total, PK, key hashes, transcript, signature.
const FIXED_BYTES: usize = 32 + 8 + 64 + VERIFYING_KEYS * 32 + 32 + 65;

impl KeyStatement {
    /// Reads census root, total, PK, `VK_1 .. VK_n`, hashes of the verifying
    /// keys, transcript, signature. The draft is the message's.
    ///
    /// # Errors
    /// If the body is not one for the draft's number of trustees.
    pub fn from_body(draft: &Draft, body: &[u8]) -> Result<Self, InvalidStatement> {
        let trustees = draft.trustees.len();
        let (expected, found) = (FIXED_BYTES + 64 * trustees, body.len());
        if found != expected {
            return Err(InvalidStatement::Length { trustees, expected, found });
        }
        let mut rest = body;
        let mut take = |n: usize| {
            let (part, after) = rest.split_at(n);
            rest = after;
            part
        };
        let census_root = CensusRoot::from_bytes(take(32))?;
        let census_total = u64::from_be_bytes(array(take(8)));
        let public_key = GroupElement::from_bytes(take(64))?;
        let shares = (0..trustees).map(|_| GroupElement::from_bytes(take(64)));
        let verification_shares = shares.collect::<Result<_, _>>()?;
        let key = ElectionKey {
            draft_id: draft.id(),
            census_root,
            census_total,
            public_key,
            verification_shares,
            verifying_keys: std::array::from_fn(|_| array(take(32))),
            transcript: array(take(32)),
        };
        Ok(Self { key, signature: Signature::from_bytes(take(65))? })
    }

    /// Checks the signature of trustee `index`, from 1.
    ///
    /// # Errors
    /// If another account signed, or none.
    pub fn check_signature(&self, draft: &Draft, index: u8) -> Result<(), InvalidSignature> {
        let hash = self.key.signing_hash(&draft.domain());
        let signer = usize::from(index).checked_sub(1).and_then(|i| draft.trustees.get(i)).map(|t| t.signer);
        self.signature.verify(hash, signer.unwrap_or_default())
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes as were taken")
}

//! Frozen censuses and election keys.

use super::error::{At, Cause, InvalidField, array, at_most, each, required};
use crate::v1;
use circuits::{
    params::TRUSTEES_MAX,
    types::{
        CensusRoot, CensusStatement, DraftId, ElectionKey, GroupElement, Signature, SignedElectionKey,
        VERIFYING_KEYS,
    },
};

impl TryFrom<v1::CensusStatement> for CensusStatement {
    type Error = InvalidField;
    fn try_from(m: v1::CensusStatement) -> Result<Self, InvalidField> {
        let draft_id = DraftId::from_bytes(&m.draft_id).at("draft_id")?;
        Ok(Self { draft_id, root: CensusRoot::from_bytes(&m.root).at("root")?, total: m.total })
    }
}

impl From<&CensusStatement> for v1::CensusStatement {
    fn from(c: &CensusStatement) -> Self {
        let (draft_id, root) = (c.draft_id.to_bytes().to_vec(), c.root.to_bytes().to_vec());
        Self { draft_id, root, total: c.total }
    }
}

impl TryFrom<v1::ElectionKey> for ElectionKey {
    type Error = InvalidField;
    fn try_from(m: v1::ElectionKey) -> Result<Self, InvalidField> {
        at_most(TRUSTEES_MAX, &m.verification_shares).at("verification_shares")?;
        let hashes = &m.verifying_keys;
        let (expected, found) = (VERIFYING_KEYS, hashes.len());
        if found != expected {
            return Err(Cause::Count { expected, found }).at("verifying_keys");
        }
        let hashes = each("verifying_keys", hashes, |h| array(h))?;
        Ok(Self {
            draft_id: DraftId::from_bytes(&m.draft_id).at("draft_id")?,
            census_root: CensusRoot::from_bytes(&m.census_root).at("census_root")?,
            census_total: m.census_total,
            public_key: GroupElement::from_bytes(&m.public_key).at("public_key")?,
            verification_shares: each("verification_shares", &m.verification_shares, |p| {
                GroupElement::from_bytes(p)
            })?,
            verifying_keys: hashes.try_into().expect("as many hashes as checked above"),
            transcript: array(&m.transcript).at("transcript")?,
        })
    }
}

impl From<&ElectionKey> for v1::ElectionKey {
    fn from(k: &ElectionKey) -> Self {
        Self {
            draft_id: k.draft_id.to_bytes().to_vec(),
            census_root: k.census_root.to_bytes().to_vec(),
            census_total: k.census_total,
            public_key: k.public_key.to_bytes().to_vec(),
            verification_shares: k.verification_shares.iter().map(|p| p.to_bytes().to_vec()).collect(),
            verifying_keys: k.verifying_keys.iter().map(|h| h.to_vec()).collect(),
            transcript: k.transcript.to_vec(),
        }
    }
}

impl TryFrom<v1::SignedElectionKey> for SignedElectionKey {
    type Error = InvalidField;
    fn try_from(m: v1::SignedElectionKey) -> Result<Self, InvalidField> {
        at_most(TRUSTEES_MAX, &m.signatures).at("signatures")?;
        let key = required("key", m.key)?;
        Ok(Self { key, signatures: each("signatures", &m.signatures, |s| Signature::from_bytes(s))? })
    }
}

impl From<&SignedElectionKey> for v1::SignedElectionKey {
    fn from(k: &SignedElectionKey) -> Self {
        let signatures = k.signatures.iter().map(|s| s.to_bytes().to_vec()).collect();
        Self { key: Some((&k.key).into()), signatures }
    }
}

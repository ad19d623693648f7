//! Board entries, heads and receipts.

use super::error::{At, Cause, InvalidField, each, required};
use crate::v1;
use circuits::{
    params::BOARD_DEPTH,
    primitives::merkle::{BoardPath, ConsistencyProof},
    types::{
        BallotShape, BoardEntry, BoardRoot, BoardRow, CiphertextDigest, Ciphertexts, ElectionId, Head,
        ProofBytes, ProofHash, Receipt, Signature, SignedHead, Slot, Ticket, field_from_bytes,
        field_to_bytes,
    },
};

/// The shape whose ciphertexts have this many bytes.
fn shape_of(bytes: &[u8]) -> Result<BallotShape, Cause> {
    let fits = |s: &BallotShape| s.options() * Ciphertexts::CIPHERTEXT_BYTES == bytes.len();
    BallotShape::ALL.into_iter().find(fits).ok_or(Cause::Ciphertexts(bytes.len()))
}

/// The shape follows from the length of the ciphertexts; whether it is the
/// election's is for the reader to check.
impl TryFrom<v1::BoardEntry> for BoardEntry {
    type Error = InvalidField;
    fn try_from(m: v1::BoardEntry) -> Result<Self, InvalidField> {
        let shape = shape_of(&m.ciphertexts).at("ciphertexts")?;
        Ok(Self {
            slot: Slot::from_bytes(&m.slot).at("slot")?,
            prev_digest: CiphertextDigest::from_bytes(&m.prev_digest).at("prev_digest")?,
            next_digest: CiphertextDigest::from_bytes(&m.next_digest).at("next_digest")?,
            ticket: Ticket::from_bytes(&m.ticket).at("ticket")?,
            ciphertexts: Ciphertexts::from_bytes(shape, &m.ciphertexts).at("ciphertexts")?,
            proof: ProofBytes::try_from(&m.proof[..]).at("proof")?,
        })
    }
}

impl From<&BoardEntry> for v1::BoardEntry {
    fn from(e: &BoardEntry) -> Self {
        Self {
            slot: e.slot.to_bytes().to_vec(),
            prev_digest: e.prev_digest.to_bytes().to_vec(),
            next_digest: e.next_digest.to_bytes().to_vec(),
            ticket: e.ticket.to_bytes().to_vec(),
            ciphertexts: e.ciphertexts.to_bytes(),
            proof: e.proof.0.to_vec(),
        }
    }
}

impl TryFrom<v1::BoardRow> for BoardRow {
    type Error = InvalidField;
    fn try_from(m: v1::BoardRow) -> Result<Self, InvalidField> {
        Ok(Self {
            slot: Slot::from_bytes(&m.slot).at("slot")?,
            prev_digest: CiphertextDigest::from_bytes(&m.prev_digest).at("prev_digest")?,
            next_digest: CiphertextDigest::from_bytes(&m.next_digest).at("next_digest")?,
            ticket: Ticket::from_bytes(&m.ticket).at("ticket")?,
            proof_hash: ProofHash::from_bytes(&m.proof_hash).at("proof_hash")?,
        })
    }
}

impl From<&BoardRow> for v1::BoardRow {
    fn from(r: &BoardRow) -> Self {
        Self {
            slot: r.slot.to_bytes().to_vec(),
            prev_digest: r.prev_digest.to_bytes().to_vec(),
            next_digest: r.next_digest.to_bytes().to_vec(),
            ticket: r.ticket.to_bytes().to_vec(),
            proof_hash: r.proof_hash.to_bytes().to_vec(),
        }
    }
}

impl TryFrom<v1::BoardPath> for BoardPath {
    type Error = InvalidField;
    fn try_from(m: v1::BoardPath) -> Result<Self, InvalidField> {
        let (expected, found) = (BOARD_DEPTH * 32, m.siblings.len());
        if found != expected {
            return Err(Cause::Length { expected, found }).at("siblings");
        }
        let siblings = each("siblings", m.siblings.chunks_exact(32), field_from_bytes)?;
        let siblings = siblings.try_into().expect("the length is checked above");
        Ok(Self { index: m.index, siblings })
    }
}

impl From<&BoardPath> for v1::BoardPath {
    fn from(p: &BoardPath) -> Self {
        Self { index: p.index, siblings: p.siblings.iter().flat_map(|s| field_to_bytes(*s)).collect() }
    }
}

impl TryFrom<v1::Head> for SignedHead {
    type Error = InvalidField;
    fn try_from(m: v1::Head) -> Result<Self, InvalidField> {
        let head = Head {
            election_id: ElectionId::from_bytes(&m.election_id).at("election_id")?,
            size: m.size,
            root: BoardRoot::from_bytes(&m.root).at("root")?,
            time: m.time,
            closed: m.closed,
        };
        Ok(Self { head, signature: Signature::from_bytes(&m.signature).at("signature")? })
    }
}

impl From<&SignedHead> for v1::Head {
    fn from(h: &SignedHead) -> Self {
        Self {
            election_id: h.head.election_id.to_bytes().to_vec(),
            size: h.head.size,
            root: h.head.root.to_bytes().to_vec(),
            time: h.head.time,
            closed: h.head.closed,
            signature: h.signature.to_bytes().to_vec(),
        }
    }
}

impl TryFrom<v1::Receipt> for Receipt {
    type Error = InvalidField;
    fn try_from(m: v1::Receipt) -> Result<Self, InvalidField> {
        let (row, head) = (required("row", m.row)?, required("head", m.head)?);
        Ok(Self { row, head, path: required("path", m.path)? })
    }
}

impl From<&Receipt> for v1::Receipt {
    fn from(r: &Receipt) -> Self {
        Self { row: Some((&r.row).into()), head: Some((&r.head).into()), path: Some((&r.path).into()) }
    }
}

impl TryFrom<v1::ProveConsistencyResponse> for ConsistencyProof {
    type Error = InvalidField;
    fn try_from(m: v1::ProveConsistencyResponse) -> Result<Self, InvalidField> {
        let nodes = |field, list: &[Vec<u8>]| each(field, list, |node| field_from_bytes(node));
        let first_subtrees = nodes("first_subtrees", &m.first_subtrees)?;
        Ok(Self { first_subtrees, siblings: nodes("siblings", &m.siblings)? })
    }
}

impl From<&ConsistencyProof> for v1::ProveConsistencyResponse {
    fn from(p: &ConsistencyProof) -> Self {
        let bytes = |nodes: &[_]| nodes.iter().map(|node| field_to_bytes(*node).to_vec()).collect();
        Self { first_subtrees: bytes(&p.first_subtrees), siblings: bytes(&p.siblings) }
    }
}

//! Board entries. spec: `board.entry`.

use super::{BoardRoot, CiphertextDigest, Ciphertexts, ProofHash, Slot, Ticket};
use crate::{curve::Fr, params::Tag, primitives::poseidon};
use sha3::{Digest, Keccak256};
use std::fmt;

/// A Groth16 proof in the EVM encoding: 256 bytes, the coordinates of A, B
/// (each with the imaginary part first) and C, big-endian. spec: `encoding.proof`
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProofBytes(pub [u8; 256]);

impl ProofBytes {
    /// `keccak256(proof) >> 8`. spec: `board.proof_hash`
    pub fn hash(&self) -> ProofHash {
        ProofHash::from_field(hash_to_field(Keccak256::digest(self.0).into()))
    }
}

impl TryFrom<&[u8]> for ProofBytes {
    type Error = ProofLength;
    fn try_from(bytes: &[u8]) -> Result<Self, ProofLength> {
        bytes.try_into().map(Self).map_err(|_| ProofLength(bytes.len()))
    }
}

impl fmt::Debug for ProofBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// A proof of another length than 256 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proof has 256 bytes, not {0}")]
pub struct ProofLength(pub usize);

/// `hash >> 8` as a field element: below 2^248, and so below r.
pub fn hash_to_field(hash: [u8; 32]) -> Fr {
    use ark_ff::PrimeField;
    Fr::from_be_bytes_mod_order(&hash[..31])
}

/// One entry of a board, a vote or a mask: the two look the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardEntry {
    /// The slot.
    pub slot: Slot,
    /// The slot's digest before this entry.
    pub prev_digest: CiphertextDigest,
    /// `D(ciphertexts)`.
    pub next_digest: CiphertextDigest,
    /// Spent by this entry.
    pub ticket: Ticket,
    /// The slot's content from now on.
    pub ciphertexts: Ciphertexts,
    /// Proof of B1 to B8.
    pub proof: ProofBytes,
}

impl BoardEntry {
    /// `H_board(slot, prev, next, ticket, ph)`. spec: `board.leaf`
    pub fn leaf(&self) -> Fr {
        self.row().leaf()
    }

    /// What the tally proof sees of the entry.
    pub fn row(&self) -> BoardRow {
        BoardRow {
            slot: self.slot,
            prev_digest: self.prev_digest,
            next_digest: self.next_digest,
            ticket: self.ticket,
            proof_hash: self.proof.hash(),
        }
    }
}

/// The content of a board leaf; the leaf's position binds `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardRow {
    /// See [`BoardEntry::slot`].
    pub slot: Slot,
    /// See [`BoardEntry::prev_digest`].
    pub prev_digest: CiphertextDigest,
    /// See [`BoardEntry::next_digest`].
    pub next_digest: CiphertextDigest,
    /// See [`BoardEntry::ticket`].
    pub ticket: Ticket,
    /// `ph`, the hash of the proof's bytes.
    pub proof_hash: ProofHash,
}

impl BoardRow {
    /// `H_board(slot, prev, next, ticket, ph)`. spec: `board.leaf`
    pub fn leaf(&self) -> Fr {
        let fields = [
            self.slot.field(),
            self.prev_digest.field(),
            self.next_digest.field(),
            self.ticket.field(),
            self.proof_hash.field(),
        ];
        poseidon::hash(Tag::BoardLeaf, &fields)
    }
}

/// The root of a board that holds exactly `rows`.
pub fn board_root(rows: &[BoardRow]) -> BoardRoot {
    let mut tree = crate::primitives::merkle::BoardTree::new();
    for row in rows {
        tree.append(row.leaf()).expect("rows of one election are below 2^32");
    }
    tree.root()
}

//! What the tally proofs keep to themselves. Nothing here is secret: the
//! whole board and the partial decryptions are public. spec: `tally.witness`.

use super::State;
use crate::{
    decryption::{InvalidQuorum, Lagrange, PartialDecryption},
    types::{BoardRow, CiphertextDigest, Ciphertexts, GroupElement, Slot},
};

/// A row of the sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortedRow {
    /// The entry's index on the board.
    pub seq: u32,
    /// See [`BoardRow::slot`].
    pub slot: Slot,
    /// See [`BoardRow::prev_digest`].
    pub prev_digest: CiphertextDigest,
    /// See [`BoardRow::next_digest`].
    pub next_digest: CiphertextDigest,
}

impl SortedRow {
    /// The sorted form of the log row at index `seq`.
    pub fn new(seq: u32, row: &BoardRow) -> Self {
        Self { seq, slot: row.slot, prev_digest: row.prev_digest, next_digest: row.next_digest }
    }
}

/// Consecutive rows of both lists, as many of one as of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Rows in log order.
    pub log: Vec<BoardRow>,
    /// Rows in order of (slot, seq).
    pub sorted: Vec<SortedRow>,
    /// For each sorted row that starts a slot, the ciphertexts that the row
    /// before it opens; the identity ciphertexts for all others.
    pub openings: Vec<Ciphertexts>,
}

/// One trustee's part of the decryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trustee {
    /// `VK_i`
    pub verification_share: GroupElement,
    /// `D_k` and their proof.
    pub partial: PartialDecryption,
}

/// The decryption of the sums by t trustees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decryption {
    /// The trustees.
    pub trustees: Vec<Trustee>,
    /// `Lambda_i`, in the same order.
    pub numerators: Vec<i32>,
    /// `Delta`
    pub denominator: u32,
}

impl Decryption {
    /// With the Lagrange coefficients of the trustees' indices.
    ///
    /// # Errors
    /// If an index repeats or is out of range, or there is no trustee.
    pub fn new(trustees: Vec<Trustee>) -> Result<Self, InvalidQuorum> {
        let indices: Vec<u8> = trustees.iter().map(|t| t.partial.index).collect();
        let lagrange = Lagrange::new(&indices)?;
        let numerators = lagrange.numerators().to_vec();
        Ok(Self { trustees, numerators, denominator: lagrange.denominator() })
    }
}

/// Witness of the one-proof form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// All rows.
    pub segment: Segment,
    /// What the last sorted row opens.
    pub last_opening: Ciphertexts,
    /// The decryption of the sums.
    pub decryption: Decryption,
}

/// Witness of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkWitness {
    /// The state before the chunk.
    pub state: State,
    /// Its rows.
    pub segment: Segment,
}

/// Witness of the final proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalWitness {
    /// The state after the last chunk.
    pub state: State,
    /// What the last sorted row opens.
    pub last_opening: Ciphertexts,
    /// The decryption of the sums.
    pub decryption: Decryption,
}

//! The secrets.

use super::Randomness;
use crate::{
    primitives::merkle::CensusPath,
    types::{BallotShape, Ciphertext, Ciphertexts, GroupElement, MemberSecret},
};
use ark_ff::AdditiveGroup;
use std::fmt;
use zeroize::Zeroize;

/// What the author of an entry knows. `Debug` is redacted, memory is cleared
/// on drop.
#[derive(Clone)]
pub struct Witness {
    /// Whether the entry masks.
    pub mask: bool,
    /// `sk`
    pub sk: MemberSecret,
    /// The author's weight, below 2^48.
    pub weight: u64,
    /// The way from the author's leaf to the census root.
    pub path: CensusPath,
    /// `v`, one per option position.
    pub votes: Vec<u64>,
    /// `r`, one per option position.
    pub randomness: Vec<Randomness>,
    /// What a mask adds to; unused (say the identity) in a vote.
    pub prev: Ciphertexts,
    /// `j`, below 16; unused (say 0) in a vote.
    pub ticket_index: u8,
}

impl Witness {
    /// Whether every list has the length of `shape`.
    pub fn fits(&self, shape: BallotShape) -> bool {
        let n = shape.options();
        self.votes.len() == n && self.randomness.len() == n && self.prev.shape() == shape
    }

    /// `next = base + fresh`, by B4 and B5. `None` if the witness does not
    /// fit `shape`.
    pub fn next(&self, shape: BallotShape, pk: GroupElement) -> Option<Ciphertexts> {
        if !self.fits(shape) {
            return None;
        }
        let encrypt = |(v, r): (&u64, &Randomness)| Ciphertext::encrypt(pk, *v, r.scalar());
        let fresh = self.votes.iter().zip(&self.randomness).map(encrypt).collect();
        let fresh = Ciphertexts::new(shape, fresh)?;
        Some(if self.mask { self.prev.add(&fresh) } else { fresh })
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness(..)")
    }
}

/// `sk` and `r` clear themselves.
impl Drop for Witness {
    fn drop(&mut self) {
        self.mask = false;
        self.weight.zeroize();
        self.path.index.zeroize();
        self.path.siblings.iter_mut().flatten().for_each(|s| *s = AdditiveGroup::ZERO);
        self.votes.zeroize();
        self.ticket_index.zeroize();
    }
}

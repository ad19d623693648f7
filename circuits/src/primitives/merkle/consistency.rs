//! Proofs that a board grew without changing what was on it.
//! spec: `board.consistency`.
//!
//! Both roots are computed by one walk over the tree, left before right. A
//! subtree inside the first size is taken from `first_subtrees`; one beyond
//! it is zero for the first root and, for the second, taken from `siblings`
//! or zero beyond the second size. Only subtrees that straddle the first
//! size are opened, so each list has at most `BOARD_DEPTH` + 1 nodes.

use super::board::{BoardTree, board_zeros, node};
use crate::{curve::Fr, params::BOARD_DEPTH, types::BoardRoot};

/// Shows that the tree of `first_size` leaves is a prefix of that of
/// `second_size`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// Roots of the maximal full subtrees of the first tree, from the left.
    pub first_subtrees: Vec<Fr>,
    /// Roots of the subtrees between the two sizes, from the left.
    pub siblings: Vec<Fr>,
}

/// Why a consistency proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// See the message.
    #[error("the first size {first} is above the second, {second}")]
    Sizes {
        /// The first size.
        first: u32,
        /// The second size.
        second: u32,
    },
    /// See the message.
    #[error("the proof has not the nodes that the two sizes call for")]
    Nodes,
    /// See the message.
    #[error("the proof does not lead to the first root")]
    FirstRoot,
    /// See the message.
    #[error("the proof does not lead to the second root: the board was changed")]
    SecondRoot,
}

/// Where a subtree lies with respect to the two sizes.
enum Part {
    /// All its leaves are below the first size.
    Before,
    /// All its leaves are at or above the first size, some below the second.
    Between,
    /// All its leaves are at or above the second size.
    Beyond,
    /// The first size lies inside it.
    Straddles,
}

#[derive(Clone, Copy)]
struct Sizes {
    first: u32,
    second: u32,
}

impl Sizes {
    fn part(self, level: usize, i: u64) -> Part {
        let (start, end) = (i << level, (i + 1) << level);
        match (u64::from(self.first), u64::from(self.second)) {
            (_, second) if start >= second => Part::Beyond,
            (first, _) if start >= first => Part::Between,
            (first, _) if end <= first => Part::Before,
            _ => Part::Straddles,
        }
    }
}

impl BoardTree {
    /// The proof that the tree of `first` leaves is a prefix of that of
    /// `second`, or `None` unless `first <= second <= len`.
    pub fn prove_consistency(&self, first: u32, second: u32) -> Option<ConsistencyProof> {
        if first > second || second > self.len() {
            return None;
        }
        let mut proof = ConsistencyProof { first_subtrees: Vec::new(), siblings: Vec::new() };
        self.collect(Sizes { first, second }, BOARD_DEPTH, 0, &mut proof);
        Some(proof)
    }

    fn collect(&self, sizes: Sizes, level: usize, i: u64, proof: &mut ConsistencyProof) {
        match sizes.part(level, i) {
            Part::Before => proof.first_subtrees.push(self.node_at(level, i, sizes.second)),
            Part::Between => proof.siblings.push(self.node_at(level, i, sizes.second)),
            Part::Beyond => {}
            Part::Straddles => {
                self.collect(sizes, level - 1, 2 * i, proof);
                self.collect(sizes, level - 1, 2 * i + 1, proof);
            }
        }
    }
}

impl ConsistencyProof {
    /// Checks the proof against the sizes and roots of two heads.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(
        &self,
        (first, first_root): (u32, BoardRoot),
        (second, second_root): (u32, BoardRoot),
    ) -> Result<(), Inconsistent> {
        if first > second {
            return Err(Inconsistent::Sizes { first, second });
        }
        let mut nodes = Nodes { before: self.first_subtrees.iter(), between: self.siblings.iter() };
        let roots = nodes.roots(Sizes { first, second }, BOARD_DEPTH, 0).ok_or(Inconsistent::Nodes)?;
        if nodes.before.len() + nodes.between.len() > 0 {
            return Err(Inconsistent::Nodes);
        }
        if roots.0 != first_root.field() {
            return Err(Inconsistent::FirstRoot);
        }
        if roots.1 == second_root.field() { Ok(()) } else { Err(Inconsistent::SecondRoot) }
    }
}

struct Nodes<'a> {
    before: std::slice::Iter<'a, Fr>,
    between: std::slice::Iter<'a, Fr>,
}

impl Nodes<'_> {
    /// The subtree's root in the first and in the second tree.
    fn roots(&mut self, sizes: Sizes, level: usize, i: u64) -> Option<(Fr, Fr)> {
        let zero = board_zeros()[level];
        match sizes.part(level, i) {
            Part::Before => self.before.next().map(|x| (*x, *x)),
            Part::Between => self.between.next().map(|x| (zero, *x)),
            Part::Beyond => Some((zero, zero)),
            Part::Straddles => {
                let left = self.roots(sizes, level - 1, 2 * i)?;
                let right = self.roots(sizes, level - 1, 2 * i + 1)?;
                Some((node(left.0, right.0), node(left.1, right.1)))
            }
        }
    }
}

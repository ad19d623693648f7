//! A 4-ary Poseidon tree of fixed depth. spec: `census.tree`.

use crate::{
    curve::Fr,
    params::{CENSUS_ARITY, CENSUS_CAPACITY, CENSUS_DEPTH, Tag},
    primitives::poseidon,
    types::{CensusRoot, IdentityCommitment},
};

/// `H_leaf(idc, weight)`. spec: `census.leaf`
pub fn census_leaf(idc: IdentityCommitment, weight: u64) -> Fr {
    poseidon::hash(Tag::CensusLeaf, &[idc.field(), Fr::from(weight)])
}

/// All levels of a census tree; missing subtrees are not stored.
#[derive(Clone, Debug)]
pub struct CensusTree {
    /// `levels[0]` are the leaves; each level holds only nodes above a leaf.
    levels: Vec<Vec<Fr>>,
    /// Roots of empty subtrees by level.
    zeros: [Fr; CENSUS_DEPTH + 1],
}

/// A leaf's way to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusPath {
    /// Position of the leaf, from 0.
    pub index: u64,
    /// The three siblings per level, in order, from the leaves up.
    pub siblings: [[Fr; CENSUS_ARITY - 1]; CENSUS_DEPTH],
}

impl CensusTree {
    /// Builds the tree over leaves in census order.
    ///
    /// # Panics
    /// If there are more leaves than [`CENSUS_CAPACITY`]; `Census` refuses
    /// them before.
    pub fn new(leaves: Vec<Fr>) -> Self {
        assert!(leaves.len() as u64 <= CENSUS_CAPACITY, "the census is over capacity");
        let mut zeros = [Tag::CensusEmpty.field(); CENSUS_DEPTH + 1];
        for level in 0..CENSUS_DEPTH {
            zeros[level + 1] = node(&[zeros[level]; CENSUS_ARITY]);
        }
        let mut levels = vec![leaves];
        for zero in &zeros[..CENSUS_DEPTH] {
            let below = levels.last().expect("at least the leaves");
            levels.push(level_above(below, *zero));
        }
        Self { levels, zeros }
    }

    /// The root.
    pub fn root(&self) -> CensusRoot {
        let root = self.levels[CENSUS_DEPTH].first().unwrap_or(&self.zeros[CENSUS_DEPTH]);
        CensusRoot::from_field(*root)
    }

    /// The path of leaf `index`, or `None` if there is no such leaf.
    pub fn path(&self, index: u64) -> Option<CensusPath> {
        let mut position = usize::try_from(index).ok().filter(|i| *i < self.levels[0].len())?;
        let mut siblings = [[Fr::from(0u64); CENSUS_ARITY - 1]; CENSUS_DEPTH];
        for (level, out) in siblings.iter_mut().enumerate() {
            let first = position - position % CENSUS_ARITY;
            let others = (first..first + CENSUS_ARITY).filter(|i| *i != position);
            for (sibling, i) in out.iter_mut().zip(others) {
                *sibling = *self.levels[level].get(i).unwrap_or(&self.zeros[level]);
            }
            position /= CENSUS_ARITY;
        }
        Some(CensusPath { index, siblings })
    }
}

impl CensusPath {
    /// The root that `leaf` at this path leads to.
    pub fn root(&self, leaf: Fr) -> CensusRoot {
        let mut position = self.index;
        let root = self.siblings.iter().fold(leaf, |current, siblings| {
            let place = usize::try_from(position % CENSUS_ARITY as u64).expect("below 4");
            position /= CENSUS_ARITY as u64;
            let mut children = [current; CENSUS_ARITY];
            let others = (0..CENSUS_ARITY).filter(|i| *i != place);
            for (i, sibling) in others.zip(siblings) {
                children[i] = *sibling;
            }
            node(&children)
        });
        CensusRoot::from_field(root)
    }
}

fn node(children: &[Fr; CENSUS_ARITY]) -> Fr {
    poseidon::hash(Tag::CensusNode, children)
}

fn level_above(below: &[Fr], zero: Fr) -> Vec<Fr> {
    let parent = |chunk: &[Fr]| {
        let mut children = [zero; CENSUS_ARITY];
        children[..chunk.len()].copy_from_slice(chunk);
        node(&children)
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        below.par_chunks(CENSUS_ARITY).map(parent).collect()
    }
    #[cfg(not(feature = "parallel"))]
    below.chunks(CENSUS_ARITY).map(parent).collect()
}

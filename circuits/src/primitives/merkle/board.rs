//! The binary board tree of fixed depth. spec: `board.tree`.

use crate::{
    curve::Fr,
    params::{BOARD_DEPTH, Tag},
    primitives::poseidon,
    types::BoardRoot,
};
use std::sync::OnceLock;

/// Roots of empty subtrees by level, from the tagged zero leaf up.
pub fn board_zeros() -> &'static [Fr; BOARD_DEPTH + 1] {
    static ZEROS: OnceLock<[Fr; BOARD_DEPTH + 1]> = OnceLock::new();
    ZEROS.get_or_init(|| {
        let mut zeros = [Tag::BoardEmpty.field(); BOARD_DEPTH + 1];
        for level in 0..BOARD_DEPTH {
            zeros[level + 1] = node(zeros[level], zeros[level]);
        }
        zeros
    })
}

/// An append-only tree that keeps every node above a leaf, so that a path
/// into any earlier size can be given.
#[derive(Clone, Debug, Default)]
pub struct BoardTree {
    /// `levels[h][i]` is the root of the i-th *full* subtree of height h.
    levels: Vec<Vec<Fr>>,
}

/// A leaf's siblings from the leaves up to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardPath {
    /// The leaf's position (`seq`).
    pub index: u32,
    /// One sibling per level.
    pub siblings: [Fr; BOARD_DEPTH],
}

impl BoardTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    pub fn len(&self) -> u32 {
        u32::try_from(self.levels.first().map_or(0, Vec::len)).expect("append keeps the size below 2^32")
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a leaf and returns its position, or `None` when the tree
    /// already has 2^32 - 1 leaves.
    pub fn append(&mut self, leaf: Fr) -> Option<u32> {
        let index = self.len();
        if index == u32::MAX {
            return None;
        }
        let (mut current, mut position, mut level) = (leaf, index as usize, 0);
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(current);
            if position % 2 == 0 {
                return Some(index);
            }
            current = node(self.levels[level][position - 1], current);
            (position, level) = (position / 2, level + 1);
        }
    }

    /// The root.
    pub fn root(&self) -> BoardRoot {
        self.root_at(self.len()).expect("the tree has its own size")
    }

    /// The root when the tree had `size` leaves, or `None` beyond the size.
    pub fn root_at(&self, size: u32) -> Option<BoardRoot> {
        (size <= self.len()).then(|| BoardRoot::from_field(self.node_at(BOARD_DEPTH, 0, size)))
    }

    /// The root that the tree would have with one more leaf, or `None` if it
    /// is full.
    pub fn root_with(&self, leaf: Fr) -> Option<BoardRoot> {
        let index = self.len();
        let sibling = |level: usize| self.node_at(level, (u64::from(index) >> level) ^ 1, index);
        (index != u32::MAX).then(|| BoardPath { index, siblings: std::array::from_fn(sibling) }.root(leaf))
    }

    /// The path of leaf `index` in the tree of `size` leaves, or `None`
    /// unless `index < size <= len`.
    pub fn path_at(&self, index: u32, size: u32) -> Option<BoardPath> {
        if index >= size || size > self.len() {
            return None;
        }
        let mut siblings = [Fr::from(0u64); BOARD_DEPTH];
        for (level, sibling) in siblings.iter_mut().enumerate() {
            *sibling = self.node_at(level, (u64::from(index) >> level) ^ 1, size);
        }
        Some(BoardPath { index, siblings })
    }

    /// Node `i` of height `level` in the tree of `size` leaves.
    pub(super) fn node_at(&self, level: usize, i: u64, size: u32) -> Fr {
        let (first, end) = (i << level, (i + 1) << level);
        if first >= u64::from(size) {
            return board_zeros()[level];
        }
        if end <= u64::from(size) {
            return self.levels[level][usize::try_from(i).expect("below 2^32")];
        }
        node(self.node_at(level - 1, 2 * i, size), self.node_at(level - 1, 2 * i + 1, size))
    }
}

impl BoardPath {
    /// The root that `leaf` at this path leads to.
    pub fn root(&self, leaf: Fr) -> BoardRoot {
        let root = self.siblings.iter().enumerate().fold(leaf, |current, (level, sibling)| {
            if (self.index >> level) & 1 == 1 { node(*sibling, current) } else { node(current, *sibling) }
        });
        BoardRoot::from_field(root)
    }
}

pub(super) fn node(left: Fr, right: Fr) -> Fr {
    poseidon::hash(Tag::BoardNode, &[left, right])
}

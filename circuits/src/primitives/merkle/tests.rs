#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
use super::*;
use crate::{curve::Fr, params::*, primitives::poseidon};

#[test]
fn census_paths_lead_to_the_root_and_no_other_leaf_does() {
    for n in [1u64, 3, 4, 5, 17, 64, 70] {
        let leaves: Vec<Fr> = (0..n).map(|i| Fr::from(i + 100)).collect();
        let tree = CensusTree::new(leaves.clone());
        for (i, leaf) in leaves.iter().enumerate() {
            let path = tree.path(i as u64).unwrap();
            assert_eq!(path.root(*leaf), tree.root());
            assert_ne!(path.root(*leaf + Fr::from(1u64)), tree.root());
        }
        assert!(tree.path(n).is_none());
    }
}

#[test]
fn board_tree_equals_a_plain_rebuild_at_every_size() {
    let leaves: Vec<Fr> = (0..37u64).map(|i| Fr::from(i + 9)).collect();
    let mut tree = BoardTree::new();
    for (i, leaf) in leaves.iter().enumerate() {
        let with = tree.root_with(*leaf);
        assert_eq!(tree.append(*leaf), Some(i as u32));
        assert_eq!(with, Some(tree.root()));
    }
    for size in 0..=leaves.len() {
        let mut level: Vec<Fr> = leaves[..size].to_vec();
        for zero in &board_zeros()[..BOARD_DEPTH] {
            if level.len() % 2 == 1 || level.is_empty() {
                level.push(*zero);
            }
            level = level
                .chunks(2)
                .map(|c| poseidon::hash(Tag::BoardNode, &[c[0], *c.get(1).unwrap_or(zero)]))
                .collect();
        }
        let size = size as u32;
        assert_eq!(tree.root_at(size).unwrap().field(), level[0], "size {size}");
        for i in 0..size {
            let path = tree.path_at(i, size).unwrap();
            assert_eq!(path.root(leaves[i as usize]), tree.root_at(size).unwrap());
        }
        assert!(tree.path_at(size, size).is_none());
    }
    assert!(tree.root_at(38).is_none());
}

/// A6, A19: a leaf, a node and an empty leaf never stand for one another.
#[test]
fn leaf_node_and_empty_leaf_differ() {
    let mut seen: Vec<Fr> = Tag::ALL.iter().map(|t| t.field()).collect();
    seen.extend(Tag::ALL.iter().map(|t| poseidon::hash(*t, &[Fr::from(1u64), Fr::from(2u64)])));
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

#[test]
fn consistency_holds_between_all_sizes_of_one_board() {
    let mut tree = BoardTree::new();
    for i in 0..21u64 {
        tree.append(Fr::from(i + 9)).unwrap();
    }
    for second in 0..=21 {
        for first in 0..=second {
            let proof = tree.prove_consistency(first, second).unwrap();
            let ends = [first, second].map(|n| (n, tree.root_at(n).unwrap()));
            assert_eq!(proof.check(ends[0], ends[1]), Ok(()), "{first} to {second}");
        }
        assert!(tree.prove_consistency(second + 1, second).is_none());
    }
    assert!(tree.prove_consistency(3, 22).is_none());
}

/// A35: a board that changed, dropped or re-ordered an entry is not a
/// continuation, and no other node in the proof makes it one.
#[test]
fn a35_a_changed_board_is_not_consistent() {
    let board = |change: Option<usize>| {
        let mut tree = BoardTree::new();
        for i in 0..13usize {
            let leaf = if Some(i) == change { 1000 } else { i as u64 + 9 };
            tree.append(Fr::from(leaf)).unwrap();
        }
        tree
    };
    let honest = board(None);
    let first = (7, honest.root_at(7).unwrap());
    for changed in 0..7 {
        let forked = board(Some(changed));
        let second = (13, forked.root());
        for tree in [&honest, &forked] {
            let proof = tree.prove_consistency(7, 13).unwrap();
            assert!(proof.check(first, second).is_err());
        }
    }
    let proof = honest.prove_consistency(7, 13).unwrap();
    let second = (13, honest.root());
    for i in 0..proof.first_subtrees.len() + proof.siblings.len() {
        let mut bad = proof.clone();
        let mut nodes = bad.first_subtrees.iter_mut().chain(&mut bad.siblings);
        *nodes.nth(i).unwrap() += Fr::from(1u64);
        assert!(bad.check(first, second).is_err());
    }
    let mut long = proof.clone();
    long.siblings.push(Fr::from(1u64));
    assert_eq!(long.check(first, second), Err(Inconsistent::Nodes));
    assert_eq!(proof.check((8, first.1), second), Err(Inconsistent::Nodes));
    assert_eq!(proof.check((14, first.1), second), Err(Inconsistent::Sizes { first: 14, second: 13 }));
}

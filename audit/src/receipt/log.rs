//! The log of nonces: a binary tree over keccak256, in the form of RFC 6962
//! with its size in the root. spec: `audit.nonce_log`.

use circuits::{attestation::MAX_RECORDS, types::keccak256};

/// Prefix of the root's hash.
const ROOT_TAG: &[u8] = b"tabella.v1.audit-receipts";
/// Prefix of a nonce's hash.
const NONCE_TAG: &[u8] = b"tabella.v1.audit-nonce";
const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The leaf of a nonce that a person chose.
pub fn nonce_leaf(nonce: &[u8; 32]) -> [u8; 32] {
    keccak256([NONCE_TAG, nonce].concat())
}

/// `keccak256(tag || n || tree root)`; all zero for an empty log, which
/// stands for "no receipts".
pub fn log_root(leaves: &[[u8; 32]]) -> [u8; 32] {
    if leaves.is_empty() { [0; 32] } else { sized(leaves.len() as u64, tree(leaves)) }
}

fn sized(size: u64, tree: [u8; 32]) -> [u8; 32] {
    keccak256([ROOT_TAG, &size.to_be_bytes(), &tree].concat())
}

fn leaf(leaf: &[u8; 32]) -> [u8; 32] {
    keccak256([&[LEAF], leaf.as_slice()].concat())
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    keccak256([&[NODE], left.as_slice(), right].concat())
}

/// Leaves of the left half: the largest power of two below n.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn tree(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [one] => leaf(one),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&tree(left), &tree(right))
        }
    }
}

/// From a leaf to the root, siblings from the bottom up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPath(pub Vec<[u8; 32]>);

/// The path of leaf `index`, if it exists.
pub fn log_path(leaves: &[[u8; 32]], index: usize) -> Option<LogPath> {
    if index >= leaves.len() {
        return None;
    }
    let (mut siblings, mut rest, mut at) = (Vec::new(), leaves, index);
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if at < left.len() {
            siblings.push(tree(right));
            rest = left;
        } else {
            siblings.push(tree(left));
            (at, rest) = (at - left.len(), right);
        }
    }
    siblings.reverse();
    Some(LogPath(siblings))
}

impl LogPath {
    /// The root of a log of `size` leaves that has `leaf_at` at `index`, or
    /// `None` if the path has another length than such a log gives, or no data
    /// set has as many records.
    pub fn root(&self, size: u64, index: u64, leaf_at: &[u8; 32]) -> Option<[u8; 32]> {
        if index >= size || size > MAX_RECORDS {
            return None;
        }
        let tree = climb(usize::try_from(size).ok()?, usize::try_from(index).ok()?, leaf_at, &self.0)?;
        Some(sized(size, tree))
    }
}

fn climb(size: usize, index: usize, leaf_at: &[u8; 32], siblings: &[[u8; 32]]) -> Option<[u8; 32]> {
    if size == 1 {
        return siblings.is_empty().then(|| leaf(leaf_at));
    }
    let (top, below) = siblings.split_last()?;
    let left = split(size);
    if index < left {
        Some(node(&climb(left, index, leaf_at, below)?, top))
    } else {
        Some(node(top, &climb(size - left, index - left, leaf_at, below)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn leaves(n: u64) -> Vec<[u8; 32]> {
        (0..n).map(|i| nonce_leaf(&keccak256(i.to_be_bytes()))).collect()
    }

    #[test]
    fn every_leaf_of_every_size_has_a_path_to_the_root() {
        for n in 1..=33 {
            let leaves = leaves(n);
            for (i, at) in leaves.iter().enumerate() {
                let path = log_path(&leaves, i).unwrap();
                assert_eq!(path.root(n, i as u64, at), Some(log_root(&leaves)), "{i} of {n}");
            }
        }
    }

    #[test]
    fn another_leaf_index_size_or_path_gives_another_root() {
        let leaves = leaves(11);
        let (path, root) = (log_path(&leaves, 5).unwrap(), Some(log_root(&leaves)));
        assert_ne!(path.root(11, 5, &leaves[6]), root);
        assert_ne!(path.root(11, 4, &leaves[5]), root);
        assert_ne!(path.root(12, 5, &leaves[5]), root);
        assert_eq!(path.root(11, 11, &leaves[5]), None);
        let mut longer = path.clone();
        longer.0.push([0; 32]);
        assert_eq!(longer.root(11, 5, &leaves[5]), None);
        let mut shorter = path;
        shorter.0.pop();
        assert_eq!(shorter.root(11, 5, &leaves[5]), None);
        assert_eq!(log_path(&leaves, 11), None);
        assert_eq!(LogPath(vec![[0; 32]; 64]).root(u64::MAX, 0, &leaves[0]), None);
    }
}

//! Hashes of the verifying keys of all development keys, written down: who
//! only compares hashes need not make keys. spec: `setup.pinned_keys`.
//!
//! `UPDATE_KEYS=1 cargo test --release -p prover pinned` makes every key and
//! writes the list anew.

use circuits::{
    params::{TRUSTEES_MAX, TRUSTEES_MIN},
    types::{BallotShape, VERIFYING_KEYS},
};
use std::collections::BTreeSet;
use verifier::{CircuitId, KeyHash};

/// One circuit per line: its id, a space, the hash.
const LIST: &str = include_str!("pinned.txt");

/// The hash of a circuit's development key; `None` if it is of no election.
pub fn pinned_hash(id: CircuitId) -> Option<KeyHash> {
    let id = id.to_string();
    let line = LIST.lines().find_map(|line| line.strip_prefix(&id)?.strip_prefix(' '))?;
    line.parse().ok()
}

/// The hashes that an election of a shape with threshold `t` pins, if its
/// keys are development keys; `None` if there is no such election.
pub fn pinned_hashes(shape: BallotShape, t: usize) -> Option<[KeyHash; VERIFYING_KEYS]> {
    let hashes: Option<Vec<KeyHash>> =
        CircuitId::of_election(shape, t).into_iter().map(pinned_hash).collect();
    hashes?.try_into().ok()
}

/// Every circuit of some election, once.
pub fn circuits() -> BTreeSet<CircuitId> {
    let thresholds = || TRUSTEES_MIN..=TRUSTEES_MAX;
    let elections = BallotShape::ALL.into_iter().flat_map(|shape| thresholds().map(move |t| (shape, t)));
    elections.flat_map(|(shape, t)| CircuitId::of_election(shape, t)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{development_verifying_key, shape};

    fn line(id: CircuitId) -> String {
        let key = development_verifying_key(&shape(id).unwrap()).unwrap();
        format!("{id} {}\n", key.hash())
    }

    /// Compared here: every kind of circuit. All of them are when they are
    /// written, and each when a store makes its key.
    #[test]
    fn pinned_hashes_are_those_of_the_circuits() {
        if std::env::var_os("UPDATE_KEYS").is_some_and(|v| v == "1") {
            let list: String = circuits().into_iter().map(line).collect();
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/pinned.txt"), list).unwrap();
            return;
        }
        let written: BTreeSet<&str> = LIST.lines().collect();
        let common = [BallotShape::Shape4, BallotShape::Shape16].map(|s| CircuitId::of_election(s, 2));
        let [four, sixteen] = common;
        for id in four.into_iter().chain([sixteen[1], sixteen[4]]) {
            assert!(written.contains(line(id).trim_end()), "{id}: if it changed on purpose, see this module");
        }
    }

    #[test]
    fn every_election_has_its_hashes() {
        assert_eq!(LIST.lines().count(), circuits().len());
        for shape in BallotShape::ALL {
            for t in TRUSTEES_MIN..=TRUSTEES_MAX {
                let hashes = pinned_hashes(shape, t).unwrap();
                assert_eq!(BTreeSet::from(hashes.map(|h| h.0)).len(), VERIFYING_KEYS);
            }
        }
        assert_eq!(pinned_hashes(BallotShape::Shape4, TRUSTEES_MAX + 1), None);
    }
}

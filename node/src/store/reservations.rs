//! What frames on their way to the journal will write to the index. Between
//! the decision to accept a frame and its sync lie milliseconds in which a
//! second frame may claim the same slot state, ticket or number.

use std::collections::BTreeMap;

use super::{
    frame::Position,
    index::{Edit, Index, IndexError, IndexUpdate, edits},
};

/// Edits that are accepted but not applied yet, by key.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    held: BTreeMap<Vec<u8>, Held>,
    claims: u64,
}

#[derive(Debug)]
struct Held {
    value: Vec<u8>,
    claim: u64,
}

/// The position is known only to the writer, and no expectation reads it.
const UNKNOWN: Position = Position(0);

impl Reservations {
    /// Checks updates against the index as it will be when all frames before
    /// them are applied.
    pub fn check(&self, index: &dyn Index, updates: &[IndexUpdate]) -> Result<Vec<Edit>, IndexError> {
        let mut staged: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let all: Vec<Edit> = updates.iter().flat_map(|u| edits(u, UNKNOWN)).collect();
        for edit in &all {
            let held = staged.get(&edit.key).or_else(|| self.held.get(&edit.key).map(|h| &h.value));
            match held {
                Some(value) => edit.check(Some(value))?,
                None => edit.check(index.get(&edit.key)?.as_deref())?,
            }
            staged.insert(edit.key.clone(), edit.value.clone());
        }
        Ok(all)
    }

    /// The number under which the next edits are held.
    pub fn next_claim(&self) -> u64 {
        self.claims
    }

    /// Holds the edits of one frame.
    pub fn hold(&mut self, edits: Vec<Edit>) {
        let claim = self.claims;
        self.claims += 1;
        for Edit { key, value, .. } in edits {
            self.held.insert(key, Held { value, claim });
        }
    }

    /// Lets go of the edits of a frame that the index now holds, but for the
    /// keys that a later frame has claimed since.
    pub fn release(&mut self, claim: u64, updates: &[IndexUpdate]) {
        for edit in updates.iter().flat_map(|u| edits(u, UNKNOWN)) {
            if self.held.get(&edit.key).is_some_and(|held| held.claim == claim) {
                self.held.remove(&edit.key);
            }
        }
    }
}

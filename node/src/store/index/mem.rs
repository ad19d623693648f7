//! The index in memory: for tests, and for nodes that rebuild on each start.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Edit, Index, IndexError, Pair};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An index that is empty on each start.
#[derive(Debug, Default)]
pub struct MemIndex {
    map: Mutex<Map>,
}

impl MemIndex {
    /// A panic elsewhere leaves the map whole: it changes in one step.
    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index for MemIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.map().get(key).cloned())
    }

    fn pairs(&self, prefix: &[u8]) -> Result<Vec<Pair>, IndexError> {
        let map = self.map();
        let from = map.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        Ok(from.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn commit(&self, edits: &[Edit]) -> Result<(), IndexError> {
        let mut map = self.map();
        let mut staged = Map::new();
        for edit in edits {
            let current = staged.get(&edit.key).or_else(|| map.get(&edit.key));
            edit.check(current.map(Vec::as_slice))?;
            staged.insert(edit.key.clone(), edit.value.clone());
        }
        map.extend(staged);
        Ok(())
    }

    fn clear(&self) -> Result<(), IndexError> {
        self.map().clear();
        Ok(())
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

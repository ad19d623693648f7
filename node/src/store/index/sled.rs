//! The index in sled 0.34, whose format is declared unstable and whose
//! `flush` is no `fsync` on Linux: it holds nothing that the journal lacks.

use std::{fs, io, path::Path};

use ::sled::{
    Config, Db, Tree,
    transaction::{ConflictableTransactionError, TransactionError, TransactionalTree},
};

use super::{Conflict, Edit, Index, IndexError, Pair, keys};

const TREE: &[u8] = b"index";

/// The folder inside the configured directory that is sled's alone: what is
/// removed on a rebuild is this and nothing beside it.
const FOLDER: &str = "index.sled";

/// Memory for cached pages, in bytes.
const CACHE: u64 = 128 << 20;

/// An index that survives a restart.
#[derive(Debug)]
pub struct SledIndex {
    tree: Tree,
    db: Db,
}

impl SledIndex {
    /// Opens or creates the index of a directory. An index of another format
    /// version, or one whose emptying was interrupted, is made anew.
    pub fn open(directory: &Path) -> Result<Self, IndexError> {
        let index = Self::open_any(directory)?;
        if index.is_current()? {
            return Ok(index);
        }
        drop(index);
        Self::remove(directory)?;
        let index = Self::open_any(directory)?;
        index.stamp()?;
        Ok(index)
    }

    /// Removes the index of a directory, which must not be open. The next
    /// start builds it from the journal. Quicker and safer than
    /// [`Index::clear`]: sled 0.34 may hang when much is deleted and much
    /// written at once.
    pub fn remove(directory: &Path) -> Result<(), IndexError> {
        match fs::remove_dir_all(directory.join(FOLDER)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(IndexError::Backend { operation: "remove", source: e.into() })
            }
            _ => Ok(()),
        }
    }

    fn open_any(directory: &Path) -> Result<Self, IndexError> {
        let db = Config::new()
            .path(directory.join(FOLDER))
            .cache_capacity(CACHE)
            .mode(::sled::Mode::HighThroughput)
            .open()
            .map_err(failed("open"))?;
        let tree = db.open_tree(TREE).map_err(failed("open"))?;
        Ok(Self { tree, db })
    }

    fn stamp(&self) -> Result<(), IndexError> {
        let version = &keys::FORMAT_VERSION.to_be_bytes();
        self.tree.insert(keys::format(), version).map_err(failed("write"))?;
        self.flush()
    }

    fn is_current(&self) -> Result<bool, IndexError> {
        let version = self.get(&keys::format())?;
        let applied = self.get(&keys::applied())?;
        Ok(version.is_some_and(|v| v == keys::FORMAT_VERSION.to_be_bytes()) && applied.is_some())
    }
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.tree.get(key).map_err(failed("read"))?.map(|value| value.to_vec()))
    }

    fn pairs(&self, prefix: &[u8]) -> Result<Vec<Pair>, IndexError> {
        let pairs = self.tree.scan_prefix(prefix);
        pairs.map(|pair| pair.map(|(k, v)| (k.to_vec(), v.to_vec())).map_err(failed("scan"))).collect()
    }

    fn commit(&self, edits: &[Edit]) -> Result<(), IndexError> {
        self.tree.transaction(|tree| write(tree, edits)).map_err(|error| match error {
            TransactionError::Abort(conflict) => IndexError::Conflict(conflict),
            TransactionError::Storage(source) => failed("write")(source),
        })
    }

    fn clear(&self) -> Result<(), IndexError> {
        self.tree.remove(keys::applied()).map_err(failed("empty"))?;
        self.flush()?;
        self.tree.clear().map_err(failed("empty"))?;
        self.stamp()
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.db.flush().map(|_| ()).map_err(failed("flush"))
    }
}

fn write(tree: &TransactionalTree, edits: &[Edit]) -> Result<(), ConflictableTransactionError<Conflict>> {
    for edit in edits {
        let current = tree.get(&edit.key)?;
        edit.check(current.as_deref()).map_err(ConflictableTransactionError::Abort)?;
        tree.insert(edit.key.as_slice(), edit.value.as_slice())?;
    }
    Ok(())
}

fn failed(operation: &'static str) -> impl FnOnce(::sled::Error) -> IndexError {
    move |source| IndexError::Backend { operation, source: Box::new(source) }
}

#[cfg(test)]
impl SledIndex {
    pub(super) fn remove_raw(&self, key: &[u8]) {
        assert!(self.tree.remove(key).is_ok_and(|old| old.is_some()), "the key was there");
    }
}

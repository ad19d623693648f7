//! States at rest, sealed with the trustee's passphrase. spec:
//! `trustee.sealed`, `keyfile.form`.

use crate::storage::{Storage, StorageError};
use circuits::types::DraftId;
use keyfile::{Label, Passphrase, Sealer};
use zeroize::Zeroizing;

/// Kind of these files.
const KIND: &str = "trustee state";

/// Seals each state before another storage keeps it. The label, which is
/// authenticated, names the draft: the file of one draft is not taken for
/// that of another.
#[derive(Debug)]
pub struct SealedStorage<S> {
    inner: S,
    sealer: Sealer,
    passphrase: Passphrase,
}

impl<S> SealedStorage<S> {
    /// Seals what `inner` keeps. `sealer` was made from `passphrase`, which
    /// opens states under another salt as well.
    pub fn new(inner: S, sealer: Sealer, passphrase: Passphrase) -> Self {
        Self { inner, sealer, passphrase }
    }
}

impl<S: Storage> Storage for SealedStorage<S> {
    fn load(&self, draft: DraftId) -> Result<Option<Zeroizing<Vec<u8>>>, StorageError> {
        let Some(text) = self.inner.load(draft)? else { return Ok(None) };
        let failed = |cause| StorageError::Sealed { draft, cause };
        let state = self.sealer.open(&self.passphrase, KIND, &text).map_err(failed)?;
        match keyfile::label(&text).map_err(failed)?.public {
            found if found == draft.to_string() => Ok(Some(state)),
            found => Err(StorageError::Label { draft, found }),
        }
    }

    fn save(&mut self, draft: DraftId, state: &[u8]) -> Result<(), StorageError> {
        let label = Label { kind: KIND.into(), public: draft.to_string() };
        self.inner.save(draft, &self.sealer.seal(&label, state))
    }
}

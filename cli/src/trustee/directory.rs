//! The directory of a trustee. spec: `trustee.directory`
//!
//! | file | holds |
//! | --- | --- |
//! | `keys.json` | account and encryption key, sealed |
//! | `identity.json` | the public identity |
//! | `<draft>.state` | what it knows of a draft, sealed |
//! | `<draft>.draft.json` | the signed draft, public |
//! | `lock` | held while a trustee runs |

use super::DirectoryOptions;
use crate::text;
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{DraftId, SignedDraft, TrusteeIdentity};
use keyfile::{Cost, Label, Passphrase, Sealer};
use rand_core::OsRng;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use trustee::{FileStorage, SealedStorage, StorageError, TrusteeKeys};

/// Kind of the sealed keys.
const KIND: &str = "trustee";
const KEYS_FILE: &str = "keys.json";
/// File of the public identity.
pub const IDENTITY_FILE: &str = "identity.json";
const DRAFT_SUFFIX: &str = ".draft.json";

/// How long a lock that is held for an instant only is waited for.
const MOMENT: Duration = Duration::from_secs(2);

/// Where the states of all drafts of one trustee are kept.
pub type Store = Arc<Mutex<SealedStorage<FileStorage>>>;

/// An opened directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The trustee's keys.
    pub keys: TrusteeKeys,
    /// Its states.
    pub store: Store,
}

impl Directory {
    /// Makes a trustee in a new or empty directory.
    ///
    /// # Errors
    /// If there is one already, or a file cannot be written.
    pub fn create(options: &DirectoryOptions) -> Result<TrusteeIdentity> {
        let path = &options.dir;
        // Refused before a passphrase is asked for.
        require_vacant(path)?;
        let _locked = FileStorage::open(path)?;
        let keys = TrusteeKeys::random(&mut OsRng);
        let identity = keys.identity();
        let label = Label { kind: KIND.into(), public: identity.signer.to_string() };
        let passphrase = options.passphrase.choose(&format!("trustee {}", identity.signer))?;
        let sealed = keyfile::seal(&label, &keys.to_bytes(), &passphrase, Cost::STANDARD);
        keyfile::create(&path.join(KEYS_FILE), &sealed)?;
        keyfile::create(&path.join(IDENTITY_FILE), format!("{}\n", json(&identity)).as_bytes())?;
        Ok(identity)
    }

    /// Opens a directory for the one trustee that runs in it.
    ///
    /// # Errors
    /// If there is no trustee, the passphrase is wrong, or one runs already.
    pub fn open(options: &DirectoryOptions) -> Result<Self> {
        require_trustee(&options.dir)?;
        Self::with(options, hold(&options.dir)?)
    }

    /// Opens a directory to look at, also while a trustee runs in it.
    ///
    /// # Errors
    /// If there is no trustee, or the passphrase is wrong.
    pub fn look(options: &DirectoryOptions) -> Result<Self> {
        require_trustee(&options.dir)?;
        Self::with(options, FileStorage::look(&options.dir))
    }

    fn with(options: &DirectoryOptions, files: FileStorage) -> Result<Self> {
        let path = options.dir.clone();
        let passphrase = options.passphrase.get(&format!("the trustee in {}", path.display()))?;
        let (keys, sealer) = unseal(&path.join(KEYS_FILE), &passphrase)?;
        let store = SealedStorage::new(files, sealer, passphrase);
        Ok(Self { path, keys, store: Arc::new(Mutex::new(store)) })
    }

    /// Keeps a checked draft beside its state.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_draft(&self, signed: &SignedDraft) -> Result<()> {
        let path = self.draft_path(signed.draft.id());
        if path.exists() {
            return Ok(());
        }
        let mut text = serde_json::to_vec_pretty(signed)?;
        text.push(b'\n');
        Ok(keyfile::replace(&path, &text)?)
    }

    /// The drafts that it has taken part in, by id, each checked.
    ///
    /// # Errors
    /// If the directory or a draft cannot be read.
    pub fn drafts(&self) -> Result<Vec<SignedDraft>> {
        let mut drafts = Vec::new();
        let entries = fs::read_dir(&self.path).with_context(|| self.path.display().to_string())?;
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|n| n.strip_suffix(DRAFT_SUFFIX));
            if let Some(id) = id.and_then(|id| super::draft_id(id).ok()) {
                drafts.push(self.draft(id)?);
            }
        }
        drafts.sort_by_key(|d| d.draft.id());
        Ok(drafts)
    }

    fn draft(&self, id: DraftId) -> Result<SignedDraft> {
        let path = self.draft_path(id);
        let read = || -> Result<SignedDraft> {
            let signed: SignedDraft = serde_json::from_slice(&keyfile::read(&path)?)?;
            signed.check()?;
            ensure!(signed.draft.id() == id, "it holds draft {}", signed.draft.id());
            Ok(signed)
        };
        read().with_context(|| path.display().to_string())
    }

    fn draft_path(&self, id: DraftId) -> PathBuf {
        self.path.join(format!("{id}{DRAFT_SUFFIX}"))
    }
}

/// Takes the directory for this process. Whoever asks whether a trustee runs
/// is in the way for an instant, so that it is tried again for a moment.
fn hold(path: &Path) -> Result<FileStorage, StorageError> {
    let start = Instant::now();
    loop {
        match FileStorage::open(path) {
            Err(StorageError::Locked(_)) if start.elapsed() < MOMENT => std::thread::sleep(MOMENT / 20),
            held => return held,
        }
    }
}

/// Whether a trustee runs in a directory.
///
/// # Errors
/// If the directory cannot be used.
pub fn is_running(path: &Path) -> Result<bool> {
    Ok(FileStorage::is_open(path)?)
}

/// The identity on one line.
pub fn json(identity: &TrusteeIdentity) -> String {
    serde_json::to_string(identity).expect("an identity is two strings")
}

fn unseal(path: &Path, passphrase: &Passphrase) -> Result<(TrusteeKeys, Sealer)> {
    let name = || path.display().to_string();
    let (_, secret, sealer) = keyfile::open(KIND, &keyfile::read(path)?, passphrase).with_context(name)?;
    Ok((TrusteeKeys::from_bytes(&secret).with_context(name)?, sealer))
}

fn require_vacant(path: &Path) -> Result<()> {
    if path.join(KEYS_FILE).exists() {
        bail!("{} holds a trustee already; name a new directory", path.display());
    }
    let occupied =
        fs::read_dir(path).is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| e.file_name() != "lock")));
    ensure!(!occupied, "{} is not empty; name a new directory", path.display());
    Ok(())
}

fn require_trustee(path: &Path) -> Result<()> {
    let word = text::shell(&path.display().to_string());
    ensure!(
        path.join(KEYS_FILE).is_file(),
        "there is no trustee in {}: tabella trustee init --dir {word}",
        path.display()
    );
    Ok(())
}

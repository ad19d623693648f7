//! The secrets of a commitment, sealed, and the count of proofs.
//! spec: `audit.vault`.
//!
//! Without seed and salt no proof and no receipt can be made any more: keep
//! a copy. A copy that is older than the last proof forgets that proof, and
//! each one uses up hiding; so a restored copy must not prove again unless
//! its count is known to be right.

use circuits::attestation::{DataRoot, PROOFS_PER_COMMITMENT};
use keyfile::{Cost, FileError, Label, Passphrase, Sealer};
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Kind of the sealed file.
const KIND: &str = "audit-commitment";

/// What only the auditor knows. `Debug` is redacted, memory is cleared on
/// drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    seed: [u8; 32],
    salt: [u8; 32],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl Secrets {
    /// Fresh ones. Every data set has its own: under one seed, the
    /// difference of two data sets would be laid open.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut secrets = Self { seed: [0; 32], salt: [0; 32] };
        rng.fill_bytes(&mut secrets.seed);
        rng.fill_bytes(&mut secrets.salt);
        secrets
    }

    /// Blinds the data columns.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Salts the hash of the packed file.
    pub fn salt(&self) -> &[u8; 32] {
        &self.salt
    }
}

/// Why a vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// See the message.
    #[error(transparent)]
    File(#[from] FileError),
    /// See the message.
    #[error("{path}: {cause}", path = path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// Why it cannot be opened.
        cause: keyfile::Error,
    },
    /// See the message.
    #[error("{path}: the content is malformed: {cause}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// See the message.
    #[error("{path} cannot be locked: {cause}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// See the message.
    #[error("{path} is in use by another process; wait until it ends", path = path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// See the message.
    #[error(
        "{PROOFS_PER_COMMITMENT} proofs were made over this commitment, and more would lay its records open; \
         commit to them again"
    )]
    Spent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(with = "circuits::types::json::bytes")]
    seed: [u8; 32],
    #[serde(with = "circuits::types::json::bytes")]
    salt: [u8; 32],
    proofs: u32,
    #[serde(with = "circuits::types::json::bytes")]
    data_root: [u8; 32],
}

impl Drop for Content {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.salt.zeroize();
    }
}

/// A vault that this process alone uses.
#[derive(Debug)]
pub struct Vault {
    path: PathBuf,
    secrets: Secrets,
    proofs: u32,
    root: DataRoot,
    sealer: Sealer,
    _lock: File,
}

impl Vault {
    /// Writes a new vault.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub fn create(
        path: &Path,
        secrets: Secrets,
        root: DataRoot,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<Self, VaultError> {
        let lock = lock(path)?;
        let sealer = Sealer::new(passphrase, cost);
        let vault = Self { path: path.into(), secrets, proofs: 0, root, sealer, _lock: lock };
        keyfile::create(path, &vault.sealed(0))?;
        Ok(vault)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// If it is in use, cannot be read, or the passphrase is wrong.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, VaultError> {
        let lock = lock(path)?;
        let text = keyfile::read(path)?;
        let opened = keyfile::open(KIND, &text, passphrase);
        let (_, secret, sealer) = opened.map_err(|cause| VaultError::Sealed { path: path.into(), cause })?;
        let content: Content = serde_json::from_slice(&secret)
            .map_err(|cause| VaultError::Content { path: path.into(), cause })?;
        let secrets = Secrets { seed: content.seed, salt: content.salt };
        Ok(Self {
            path: path.into(),
            secrets,
            proofs: content.proofs,
            root: DataRoot(content.data_root),
            sealer,
            _lock: lock,
        })
    }

    /// The secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What they belong to.
    pub fn root(&self) -> DataRoot {
        self.root
    }

    /// Proofs that were begun.
    pub fn proofs(&self) -> u32 {
        self.proofs
    }

    /// Counts a proof, on disk, before it is made: a proof that is lost on
    /// the way counts as well, since it may have been seen. Returns its
    /// number, from 1.
    ///
    /// # Errors
    /// If no more proofs may be made, or the count cannot be written.
    pub fn begin_proof(&mut self) -> Result<u32, VaultError> {
        if self.proofs >= PROOFS_PER_COMMITMENT {
            return Err(VaultError::Spent);
        }
        let next = self.proofs + 1;
        keyfile::replace(&self.path, &self.sealed(next))?;
        self.proofs = next;
        Ok(next)
    }

    fn sealed(&self, proofs: u32) -> Vec<u8> {
        let (seed, salt) = (self.secrets.seed, self.secrets.salt);
        let content = Content { seed, salt, proofs, data_root: self.root.0 };
        let text = Zeroizing::new(serde_json::to_vec(&content).expect("bytes and numbers are JSON"));
        let public = format!("0x{}", hex::encode(self.root.0));
        self.sealer.seal(&Label { kind: KIND.into(), public }, &text)
    }
}

fn lock(path: &Path) -> Result<File, VaultError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let path = path.with_file_name(name);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|cause| VaultError::Lock { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(VaultError::InUse { path }),
        Err(std::fs::TryLockError::Error(cause)) => Err(VaultError::Lock { path, cause }),
    }
}

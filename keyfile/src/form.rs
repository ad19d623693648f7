//! The form of a sealed file, and sealing. spec: `keyfile.form`.

use crate::Passphrase;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// First field of every file.
const FORMAT: &str = "tabella keyfile";
/// Version of the form.
const VERSION: u32 = 1;
/// Longest file that is read, in bytes.
pub(crate) const FILE_MAX: u64 = 16 << 20;

/// What Argon2id spends on one passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

impl Cost {
    /// RFC 9106's second recommendation: 64 MiB, 3 passes (one lane here).
    pub const STANDARD: Cost = Cost { memory_kib: 64 << 10, passes: 3 };
    /// The least that is read: for tests of many files, never for real ones.
    pub const LEAST: Cost = Cost { memory_kib: 64, passes: 1 };

    /// A hostile file must not use up the machine.
    fn is_fair(self) -> bool {
        (Self::LEAST.memory_kib..=1 << 20).contains(&self.memory_kib) && (1..=16).contains(&self.passes)
    }
}

/// What everybody may read of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// What the secret is, e.g. `trustee`.
    pub kind: String,
    /// Whose, e.g. an address.
    pub public: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    label: Label,
    argon2id: Cost,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    #[serde(with = "hex::serde")]
    nonce: [u8; 24],
    #[serde(with = "hex::serde")]
    sealed: Vec<u8>,
}

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error("it is not a sealed file: {0}")]
    Malformed(#[from] serde_json::Error),
    /// See the message.
    #[error("it has version {0} of the form; this program reads version 1")]
    Version(u32),
    /// See the message.
    #[error("it holds a secret of kind {found:?}, where one of kind {expected:?} is needed")]
    Kind {
        /// Asked for.
        expected: String,
        /// In the file.
        found: String,
    },
    /// See the message.
    #[error("it asks for {} KiB and {} passes of Argon2id, out of bounds", .0.memory_kib, .0.passes)]
    Cost(Cost),
    /// See the message.
    #[error("the passphrase is wrong, or the file was changed")]
    Sealed,
}

/// A passphrase stretched once; seals and opens many files with little work.
#[derive(Clone)]
pub struct Sealer {
    key: Zeroizing<[u8; 32]>,
    salt: [u8; 16],
    cost: Cost,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({:?}, ..)", self.cost)
    }
}

impl Sealer {
    /// A fresh salt, stretched.
    pub fn new(passphrase: &Passphrase, cost: Cost) -> Self {
        let mut salt = [0; 16];
        OsRng.fill_bytes(&mut salt);
        Self { key: stretch(passphrase, &salt, cost), salt, cost }
    }

    /// Seals a secret: one JSON object and a line end.
    pub fn seal(&self, label: &Label, secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 24];
        OsRng.fill_bytes(&mut nonce);
        let mut file = File {
            format: FORMAT.into(),
            version: VERSION,
            label: label.clone(),
            argon2id: self.cost,
            salt: self.salt,
            nonce,
            sealed: Vec::new(),
        };
        let payload = Payload { msg: secret, aad: &bound(&file) };
        let cipher = XChaCha20Poly1305::new(self.key.as_slice().into());
        file.sealed = cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("the secret fits in memory");
        let mut text = serde_json::to_vec_pretty(&file).expect("strings and numbers are JSON");
        text.push(b'\n');
        text
    }

    /// Opens a file; one under another salt is stretched for anew.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(
        &self,
        passphrase: &Passphrase,
        kind: &str,
        text: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let file = parse(kind, text)?;
        if (file.salt, file.argon2id) == (self.salt, self.cost) {
            return unseal(&self.key, &file);
        }
        unseal(&stretch(passphrase, &file.salt, file.argon2id), &file)
    }
}

/// Seals one secret under a passphrase.
pub fn seal(label: &Label, secret: &[u8], passphrase: &Passphrase, cost: Cost) -> Vec<u8> {
    Sealer::new(passphrase, cost).seal(label, secret)
}

/// Opens a file of a kind: its label, its secret, and a [`Sealer`] that
/// seals further files under the same passphrase without stretching it again.
///
/// # Errors
/// See [`Error`].
pub fn open(
    kind: &str,
    text: &[u8],
    passphrase: &Passphrase,
) -> Result<(Label, Zeroizing<Vec<u8>>, Sealer), Error> {
    let file = parse(kind, text)?;
    let key = stretch(passphrase, &file.salt, file.argon2id);
    let secret = unseal(&key, &file)?;
    let File { label, salt, argon2id: cost, .. } = file;
    Ok((label, secret, Sealer { key, salt, cost }))
}

/// What a file says in clear; not authenticated.
///
/// # Errors
/// If it is not a sealed file of this version.
pub fn label(text: &[u8]) -> Result<Label, Error> {
    let file: File = serde_json::from_slice(text)?;
    if file.version == VERSION && file.format == FORMAT {
        Ok(file.label)
    } else {
        Err(Error::Version(file.version))
    }
}

fn parse(kind: &str, text: &[u8]) -> Result<File, Error> {
    let file: File = serde_json::from_slice(text)?;
    if file.version != VERSION || file.format != FORMAT {
        return Err(Error::Version(file.version));
    }
    if file.label.kind != kind {
        return Err(Error::Kind { expected: kind.into(), found: file.label.kind });
    }
    if !file.argon2id.is_fair() {
        return Err(Error::Cost(file.argon2id));
    }
    Ok(file)
}

/// Everything but nonce and ciphertext, which the cipher binds itself.
fn bound(file: &File) -> Vec<u8> {
    let fields = (&file.format, file.version, &file.label, file.argon2id, file.salt);
    serde_json::to_vec(&fields).expect("strings and numbers are JSON")
}

fn unseal(key: &[u8; 32], file: &File) -> Result<Zeroizing<Vec<u8>>, Error> {
    let payload = Payload { msg: &file.sealed, aad: &bound(file) };
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher.decrypt(XNonce::from_slice(&file.nonce), payload).map(Zeroizing::new).map_err(|_| Error::Sealed)
}

fn stretch(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Zeroizing<[u8; 32]> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).expect("costs are checked");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    argon2.hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice()).expect("lengths are fixed");
    key
}

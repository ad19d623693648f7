//! Parameters and verifying keys on disk, beside the other keys.
//! spec: `attestation.cache`.
//!
//! A file is `magic (8) | SHA-256 of the rest (32) | rest`. The cache is this
//! machine's own: the hash finds damage, not malice.

use super::{
    key::{KeyError, ProvingKey},
    srs::{Srs, SrsError},
};
use crate::store::{lock_file, write_atomically};
use circuits::{
    attestation::{Shape, circuit::AttestationCircuit},
    curve::plonk::{G1Affine, G2Affine},
};
use halo2_proofs::{SerdeFormat, poly::kzg::commitment::ParamsKZG};
use sha2::{Digest, Sha256};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};
use verifier::attestation::{SrsOrigin, VerifyingKey};

const MAGIC: &[u8; 8] = b"tabsrs\0\x01";
const HEAD: usize = MAGIC.len() + 32;

/// What the store is doing, for whoever waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process makes the same file.
    Waiting {
        /// The file.
        path: PathBuf,
    },
    /// Making the development parameters.
    Generating {
        /// log2 of the rows.
        k: u32,
    },
    /// Warning: a cached file cannot be trusted and is made anew.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Warning: the result is not kept, and will be made anew the next time.
    NotCached {
        /// Where it should have been written.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::Waiting { path } => write!(f, "another process makes {}; waiting", path.display()),
            Progress::Generating { k } => {
                write!(f, "making the INSECURE development parameters for 2^{k} rows")
            }
            Progress::Damaged { path, why } => {
                write!(f, "warning: {} is made anew: {why}", path.display())
            }
            Progress::NotCached { path, why } => {
                write!(f, "warning: cannot keep {}: {why}", path.display())
            }
        }
    }
}

/// Why the store has nothing to give.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such parameters.
    #[error(transparent)]
    Srs(#[from] SrsError),
    /// No such key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A directory of development parameters and of verifying keys.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// A store in `directory`, which is created when first needed; see
    /// [`KeyStore::default_directory`](crate::KeyStore::default_directory).
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The development parameters for 2^k rows. INSECURE.
    ///
    /// # Errors
    /// If k is out of range. A cache that cannot be used is no error.
    pub fn development_srs(&self, k: u32, progress: &dyn Fn(Progress)) -> Result<Srs, StoreError> {
        let path = self.directory.join(format!("attestation-development-{k}.srs"));
        let read = |bytes: &[u8]| decode_srs(bytes, k);
        let make = || {
            progress(Progress::Generating { k });
            let srs = Srs::development(k)?;
            let bytes = srs.to_bytes();
            Ok((srs, bytes))
        };
        cached(&path, read, make, progress)
    }

    /// The verifying key of a shape.
    ///
    /// # Errors
    /// If the shape has no circuit for these parameters.
    pub fn verifying_key(
        &self,
        srs: &Srs,
        shape: &Shape,
        progress: &dyn Fn(Progress),
    ) -> Result<VerifyingKey, StoreError> {
        // By the circuit and not by its shape: a key of an older circuit of
        // this shape would read as well, and accept what the newer refuses.
        let circuit = AttestationCircuit::blank(shape).map_err(KeyError::from)?;
        let name = Sha256::new().chain_update(srs.verifier().id().0).chain_update(circuit.digest());
        let name = hex::encode(&name.finalize()[..16]);
        let path = self.directory.join(format!("attestation-{name}.vk"));
        let read = |bytes: &[u8]| {
            VerifyingKey::from_bytes(shape.clone(), *srs.verifier(), bytes).map_err(|why| why.to_string())
        };
        let make = || {
            let key = ProvingKey::make_verifying(srs, shape)?;
            let bytes = key.to_bytes();
            Ok((key, bytes))
        };
        cached(&path, read, make, progress)
    }
}

/// What a file holds, or what is made and written to it now.
fn cached<T>(
    path: &Path,
    read: impl Fn(&[u8]) -> Result<T, String>,
    make: impl FnOnce() -> Result<(T, Vec<u8>), StoreError>,
    progress: &dyn Fn(Progress),
) -> Result<T, StoreError> {
    if let Some(found) = load(path, &read, progress) {
        return Ok(found);
    }
    // Held until the file is in place, so that one process makes it.
    let waiting = || progress(Progress::Waiting { path: path.to_owned() });
    let guard = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| lock_file(&path.with_extension("lock"), waiting));
    if guard.is_ok()
        && let Some(found) = load(path, &read, &|_| ())
    {
        return Ok(found);
    }
    let (made, body) = make()?;
    let bytes = [MAGIC.as_slice(), &Sha256::digest(&body), &body].concat();
    if let Err(why) = guard.and_then(|_guard| write_atomically(path, &bytes)) {
        progress(Progress::NotCached { path: path.to_owned(), why: why.to_string() });
    }
    Ok(made)
}

/// A whole file's content, or `None` with a warning unless there is none.
fn load<T>(path: &Path, read: impl Fn(&[u8]) -> Result<T, String>, progress: &dyn Fn(Progress)) -> Option<T> {
    let content = match fs::read(path) {
        Ok(bytes) => body(&bytes).and_then(read),
        Err(why) if why.kind() == io::ErrorKind::NotFound => return None,
        Err(why) => Err(why.to_string()),
    };
    content.map_err(|why| progress(Progress::Damaged { path: path.to_owned(), why })).ok()
}

fn body(bytes: &[u8]) -> Result<&[u8], String> {
    let (head, body) = bytes.split_at_checked(HEAD).ok_or("the file is truncated")?;
    let (magic, hash) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        Err("the first 8 bytes differ".into())
    } else if hash != Sha256::digest(body).as_slice() {
        Err("its SHA-256 differs".into())
    } else {
        Ok(body)
    }
}

/// Points in the library's raw form: their hash was checked, so that their
/// curve need not be.
fn decode_srs(bytes: &[u8], k: u32) -> Result<Srs, String> {
    let point = (size_of::<G1Affine>(), size_of::<G2Affine>());
    let length = 4 + (2 << k) * point.0 + 2 * point.1;
    if bytes.len() != length || bytes[..4] != k.to_le_bytes() {
        return Err("it holds other parameters".into());
    }
    let mut reader = bytes;
    let inner = ParamsKZG::read_custom(&mut reader, SerdeFormat::RawBytesUnchecked);
    let inner = inner.map_err(|why| why.to_string())?;
    Ok(Srs::from_parameters(inner, SrsOrigin::Development))
}

//! What makes a trustee itself: an account that signs, and an HPKE key that
//! shares are encrypted to. spec: `trustee.identity`.

use crate::{
    encoding::{Reader, Unreadable},
    envelope,
};
use circuits::types::{AccountKey, Address, TrusteeIdentity};
use rand_core::{CryptoRng, RngCore};
use std::fmt;
use zeroize::Zeroizing;

/// First byte of [`TrusteeKeys::to_bytes`].
const VERSION: u8 = 1;

/// The long-term secrets of a trustee. `Debug` is redacted; memory is
/// cleared on drop.
#[derive(Clone)]
pub struct TrusteeKeys {
    account: AccountKey,
    encryption: Zeroizing<[u8; 32]>,
}

/// Why bytes are not a trustee's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// See [`Unreadable`].
    #[error("trustee keys: {0}")]
    Bytes(#[from] Unreadable),
    /// See the message.
    #[error("trustee keys of format {0}; this program reads format 1")]
    Version(u8),
    /// See the message.
    #[error("the bytes hold no valid account key")]
    Account,
}

impl TrusteeKeys {
    /// Fresh keys; give it the operating system's randomness.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let encryption = envelope::random_secret(rng);
        Self { account: AccountKey::random(rng), encryption }
    }

    /// What a draft names this trustee by.
    pub fn identity(&self) -> TrusteeIdentity {
        let encryption_key = envelope::public_key(&self.encryption);
        TrusteeIdentity { signer: self.address(), encryption_key }
    }

    /// The account that signs.
    pub fn address(&self) -> Address {
        self.account.address()
    }

    pub(crate) fn account(&self) -> &AccountKey {
        &self.account
    }

    pub(crate) fn encryption(&self) -> &[u8; 32] {
        &self.encryption
    }

    /// Version, account key, encryption key: 65 secret bytes. They are not
    /// encrypted; whoever stores them does that.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let account = Zeroizing::new(self.account.to_bytes());
        let mut out = Zeroizing::new(Vec::with_capacity(65));
        out.push(VERSION);
        out.extend_from_slice(account.as_slice());
        out.extend_from_slice(self.encryption.as_slice());
        out
    }

    /// The inverse of [`TrusteeKeys::to_bytes`].
    ///
    /// # Errors
    /// If the bytes have another length, version, or hold no key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKeys> {
        let mut reader = Reader::new(bytes);
        match reader.u8()? {
            VERSION => {}
            other => return Err(InvalidKeys::Version(other)),
        }
        let account = Zeroizing::new(reader.array()?);
        let encryption = Zeroizing::new(reader.array()?);
        reader.end()?;
        let account = AccountKey::from_bytes(&account).ok_or(InvalidKeys::Account)?;
        Ok(Self { account, encryption })
    }
}

impl fmt::Debug for TrusteeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrusteeKeys({}, ..)", self.address())
    }
}

//! A member's secret. spec: `identity`.

use circuits::types::{IdentityCommitment, MemberSecret, NonCanonical};
use rand_core::OsRng;
use zeroize::Zeroizing;

/// The secret behind a member's registration, slots and mask tickets. Its
/// `Debug` is redacted, its memory is cleared on drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(MemberSecret);

impl Identity {
    /// A fresh identity from the operating system's randomness.
    pub fn generate() -> Self {
        Self(MemberSecret::random(&mut OsRng))
    }

    /// The identity of a secret.
    pub(crate) fn of(secret: MemberSecret) -> Self {
        Self(secret)
    }

    /// Reads what [`Identity::export`] wrote.
    ///
    /// # Errors
    /// If the bytes are not 32, or not below the field's modulus.
    pub fn import(bytes: &[u8]) -> Result<Self, NonCanonical> {
        MemberSecret::from_bytes(bytes).map(Self)
    }

    /// The 32 secret bytes, cleared on drop: whoever has them can vote for
    /// the member and recognise all the member's slots.
    pub fn export(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// What the member registers; public.
    pub fn commitment(&self) -> IdentityCommitment {
        IdentityCommitment::derive(&self.0)
    }

    /// The secret, for statements.
    pub fn secret(&self) -> &MemberSecret {
        &self.0
    }
}

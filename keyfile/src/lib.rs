//! Secrets at rest: files sealed with a passphrase. spec: `keyfile`.
//!
//! Argon2id (RFC 9106) stretches the passphrase, XChaCha20-Poly1305 seals the
//! secret and authenticates everything else in the file, so that a changed
//! label, kind or cost is refused like a wrong passphrase. [`Sealer`] seals
//! many small files, say states, under one stretched key.

mod disk;
mod form;
mod passphrase;
#[cfg(test)]
mod tests;

pub use disk::{FileError, create, read, replace};
pub use form::{Cost, Error, Label, Sealer, label, open, seal};
pub use passphrase::{InvalidPassphrase, Passphrase};

//! What unlocks a file.

use std::fmt;
use zeroize::Zeroizing;

/// Longest passphrase, in bytes.
const MAX: usize = 1024;

/// A passphrase; `Debug` is redacted, memory is cleared on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

/// Why a text is no passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassphrase {
    /// See the message.
    #[error("the passphrase is empty; choose some words")]
    Empty,
    /// See the message.
    #[error("the passphrase has {0} bytes; at most 1024")]
    Long(usize),
}

impl Passphrase {
    /// A passphrase; one line end at its end, as files have it, does not count.
    ///
    /// # Errors
    /// If it is empty or too long.
    pub fn new(text: Zeroizing<String>) -> Result<Self, InvalidPassphrase> {
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.len() {
            0 => Err(InvalidPassphrase::Empty),
            n if n > MAX => Err(InvalidPassphrase::Long(n)),
            _ => Ok(Self(Zeroizing::new(line.to_owned()))),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

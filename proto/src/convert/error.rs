//! Why a message is refused, and where.

use audit::attestation::FormatFault;
use circuits::types::{
    InvalidAddress, InvalidPoint, InvalidRule, InvalidSignature, NonCanonical, ProofLength,
};

/// A field of a message is not in its one accepted form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {cause}")]
pub struct InvalidField {
    /// Path of the field from the converted message, e.g. `entry.ciphertexts`.
    pub field: String,
    /// What is wrong with it.
    pub cause: Cause,
}

impl InvalidField {
    /// The same error seen from the message that holds this one as `parent`.
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), cause: self.cause }
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// See the message.
    #[error("the field is missing")]
    Missing,
    /// See the message.
    #[error("{expected} bytes are needed, not {found}")]
    Length {
        /// Bytes of the one accepted form.
        expected: usize,
        /// Bytes received.
        found: usize,
    },
    /// See the message.
    #[error("{found} elements; at most {max}")]
    TooMany {
        /// The limit.
        max: usize,
        /// Elements received.
        found: usize,
    },
    /// See the message.
    #[error("{expected} elements are needed, not {found}")]
    Count {
        /// Elements needed.
        expected: usize,
        /// Elements received.
        found: usize,
    },
    /// See the message.
    #[error("{found} is above the greatest value, {max}")]
    Range {
        /// The limit.
        max: u64,
        /// The value received.
        found: u64,
    },
    /// See the message.
    #[error("{0} has no meaning here")]
    Code(u32),
    /// See the message.
    #[error("ciphertexts have 512 bytes (up to 4 options) or 2048 (up to 16), not {0}")]
    Ciphertexts(usize),
    /// See [`NonCanonical`].
    #[error(transparent)]
    Field(#[from] NonCanonical),
    /// See [`InvalidPoint`].
    #[error(transparent)]
    Point(#[from] InvalidPoint),
    /// See [`InvalidSignature`].
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
    /// See the message.
    #[error("an address has 20 bytes")]
    Address(#[from] InvalidAddress),
    /// See [`ProofLength`].
    #[error(transparent)]
    Proof(#[from] ProofLength),
    /// See [`InvalidRule`].
    #[error(transparent)]
    Rule(#[from] InvalidRule),
    /// See [`FormatFault`].
    #[error(transparent)]
    Attestation(#[from] Box<FormatFault>),
}

/// Names the field that a value was read from.
pub(super) trait At<T> {
    fn at(self, field: &str) -> Result<T, InvalidField>;
}

impl<T, E: Into<Cause>> At<T> for Result<T, E> {
    fn at(self, field: &str) -> Result<T, InvalidField> {
        self.map_err(|cause| InvalidField { field: field.into(), cause: cause.into() })
    }
}

/// Names the element of a list that a value was read from.
pub(super) fn each<T, U, E: Into<Cause>>(
    field: &str,
    list: impl IntoIterator<Item = T>,
    read: impl Fn(T) -> Result<U, E>,
) -> Result<Vec<U>, InvalidField> {
    list.into_iter().enumerate().map(|(i, x)| read(x).at(&format!("{field}[{i}]"))).collect()
}

/// Converts a sub-message that must be there.
pub(super) fn required<M, T: TryFrom<M, Error = InvalidField>>(
    field: &str,
    message: Option<M>,
) -> Result<T, InvalidField> {
    let message = message.ok_or(Cause::Missing).at(field)?;
    T::try_from(message).map_err(|e| e.within(field))
}

/// Converts every sub-message of a list.
pub(super) fn messages<M, T: TryFrom<M, Error = InvalidField>>(
    field: &str,
    list: Vec<M>,
) -> Result<Vec<T>, InvalidField> {
    let within = |(i, m)| T::try_from(m).map_err(|e: InvalidField| e.within(&format!("{field}[{i}]")));
    list.into_iter().enumerate().map(within).collect()
}

/// Exactly `N` bytes.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Cause> {
    bytes.try_into().map_err(|_| Cause::Length { expected: N, found: bytes.len() })
}

/// A number that fits in 8 bits.
pub(super) fn byte(x: u32) -> Result<u8, Cause> {
    u8::try_from(x).map_err(|_| Cause::Range { max: u8::MAX.into(), found: x.into() })
}

/// At most `max` bytes of text or data.
pub(super) fn bytes_at_most(max: usize, bytes: impl AsRef<[u8]>, field: &str) -> Result<(), InvalidField> {
    let (max, found) = (max as u64, bytes.as_ref().len() as u64);
    if found <= max { Ok(()) } else { Err(Cause::Range { max, found }).at(&format!("{field}.length")) }
}

/// At most `max` elements.
pub(super) fn at_most<T>(max: usize, list: &[T]) -> Result<(), Cause> {
    if list.len() <= max { Ok(()) } else { Err(Cause::TooMany { max, found: list.len() }) }
}

//! The secret.

use crate::types::MemberSecret;

/// What only the member knows. Redacted and cleared by [`MemberSecret`].
#[derive(Clone, Debug)]
pub struct Witness {
    /// `sk`
    pub sk: MemberSecret,
}

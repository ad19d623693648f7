//! The conditions in plain Rust.

use super::{Statement, Witness};
use crate::types::IdentityCommitment;

/// The condition that does not hold. R2 cannot fail: every context is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// R1
    #[error("R1: the identity is not that of this secret; register the identity derived from it")]
    Identity,
}

/// Checks R1 and R2.
///
/// # Errors
/// The condition that does not hold.
pub fn check(statement: &Statement, witness: &Witness) -> Result<(), Unsatisfied> {
    if statement.identity != IdentityCommitment::derive(&witness.sk) {
        return Err(Unsatisfied::Identity);
    }
    Ok(())
}

//! The public inputs.

use crate::{
    curve::Fr,
    types::{IdentityCommitment, RegistrationContext},
};

/// Somebody who knows the secret of `identity` registers it in `context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `idc`
    pub identity: IdentityCommitment,
    /// The signed message and its account.
    pub context: RegistrationContext,
}

impl Statement {
    /// Number of public inputs.
    pub const LEN: usize = 2;

    /// The public inputs, in the one order.
    pub fn encode(&self) -> [Fr; Self::LEN] {
        [self.identity.field(), self.context.field()]
    }
}

//! Commitments to records: what is anchored before an audit, and the secrets
//! that prove over it. spec: `audit.commitment`.

mod file;
mod json;
mod reading;
mod vault;

pub use file::{Commitment, CommitmentFault};
pub use json::{DataFile, ShapeFault, ShapeFile};
pub use reading::reading_digest;
pub use vault::{Secrets, Vault, VaultError};

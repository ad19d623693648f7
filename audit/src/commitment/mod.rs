//! Commitments to records: what is anchored before an audit, and the secrets
//! that prove over it. spec: `audit.commitment`.

mod data;
mod file;
mod shape;
mod vault;

pub use data::{DataDescription, schema_digest};
pub use file::{Commitment, CommitmentFault};
pub use shape::{ShapeFault, ShapeFile};
pub use vault::{Secrets, Vault, VaultError};

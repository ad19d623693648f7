//! The contract `Attestations`: how it is created, what it is told, and what
//! it says. spec: `gate.attestations`.

mod calls;
mod postings;
mod recorded;

pub use calls::{anchor, attest, creation_code, register, revoke, submission};
pub use postings::Office;
pub use recorded::{Attestations, Recorded, Status};

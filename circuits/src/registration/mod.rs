//! Registration: knowledge of the secret behind an identity, bound to one
//! signed message. spec: `registration`.
//!
//! Public inputs `idc, context`; witness `sk`.
//!
//! - R1 identity (spec: `registration.r1`): `idc = H_id(sk)`.
//! - R2 context (spec: `registration.r2`): `context` is bound. Any value is
//!   good; a constraint mentions it so that a proof for one context is none
//!   for another.
//!
//! Outside the circuit the verifier checks that the account signed the
//! message, that `idc` and `context` are those of the message, and that its
//! counter is the highest so far. Without R1 anybody could register another
//! member's public `idc` first (A65).

#[cfg(feature = "r1cs")]
mod circuit;
mod relation;
mod statement;
#[cfg(all(test, feature = "r1cs"))]
mod tests;
mod witness;

#[cfg(feature = "r1cs")]
pub use circuit::RegistrationCircuit;
pub use relation::{Unsatisfied, check};
pub use statement::Statement;
pub use witness::Witness;

//! `Elections` with real elections and proofs. Circuits have 8 rows where
//! the size does not matter: batches of 4, chunks of 8. `full` has the size of
//! real elections.

mod abi;
mod alone;
pub mod decoders;
mod full;
mod gas;
mod griefing;
mod heads;
mod invariant;
mod opening;
mod posting;
mod settled;
pub mod verifiers;
mod wide;

//! `Elections` with real elections and proofs. Circuits have 8 rows where
//! the size does not matter: batches of 4, chunks of 8.

mod abi;
mod alone;
pub mod decoders;
mod gas;
mod griefing;
mod heads;
mod invariant;
mod opening;
mod posting;
mod settled;
mod verifiers;
mod wide;

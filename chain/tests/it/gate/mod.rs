//! `Attestations`, `ModelGate` and `Executor` with a real proof.

mod asked;
mod attest;
mod audit;
mod decoders;
mod executor;
mod inputs;
mod interface;
mod models;
mod settled;
mod status;
mod votes;
mod world;

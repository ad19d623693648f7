#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod attestation;
mod board;
mod cast;
mod choice;
mod disclosure;
mod election;
mod files;
mod fixture;
mod holders;
mod member;
mod receipt;
mod registration;
mod server;
mod status;
mod tickets;

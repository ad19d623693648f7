#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod board;
mod cast;
mod choice;
mod disclosure;
mod election;
mod fixture;
mod holders;
mod receipt;
mod registration;
mod server;
mod status;
mod tickets;

//! The voter's commands against a node in this process: identities from the
//! command line, registrations, votes, masks, receipts.

mod files;
mod members;
mod receipts;
mod votes;
pub mod world;

//! What end-to-end tests and benches share: an election that is ready to be
//! served, with ballots proven beforehand, and a node that serves it.

pub mod cores;
pub mod keys;
pub mod scenario;
pub mod serve;

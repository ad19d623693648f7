//! Work that runs beside the requests, on bounded queues.

pub mod attestation;
pub mod closing;
pub mod gauges;
pub mod rate_limit;
pub mod tally;
pub mod verification;

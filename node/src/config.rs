//! What an operator decides. spec: `node.config`.

use circuits::types::{AccountKey, Address};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Configuration of a node.
#[derive(Clone, Debug)]
pub struct Config {
    /// Holds the journal and the index. The journal in it is all there is to
    /// back up.
    pub data_dir: PathBuf,
    /// Holds the highest signed heads; on another disk if possible.
    pub second_head_dir: PathBuf,
    /// Address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Signs heads; drafts name its address as operator.
    pub operator: AccountKey,
    /// Who may create drafts; empty: anyone.
    pub organisers: Vec<Address>,
    /// Drop the index and build it anew from the journal.
    pub reindex: bool,
    /// See [`Limits`].
    pub limits: Limits,
}

impl Config {
    /// A configuration with the default limits, open to any organiser.
    pub fn new(
        data_dir: PathBuf,
        second_head_dir: PathBuf,
        listen: SocketAddr,
        operator: AccountKey,
    ) -> Self {
        let limits = Limits::default();
        Self { data_dir, second_head_dir, listen, operator, organisers: Vec::new(), reindex: false, limits }
    }
}

/// What the node spends on its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Proofs that wait to be verified; more are refused. Default 1,024.
    pub verification_queue: usize,
    /// Proofs verified together. Default 128.
    pub verification_batch: usize,
    /// Commands that wait to be written. Default 1,024.
    pub command_queue: usize,
    /// Commands written with one sync. Default 256.
    pub command_batch: usize,
    /// Registrations of one organisation. Default 2,097,152.
    pub registrations: usize,
    /// Entries that one slot takes at once, votes and masks alike. Default 6.
    pub slot_burst: u32,
    /// Time after which a slot may take one entry more. Default 10 s.
    pub slot_interval: Duration,
    /// Holders of one census. Default 2,097,152.
    pub holders: usize,
    /// Requests at work per connection. Default 64.
    pub requests_per_connection: usize,
    /// HTTP/2 streams per connection. Default 128.
    pub streams_per_connection: u32,
    /// Streams that follow a board, over all connections. Default 1,024.
    pub followers: usize,
    /// Time for one request, streams' bodies not counted. Default 60 s.
    pub request_timeout: Duration,
    /// Interval of keepalive pings. Default 30 s.
    pub keepalive_interval: Duration,
    /// Time for the answer to a ping. Default 10 s.
    pub keepalive_timeout: Duration,
    /// Age at which a connection is asked to close. Default 1 h.
    pub connection_age: Duration,
    /// Time that open requests have to end on shutdown. Default 10 s.
    pub shutdown_grace: Duration,
    /// Wait before a failed tally is tried again. Default 30 s.
    pub tally_retry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            verification_queue: 1024,
            verification_batch: 128,
            command_queue: 1024,
            command_batch: 256,
            registrations: 1 << 21,
            slot_burst: 6,
            slot_interval: Duration::from_secs(10),
            holders: 1 << 21,
            requests_per_connection: 64,
            streams_per_connection: 128,
            followers: 1024,
            request_timeout: Duration::from_secs(60),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(3600),
            shutdown_grace: Duration::from_secs(10),
            tally_retry: Duration::from_secs(30),
        }
    }
}

/// Longest messages that each service reads, in bytes.
pub(crate) mod message_max {
    /// Drafts (with 256 calls of 8 KiB) and batches of holders.
    pub const ELECTION: usize = 3 << 20;
    /// Registrations: some 600 bytes.
    pub const REGISTRY: usize = 4 << 10;
    /// Ballots: some 2.6 kB for 16 options.
    pub const BALLOT: usize = 16 << 10;
    /// Requests of a few numbers.
    pub const BOARD: usize = 1 << 10;
    /// A body of 64 KiB with its envelope.
    pub const TRUSTEE: usize = 128 << 10;
    /// An empty message.
    pub const NODE: usize = 1 << 10;
}

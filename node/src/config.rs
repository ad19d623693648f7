//! What an operator decides. spec: `node.config`.

use circuits::types::{AccountKey, Address};
use serde::{Deserialize, Serialize};
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
    /// Serve over TLS; without it, plain HTTP/2.
    pub tls: Option<Tls>,
    /// Web origins whose pages may call, as in `https://vote.example.org`;
    /// `*` is any. Other programs need no entry here.
    pub origins: Vec<String>,
    /// See [`Limits`].
    pub limits: Limits,
}

/// Files of what a server shows and proves in a TLS handshake; read when the
/// node starts, and again on SIGHUP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chain, PEM, the node's own first.
    pub certificate: PathBuf,
    /// Private key of the first certificate, PEM.
    pub key: PathBuf,
}

impl Config {
    /// A configuration with the default limits, open to any organiser.
    pub fn new(
        data_dir: PathBuf,
        second_head_dir: PathBuf,
        listen: SocketAddr,
        operator: AccountKey,
    ) -> Self {
        Self {
            data_dir,
            second_head_dir,
            listen,
            operator,
            organisers: Vec::new(),
            reindex: false,
            tls: None,
            origins: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// What the node spends on its callers. In a file, durations are seconds.
/// Every default is in `examples/node.toml` too, and a test compares them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once; more are closed as they come. Default 4,096.
    pub connections: usize,
    /// Connections at once from one network address (of IPv6: one /64).
    /// Default 256.
    pub connections_per_address: usize,
    /// Time until a new connection has sent the beginning of HTTP/2, and for
    /// its TLS handshake. Default 10 s.
    #[serde(with = "seconds")]
    pub handshake_timeout: Duration,
    /// Time without a byte either way after which a connection is closed.
    /// Default 2 min.
    #[serde(with = "seconds")]
    pub idle_timeout: Duration,
    /// Age at which a connection is asked to close. Default 1 h.
    #[serde(with = "seconds")]
    pub connection_age: Duration,
    /// Interval of keepalive pings. Default 30 s.
    #[serde(with = "seconds")]
    pub keepalive_interval: Duration,
    /// Time for the answer to a ping. Default 10 s.
    #[serde(with = "seconds")]
    pub keepalive_timeout: Duration,
    /// HTTP/2 streams per connection. Default 128.
    pub streams_per_connection: u32,
    /// Requests at work per connection; more wait. Default 64.
    pub requests_per_connection: usize,
    /// Requests at work over all connections; more are refused. Default 4,096.
    pub requests: usize,
    /// Time for one request, streams' answers not counted. Default 60 s.
    #[serde(with = "seconds")]
    pub request_timeout: Duration,
    /// Streams that follow a board, over all connections. Default 1,024.
    pub followers: usize,
    /// Downloads of boards, registrations, censuses and records at once.
    /// Default 128.
    pub downloads: usize,
    /// Calls that may be large (drafts, tables of holders, trustees' messages,
    /// attestations) at once. Default 32.
    pub uploads: usize,
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
    /// Holders of one census. Default 2,097,152.
    pub holders: usize,
    /// Entries that one slot takes at once, votes and masks alike. Default 6.
    pub slot_burst: u32,
    /// Time after which a slot may take one entry more. Default 10 s.
    #[serde(with = "seconds")]
    pub slot_interval: Duration,
    /// Registrations that one account makes at once. Default 5.
    pub registration_burst: u32,
    /// Time after which an account may register once more. Default 10 min.
    #[serde(with = "seconds")]
    pub registration_interval: Duration,
    /// Drafts that the node takes at once, from all organisers. Default 20.
    pub draft_burst: u32,
    /// Time after which the node takes one draft more. Default 1 min.
    #[serde(with = "seconds")]
    pub draft_interval: Duration,
    /// Logs of audits. Default 1,024.
    pub attestation_logs: usize,
    /// Events of one log of audits. Default 65,536.
    pub attestation_events: u32,
    /// Attestations that wait to be verified; more are refused. Default 16.
    pub attestation_queue: usize,
    /// log2 of the rows of the largest circuit of an attestation: its key may
    /// have to be made. Default 18.
    pub attestation_rows: u32,
    /// Messages about audits that one account has taken at once. Default 20.
    pub attestation_burst: u32,
    /// Time after which one more is taken. Default 1 min.
    #[serde(with = "seconds")]
    pub attestation_interval: Duration,
    /// Time that open requests have to end on shutdown. Default 10 s.
    #[serde(with = "seconds")]
    pub shutdown_grace: Duration,
    /// Wait before a failed tally is tried again. Default 30 s.
    #[serde(with = "seconds")]
    pub tally_retry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            connection_age: Duration::from_secs(3600),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            streams_per_connection: 128,
            requests_per_connection: 64,
            requests: 4096,
            request_timeout: Duration::from_secs(60),
            followers: 1024,
            downloads: 128,
            uploads: 32,
            verification_queue: 1024,
            verification_batch: 128,
            command_queue: 1024,
            command_batch: 256,
            registrations: 1 << 21,
            holders: 1 << 21,
            slot_burst: 6,
            slot_interval: Duration::from_secs(10),
            registration_burst: 5,
            registration_interval: Duration::from_secs(600),
            draft_burst: 20,
            draft_interval: Duration::from_secs(60),
            attestation_logs: 1024,
            attestation_events: 1 << 16,
            attestation_queue: 16,
            attestation_rows: 18,
            attestation_burst: 20,
            attestation_interval: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(10),
            tally_retry: Duration::from_secs(30),
        }
    }
}

/// Durations as numbers of seconds, whole or with a fraction.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        match duration.subsec_nanos() {
            0 => serializer.serialize_u64(duration.as_secs()),
            _ => serializer.serialize_f64(duration.as_secs_f64()),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds)
            .map_err(|e| D::Error::custom(format!("no number of seconds: {e}")))
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
    /// An attestation's file of 1 MiB with its envelope.
    pub const ATTESTATION: usize = (1 << 20) + (4 << 10);
    /// Names of services and files.
    pub const REFLECTION: usize = 4 << 10;
    /// An empty message.
    pub const NODE: usize = 1 << 10;
}

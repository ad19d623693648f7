//! A node from start to end.

use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Limits, message_max},
    domain::Rules,
    jobs::{
        closing,
        slot_limit::SlotLimit,
        tally::{self, TallyProver},
        verification::{Proofs, Verification},
    },
    keys::KeySet,
    ledger::{self, Ledger, Stopped},
    rpc::{Ballots, Boards, Elections, Info, Registries, Trustees},
};
use circuits::types::AccountKey;
use proto::v1::{
    ballot_service_server::BallotServiceServer, board_service_server::BoardServiceServer,
    election_service_server::ElectionServiceServer, node_service_server::NodeServiceServer,
    registry_service_server::RegistryServiceServer, trustee_service_server::TrusteeServiceServer,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tonic::transport::server::{Router, Server, TcpIncoming};

/// What a node is given besides its configuration.
#[derive(Clone, Debug)]
pub struct Deps {
    /// Verifying keys.
    pub keys: Arc<KeySet>,
    /// Verifies proofs; `keys` itself, except in tests.
    pub proofs: Arc<dyn Proofs>,
    /// Proves results.
    pub tally: Arc<dyn TallyProver>,
    /// The time; [`SystemClock`], except in tests.
    pub clock: Arc<dyn Clock>,
}

impl Deps {
    /// The verifier of `keys` and the system's clock.
    pub fn new(keys: Arc<KeySet>, tally: Arc<dyn TallyProver>) -> Self {
        Self { proofs: keys.clone(), keys, tally, clock: Arc::new(SystemClock) }
    }
}

/// Why a node does not start, or ends.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// See [`ledger::OpenError`].
    #[error(transparent)]
    Open(#[from] ledger::OpenError),
    /// See the message.
    #[error("cannot listen on {address}: {source}; choose another address or stop what uses it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// See the message.
    #[error("cannot build the reflection service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// See the message.
    #[error("the server failed: {0}")]
    Serve(#[from] tonic::transport::Error),
    /// See the message.
    #[error("a task of the node failed: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// See [`Stopped`].
    #[error("the node has stopped: {0}; mend the cause and start it again")]
    Stopped(Arc<Stopped>),
}

/// A running node. Dropping it without [`Node::shutdown`] leaves it running.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    shutdown: watch::Sender<bool>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
    jobs: Vec<JoinHandle<()>>,
    grace: Duration,
}

/// Runs a node until ctrl-c, or until it can no longer write.
///
/// # Errors
/// If it does not start, or stops for a reason of its own.
pub async fn run(config: Config, deps: Deps) -> Result<(), NodeError> {
    let node = Node::start(config, deps).await?;
    tracing::info!(address = %node.address(), "the node serves");
    tokio::select! {
        // Without a handler the signal ends the process, which is as good.
        _ = tokio::signal::ctrl_c() => {}
        stopped = node.stopped() => {
            node.shutdown().await?;
            return Err(NodeError::Stopped(stopped));
        }
    }
    node.shutdown().await
}

impl Node {
    /// Opens the ledger, starts the jobs, and serves.
    ///
    /// # Errors
    /// If the stored data cannot be used or the address is taken.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, NodeError> {
        let rules = Rules {
            operator: config.operator.address(),
            organisers: config.organisers.clone(),
            registrations_max: config.limits.registrations,
            keys: deps.keys.clone(),
        };
        let (limits, address) = (config.limits.clone(), config.listen);
        let operator = config.operator.clone();
        let clock = deps.clock.clone();
        let open = move || Ledger::open(&config, rules, clock);
        let ledger = Arc::new(tokio::task::spawn_blocking(open).await??);
        let listen = |source| NodeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (shutdown, ended) = watch::channel(false);
        let router = router(&ledger, &operator, &deps, &limits).await?;
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tokio::spawn(router.serve_with_incoming_shutdown(incoming, until(ended)));
        let jobs = vec![
            tokio::spawn(closing::run(ledger.clone())),
            tokio::spawn(tally::run(ledger.clone(), deps.tally, limits.tally_retry)),
        ];
        Ok(Self { address, ledger, shutdown, server, jobs, grace: limits.shutdown_grace })
    }

    /// The address that the node listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when the node can no longer write, with the reason.
    pub async fn stopped(&self) -> Arc<Stopped> {
        let mut stopped = self.ledger.stopped();
        match stopped.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // The writer ends without a reason only when the ledger is dropped.
            _ => std::future::pending().await,
        }
    }

    /// Lets open requests end, at most for the configured grace, then ends
    /// the rest, and returns when the directories are free again.
    ///
    /// # Errors
    /// If the server had failed.
    pub async fn shutdown(mut self) -> Result<(), NodeError> {
        self.shutdown.send_replace(true);
        // Streams that follow a board never end by themselves.
        let served = match tokio::time::timeout(self.grace, &mut self.server).await {
            Ok(served) => served?.map_err(NodeError::from),
            Err(_) => {
                self.server.abort();
                Ok(())
            }
        };
        self.jobs.iter().for_each(JoinHandle::abort);
        let mut stopped = self.ledger.stopped();
        drop(self.ledger);
        // The writer ends when the last request has let go of the ledger.
        let writer = async { while stopped.changed().await.is_ok() {} };
        if tokio::time::timeout(self.grace, writer).await.is_err() {
            tracing::warn!("requests were still at work when the node ended");
        }
        served
    }
}

async fn until(mut ended: watch::Receiver<bool>) {
    // The sender is dropped only with the node, which also ends the server.
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn router(
    ledger: &Arc<Ledger>,
    operator: &AccountKey,
    deps: &Deps,
    limits: &Limits,
) -> Result<Router, NodeError> {
    let queue =
        || Verification::spawn(deps.proofs.clone(), limits.verification_queue, limits.verification_batch);
    let ballots = Ballots {
        ledger: ledger.clone(),
        verification: queue(),
        limit: Arc::new(SlotLimit::new(limits.slot_burst, limits.slot_interval)),
    };
    // A queue of its own: a flood of registrations does not delay ballots.
    let registries = Registries { ledger: ledger.clone(), verification: queue() };
    let elections =
        Elections { ledger: ledger.clone(), holders_max: limits.holders, operator: operator.clone() };
    let followers = Arc::new(Semaphore::new(limits.followers));
    let boards = Boards { ledger: ledger.clone(), followers };
    let trustees = Trustees { ledger: ledger.clone() };
    let info = Info { ledger: ledger.clone(), limits: limits.into() };
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<BallotServiceServer<Ballots>>().await;
    let mut stopped = ledger.stopped();
    tokio::spawn(async move {
        if stopped.wait_for(Option::is_some).await.is_ok() {
            health.set_not_serving::<BallotServiceServer<Ballots>>().await;
            health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        }
    });
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    Ok(transport(limits)
        .add_service(health_service)
        .add_service(reflection)
        .add_service(ElectionServiceServer::new(elections).max_decoding_message_size(message_max::ELECTION))
        .add_service(RegistryServiceServer::new(registries).max_decoding_message_size(message_max::REGISTRY))
        .add_service(BallotServiceServer::new(ballots).max_decoding_message_size(message_max::BALLOT))
        .add_service(BoardServiceServer::new(boards).max_decoding_message_size(message_max::BOARD))
        .add_service(TrusteeServiceServer::new(trustees).max_decoding_message_size(message_max::TRUSTEE))
        .add_service(NodeServiceServer::new(info).max_decoding_message_size(message_max::NODE)))
}

/// tonic leaves the number of streams unset, which is without limit (A44).
fn transport(limits: &Limits) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.streams_per_connection)
        .concurrency_limit_per_connection(limits.requests_per_connection)
        .timeout(limits.request_timeout)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .max_connection_age(limits.connection_age)
        .max_connection_age_grace(limits.shutdown_grace)
        .http2_max_header_list_size(HEADERS_MAX)
}

/// Bytes of the headers of one request.
const HEADERS_MAX: u32 = 8 << 10;

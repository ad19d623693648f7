//! A node from start to end.

use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Limits, message_max},
    domain::Rules,
    jobs::{
        attestation::{AttestationQueue, NoAttestations},
        closing, gauges,
        rate_limit::RateLimit,
        tally::{self, TallyProver},
        verification::{Proofs, Verification},
    },
    keys::KeySet,
    ledger::{self, Ledger, Stopped},
    metrics::Metrics,
    rpc::{AllPlaces, Attestations, Ballots, Boards, Elections, Info, Registries, Trustees},
    store::Recovery,
    transport::{self, Acceptor, InvalidOrigin, TlsError},
};
use audit::attestation::AttestationProofs;
use circuits::types::AccountKey;
use proto::v1::{
    attestation_service_server::AttestationServiceServer, ballot_service_server::BallotServiceServer,
    board_service_server::BoardServiceServer, election_service_server::ElectionServiceServer,
    node_service_server::NodeServiceServer, registry_service_server::RegistryServiceServer,
    trustee_service_server::TrusteeServiceServer,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_reflection::server::{Builder, Error as ReflectionError};

/// What a node is given besides its configuration.
#[derive(Clone, Debug)]
pub struct Deps {
    /// Verifying keys.
    pub keys: Arc<KeySet>,
    /// Verifies proofs; `keys` itself, except in tests.
    pub proofs: Arc<dyn Proofs>,
    /// Proves results.
    pub tally: Arc<dyn TallyProver>,
    /// Verifies attestations; [`NoAttestations`] takes none.
    pub attestations: Arc<dyn AttestationProofs>,
    /// The time; [`SystemClock`], except in tests.
    pub clock: Arc<dyn Clock>,
    /// Where the node counts.
    pub metrics: Metrics,
}

impl Deps {
    /// The verifier of `keys`, no attestations, the system's clock, and
    /// metrics that nobody reads.
    pub fn new(keys: Arc<KeySet>, tally: Arc<dyn TallyProver>) -> Self {
        let metrics = Metrics::default();
        let (attestations, clock) = (Arc::new(NoAttestations), Arc::new(SystemClock));
        Self { proofs: keys.clone(), keys, tally, attestations, clock, metrics }
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
    Reflection(#[from] ReflectionError),
    /// See [`InvalidOrigin`].
    #[error(transparent)]
    Origin(#[from] InvalidOrigin),
    /// See [`TlsError`].
    #[error("cannot serve over TLS: {0}")]
    Tls(#[from] TlsError),
    /// See the message.
    #[error("the server failed: {0}")]
    Serve(#[from] tonic::transport::Error),
    /// See the message.
    #[error("the server ended by itself; see the log")]
    Ended,
    /// See the message.
    #[error("cannot wait for signals: {0}")]
    Signal(std::io::Error),
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
    tls: Option<Acceptor>,
    grace: Duration,
}

/// What opening a node's data found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What the journal held, and what was cut off it.
    pub recovery: Recovery,
    /// Elections, drafts included.
    pub elections: usize,
    /// Entries of all boards.
    pub entries: u64,
    /// Logs of audits.
    pub logs: usize,
    /// Attestations on them.
    pub attestations: usize,
}

/// Checks configuration and data as a start does: opens the data and closes
/// it again. A torn tail is cut and a missing index is built, as on a start.
///
/// # Errors
/// If configuration or stored data cannot be used.
pub async fn check(config: Config, deps: Deps) -> Result<Found, NodeError> {
    let _ = transport::cors(&config.origins)?;
    let _ = acceptor(&config)?;
    let (ledger, recovery) = open(config, &deps).await?;
    let found = {
        let state = ledger.state();
        let entries = state.elections().map(|e| u64::from(e.board.size())).sum();
        let (elections, logs) = (state.elections().count(), state.logs().count());
        let attestations = state.logs().map(|l| l.log.attestations().len()).sum();
        Found { recovery, elections, entries, logs, attestations }
    };
    let mut stopped = ledger.stopped();
    drop(ledger);
    while stopped.changed().await.is_ok() {}
    Ok(found)
}

async fn open(config: Config, deps: &Deps) -> Result<(Ledger, Recovery), NodeError> {
    let rules = Rules {
        operator: config.operator.address(),
        organisers: config.organisers.clone(),
        registrations_max: config.limits.registrations,
        logs_max: config.limits.attestation_logs,
        events_max: config.limits.attestation_events,
        keys: deps.keys.clone(),
    };
    let (clock, metrics) = (deps.clock.clone(), deps.metrics.clone());
    let open = move || Ledger::open(&config, rules, clock, &metrics);
    Ok(tokio::task::spawn_blocking(open).await??)
}

fn acceptor(config: &Config) -> Result<Option<Acceptor>, TlsError> {
    config.tls.as_ref().map(|files| Acceptor::load(files, &config.limits)).transpose()
}

/// Runs a node until SIGINT or SIGTERM, or until it can no longer write.
/// `ready` hears the address once the node serves. A second signal ends the
/// wait for open requests. On SIGHUP it reads its certificate again.
///
/// # Errors
/// If it does not start, or stops for a reason of its own.
pub async fn run(config: Config, deps: Deps, ready: impl FnOnce(SocketAddr)) -> Result<(), NodeError> {
    let mut signals = Signals::new()?;
    let node = Node::start(config, deps).await?;
    tracing::info!(address = %node.address(), "the node serves");
    ready(node.address());
    let failed = loop {
        tokio::select! {
            () = signals.end.next() => break None,
            error = node.failed() => break Some(error),
            _ = signals.hangup.recv() => renew(&node),
        }
    };
    tracing::info!("the node ends; open requests have {} s", node.grace.as_secs_f32());
    let ended = tokio::select! {
        ended = node.shutdown() => ended,
        () = signals.end.next() => Ok(()),
    };
    failed.map_or(ended, Err)
}

/// What a bad certificate costs is the renewal, not the node.
fn renew(node: &Node) {
    match node.reload_certificate() {
        Ok(true) => tracing::info!("the certificate was read again; new connections get it"),
        Ok(false) => tracing::info!("SIGHUP: there is no certificate to read again"),
        Err(error) => tracing::error!(%error, "the certificate was not renewed; the one before stays in use"),
    }
}

struct Signals {
    end: End,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, NodeError> {
        let listen = |kind| signal(kind).map_err(NodeError::Signal);
        let end = End([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?]);
        Ok(Self { end, hangup: listen(SignalKind::hangup())? })
    }
}

struct End([Signal; 2]);

impl End {
    async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

impl Node {
    /// Opens the ledger, starts the jobs, and serves.
    ///
    /// # Errors
    /// If the stored data cannot be used or the address is taken.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, NodeError> {
        let cors = transport::cors(&config.origins)?;
        let tls = acceptor(&config)?;
        let (limits, address) = (config.limits.clone(), config.listen);
        let operator = config.operator.clone();
        let ledger = Arc::new(open(config, &deps).await?.0);
        let listen = |source| NodeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (shutdown, ended) = watch::channel(false);
        let routes = routes(&ledger, operator, &deps, &limits, &ended).await?;
        let until = until(ended);
        let server = transport::serve(listener, routes, tls.clone(), cors, &limits, &deps.metrics, until);
        let jobs = vec![
            tokio::spawn(closing::run(ledger.clone())),
            tokio::spawn(tally::run(ledger.clone(), deps.tally, limits.tally_retry)),
            tokio::spawn(gauges::run(ledger.clone(), deps.metrics)),
        ];
        Ok(Self { address, ledger, shutdown, server, jobs, tls, grace: limits.shutdown_grace })
    }

    /// Reads certificate and key again, for connections that are made from
    /// now on. Says whether there are any.
    ///
    /// # Errors
    /// If they cannot be used; those before stay in use.
    pub fn reload_certificate(&self) -> Result<bool, TlsError> {
        self.tls.as_ref().map_or(Ok(false), |tls| tls.reload().map(|()| true))
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

    /// Returns when the node can no longer write or serve, with the reason.
    async fn failed(&self) -> NodeError {
        tokio::select! {
            stopped = self.stopped() => NodeError::Stopped(stopped),
            () = finished(&self.server) => NodeError::Ended,
        }
    }

    /// Lets open requests end, at most for the configured grace, then ends
    /// the rest, and returns when the directories are free again.
    ///
    /// # Errors
    /// If the server had failed.
    pub async fn shutdown(mut self) -> Result<(), NodeError> {
        self.shutdown.send_replace(true);
        let served = match tokio::time::timeout(self.grace, &mut self.server).await {
            Ok(served) => served?.map_err(NodeError::from),
            Err(_) => {
                tracing::warn!("requests were still open when the node ended; it broke them off");
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

/// Without taking the handle's result, which the shutdown asks for.
async fn finished<T>(task: &JoinHandle<T>) {
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    while !task.is_finished() {
        tick.tick().await;
    }
}

async fn until(mut ended: watch::Receiver<bool>) {
    // The sender is dropped only with the node, which also ends the server.
    let _ = ended.wait_for(|ended| *ended).await;
}

async fn routes(
    ledger: &Arc<Ledger>,
    operator: AccountKey,
    deps: &Deps,
    limits: &Limits,
    ended: &watch::Receiver<bool>,
) -> Result<Routes, NodeError> {
    let queue = |name| {
        let (capacity, batch) = (limits.verification_queue, limits.verification_batch);
        Verification::spawn(deps.proofs.clone(), capacity, batch, name, &deps.metrics)
    };
    let places = AllPlaces::new(limits.followers, limits.downloads, &deps.metrics);
    let ballots = Ballots {
        ledger: ledger.clone(),
        verification: queue("ballots"),
        limit: Arc::new(RateLimit::new(limits.slot_burst, limits.slot_interval)),
    };
    let registries = Registries {
        ledger: ledger.clone(),
        // A queue of its own: a flood of registrations does not delay ballots.
        verification: queue("registrations"),
        limit: Arc::new(RateLimit::new(limits.registration_burst, limits.registration_interval)),
        places: places.clone(),
    };
    let drafts = Arc::new(RateLimit::new(limits.draft_burst, limits.draft_interval));
    let attestations = Attestations {
        ledger: ledger.clone(),
        queue: AttestationQueue::new(deps.attestations.clone(), limits.attestation_queue, &deps.metrics),
        limit: Arc::new(RateLimit::new(limits.attestation_burst, limits.attestation_interval)),
        drafts: drafts.clone(),
        k_max: limits.attestation_rows,
    };
    let elections = Elections {
        ledger: ledger.clone(),
        holders_max: limits.holders,
        operator,
        drafts,
        places: places.clone(),
    };
    let boards = Boards { ledger: ledger.clone(), places, ended: ended.clone() };
    let trustees = Trustees { ledger: ledger.clone() };
    let info = Info { ledger: ledger.clone(), limits: limits.into() };
    let (health, health_service) = tonic_health::server::health_reporter();
    tokio::spawn(report(health, ledger.stopped(), ended.clone()));
    let reflection = || Builder::configure().register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET);
    let (v1, v1alpha) = (reflection().build_v1()?, reflection().build_v1alpha()?);
    Ok(Routes::new(health_service.max_decoding_message_size(message_max::REFLECTION))
        .add_service(v1.max_decoding_message_size(message_max::REFLECTION))
        .add_service(v1alpha.max_decoding_message_size(message_max::REFLECTION))
        .add_service(ElectionServiceServer::new(elections).max_decoding_message_size(message_max::ELECTION))
        .add_service(RegistryServiceServer::new(registries).max_decoding_message_size(message_max::REGISTRY))
        .add_service(BallotServiceServer::new(ballots).max_decoding_message_size(message_max::BALLOT))
        .add_service(BoardServiceServer::new(boards).max_decoding_message_size(message_max::BOARD))
        .add_service(TrusteeServiceServer::new(trustees).max_decoding_message_size(message_max::TRUSTEE))
        .add_service(
            AttestationServiceServer::new(attestations).max_decoding_message_size(message_max::ATTESTATION),
        )
        .add_service(NodeServiceServer::new(info).max_decoding_message_size(message_max::NODE)))
}

/// Tells the health service how the node is, until it ends.
async fn report(
    health: HealthReporter,
    mut stopped: watch::Receiver<Option<Arc<Stopped>>>,
    mut ended: watch::Receiver<bool>,
) {
    set_health(&health, ServingStatus::Serving).await;
    tokio::select! {
        _ = stopped.wait_for(Option::is_some) => {}
        _ = ended.wait_for(|ended| *ended) => {}
    }
    set_health(&health, ServingStatus::NotServing).await;
}

/// For the node as a whole, and for each service by its name.
async fn set_health(health: &HealthReporter, status: ServingStatus) {
    for service in std::iter::once("").chain(transport::services()) {
        health.set_service_status(service, status).await;
    }
}

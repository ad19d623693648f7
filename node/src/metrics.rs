//! What a node tells its operator about itself. Nothing in it is about one
//! member, slot or caller (A40). spec: `node.metrics`

use crate::{domain::Phase, domain::State};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use std::time::Duration;

/// A call that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// Full name of the service.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// gRPC's name of the code.
    pub code: &'static str,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Call {
    /// Full name of the service.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
}

/// A verification queue: `ballots` or `registrations`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Queue {
    /// Its name.
    pub queue: &'static str,
}

/// A phase of elections.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct InPhase {
    /// Its name.
    pub phase: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The node's metrics. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Calls, by their answer.
    pub requests: Family<Answered, Counter>,
    /// Time until an answer begins.
    pub latency: Histograms<Call>,
    /// Calls refused because too many were at work.
    pub shed: Counter,
    /// Open connections.
    pub connections: Gauge,
    /// Connections closed at once because of a cap.
    pub connections_refused: Counter,
    /// Proofs that wait.
    pub queued: Family<Queue, Gauge>,
    /// Proofs verified together.
    pub verified: Histograms<Queue>,
    /// Time from handing events to the journal until they are durable.
    pub commit: Histogram,
    /// Events that shared a sync.
    pub committed: Histogram,
    /// Entries acknowledged since the start.
    pub entries: Counter,
    /// Streams that follow a board.
    pub followers: Gauge,
    /// Downloads under way.
    pub downloads: Gauge,
    /// Elections by phase.
    pub elections: Family<InPhase, Gauge>,
    /// 1 if anyone can forge proofs.
    pub insecure_keys: Gauge,
    /// 1 while the node can write.
    pub writable: Gauge,
}

/// 1 ms to 33 s.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

/// 1 to 1,024.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 11))
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            latency: Family::new_with_constructor(latencies),
            shed: Counter::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            queued: Family::default(),
            verified: Family::new_with_constructor(sizes),
            commit: latencies(),
            committed: sizes(),
            entries: Counter::default(),
            followers: Gauge::default(),
            downloads: Gauge::default(),
            elections: Family::default(),
            insecure_keys: Gauge::default(),
            writable: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Fresh metrics, to be found in `registry` below the prefix
    /// `tabella_node`.
    pub fn register(registry: &mut Registry) -> Self {
        let (r, m) = (registry.sub_registry_with_prefix("tabella_node"), Self::default());
        r.register("requests", "Calls by their answer", m.requests.clone());
        let text = "Time until the answer to a call begins";
        r.register_with_unit("request_latency", text, Unit::Seconds, m.latency.clone());
        r.register("requests_shed", "Calls refused because too many were at work", m.shed.clone());
        r.register("connections", "Open connections", m.connections.clone());
        let text = "Connections closed at once because of a cap";
        r.register("connections_refused", text, m.connections_refused.clone());
        r.register("verification_queue", "Proofs that wait to be verified", m.queued.clone());
        r.register("verification_batch", "Proofs verified together", m.verified.clone());
        let text = "Time from handing events to the journal until they are durable";
        r.register_with_unit("commit_latency", text, Unit::Seconds, m.commit.clone());
        r.register("commit_batch", "Events that shared a sync", m.committed.clone());
        r.register("entries_acknowledged", "Entries acknowledged since the start", m.entries.clone());
        r.register("followers", "Streams that follow a board", m.followers.clone());
        r.register("downloads", "Downloads of boards, censuses and records under way", m.downloads.clone());
        r.register("elections", "Elections by phase", m.elections.clone());
        let text = "1 if the keys are development keys: anyone can forge proofs";
        r.register("insecure_keys", text, m.insecure_keys.clone());
        r.register("writable", "1 while the node can write its journal", m.writable.clone());
        m
    }

    /// Counts an answered call.
    pub fn answered(&self, call: &Call, code: &'static str) {
        let Call { service, method } = *call;
        self.requests.get_or_create(&Answered { service, method, code }).inc();
    }

    /// Counts a batch that became durable.
    pub fn durable(&self, events: usize, entries: u64, took: Duration) {
        self.commit.observe(took.as_secs_f64());
        self.committed.observe(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
        self.entries.inc_by(entries);
    }

    /// Counts elections by phase.
    pub fn count_elections(&self, state: &State) {
        for phase in Phase::ALL {
            let count = state.elections().filter(|e| e.phase() == phase).count();
            let gauge = self.elections.get_or_create(&InPhase { phase: phase.name() });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// Counts one up in a gauge until dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    /// Counts up.
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

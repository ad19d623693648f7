//! Figures for Prometheus. spec: `monitor.metrics`.

use crate::finding::Kind;
use circuits::types::{ElectionId, Head};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{sync::atomic::AtomicU64, time::Duration};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfElection {
    election: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfBoth {
    election: String,
    node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfNode {
    node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// The monitor's metrics. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    verified: Family<OfElection, Gauge>,
    rate: Family<OfElection, Gauge<f64, AtomicU64>>,
    lag: Family<OfBoth, Gauge>,
    head_size: Family<OfBoth, Gauge>,
    head_age: Family<OfBoth, Gauge>,
    up: Family<OfNode, Gauge>,
    misbehaviours: Family<OfKind, Counter>,
    last_pass: Gauge,
}

fn whole(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

impl Metrics {
    /// Registers all metrics.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let registry = registry.sub_registry_with_prefix("tabella_monitor");
        registry.register("entries_verified", "Entries verified in full", metrics.verified.clone());
        let text = "Entries verified per second, over the last batch";
        registry.register("verification_rate", text, metrics.rate.clone());
        registry.register("lag_entries", "Entries of a node that are not verified yet", metrics.lag.clone());
        registry.register("head_entries", "Entries of a node's newest head", metrics.head_size.clone());
        let text = "Seconds since a node's newest head was signed, when it was last asked";
        registry.register("head_age_seconds", text, metrics.head_age.clone());
        registry.register("node_up", "Whether the node answered when last asked", metrics.up.clone());
        registry.register("misbehaviours", "Misbehaviours found, by kind", metrics.misbehaviours.clone());
        registry.register("last_pass_time", "Unix time of the last pass", metrics.last_pass.clone());
        metrics
    }

    pub(crate) fn verified(&self, election: ElectionId, entries: u32) {
        self.verified.get_or_create(&OfElection { election: election.to_string() }).set(entries.into());
    }

    pub(crate) fn batch(&self, election: ElectionId, entries: usize, time: Duration) {
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        let rate = f64::from(entries) / time.as_secs_f64().max(1e-6);
        self.rate.get_or_create(&OfElection { election: election.to_string() }).set(rate);
    }

    pub(crate) fn lag(&self, election: ElectionId, node: &str, entries: u32) {
        let labels = OfBoth { election: election.to_string(), node: node.to_owned() };
        self.lag.get_or_create(&labels).set(entries.into());
    }

    pub(crate) fn head(&self, election: ElectionId, node: &str, head: &Head, now: u64) {
        let labels = OfBoth { election: election.to_string(), node: node.to_owned() };
        self.head_size.get_or_create(&labels).set(head.size.into());
        self.head_age.get_or_create(&labels).set(whole(now.saturating_sub(head.time)));
    }

    pub(crate) fn node(&self, node: &str, up: bool) {
        self.up.get_or_create(&OfNode { node: node.to_owned() }).set(up.into());
    }

    pub(crate) fn misbehaviour(&self, kind: Kind) {
        self.misbehaviours.get_or_create(&OfKind { kind: kind.name() }).inc();
    }

    pub(crate) fn pass(&self, now: u64) {
        self.last_pass.set(whole(now));
    }
}

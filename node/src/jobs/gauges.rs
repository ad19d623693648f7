//! Keeps the gauges that follow from the state.

use crate::{ledger::Ledger, metrics::Metrics};
use std::{sync::Arc, time::Duration};

/// Longest age of a gauge.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the node can no longer write.
pub async fn run(ledger: Arc<Ledger>, metrics: Metrics) {
    let mut changes = ledger.changes();
    metrics.insecure_keys.set(i64::from(ledger.rules().keys.is_development()));
    metrics.writable.set(1);
    loop {
        changes.mark_unchanged();
        metrics.count_elections(&ledger.state());
        if changes.changed().await.is_err() {
            metrics.writable.set(0);
            return;
        }
        tokio::time::sleep(TICK).await;
    }
}

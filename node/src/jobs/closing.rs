//! Closes elections at their closing time.

use crate::{
    domain::Phase,
    ledger::{Command, Ledger, Refusal},
};
use circuits::types::ElectionId;
use std::{sync::Arc, time::Duration};

/// How late a close may be. Entries after the closing time are refused by
/// the clock, so nothing depends on it.
const TICK: Duration = Duration::from_secs(1);

/// Runs until the node can no longer write.
pub async fn run(ledger: Arc<Ledger>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for election_id in due(&ledger) {
            match ledger.submit(Command::Close { election_id, signature: None }).await {
                Ok(_) => tracing::info!(election = %election_id, "closed at its closing time"),
                Err(Refusal::Rejected(why)) => tracing::warn!(election = %election_id, %why, "not closed"),
                Err(Refusal::Stopped(_) | Refusal::ShuttingDown) => return,
            }
        }
    }
}

fn due(ledger: &Ledger) -> Vec<ElectionId> {
    let now = ledger.now();
    let state = ledger.state();
    let due = state.elections().filter(|e| e.phase() == Phase::Voting && now >= e.draft().times.closing);
    due.filter_map(|e| e.election_id()).collect()
}

//! The rate limit of a slot, shared by votes and masks: whoever keeps a slot
//! stale by masking leaves room for its owner (A23). spec: `board.rate_limit`
//!
//! Only accepted entries count, so that nobody closes another's slot with
//! entries that are refused. The limit lives in memory: a restart forgets it.

use circuits::types::{ElectionId, Slot};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Slots remembered before those that are idle again are forgotten.
const PRUNE_ABOVE: usize = 1 << 14;

type Key = (ElectionId, Slot);

/// Lets a slot take `burst` entries at once and one more per `interval`.
#[derive(Debug)]
pub struct SlotLimit {
    interval: Duration,
    burst: u32,
    /// When the slot will have its whole burst again.
    full_at: Mutex<HashMap<Key, Instant>>,
}

impl SlotLimit {
    /// A limit; a burst of 0 counts as 1.
    pub fn new(burst: u32, interval: Duration) -> Self {
        Self { interval, burst: burst.max(1), full_at: Mutex::default() }
    }

    /// How long the slot must wait for its next entry; `None`: not at all.
    pub fn wait(&self, election: ElectionId, slot: Slot, now: Instant) -> Option<Duration> {
        let full_at = *self.lock().get(&(election, slot))?;
        let room = self.interval * (self.burst - 1);
        full_at.checked_duration_since(now + room).filter(|wait| !wait.is_zero())
    }

    /// Counts an accepted entry.
    pub fn count(&self, election: ElectionId, slot: Slot, now: Instant) {
        let mut slots = self.lock();
        if slots.len() > PRUNE_ABOVE {
            slots.retain(|_, full_at| *full_at > now);
        }
        let full_at = slots.entry((election, slot)).or_insert(now);
        *full_at = (*full_at).max(now) + self.interval;
    }

    /// The map changes in single steps.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a23_a_slot_takes_its_burst_and_then_one_entry_per_interval() {
        let (election, slot) = (ElectionId::from_field(1u64.into()), Slot::from_field(2u64.into()));
        let limit = SlotLimit::new(6, Duration::from_secs(10));
        let start = Instant::now();
        for _ in 0..6 {
            assert_eq!(limit.wait(election, slot, start), None);
            limit.count(election, slot, start);
        }
        assert_eq!(limit.wait(election, slot, start), Some(Duration::from_secs(10)));
        assert_eq!(limit.wait(election, Slot::from_field(3u64.into()), start), None);
        let later = start + Duration::from_secs(10);
        assert_eq!(limit.wait(election, slot, later), None);
        limit.count(election, slot, later);
        assert_eq!(limit.wait(election, slot, later), Some(Duration::from_secs(10)));
    }
}

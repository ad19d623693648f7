//! Rate limits. The one of a slot is shared by votes and masks: whoever keeps
//! a slot stale by masking leaves room for its owner (A23).
//! spec: `board.rate_limit`
//!
//! Only what was accepted counts, so that nobody closes another's slot with
//! entries that are refused. Limits live in memory: a restart forgets them.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Keys remembered before those that are idle again are forgotten.
const PRUNE_ABOVE: usize = 1 << 14;

/// Lets each key have `burst` at once and one more per `interval`.
#[derive(Debug)]
pub struct RateLimit<K> {
    interval: Duration,
    burst: u32,
    keys: Mutex<Keys<K>>,
}

#[derive(Debug)]
struct Keys<K> {
    /// When a key will have its whole burst again.
    full_at: HashMap<K, Instant>,
    /// Idle keys are forgotten when there are more than this.
    prune_above: usize,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// A limit; a burst of 0 counts as 1.
    pub fn new(burst: u32, interval: Duration) -> Self {
        let keys = Keys { full_at: HashMap::new(), prune_above: PRUNE_ABOVE };
        Self { interval, burst: burst.max(1), keys: Mutex::new(keys) }
    }

    /// How long the key must wait for its next turn; `None`: not at all.
    pub fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let full_at = *self.lock().full_at.get(key)?;
        let room = self.interval * (self.burst - 1);
        full_at.checked_duration_since(now + room).filter(|wait| !wait.is_zero())
    }

    /// Counts a turn that was taken.
    pub fn count(&self, key: K, now: Instant) {
        let mut keys = self.lock();
        if keys.full_at.len() > keys.prune_above {
            keys.full_at.retain(|_, full_at| *full_at > now);
            // Busy keys are not gone through again for each turn.
            keys.prune_above = PRUNE_ABOVE.max(2 * keys.full_at.len());
        }
        let full_at = keys.full_at.entry(key).or_insert(now);
        *full_at = (*full_at).max(now) + self.interval;
    }

    /// The map changes in single steps.
    fn lock(&self) -> MutexGuard<'_, Keys<K>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use circuits::types::{ElectionId, Slot};

    #[test]
    fn a23_a_slot_takes_its_burst_and_then_one_entry_per_interval() {
        let (election, slot) = (ElectionId::from_field(1u64.into()), Slot::from_field(2u64.into()));
        let (key, other) = ((election, slot), (election, Slot::from_field(3u64.into())));
        let limit = RateLimit::new(6, Duration::from_secs(10));
        let start = Instant::now();
        for _ in 0..6 {
            assert_eq!(limit.wait(&key, start), None);
            limit.count(key, start);
        }
        assert_eq!(limit.wait(&key, start), Some(Duration::from_secs(10)));
        assert_eq!(limit.wait(&other, start), None);
        let later = start + Duration::from_secs(10);
        assert_eq!(limit.wait(&key, later), None);
        limit.count(key, later);
        assert_eq!(limit.wait(&key, later), Some(Duration::from_secs(10)));
    }

    #[test]
    fn idle_keys_are_forgotten() {
        let (limit, start) = (RateLimit::new(1, Duration::from_secs(1)), Instant::now());
        (0..=PRUNE_ABOVE).for_each(|key| limit.count(key, start));
        limit.count(usize::MAX, start + Duration::from_secs(2));
        assert_eq!(limit.lock().full_at.len(), 1);
    }
}

//! How patient and how generous a poster is. spec: `chain.fees`.

use crate::{backend::embedded, is_development, transaction::Fee};
use std::time::Duration;

/// Confirmations where nothing else is asked for: deeper than reorganisations
/// that are known from proof of stake.
const CONFIRMATIONS: u64 = 12;
/// A replacement must offer an eighth more than what it replaces.
const BUMP_DIVISOR: u128 = 8;

/// How patient and how generous a poster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Blocks, that of the transaction included, after which it counts.
    pub confirmations: u64,
    /// Most wei per gas that are offered.
    pub fee_cap: u128,
    /// Time after which a transaction that is in no block offers more.
    pub bump_after: Duration,
    /// Time between two looks at the chain.
    pub poll: Duration,
    /// Time in which a node may not know the receipt of a transaction whose
    /// nonce it counts already.
    pub lag: Duration,
    /// Longest time in which nothing happens.
    pub patience: Duration,
    /// Transactions that may fail for one posting.
    pub attempts: usize,
}

impl Policy {
    /// What suits a chain.
    pub fn of_chain(chain_id: u64) -> Self {
        let (confirmations, poll) = match chain_id {
            embedded::CHAIN_ID => (1, Duration::ZERO),
            id if is_development(id) => (1, Duration::from_millis(100)),
            _ => (CONFIRMATIONS, Duration::from_secs(2)),
        };
        Self {
            confirmations,
            fee_cap: 200_000_000_000,
            bump_after: Duration::from_secs(45),
            poll,
            lag: poll * 5,
            patience: Duration::from_secs(1800),
            attempts: 3,
        }
    }

    /// A first fee: twice the base fee, so that it suffices through six full
    /// blocks, and the tip. `None` while even the base fee is over the cap.
    pub fn fee(&self, base: u128, tip: u128) -> Option<Fee> {
        let max = base.saturating_mul(2).saturating_add(tip).min(self.fee_cap);
        (base <= self.fee_cap).then_some(Fee { max, tip: tip.min(max) })
    }

    /// A fee that replaces one; `None` if that is over the cap.
    pub fn bumped(&self, old: Fee, base: u128, tip: u128) -> Option<Fee> {
        let more = |old: u128| old.saturating_add(old.div_ceil(BUMP_DIVISOR).max(1));
        let tip = tip.max(more(old.tip));
        let fresh = base.saturating_mul(2).saturating_add(tip);
        let max = fresh.min(self.fee_cap).max(more(old.max)).max(tip);
        (max <= self.fee_cap).then_some(Fee { max, tip })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_bump_offers_an_eighth_more_in_both_parts_and_keeps_the_cap() {
        let policy = Policy { fee_cap: 1_000, ..Policy::of_chain(1) };
        assert_eq!(policy.fee(100, 10), Some(Fee { max: 210, tip: 10 }));
        assert_eq!(policy.fee(1_001, 10), None);
        assert_eq!(policy.fee(900, 10), Some(Fee { max: 1_000, tip: 10 }));
        let mut fee = Fee { max: 210, tip: 10 };
        let mut bumps = 0;
        while let Some(next) = policy.bumped(fee, 100, 10) {
            assert!(next.max * 8 >= fee.max * 9 && next.tip * 8 >= fee.tip * 9, "{fee:?} {next:?}");
            assert!(next.tip <= next.max && next.max <= 1_000);
            (fee, bumps) = (next, bumps + 1);
        }
        assert!(bumps > 8);
        // Nothing is more than nothing.
        assert_eq!(policy.bumped(Fee { max: 0, tip: 0 }, 0, 0), Some(Fee { max: 1, tip: 1 }));
    }

    #[test]
    fn development_chains_ask_for_one_confirmation_and_others_for_more_than_seven() {
        assert_eq!(Policy::of_chain(31337).confirmations, 1);
        assert!(Policy::of_chain(1).confirmations > 7);
    }
}

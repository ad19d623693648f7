//! Masks at random times, on random slots. spec: `client.masker`,
//! `ballot.receipt_freeness`.

use crate::{
    Error, Node,
    board::Mirror,
    tickets::TicketError,
    vote::{Accepted, VoteError, Voter},
};
use circuits::params::TICKETS_PER_MEMBER;
use rand_core::{OsRng, RngCore};
use std::time::Duration;

/// Mean time between masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// The time that is left, divided by the masks that are left.
    Spread,
    /// Always the same.
    Every(Duration),
}

/// Longest single wait: a wait of an exponential distribution has no bound.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Pace {
    /// The wait before the next of `masks` masks, with `left` to go until
    /// closing: exponentially distributed, so that the time since the last
    /// mask says nothing about the next one, and a restart changes nothing.
    pub fn wait(self, left: Duration, masks: u8) -> Duration {
        let mean = match self {
            Pace::Spread => left.as_secs_f64() / f64::from(masks.max(1)),
            Pace::Every(mean) => mean.as_secs_f64(),
        };
        Duration::try_from_secs_f64(mean * exponential()).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX))
    }
}

/// Of mean 1: `-ln u` for u uniform in (0, 1], from 53 random bits.
fn exponential() -> f64 {
    let bits = (OsRng.next_u64() >> 11) + 1;
    let high = f64::from(u32::try_from(bits >> 32).expect("53 bits without 32 are 21"));
    let low = f64::from(u32::try_from(bits & 0xffff_ffff).expect("32 bits"));
    let u = (high * 4_294_967_296.0 + low) / 9_007_199_254_740_992.0;
    -u.ln()
}

/// Why a masker has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The board is closed, or voting time is over.
    Closed,
    /// All sixteen tickets are spent.
    Tickets,
}

/// One step of a masker.
#[derive(Debug)]
pub enum Step {
    /// A mask is on the board.
    Masked(Box<Accepted>),
    /// There was nothing to mask, or others were faster: try again later.
    Missed,
    /// Nothing more will come.
    End(End),
}

/// Waits a random time, then masks a slot that is drawn uniformly among all
/// that hold something, the masker's own included; masks that were begun
/// before, and are not on the board, come first. `left` is the time until
/// closing.
///
/// Dropping the future is safe: a mask that was sent is finished by a later
/// step, with the same slot and ticket.
///
/// # Errors
/// If the node refuses for good, or shows something that cannot be.
pub async fn step(
    voter: &Voter,
    node: &Node,
    mirror: &mut Mirror,
    pace: Pace,
    left: Duration,
) -> Result<Step, Error> {
    let masks = TICKETS_PER_MEMBER - voter.masks(mirror);
    if masks == 0 {
        return Ok(Step::End(End::Tickets));
    }
    let wait = pace.wait(left, masks);
    if mirror.is_closed() || left.is_zero() {
        return Ok(Step::End(End::Closed));
    }
    tokio::time::sleep(wait.min(left)).await;
    if wait >= left {
        return Ok(Step::End(End::Closed));
    }
    mirror.sync(node).await?;
    let begun = voter.unfinished_masks(mirror)?.into_iter().find(|s| mirror.slot(*s).is_some());
    let Some(slot) = begun.or_else(|| mirror.random_slot()) else { return Ok(Step::Missed) };
    match voter.cast_mask(node, mirror, slot).await {
        Ok(accepted) => Ok(Step::Masked(Box::new(accepted))),
        Err(Error::Vote(VoteError::Closed)) => Ok(Step::End(End::Closed)),
        Err(Error::Vote(VoteError::TooBusy { .. })) => Ok(Step::Missed),
        Err(Error::Tickets(TicketError::Exhausted)) => Ok(Step::End(End::Tickets)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and tail of the waits are those of an exponential distribution;
    /// the chance of a false alarm is below 10^-9.
    #[test]
    fn waits_are_exponential() {
        let draws: Vec<f64> = (0..40_000).map(|_| exponential()).collect();
        assert!(draws.iter().all(|x| *x >= 0.0 && x.is_finite()));
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        assert!((mean - 1.0).abs() < 0.04, "{mean}");
        let above = draws.iter().filter(|x| **x > 2.0).count();
        assert!((4_900..5_930).contains(&above), "{above} of 40,000; 5,413 expected");
    }

    #[test]
    fn a_spread_pace_follows_time_and_masks_left() {
        let mean = |pace: Pace, left, masks| {
            let waits: Duration = (0..4_000).map(|_| pace.wait(Duration::from_secs(left), masks)).sum();
            waits.as_secs_f64() / 4_000.0
        };
        assert!((mean(Pace::Spread, 1_600, 16) - 100.0).abs() < 12.0);
        assert!((mean(Pace::Spread, 1_600, 1) - 1_600.0).abs() < 190.0);
        assert!((mean(Pace::Every(Duration::from_secs(5)), 1_600, 1) - 5.0).abs() < 0.6);
    }
}

//! Rates and differences in exact fractions, for display and comparison.
//! spec: `audit.metrics`.
//!
//! Verdicts never come from here: they are decided in integers by
//! `circuits::attestation`, and proven. Names are those of Fairlearn, and of
//! AIF360 where Fairlearn has none.

mod interval;

pub use interval::{Interval, wilson};

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

/// How many records of a group had which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GroupCounts {
    /// Records.
    pub records: u64,
    /// Records with the favourable decision.
    pub selected: u64,
    /// With a favourable label; 0 where there are no labels.
    pub positives: u64,
    /// Favourable decision and favourable label.
    pub true_positives: u64,
}

impl GroupCounts {
    /// Favourable decision, unfavourable label.
    pub fn false_positives(&self) -> u64 {
        self.selected - self.true_positives
    }

    /// With an unfavourable label.
    pub fn negatives(&self) -> u64 {
        self.records - self.positives
    }

    /// Decision and label agree.
    pub fn correct(&self) -> u64 {
        self.true_positives + (self.negatives() - self.false_positives())
    }

    /// Share of favourable decisions, or `None` without records.
    pub fn selection_rate(&self) -> Option<BigRational> {
        share(self.selected, self.records)
    }

    /// Share of favourable decisions among favourable labels.
    pub fn true_positive_rate(&self) -> Option<BigRational> {
        share(self.true_positives, self.positives)
    }

    /// Share of favourable decisions among unfavourable labels.
    pub fn false_positive_rate(&self) -> Option<BigRational> {
        share(self.false_positives(), self.negatives())
    }

    /// Share of favourable labels among favourable decisions.
    pub fn precision(&self) -> Option<BigRational> {
        share(self.true_positives, self.selected)
    }

    /// Share of decisions that agree with the label.
    pub fn accuracy(&self) -> Option<BigRational> {
        share(self.correct(), self.records)
    }
}

/// `part / whole`, or `None` if the whole is 0.
pub fn share(part: u64, whole: u64) -> Option<BigRational> {
    (whole != 0).then(|| BigRational::new(BigInt::from(part), BigInt::from(whole)))
}

/// A rate of a group.
pub type Rate = fn(&GroupCounts) -> Option<BigRational>;

/// Greatest rate minus least; `None` if a group has none, or there is no group.
pub fn difference(groups: &[GroupCounts], rate: Rate) -> Option<BigRational> {
    let (least, greatest) = extremes(groups, rate)?;
    Some(greatest - least)
}

/// Least rate over greatest; `None` also if the greatest is 0.
pub fn ratio(groups: &[GroupCounts], rate: Rate) -> Option<BigRational> {
    let (least, greatest) = extremes(groups, rate)?;
    (!greatest.is_zero()).then(|| least / greatest)
}

fn extremes(groups: &[GroupCounts], rate: Rate) -> Option<(BigRational, BigRational)> {
    let rates = groups.iter().map(rate).collect::<Option<Vec<_>>>()?;
    Some((rates.iter().min()?.clone(), rates.iter().max()?.clone()))
}

/// The greater of the differences of true and false positive rates.
pub fn equalized_odds_difference(groups: &[GroupCounts]) -> Option<BigRational> {
    let true_positive = difference(groups, GroupCounts::true_positive_rate)?;
    Some(true_positive.max(difference(groups, GroupCounts::false_positive_rate)?))
}

/// Half the sum of the signed differences of both rates, a minus b (AIF360:
/// a is the unprivileged group).
pub fn average_odds_difference(a: &GroupCounts, b: &GroupCounts) -> Option<BigRational> {
    let (false_positive, true_positive) = odds(a, b)?;
    Some((false_positive + true_positive) / BigInt::from(2))
}

/// Half the sum of the absolute differences of both rates.
pub fn average_abs_odds_difference(a: &GroupCounts, b: &GroupCounts) -> Option<BigRational> {
    let (false_positive, true_positive) = odds(a, b)?;
    Some((false_positive.abs() + true_positive.abs()) / BigInt::from(2))
}

fn odds(a: &GroupCounts, b: &GroupCounts) -> Option<(BigRational, BigRational)> {
    let false_positive = a.false_positive_rate()? - b.false_positive_rate()?;
    Some((false_positive, a.true_positive_rate()? - b.true_positive_rate()?))
}

/// The square of the pooled two-proportion test's z; `None` if an expected
/// count is below 5, where the test does not apply.
pub fn two_proportion_z_squared(a: &GroupCounts, b: &GroupCounts) -> Option<BigRational> {
    let (all, selected) = (a.records + b.records, a.selected + b.selected);
    let pooled = share(selected, all)?;
    let rest = share(all - selected, all)?;
    let number = |x: u64| BigRational::from_integer(BigInt::from(x));
    let expected = [a, b].into_iter().flat_map(|g| [&pooled, &rest].map(|p| number(g.records) * p));
    if expected.min()? < number(5) {
        return None;
    }
    let difference = a.selection_rate()? - b.selection_rate()?;
    let variance = pooled * rest * (share(1, a.records)? + share(1, b.records)?);
    Some(&difference * &difference / variance)
}

/// The least impact ratio that any assignment of the records with unknown
/// group gives: over every ordered pair (a, b) of groups, all unselected
/// unknowns in a and all selected ones in b. Both extremes are reached at once.
/// `None` if nobody is selected.
pub fn worst_impact_ratio(groups: &[GroupCounts], unselected: u64, selected: u64) -> Option<BigRational> {
    let pairs = groups.iter().enumerate().flat_map(|(i, a)| {
        groups.iter().enumerate().filter(move |(j, _)| *j != i).map(move |(_, b)| (a, b))
    });
    let ratio = |(a, b): (&GroupCounts, &GroupCounts)| {
        let low = share(a.selected, a.records + unselected)?;
        let high = share(b.selected + selected, b.records + selected)?;
        (!high.is_zero()).then(|| low / high)
    };
    pairs.filter_map(ratio).min()
}

/// The nearest 64-bit float, for display.
pub fn float(x: &BigRational) -> f64 {
    x.to_f64().expect("a fraction of counts is finite")
}

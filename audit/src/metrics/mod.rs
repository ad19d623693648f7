//! Rates and differences in exact fractions, for display and comparison.
//! spec: `audit.metrics`.
//!
//! Verdicts never come from here: they are decided in integers by
//! `circuits::attestation`, and proven. Names are those of Fairlearn, and of
//! AIF360 where Fairlearn has none.

mod interval;

pub use interval::{Interval, wilson};

use circuits::attestation::Counts;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

/// Share of favourable decisions, or `None` without records.
pub fn selection_rate(group: &Counts) -> Option<BigRational> {
    share(group.selected(), group.records())
}

/// Share of favourable decisions among favourable labels.
pub fn true_positive_rate(group: &Counts) -> Option<BigRational> {
    share(group.true_positives, group.positives())
}

/// Share of favourable decisions among unfavourable labels.
pub fn false_positive_rate(group: &Counts) -> Option<BigRational> {
    share(group.false_positives, group.negatives())
}

/// Share of favourable labels among favourable decisions.
pub fn precision(group: &Counts) -> Option<BigRational> {
    share(group.true_positives, group.selected())
}

/// Share of decisions that agree with the label.
pub fn accuracy(group: &Counts) -> Option<BigRational> {
    share(group.correct(), group.records())
}

/// Share of scores above the sample's median.
pub fn scoring_rate(group: &Counts) -> Option<BigRational> {
    share(group.above, group.records())
}

/// `part / whole`, or `None` if the whole is 0.
pub fn share(part: u64, whole: u64) -> Option<BigRational> {
    (whole != 0).then(|| BigRational::new(BigInt::from(part), BigInt::from(whole)))
}

/// A rate of a group.
pub type Rate = fn(&Counts) -> Option<BigRational>;

/// Greatest rate minus least; `None` if a group has none, or there is no group.
pub fn difference(groups: &[Counts], rate: Rate) -> Option<BigRational> {
    let (least, greatest) = extremes(groups, rate)?;
    Some(greatest - least)
}

/// Least rate over greatest; `None` also if the greatest is 0.
pub fn ratio(groups: &[Counts], rate: Rate) -> Option<BigRational> {
    let (least, greatest) = extremes(groups, rate)?;
    (!greatest.is_zero()).then(|| least / greatest)
}

fn extremes(groups: &[Counts], rate: Rate) -> Option<(BigRational, BigRational)> {
    let rates = groups.iter().map(rate).collect::<Option<Vec<_>>>()?;
    Some((rates.iter().min()?.clone(), rates.iter().max()?.clone()))
}

/// The greater of the differences of true and false positive rates.
pub fn equalized_odds_difference(groups: &[Counts]) -> Option<BigRational> {
    let true_positive = difference(groups, true_positive_rate)?;
    Some(true_positive.max(difference(groups, false_positive_rate)?))
}

/// Half the sum of the signed differences of both rates, a minus b (AIF360:
/// a is the unprivileged group).
pub fn average_odds_difference(a: &Counts, b: &Counts) -> Option<BigRational> {
    let (false_positive, true_positive) = odds(a, b)?;
    Some((false_positive + true_positive) / BigInt::from(2))
}

/// Half the sum of the absolute differences of both rates.
pub fn average_abs_odds_difference(a: &Counts, b: &Counts) -> Option<BigRational> {
    let (false_positive, true_positive) = odds(a, b)?;
    Some((false_positive.abs() + true_positive.abs()) / BigInt::from(2))
}

fn odds(a: &Counts, b: &Counts) -> Option<(BigRational, BigRational)> {
    let false_positive = false_positive_rate(a)? - false_positive_rate(b)?;
    Some((false_positive, true_positive_rate(a)? - true_positive_rate(b)?))
}

/// The square of the pooled two-proportion test's z; `None` if an expected
/// count is below 5, where the test does not apply.
pub fn two_proportion_z_squared(a: &Counts, b: &Counts) -> Option<BigRational> {
    let (all, selected) = (a.records() + b.records(), a.selected() + b.selected());
    let pooled = share(selected, all)?;
    let rest = share(all - selected, all)?;
    let number = |x: u64| BigRational::from_integer(BigInt::from(x));
    let expected = [a, b].into_iter().flat_map(|g| [&pooled, &rest].map(|p| number(g.records()) * p));
    if expected.min()? < number(5) {
        return None;
    }
    let difference = selection_rate(a)? - selection_rate(b)?;
    let variance = pooled * rest * (share(1, a.records())? + share(1, b.records())?);
    Some(&difference * &difference / variance)
}

/// The greatest average odds difference of any two groups.
pub fn greatest_average_odds_difference(groups: &[Counts]) -> Option<BigRational> {
    let sum = |group: &Counts| Some(false_positive_rate(group)? + true_positive_rate(group)?);
    Some(difference(groups, sum)? / BigInt::from(2))
}

/// The greatest squared z of any group against the one with the best
/// selection rate, the first of equals, among those that can be tested.
pub fn greatest_z_squared(groups: &[Counts]) -> Option<BigRational> {
    let rates = groups.iter().map(selection_rate).collect::<Option<Vec<_>>>()?;
    let best = rates.iter().position(|rate| Some(rate) == rates.iter().max())?;
    let others = groups.iter().enumerate().filter(|(group, _)| *group != best);
    others.filter_map(|(_, group)| two_proportion_z_squared(group, &groups[best])).max()
}

/// Records that may be in a group: their own group is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Unknown {
    /// With the favourable decision.
    pub selected: u64,
    /// The others.
    pub unselected: u64,
}

/// The least impact ratio that any assignment of the records with unknown
/// group gives: over every ordered pair (a, b) of groups, all unselected
/// unknowns in a and all selected ones in b. Both extremes are reached at once.
/// `None` if nobody is selected.
pub fn worst_impact_ratio(groups: &[(Counts, Unknown)]) -> Option<BigRational> {
    let pairs = groups
        .iter()
        .enumerate()
        .flat_map(|(i, a)| groups.iter().enumerate().filter(move |(j, _)| *j != i).map(move |(_, b)| (a, b)));
    let ratio = |((a, unknown_a), (b, unknown_b)): (&(Counts, Unknown), &(Counts, Unknown))| {
        let low = share(a.selected(), a.records() + unknown_a.unselected)?;
        let high = share(b.selected() + unknown_b.selected, b.records() + unknown_b.selected)?;
        (!high.is_zero()).then(|| low / high)
    };
    pairs.filter_map(ratio).min()
}

/// The nearest 64-bit float, for display.
pub fn float(x: &BigRational) -> f64 {
    x.to_f64().expect("a fraction of counts is finite")
}

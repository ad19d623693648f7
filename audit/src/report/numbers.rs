//! Numbers as readers see them.

use crate::metrics::{float, wilson};
use circuits::attestation::{Metric, Ratio, metric::Bound};
use num_rational::BigRational;

/// Shown where there is no number.
pub const NONE: &str = "–";

/// A count with thin groups of three digits: `12 345` with narrow spaces.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|chunk| std::str::from_utf8(chunk).expect("digits are ASCII"))
        .collect();
    groups.join("\u{202f}")
}

/// A share as percent with two decimals.
pub fn percent(x: Option<&BigRational>) -> String {
    x.map_or_else(|| NONE.into(), |x| format!("{:.2}\u{202f}%", float(x) * 100.0))
}

/// The 95 % interval of a share, in percent.
pub fn interval(part: u64, whole: u64) -> String {
    wilson(part, whole).map_or_else(
        || NONE.into(),
        |interval| format!("{:.1} to {:.1}\u{202f}%", interval.low * 100.0, interval.high * 100.0),
    )
}

/// A ratio with three decimals. A ratio below a bound is not shown as the
/// bound: 0.7996 stays 0.799.
pub fn ratio(x: Option<&BigRational>) -> String {
    x.map_or_else(|| NONE.into(), |x| format!("{:.3}", (float(x) * 1000.0).floor() / 1000.0))
}

/// What a check measured, in the unit of its threshold.
pub fn measured(metric: Metric, value: Option<&BigRational>) -> String {
    match (metric.bound(), value) {
        (_, None) => NONE.into(),
        (Bound::RatioAtLeast, value) => ratio(value),
        // A difference above a bound is not shown as the bound.
        (Bound::DifferenceAtMost, Some(x)) => format!("{:.3}", (float(x) * 1000.0).ceil() / 1000.0),
        (Bound::DeviationsAtMost, Some(square)) => format!("{:.2}", float(square).sqrt()),
    }
}

/// A threshold with its direction.
pub fn threshold(metric: Metric, bound: Ratio) -> String {
    let number = if bound.den == 1 { bound.num.to_string() } else { format!("{}/{}", bound.num, bound.den) };
    match metric.bound() {
        Bound::RatioAtLeast => format!("≥ {number}"),
        Bound::DifferenceAtMost => format!("≤ {number}"),
        Bound::DeviationsAtMost => format!("≤ {number} s.d."),
    }
}

/// A metric in words.
pub fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::ImpactRatio => "Impact ratio",
        Metric::DemographicParityDifference => "Demographic parity, difference",
        Metric::DemographicParityRatio => "Demographic parity, ratio",
        Metric::EqualOpportunityDifference => "Equal opportunity, difference",
        Metric::EqualizedOddsDifference => "Equalized odds, difference",
        Metric::AverageOddsDifference => "Average odds, difference",
        Metric::PredictiveParityDifference => "Predictive parity, difference",
        Metric::AccuracyDifference => "Accuracy, difference",
        Metric::TwoProportionTest => "Two-proportion test",
        Metric::ScoringImpactRatio => "Scoring rate, impact ratio",
        Metric::WorstCaseImpactRatio => "Impact ratio, worst case over unknowns",
    }
}

/// What a metric compares, for readers without a statistician.
pub fn explanation(metric: Metric) -> &'static str {
    match metric {
        Metric::ImpactRatio => "each group's selection rate over the highest one",
        Metric::DemographicParityDifference => "highest minus lowest selection rate",
        Metric::DemographicParityRatio => "lowest over highest selection rate",
        Metric::EqualOpportunityDifference => "highest minus lowest true-positive rate",
        Metric::EqualizedOddsDifference => "the greater of the gaps in true- and false-positive rates",
        Metric::AverageOddsDifference => "gap in the mean of true- and false-positive rate",
        Metric::PredictiveParityDifference => "highest minus lowest precision",
        Metric::AccuracyDifference => "highest minus lowest accuracy",
        Metric::TwoProportionTest => "standard deviations between a group and the one with the highest rate",
        Metric::ScoringImpactRatio => "share of scores above the median over the highest such share",
        Metric::WorstCaseImpactRatio => "impact ratio if the unknown groups were the least favourable ones",
    }
}

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
        |interval| format!("{:.1}–{:.1}\u{202f}%", interval.low * 100.0, interval.high * 100.0),
    )
}

/// A number with three decimals, rounded so that it stays on its side of a
/// bound: 0.7996 against 0.8 is shown as 0.799.
fn three_decimals(x: &BigRational, bound: Option<Ratio>) -> String {
    let thousand = BigRational::from_integer(1000.into());
    let scaled = x * &thousand;
    let nearest = scaled.round() / &thousand;
    let crosses = bound.is_some_and(|bound| {
        let bound = BigRational::new(bound.num.into(), bound.den.into());
        x.cmp(&bound) != nearest.cmp(&bound)
    });
    let shown = match (crosses, nearest > *x) {
        (false, _) => nearest,
        (true, true) => scaled.floor() / &thousand,
        (true, false) => scaled.ceil() / &thousand,
    };
    format!("{:.3}", float(&shown))
}

/// A ratio of rates, held against a bound.
pub fn ratio(x: Option<&BigRational>, bound: Ratio) -> String {
    x.map_or_else(|| NONE.into(), |x| three_decimals(x, Some(bound)))
}

/// What a check measured, in the unit of its threshold.
pub fn measured(metric: Metric, value: Option<&BigRational>, bound: Ratio) -> String {
    match (metric.bound(), value) {
        (_, None) => NONE.into(),
        (Bound::DeviationsAtMost, Some(square)) => format!("{:.2}", float(square).sqrt()),
        (_, Some(x)) => three_decimals(x, Some(bound)),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(num: i64, den: i64) -> String {
        ratio(Some(&BigRational::new(num.into(), den.into())), Ratio::new(4, 5))
    }

    #[test]
    fn a_rounded_ratio_stays_on_its_side_of_the_bound() {
        assert_eq!(shown(79_996, 100_000), "0.799");
        assert_eq!(shown(80_004, 100_000), "0.801");
        assert_eq!(shown(4, 5), "0.800");
        assert_eq!(shown(52_097, 100_000), "0.521");
        assert_eq!(shown(1, 1), "1.000");
    }

    #[test]
    fn counts_have_groups_of_three_digits() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(12), "12");
    }
}

//! Wilson's score interval, for display: it is proven nowhere.
//!
//! E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
//! Inference", Journal of the American Statistical Association 22 (1927).

/// The 97.5 % quantile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// An interval of shares, both from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 95 % interval of a share, or `None` without records.
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (n, p) = (precise(whole), precise(part) / precise(whole));
    let square = Z_95 * Z_95;
    let middle = (p + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z_95 / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    Some(Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
}

/// Exact below 2^53; counts of records are far below.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn precise(x: u64) -> f64 {
    x as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn intervals_are_those_of_scipy() {
        // scipy.stats.binomtest(part, whole).proportion_ci(method="wilson")
        let cases = [
            (1522, 3696, 0.396_029_368_003_860_24, 0.427_746_864_773_470_24),
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (10, 10, 0.722_467_200_137_110_7, 1.0),
        ];
        for (part, whole, low, high) in cases {
            let interval = wilson(part, whole).unwrap();
            assert!((interval.low - low).abs() < 1e-12, "{part}/{whole}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-12, "{part}/{whole}: {interval:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }
}

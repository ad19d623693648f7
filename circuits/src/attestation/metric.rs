//! The metrics, with the names that Fairlearn and AIF360 give them.
//! spec: `attestation.metrics`.

use std::{fmt, str::FromStr};

/// What a check compares. Over the compared groups of a view, with `best`
/// and `worst` the highest and lowest of the groups' rates:
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Selection rate over the best selection rate, each group: at least
    /// the threshold (four-fifths: 4/5). AIF360: `disparate_impact_ratio`.
    ImpactRatio,
    /// Best minus worst selection rate: at most the threshold. Fairlearn:
    /// `demographic_parity_difference`.
    DemographicParityDifference,
    /// Worst over best selection rate: at least the threshold. Fairlearn:
    /// `demographic_parity_ratio`.
    DemographicParityRatio,
    /// Best minus worst true-positive rate: at most the threshold.
    /// Fairlearn: `equal_opportunity_difference`.
    EqualOpportunityDifference,
    /// The larger of the differences of the true-positive and of the
    /// false-positive rates: at most the threshold. Fairlearn:
    /// `equalized_odds_difference`.
    EqualizedOddsDifference,
    /// Half the sum of true-positive and false-positive rate, best minus
    /// worst: at most the threshold. For each pair of groups this is the
    /// absolute value of AIF360's `average_odds_difference`.
    AverageOddsDifference,
    /// Best minus worst precision: at most the threshold. Fairlearn: the
    /// difference of `precision_score` in a `MetricFrame`.
    PredictiveParityDifference,
    /// Best minus worst accuracy: at most the threshold. Fairlearn: the
    /// difference of `accuracy_score` in a `MetricFrame`.
    AccuracyDifference,
    /// Each group's selection rate against the best one's: the pooled
    /// two-proportion z is at most the threshold in standard deviations
    /// (commonly 2).
    TwoProportionTest,
    /// Local Law 144 for scores: the share above the sample's median over
    /// the best such share, each group: at least the threshold.
    ScoringImpactRatio,
    /// The impact ratio of each group for the worst values that unknown
    /// group values can have: at least the threshold.
    WorstCaseImpactRatio,
}

impl Metric {
    /// Number of metrics.
    pub const COUNT: usize = 11;
    /// All metrics, in the order of the statement.
    pub const ALL: [Metric; Metric::COUNT] = [
        Metric::ImpactRatio,
        Metric::DemographicParityDifference,
        Metric::DemographicParityRatio,
        Metric::EqualOpportunityDifference,
        Metric::EqualizedOddsDifference,
        Metric::AverageOddsDifference,
        Metric::PredictiveParityDifference,
        Metric::AccuracyDifference,
        Metric::TwoProportionTest,
        Metric::ScoringImpactRatio,
        Metric::WorstCaseImpactRatio,
    ];

    /// The name in policies, reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::ImpactRatio => "impact_ratio",
            Metric::DemographicParityDifference => "demographic_parity_difference",
            Metric::DemographicParityRatio => "demographic_parity_ratio",
            Metric::EqualOpportunityDifference => "equal_opportunity_difference",
            Metric::EqualizedOddsDifference => "equalized_odds_difference",
            Metric::AverageOddsDifference => "average_odds_difference",
            Metric::PredictiveParityDifference => "predictive_parity_difference",
            Metric::AccuracyDifference => "accuracy_difference",
            Metric::TwoProportionTest => "two_proportion_test",
            Metric::ScoringImpactRatio => "scoring_impact_ratio",
            Metric::WorstCaseImpactRatio => "worst_case_impact_ratio",
        }
    }

    /// The place in [`Metric::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Metric::ImpactRatio => 0,
            Metric::DemographicParityDifference => 1,
            Metric::DemographicParityRatio => 2,
            Metric::EqualOpportunityDifference => 3,
            Metric::EqualizedOddsDifference => 4,
            Metric::AverageOddsDifference => 5,
            Metric::PredictiveParityDifference => 6,
            Metric::AccuracyDifference => 7,
            Metric::TwoProportionTest => 8,
            Metric::ScoringImpactRatio => 9,
            Metric::WorstCaseImpactRatio => 10,
        }
    }

    /// What its threshold bounds.
    pub const fn bound(self) -> Bound {
        match self {
            Metric::ImpactRatio
            | Metric::DemographicParityRatio
            | Metric::ScoringImpactRatio
            | Metric::WorstCaseImpactRatio => Bound::RatioAtLeast,
            Metric::TwoProportionTest => Bound::DeviationsAtMost,
            Metric::DemographicParityDifference
            | Metric::EqualOpportunityDifference
            | Metric::EqualizedOddsDifference
            | Metric::AverageOddsDifference
            | Metric::PredictiveParityDifference
            | Metric::AccuracyDifference => Bound::DifferenceAtMost,
        }
    }

    /// Whether it needs actual outcomes.
    pub const fn needs_labels(self) -> bool {
        matches!(
            self,
            Metric::EqualOpportunityDifference
                | Metric::EqualizedOddsDifference
                | Metric::AverageOddsDifference
                | Metric::PredictiveParityDifference
                | Metric::AccuracyDifference
        )
    }

    /// Whether it needs scores.
    pub const fn needs_scores(self) -> bool {
        matches!(self, Metric::ScoringImpactRatio)
    }

    /// Whether it also says which groups fail.
    pub const fn names_groups(self) -> bool {
        matches!(
            self,
            Metric::ImpactRatio
                | Metric::TwoProportionTest
                | Metric::ScoringImpactRatio
                | Metric::WorstCaseImpactRatio
        )
    }
}

/// What a threshold bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A ratio of rates, from below.
    RatioAtLeast,
    /// A difference of rates, from above.
    DifferenceAtMost,
    /// A number of standard deviations, from above.
    DeviationsAtMost,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no metric \"{0}\"; the metrics are {list}", list = Metric::ALL.map(Metric::name).join(", "))]
pub struct UnknownMetric(pub String);

impl FromStr for Metric {
    type Err = UnknownMetric;
    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        Metric::ALL.into_iter().find(|m| m.name() == name).ok_or_else(|| UnknownMetric(name.to_owned()))
    }
}

/// A rate whose groups may be left out for reasons of their own: its
/// denominator is below the minimum cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Base {
    /// Records n: selection, accuracy, scoring, worst case.
    Records,
    /// Favourable outcomes p: true-positive rate.
    Positives,
    /// Other outcomes n - p: false-positive rate.
    Negatives,
    /// Favourable decisions s: precision.
    Selected,
}

impl Base {
    /// All, in the order of the statement.
    pub const ALL: [Base; 4] = [Base::Records, Base::Positives, Base::Negatives, Base::Selected];

    /// Whether a metric divides by it.
    pub const fn serves(self, metric: Metric) -> bool {
        match self {
            Base::Records => true,
            Base::Positives => matches!(
                metric,
                Metric::EqualOpportunityDifference
                    | Metric::EqualizedOddsDifference
                    | Metric::AverageOddsDifference
            ),
            Base::Negatives => {
                matches!(metric, Metric::EqualizedOddsDifference | Metric::AverageOddsDifference)
            }
            Base::Selected => matches!(metric, Metric::PredictiveParityDifference),
        }
    }
}

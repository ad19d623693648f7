//! Tables of rates, from counts: what a dry run prints and a report shows.
//! spec: `audit.figures`.
//!
//! The counts are those of the records, or the ones that an attestation
//! discloses. Which groups are compared and what the verdicts are is taken
//! from the statement, never decided here.

use crate::{
    metrics::{self, Rate, Unknown, share},
    policy::Policy,
};
use circuits::attestation::{Base, Counts, GroupSet, Metric, View, ViewOutcome};
use num_rational::BigRational;
use num_traits::Zero;

/// All views of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// N: records of the sample.
    pub sample: u64,
    /// In the order of the policy.
    pub views: Vec<ViewFigures>,
}

/// One way to divide the records.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewFigures {
    /// Its groups.
    pub groups: Vec<GroupFigures>,
    /// What each check measured, in the order of the policy's checks; `None`
    /// where there is nothing to measure.
    pub measured: Vec<(Metric, Option<BigRational>)>,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupFigures {
    /// Its counts.
    pub counts: Counts,
    /// Records that may be in it.
    pub unknown: Unknown,
    /// Its share of the sample.
    pub share: Option<BigRational>,
    /// Whether it is compared.
    pub compared: bool,
    /// Selection rate over the best selection rate of the compared groups;
    /// `None` if it is not compared or the best is 0.
    pub impact_ratio: Option<BigRational>,
    /// The same with scoring rates.
    pub scoring_impact_ratio: Option<BigRational>,
}

impl Figures {
    /// From the counts of the policy's cells and the outcome of its views.
    pub fn new(policy: &Policy, cells: &[Counts], outcome: &[ViewOutcome]) -> Self {
        let sample =
            policy.numbers.sample.iter().filter_map(|cell| cells.get(cell)).map(Counts::records).sum();
        let views = policy.numbers.views.iter().zip(outcome);
        let views = views.map(|(view, outcome)| ViewFigures::new(view, cells, outcome, sample)).collect();
        Self { sample, views }
    }
}

impl ViewFigures {
    /// What a check measured.
    pub fn value(&self, metric: Metric) -> Option<&BigRational> {
        self.measured.iter().find(|(m, _)| *m == metric).and_then(|(_, value)| value.as_ref())
    }

    fn new(view: &View, cells: &[Counts], outcome: &ViewOutcome, sample: u64) -> Self {
        let groups = group_counts(view, cells);
        let compared = outcome.compared(Base::Records);
        let impact = ratios_to_best(&groups, compared, metrics::selection_rate);
        let scoring = ratios_to_best(&groups, compared, metrics::scoring_rate);
        let figures = groups.iter().zip(impact.into_iter().zip(scoring)).enumerate();
        let groups_out =
            figures.map(|(group, ((counts, unknown), (impact_ratio, scoring_impact_ratio)))| GroupFigures {
                counts: *counts,
                unknown: *unknown,
                share: share(counts.records(), sample),
                compared: compared.contains(group),
                impact_ratio,
                scoring_impact_ratio,
            });
        let measured = view.checks.iter().map(|metric| (*metric, measure(*metric, &groups, outcome)));
        Self { groups: groups_out.collect(), measured: measured.collect() }
    }
}

/// The known records of each group of a view, and the unknown ones that may
/// be in it.
fn group_counts(view: &View, cells: &[Counts]) -> Vec<(Counts, Unknown)> {
    let mut out = vec![(Counts::default(), Unknown::default()); view.groups];
    for (cell, counts) in cells.iter().enumerate() {
        if let Some(group) = view.known(cell) {
            out[group].0 += *counts;
        } else {
            for group in view.allowed(cell).iter() {
                out[group].1.selected += counts.selected();
                out[group].1.unselected += counts.unselected();
            }
        }
    }
    out
}

/// Each compared group's rate over the best one's.
fn ratios_to_best(groups: &[(Counts, Unknown)], compared: GroupSet, rate: Rate) -> Vec<Option<BigRational>> {
    let best = compared.iter().filter_map(|group| rate(&groups[group].0)).max();
    let best = best.filter(|best| !best.is_zero());
    let ratio = |(group, (counts, _)): (usize, &(Counts, Unknown))| {
        if compared.contains(group) { Some(rate(counts)? / best.as_ref()?) } else { None }
    };
    groups.iter().enumerate().map(ratio).collect()
}

/// The number that a threshold is held against.
fn measure(metric: Metric, groups: &[(Counts, Unknown)], outcome: &ViewOutcome) -> Option<BigRational> {
    let of = |set: GroupSet| set.iter().map(|group| groups[group].0).collect::<Vec<_>>();
    let compared = |base| of(outcome.compared(base));
    let records = compared(Base::Records);
    match metric {
        Metric::ImpactRatio | Metric::DemographicParityRatio => {
            metrics::ratio(&records, metrics::selection_rate)
        }
        Metric::ScoringImpactRatio => metrics::ratio(&records, metrics::scoring_rate),
        Metric::DemographicParityDifference => metrics::difference(&records, metrics::selection_rate),
        Metric::AccuracyDifference => metrics::difference(&records, metrics::accuracy),
        Metric::EqualOpportunityDifference => {
            metrics::difference(&compared(Base::Positives), metrics::true_positive_rate)
        }
        Metric::PredictiveParityDifference => {
            metrics::difference(&compared(Base::Selected), metrics::precision)
        }
        Metric::EqualizedOddsDifference => {
            let positive = metrics::difference(&compared(Base::Positives), metrics::true_positive_rate)?;
            let negative = metrics::difference(&compared(Base::Negatives), metrics::false_positive_rate)?;
            Some(positive.max(negative))
        }
        Metric::AverageOddsDifference => {
            let both = outcome.compared(Base::Positives).and(outcome.compared(Base::Negatives));
            metrics::greatest_average_odds_difference(&of(both))
        }
        Metric::TwoProportionTest => metrics::greatest_z_squared(&records),
        Metric::WorstCaseImpactRatio => {
            let set = outcome.compared(Base::Records);
            metrics::worst_impact_ratio(&set.iter().map(|group| groups[group]).collect::<Vec<_>>())
        }
    }
}

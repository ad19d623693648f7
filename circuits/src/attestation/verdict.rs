//! What an attestation says. spec: `attestation.verdicts`.

use super::{
    GroupSet,
    metric::{Base, Metric},
};
use std::fmt;

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Verdict {
    /// The threshold is met.
    Pass,
    /// It is not.
    Fail,
    /// The records do not allow a statement: fewer than two groups are
    /// compared, or the best rate is zero, or expected counts are below 5.
    #[default]
    NotAssessable,
}

impl Verdict {
    /// The name in reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::NotAssessable => "not_assessable",
        }
    }

    /// The number in the statement; 0 stands for a check not asked for.
    pub const fn code(self) -> u64 {
        match self {
            Verdict::Pass => 1,
            Verdict::Fail => 2,
            Verdict::NotAssessable => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is said about one view.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ViewOutcome {
    /// Records that are in no group of the view.
    pub unknown: u64,
    /// Groups that are compared, by the rate's denominator, in the order of
    /// [`Base::ALL`]. Empty where no check needs it.
    pub compared: [GroupSet; 4],
    /// In the order of [`Metric::ALL`]; `None` where not asked for.
    pub verdicts: [Option<Verdict>; Metric::COUNT],
    /// The groups that fail, for the metrics that name groups; empty for
    /// the others, and where the verdict is not [`Verdict::Fail`].
    pub failing: [GroupSet; Metric::COUNT],
    /// Compared groups that the two-proportion test cannot assess against
    /// the best one: an expected count is below 5.
    pub unassessed: GroupSet,
}

impl ViewOutcome {
    /// The verdict on a metric, if asked for.
    pub fn verdict(&self, metric: Metric) -> Option<Verdict> {
        self.verdicts[metric.index()]
    }

    /// See [`ViewOutcome::failing`].
    pub fn failing(&self, metric: Metric) -> GroupSet {
        self.failing[metric.index()]
    }

    /// See [`ViewOutcome::compared`].
    pub fn compared(&self, base: Base) -> GroupSet {
        let at = Base::ALL.iter().position(|b| *b == base);
        at.map(|at| self.compared[at]).unwrap_or_default()
    }
}

impl ViewOutcome {
    /// Whether only metrics that name groups have failing ones, so that the
    /// public inputs say everything that this says.
    pub(super) fn names_groups_in_order(&self) -> bool {
        Metric::ALL.into_iter().all(|m| m.names_groups() || self.failing(m).is_empty())
    }
}

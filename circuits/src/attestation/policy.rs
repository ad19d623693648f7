//! The policy as the circuit sees it: numbers only. Names, and which columns
//! and values of a file are meant, are in the policy and mapping files.
//! spec: `attestation.policy`.

use super::{CellSet, GroupSet, MAX_CELLS, Metric, metric::Bound};

/// Most groups of a view.
pub const MAX_GROUPS: usize = 16;
/// Most views of a policy.
pub const MAX_VIEWS: usize = 3;
/// Bits of both numbers of a [`Ratio`].
pub const RATIO_BITS: usize = 16;

/// A positive fraction; not reduced, since both numbers are public as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// Numerator.
    pub num: u16,
    /// Denominator, not zero in a valid policy.
    pub den: u16,
}

impl Ratio {
    /// `num / den`
    pub const fn new(num: u16, den: u16) -> Self {
        Self { num, den }
    }

    /// Whether it is at most 1.
    pub const fn is_at_most_one(self) -> bool {
        self.num <= self.den
    }
}

/// One way to divide the records into groups, and what is checked on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Number of groups.
    pub groups: usize,
    /// For each cell of the policy the groups that its records may belong
    /// to. One group: the records are known to be in it. Two or more: their
    /// group is unknown, and is one of these. None: the records take no part
    /// in the view. spec: `attestation.views`
    pub allowed: Vec<GroupSet>,
    /// Groups that the policy leaves out of every comparison by name.
    pub excluded: GroupSet,
    /// The checks asked for, without repetition.
    pub checks: Vec<Metric>,
}

impl View {
    /// The group that the records of a cell are known to be in.
    pub fn known(&self, cell: usize) -> Option<usize> {
        let allowed = self.allowed(cell);
        if allowed.len() == 1 { allowed.iter().next() } else { None }
    }

    /// See [`View::allowed`]; empty beyond the policy's cells.
    pub fn allowed(&self, cell: usize) -> GroupSet {
        self.allowed.get(cell).copied().unwrap_or_default()
    }

    /// Whether a check is asked for.
    pub fn checks(&self, metric: Metric) -> bool {
        self.checks.contains(&metric)
    }
}

/// What becomes public beside verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// The counts of every cell, if each cell that has records has at least
    /// this many.
    Table {
        /// At least 1.
        minimum: u32,
    },
    /// No counts but the number of records and of unknowns.
    VerdictsOnly,
}

/// What an attestation is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Group cells in use: a layout may have more, and no record in them.
    pub cells: usize,
    /// Cells whose records are the **sample**: the whole against which
    /// minimum shares are measured, and whose median splits the scores.
    pub sample: CellSet,
    /// Groups whose denominator is below this are not compared; at least 1.
    pub minimum_cell: u32,
    /// Groups below this share of the sample are not compared (Local Law
    /// 144: 2/100). 0/1 compares all.
    pub minimum_share: Ratio,
    /// The threshold of each metric, in the order of [`Metric::ALL`].
    pub thresholds: [Ratio; Metric::COUNT],
    /// Sex, race, their intersections, for instance.
    pub views: Vec<View>,
    /// What becomes public.
    pub disclosure: Disclosure,
}

/// Why a policy cannot be attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Cells.
    #[error("a policy has 1 to {MAX_CELLS} group cells, not {0}")]
    Cells(usize),
    /// The sample has no cells, or cells that the policy does not have.
    #[error("the sample must name at least one of the policy's cells, and no others")]
    Sample,
    /// A minimum cell of 0 would let a group without records pass (A58).
    #[error("the minimum cell must be 1 to 16,777,215, not {0}")]
    MinimumCell(u32),
    /// A share above 1, or with denominator 0.
    #[error("the minimum share must be a fraction from 0 to 1, not {}/{}", .0.num, .0.den)]
    MinimumShare(Ratio),
    /// A threshold that everybody or nobody meets.
    #[error("the threshold of {metric} cannot be {}/{}: {}", threshold.num, threshold.den, wanted(*metric))]
    Threshold {
        /// Of this metric.
        metric: Metric,
        /// Given.
        threshold: Ratio,
    },
    /// Number of views.
    #[error("a policy has 1 to {MAX_VIEWS} views, not {0}")]
    Views(usize),
    /// Number of groups.
    #[error("view {view} (from 0) has {found} groups; a view has 2 to {MAX_GROUPS}")]
    Groups {
        /// The view.
        view: usize,
        /// Given.
        found: usize,
    },
    /// Not one set of groups for each cell.
    #[error(
        "view {view} (from 0) must say for each of the policy's {cells} cells which groups it may belong to"
    )]
    Allowed {
        /// The view.
        view: usize,
        /// Of the policy.
        cells: usize,
    },
    /// A group that the view does not have.
    #[error("view {view} (from 0) names a group that it does not have")]
    NoSuchGroup {
        /// The view.
        view: usize,
    },
    /// The same check twice, or none.
    #[error("view {view} (from 0) must ask for at least one check, and for none twice")]
    Checks {
        /// The view.
        view: usize,
    },
    /// The median is that of the sample: a group with records outside of it
    /// would be measured against the median of others.
    #[error(
        "view {view} (from 0) checks scores, and its cell {cell} belongs to a group but not to the sample; \
         take the cell into the sample or out of the view"
    )]
    OutsideSample {
        /// The view.
        view: usize,
        /// The cell.
        cell: usize,
    },
    /// A minimum of 0 for publication.
    #[error("the minimum of a disclosed cell must be at least 1")]
    Disclosure,
}

fn wanted(metric: Metric) -> &'static str {
    match metric.bound() {
        Bound::RatioAtLeast => "a ratio above 0 and at most 1 is needed, for instance 4/5",
        Bound::DifferenceAtMost => "a difference from 0 to 1 is needed, for instance 1/10",
        Bound::DeviationsAtMost => "a number of standard deviations above 0 is needed, for instance 2/1",
    }
}

impl Policy {
    /// Checks all rules of a policy. The circuit proves for any numbers;
    /// whoever verifies must refuse a policy that these rules refuse.
    ///
    /// # Errors
    /// The first rule that is broken. spec: `attestation.policy_rules`
    pub fn validate(&self) -> Result<(), InvalidPolicy> {
        if !(1..=MAX_CELLS).contains(&self.cells) {
            return Err(InvalidPolicy::Cells(self.cells));
        }
        if self.sample.is_empty() || !self.sample.is_below(self.cells) {
            return Err(InvalidPolicy::Sample);
        }
        if !(1..1 << super::COUNT_BITS).contains(&self.minimum_cell) {
            return Err(InvalidPolicy::MinimumCell(self.minimum_cell));
        }
        if self.minimum_share.den == 0 || !self.minimum_share.is_at_most_one() {
            return Err(InvalidPolicy::MinimumShare(self.minimum_share));
        }
        if self.disclosure == (Disclosure::Table { minimum: 0 }) {
            return Err(InvalidPolicy::Disclosure);
        }
        Metric::ALL.into_iter().try_for_each(|metric| self.validate_threshold(metric))?;
        if !(1..=MAX_VIEWS).contains(&self.views.len()) {
            return Err(InvalidPolicy::Views(self.views.len()));
        }
        (0..self.views.len()).try_for_each(|view| self.validate_view(view))
    }

    /// The threshold of a metric.
    pub fn threshold(&self, metric: Metric) -> Ratio {
        self.thresholds[metric.index()]
    }

    fn validate_threshold(&self, metric: Metric) -> Result<(), InvalidPolicy> {
        let threshold = self.threshold(metric);
        let fits = match metric.bound() {
            Bound::RatioAtLeast => threshold.num > 0 && threshold.is_at_most_one(),
            Bound::DifferenceAtMost => threshold.is_at_most_one(),
            Bound::DeviationsAtMost => threshold.num > 0,
        };
        if fits && threshold.den > 0 { Ok(()) } else { Err(InvalidPolicy::Threshold { metric, threshold }) }
    }

    fn validate_view(&self, view: usize) -> Result<(), InvalidPolicy> {
        let it = &self.views[view];
        if !(2..=MAX_GROUPS).contains(&it.groups) {
            return Err(InvalidPolicy::Groups { view, found: it.groups });
        }
        if it.allowed.len() != self.cells {
            return Err(InvalidPolicy::Allowed { view, cells: self.cells });
        }
        if !it.allowed.iter().chain([&it.excluded]).all(|set| set.is_below(it.groups)) {
            return Err(InvalidPolicy::NoSuchGroup { view });
        }
        let repeated = (1..it.checks.len()).any(|i| it.checks[..i].contains(&it.checks[i]));
        if it.checks.is_empty() || repeated {
            return Err(InvalidPolicy::Checks { view });
        }
        let outside = |cell: &usize| it.known(*cell).is_some() && !self.sample.contains(*cell);
        match (0..self.cells).find(outside) {
            Some(cell) if it.checks.iter().any(|m| m.needs_scores()) => {
                Err(InvalidPolicy::OutsideSample { view, cell })
            }
            _ => Ok(()),
        }
    }
}

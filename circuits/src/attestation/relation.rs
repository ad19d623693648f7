//! The conditions in plain Rust: exact integers, no proof system.

use super::{
    Counts, Disclosed, GroupSet, Policy, Statement, Table, Verdict, View, ViewOutcome, Witness,
    metric::{Base, Metric},
};

/// The condition that does not hold. T2 defines the table and cannot fail
/// by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsatisfied {
    /// The statement has no circuit.
    #[error(
        "policy, outcomes and disclosed table must have the form that the shape asks for; \
         make the statement from policy and table"
    )]
    Form,
    /// T1
    #[error("T1: the records are not as many as stated, or do not fit the shape, or one has no code")]
    Records,
    /// T1: they would count for n, and for nothing else.
    #[error(
        "T1: {found} records are in group cell {cell} (from 0), which the policy does not have; code the \
         records with the policy's cells"
    )]
    Cell {
        /// The cell.
        cell: usize,
        /// Its records.
        found: u64,
    },
    /// T3
    #[error("T3: the sample is empty; the policy's sample must cover cells that have records")]
    Sample,
    /// T4
    #[error("T4: view {view} (from 0) states another number of unknowns than the records give")]
    Unknown {
        /// The view.
        view: usize,
    },
    /// T5
    #[error("T5: view {view} (from 0) states other compared groups than the records give")]
    Compared {
        /// The view.
        view: usize,
    },
    /// T6
    #[error("T6: view {view} (from 0) states another verdict on {metric} than the records give")]
    Verdict {
        /// The view.
        view: usize,
        /// The metric.
        metric: Metric,
    },
    /// T7
    #[error("T7: view {view} (from 0) names other groups for {metric} than the records give")]
    Groups {
        /// The view.
        view: usize,
        /// The metric.
        metric: Metric,
    },
    /// T8
    #[error("T8: the disclosed table is not that of the records, or is disclosed against the policy")]
    Disclosed,
}

/// The policy's sample has no records: nothing can be attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no record is in the policy's sample")]
pub struct EmptySample;

/// Checks T1 to T8.
///
/// # Errors
/// The first condition that does not hold.
pub fn check(statement: &Statement, witness: &Witness) -> Result<(), Unsatisfied> {
    if !statement.has_form() {
        return Err(Unsatisfied::Form);
    }
    let policy = &statement.policy;
    let table = records(statement, witness).ok_or(Unsatisfied::Records)?;
    if let Some((cell, found)) = stray(policy, &table) {
        return Err(Unsatisfied::Cell { cell, found });
    }
    let edge = edge(policy, &table).ok_or(Unsatisfied::Sample)?;
    for (view, (stated, it)) in statement.outcome.iter().zip(&policy.views).enumerate() {
        same_outcome(view, stated, &outcome(policy, it, &cells(&table, edge), sample_size(policy, &table)))?;
    }
    let expected = Disclosed::of(policy, &table, edge);
    if statement.disclosed == expected { Ok(()) } else { Err(Unsatisfied::Disclosed) }
}

/// The outcome of every view of a policy.
///
/// # Errors
/// [`EmptySample`].
pub fn verdicts(policy: &Policy, table: &Table) -> Result<Vec<ViewOutcome>, EmptySample> {
    let edge = edge(policy, table).ok_or(EmptySample)?;
    let (cells, size) = (cells(table, edge), sample_size(policy, table));
    Ok(policy.views.iter().map(|view| outcome(policy, view, &cells, size)).collect())
}

/// T1 and T2, spec: `attestation.t1`, `attestation.t2`
fn records(statement: &Statement, witness: &Witness) -> Option<Table> {
    let table = Table::new(statement.shape.layout(), &witness.codes).ok()?;
    let n = table.records();
    (n == statement.records && n <= statement.shape.capacity()).then_some(table)
}

/// The first cell that the policy does not have and that has records, with
/// their number. spec: `attestation.t1`
pub fn stray(policy: &Policy, table: &Table) -> Option<(usize, u64)> {
    let cells = (policy.cells..table.layout().cells()).map(|cell| (cell, table.counts(cell, 0).records()));
    cells.into_iter().find(|(_, found)| *found > 0)
}

/// N, spec: `attestation.t3`
pub fn sample_size(policy: &Policy, table: &Table) -> u64 {
    policy.sample.iter().map(|cell| table.counts(cell, 0).records()).sum()
}

/// The edge e: the highest bin that is not above the median of the sample's
/// scores, or `None` for an empty sample. With A(e) the sample's records in
/// bins >= e, it is the one bin with `2 A(e+1) <= N < 2 A(e)`: the lower
/// middle score. For N odd that is the median. For N even, no record of the
/// sample lies between the two middle scores, so that a score is above their
/// mean exactly if it is above the lower one. spec: `attestation.t3`
pub fn edge(policy: &Policy, table: &Table) -> Option<usize> {
    let mut bins = vec![0; table.layout().bins()];
    for (code, record) in table.layout().records().filter(|(_, r)| policy.sample.contains(r.cell)) {
        bins[record.bin] += table.count(code);
    }
    let size: u64 = bins.iter().sum();
    // A(b), for b from 0 to the number of bins.
    let mut from: Vec<u64> = bins.iter().rev().scan(0, |sum, count| (*sum += count, Some(*sum)).1).collect();
    from.reverse();
    from.push(0);
    (0..bins.len()).find(|e| 2 * from[e + 1] <= size && size < 2 * from[*e])
}

/// The counts of all cells.
fn cells(table: &Table, edge: usize) -> Vec<Counts> {
    (0..table.layout().cells()).map(|cell| table.counts(cell, edge)).collect()
}

/// A group's counts, and the unknowns that may be in it.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    known: Counts,
    /// u1: selected unknowns.
    unknown_selected: u64,
    /// u0: other unknowns.
    unknown_unselected: u64,
}

fn groups(view: &View, cells: &[Counts]) -> Vec<Group> {
    let mut out = vec![Group::default(); view.groups];
    for (cell, counts) in cells.iter().enumerate() {
        if let Some(group) = view.known(cell) {
            out[group].known += *counts;
        } else {
            for group in view.allowed(cell).iter() {
                out[group].unknown_selected += counts.selected();
                out[group].unknown_unselected += counts.unselected();
            }
        }
    }
    out
}

/// A fraction `x / y`. Counts are below 2^24, so x and y are below 2^49
/// (the sum of two rates) and cross products below 2^98.
#[derive(Clone, Copy, Debug)]
struct Rate {
    x: u128,
    y: u128,
}

impl Rate {
    fn new(x: u64, y: u64) -> Self {
        Self { x: u128::from(x), y: u128::from(y) }
    }

    fn exceeds(self, other: Rate) -> bool {
        self.x * other.y > other.x * self.y
    }
}

/// The highest and the lowest of the compared rates, the first of equals.
#[derive(Clone, Copy, Debug)]
struct Extremes {
    best: (usize, Rate),
    worst: (usize, Rate),
}

/// `None` if fewer than two groups are compared.
fn extremes(rates: &[Rate], compared: GroupSet) -> Option<Extremes> {
    if compared.len() < 2 {
        return None;
    }
    let mut groups = compared.iter().map(|g| (g, rates[g]));
    let first = groups.next()?;
    let (mut best, mut worst) = (first, first);
    for group in groups {
        best = if group.1.exceeds(best.1) { group } else { best };
        worst = if worst.1.exceeds(group.1) { group } else { worst };
    }
    Some(Extremes { best, worst })
}

/// What the checks of a view look at.
struct Facts<'a> {
    policy: &'a Policy,
    groups: Vec<Group>,
    compared: [GroupSet; 4],
}

impl Facts<'_> {
    fn compared(&self, base: Base) -> GroupSet {
        match base {
            Base::Records => self.compared[0],
            Base::Positives => self.compared[1],
            Base::Negatives => self.compared[2],
            Base::Selected => self.compared[3],
        }
    }

    fn rates(&self, rate: impl Fn(&Counts) -> Rate) -> Vec<Rate> {
        self.groups.iter().map(|group| rate(&group.known)).collect()
    }
}

/// T4 to T7 for one view.
fn outcome(policy: &Policy, view: &View, cells: &[Counts], sample: u64) -> ViewOutcome {
    let groups = groups(view, cells);
    let compared = compared(policy, view, &groups, sample);
    let facts = Facts { policy, groups, compared };
    let mut out = ViewOutcome { unknown: unknown(view, cells), ..ViewOutcome::default() };
    for (at, base) in Base::ALL.into_iter().enumerate() {
        let asked = base == Base::Records || view.checks.iter().any(|m| base.serves(*m));
        out.compared[at] = if asked { compared[at] } else { GroupSet::EMPTY };
    }
    for metric in view.checks.iter().copied() {
        let finding = facts.check(metric);
        out.verdicts[metric.index()] = Some(finding.verdict);
        out.failing[metric.index()] = finding.failing;
        if metric == Metric::TwoProportionTest {
            out.unassessed = finding.unassessed;
        }
    }
    out
}

/// T4, spec: `attestation.t4`
fn unknown(view: &View, cells: &[Counts]) -> u64 {
    let in_none = cells.iter().enumerate().filter(|(cell, _)| view.known(*cell).is_none());
    in_none.map(|(_, counts)| counts.records()).sum()
}

/// T5, spec: `attestation.t5`
fn compared(policy: &Policy, view: &View, groups: &[Group], sample: u64) -> [GroupSet; 4] {
    let minimum = u64::from(policy.minimum_cell);
    let large = |y: fn(&Counts) -> u64| -> GroupSet {
        (0..groups.len()).filter(|g| y(&groups[*g].known) >= minimum).collect()
    };
    let share = |g: &usize| {
        let (num, den) = (policy.minimum_share.num, policy.minimum_share.den);
        groups[*g].known.records() * u64::from(den) >= sample * u64::from(num)
    };
    let wanted: GroupSet = (0..groups.len()).filter(|g| !view.excluded.contains(*g)).filter(share).collect();
    let compared = wanted.and(large(Counts::records));
    [Counts::positives, Counts::negatives, Counts::selected]
        .map(|y| compared.and(large(y)))
        .into_iter()
        .zip(1..)
        .fold([compared; 4], |mut out, (set, at)| {
            out[at] = set;
            out
        })
}

/// A verdict, the groups that fail and the groups without a test.
#[derive(Clone, Copy, Debug, Default)]
struct Finding {
    verdict: Verdict,
    failing: GroupSet,
    unassessed: GroupSet,
}

impl Finding {
    fn of(passes: bool) -> Self {
        let verdict = if passes { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, ..Self::default() }
    }

    fn of_groups(failing: GroupSet) -> Self {
        Self { failing, ..Self::of(failing.is_empty()) }
    }
}

impl Facts<'_> {
    /// T6 and T7, spec: `attestation.t6`, `attestation.t7`
    fn check(&self, metric: Metric) -> Finding {
        match metric {
            Metric::ImpactRatio => self.impact_ratio(metric, selection),
            Metric::ScoringImpactRatio => self.impact_ratio(metric, scoring),
            Metric::DemographicParityRatio => self.parity_ratio(),
            Metric::DemographicParityDifference => self.difference(metric, Base::Records, selection),
            Metric::EqualOpportunityDifference => self.difference(metric, Base::Positives, true_positive),
            Metric::PredictiveParityDifference => self.difference(metric, Base::Selected, precision),
            Metric::AccuracyDifference => self.difference(metric, Base::Records, accuracy),
            Metric::EqualizedOddsDifference => self.equalized_odds(),
            Metric::AverageOddsDifference => self.average_odds(),
            Metric::TwoProportionTest => self.two_proportions(),
            Metric::WorstCaseImpactRatio => self.worst_case(),
        }
    }

    /// `den x_a y_b >= num x_b y_a` for every compared group a.
    fn impact_ratio(&self, metric: Metric, rate: fn(&Counts) -> Rate) -> Finding {
        let (rates, compared) = (self.rates(rate), self.compared(Base::Records));
        match extremes(&rates, compared) {
            Some(Extremes { best: (_, best), .. }) if best.x > 0 => {
                let fails = |a: &usize| !self.ratio_holds(metric, rates[*a], best);
                Finding::of_groups(compared.iter().filter(fails).collect())
            }
            _ => Finding::default(),
        }
    }

    /// `den x_w y_b >= num x_b y_w`
    fn parity_ratio(&self) -> Finding {
        match extremes(&self.rates(selection), self.compared(Base::Records)) {
            Some(Extremes { best: (_, best), worst: (_, worst) }) if best.x > 0 => {
                Finding::of(self.ratio_holds(Metric::DemographicParityRatio, worst, best))
            }
            _ => Finding::default(),
        }
    }

    fn ratio_holds(&self, metric: Metric, a: Rate, best: Rate) -> bool {
        let (num, den) = self.threshold(metric);
        den * a.x * best.y >= num * best.x * a.y
    }

    /// `den (x_b y_w - x_w y_b) <= num y_b y_w`
    fn difference(&self, metric: Metric, base: Base, rate: fn(&Counts) -> Rate) -> Finding {
        match extremes(&self.rates(rate), self.compared(base)) {
            Some(e) if e.best.1.x > 0 => Finding::of(self.difference_holds(metric, e, 1)),
            _ => Finding::default(),
        }
    }

    /// The difference, divided by `parts`, is at most the threshold.
    fn difference_holds(&self, metric: Metric, e: Extremes, parts: u128) -> bool {
        let (num, den) = self.threshold(metric);
        let (best, worst) = (e.best.1, e.worst.1);
        // best >= worst, so this cannot be negative.
        den * (best.x * worst.y - worst.x * best.y) <= parts * num * best.y * worst.y
    }

    /// Fails if one of the two rates does, passes if both do. A best
    /// false-positive rate of zero is the ideal, and can be assessed.
    fn equalized_odds(&self) -> Finding {
        let metric = Metric::EqualizedOddsDifference;
        let positive = self.difference(metric, Base::Positives, true_positive).verdict;
        let negative = extremes(&self.rates(false_positive), self.compared(Base::Negatives))
            .map_or_else(Finding::default, |e| Finding::of(self.difference_holds(metric, e, 1)))
            .verdict;
        match (positive, negative) {
            (Verdict::Fail, _) | (_, Verdict::Fail) => Finding::of(false),
            (Verdict::Pass, Verdict::Pass) => Finding::of(true),
            _ => Finding::default(),
        }
    }

    /// With `h = TP/p + FP/(n-p) = (TP (n-p) + FP p) / (p (n-p))`:
    /// `h_b - h_w <= 2 num / den`.
    fn average_odds(&self) -> Finding {
        let compared = self.compared(Base::Positives).and(self.compared(Base::Negatives));
        match extremes(&self.rates(odds), compared) {
            Some(e) if e.best.1.x > 0 => {
                Finding::of(self.difference_holds(Metric::AverageOddsDifference, e, 2))
            }
            _ => Finding::default(),
        }
    }

    /// For every compared group a but the best one, b, if all expected
    /// counts of the two are at least 5: with `n = n_a + n_b`,
    /// `s = s_a + s_b`, fails if
    /// `den^2 (s_a n_b - s_b n_a)^2 n > num^2 n_a n_b s (n - s)`.
    fn two_proportions(&self) -> Finding {
        let compared = self.compared(Base::Records);
        let Some(Extremes { best: (b, _), .. }) = extremes(&self.rates(selection), compared) else {
            return Finding::default();
        };
        let best = self.groups[b].known;
        let others = || compared.iter().filter(|a| *a != b);
        let expected = |a: usize| expected_counts_suffice(self.groups[a].known, best);
        let unassessed: GroupSet = others().filter(|a| !expected(*a)).collect();
        let assessed = || others().filter(|a| !unassessed.contains(*a));
        if assessed().next().is_none() {
            return Finding { unassessed, ..Finding::default() };
        }
        let differs = |a: &usize| self.differs_significantly(self.groups[*a].known, best);
        Finding { unassessed, ..Finding::of_groups(assessed().filter(differs).collect()) }
    }

    fn differs_significantly(&self, a: Counts, b: Counts) -> bool {
        let threshold = self.policy.threshold(Metric::TwoProportionTest);
        let square = |v: u16| u64::from(v) * u64::from(v);
        let cross = |x: u64, y: u64| u128::from(x) * u128::from(y);
        let (n, s) = (a.records() + b.records(), a.selected() + b.selected());
        let d = cross(a.selected(), b.records()).abs_diff(cross(b.selected(), a.records()));
        // d < 2^48, n < 2^25, den^2 < 2^32; n_a n_b < 2^48, s (n-s) < 2^50.
        let left = wide_product(d * d, n * square(threshold.den));
        let right = wide_product(cross(a.records(), b.records()) * cross(s, n - s), square(threshold.num));
        left > right
    }

    /// For every pair (a, b): `s_a / (n_a + u0_a)` over
    /// `(s_b + u1_b) / (n_b + u1_b)`. Both are reached at once: unselected
    /// unknowns go to a, selected ones to b. The highest upper rate decides
    /// for all groups but its own, for which the second highest does.
    fn worst_case(&self) -> Finding {
        let metric = Metric::WorstCaseImpactRatio;
        let compared = self.compared(Base::Records);
        let upper: Vec<Rate> = self.groups.iter().map(Group::upper).collect();
        let Some(Extremes { best: (b, best), .. }) = extremes(&upper, compared) else {
            return Finding::default();
        };
        if best.x == 0 {
            return Finding::default();
        }
        let rivals = compared.iter().filter(|a| *a != b).map(|a| upper[a]);
        let second = rivals.reduce(|m, r| if r.exceeds(m) { r } else { m }).unwrap_or(best);
        let reference = |a: usize| if a == b { second } else { best };
        let fails = |a: &usize| !self.ratio_holds(metric, self.groups[*a].lower(), reference(*a));
        Finding::of_groups(compared.iter().filter(fails).collect())
    }

    fn threshold(&self, metric: Metric) -> (u128, u128) {
        let ratio = self.policy.threshold(metric);
        (u128::from(ratio.num), u128::from(ratio.den))
    }
}

impl Group {
    /// The lowest selection rate that the unknowns leave possible.
    fn lower(&self) -> Rate {
        Rate::new(self.known.selected(), self.known.records() + self.unknown_unselected)
    }

    /// The highest.
    fn upper(&self) -> Rate {
        let selected = self.known.selected() + self.unknown_selected;
        Rate::new(selected, self.known.records() + self.unknown_selected)
    }
}

fn selection(c: &Counts) -> Rate {
    Rate::new(c.selected(), c.records())
}

fn scoring(c: &Counts) -> Rate {
    Rate::new(c.above, c.records())
}

fn true_positive(c: &Counts) -> Rate {
    Rate::new(c.true_positives, c.positives())
}

fn false_positive(c: &Counts) -> Rate {
    Rate::new(c.false_positives, c.negatives())
}

fn precision(c: &Counts) -> Rate {
    Rate::new(c.true_positives, c.selected())
}

fn accuracy(c: &Counts) -> Rate {
    Rate::new(c.correct(), c.records())
}

fn odds(c: &Counts) -> Rate {
    let (p, q) = (c.positives(), c.negatives());
    Rate::new(c.true_positives * q + c.false_positives * p, p * q)
}

/// The least expected count of the pooled two-by-two table that allows the
/// normal approximation.
pub const LEAST_EXPECTED: u64 = 5;

/// `min(n_a, n_b) min(s, n - s) >= 5 n`
fn expected_counts_suffice(a: Counts, b: Counts) -> bool {
    let (n, s) = (a.records() + b.records(), a.selected() + b.selected());
    a.records().min(b.records()) * s.min(n - s) >= LEAST_EXPECTED * n
}

/// `a b` as (high, low) 128-bit halves.
fn wide_product(a: u128, b: u64) -> (u128, u128) {
    let b = u128::from(b);
    let (high, low) = ((a >> 64) * b, (a & u128::from(u64::MAX)) * b);
    let (sum, carry) = (high << 64).overflowing_add(low);
    ((high >> 64) + u128::from(carry), sum)
}

/// T4 to T7: the stated outcome of a view is that of the records.
fn same_outcome(view: usize, stated: &ViewOutcome, actual: &ViewOutcome) -> Result<(), Unsatisfied> {
    if stated.unknown != actual.unknown {
        return Err(Unsatisfied::Unknown { view });
    }
    if stated.compared != actual.compared {
        return Err(Unsatisfied::Compared { view });
    }
    let differs = |same: fn(&ViewOutcome, &ViewOutcome, usize) -> bool| {
        Metric::ALL.into_iter().find(|metric| !same(stated, actual, metric.index()))
    };
    if let Some(metric) = differs(|a, b, i| a.verdicts[i] == b.verdicts[i]) {
        return Err(Unsatisfied::Verdict { view, metric });
    }
    if let Some(metric) = differs(|a, b, i| a.failing[i] == b.failing[i]) {
        return Err(Unsatisfied::Groups { view, metric });
    }
    if stated.unassessed == actual.unassessed {
        Ok(())
    } else {
        Err(Unsatisfied::Groups { view, metric: Metric::TwoProportionTest })
    }
}

//! T3 to T8, and the last part of T1, as rows of the plan, in the order of `relation.rs`.
//!
//! Bounds. All counts are below 2^24: they are sums of disjoint parts of at
//! most `MAX_RECORDS` cells (T1, T2). Policy numbers have 16 bits, the
//! minimum cell 24, by their words. The bits given to each comparison are the
//! width of the larger side; the largest is 2^154, far below r, so that no
//! product wraps.

use super::plan::{Num, Plan, Term, pair, power_of_two, product, scaled};
use crate::{
    attestation::{
        COUNT_BITS, Counts, RATIO_BITS, Shape, Table,
        encoding::{Field, VERDICT_BITS, places},
        metric::{Base, Metric},
        relation::LEAST_EXPECTED,
    },
    curve::plonk::{Fr, ff::Field as _},
};

/// Bits of a product of two counts.
const CROSS_BITS: usize = 2 * COUNT_BITS;
/// Bits of a product of two counts and a policy number.
const WEIGHED_BITS: usize = CROSS_BITS + RATIO_BITS;
/// Bits of `TP q + FP p`, twice a product of counts, rounded up.
const ODDS_BITS: usize = CROSS_BITS + 2;
/// Bits of a product of two of those, rounded up: 49 + 48.
const ODDS_CROSS_BITS: usize = 98;
/// Bits of that product and a policy number.
const ODDS_WEIGHED_BITS: usize = ODDS_CROSS_BITS + RATIO_BITS;
/// Bits of `den^2 d^2 n`: 32 + 96 + 25, rounded up.
const DEVIATION_BITS: usize = 154;
/// Bits of a count of groups.
const GROUP_COUNT_BITS: usize = 6;

/// Public inputs before the words of the policy: subject (two), epoch,
/// records.
pub(crate) const HEADER: usize = 4;
/// The place of n among them.
pub(crate) const RECORDS: usize = 3;

/// What the plan needs to know to fill in values; the layout needs `shape`
/// only.
pub(crate) struct Inputs<'a> {
    pub(crate) shape: &'a Shape,
    /// Fields of the policy.
    pub(crate) policy: &'a [Field],
    /// Counts by code, code 0 included.
    pub(crate) counts: &'a [Num],
    /// Running sums at the first row of each class and after the last, in
    /// shapes with scores.
    pub(crate) sums: &'a [Num],
    /// Counts of each class of each cell: the honest split of the sums.
    pub(crate) classes: &'a [[u64; 3]],
    /// The edge e.
    pub(crate) edge: usize,
    /// Where the disclosed table is evaluated; zero if none is.
    pub(crate) point: Fr,
}

/// Bits of the limbs that count, count above the edge and count at the edge
/// take in a weighted sum.
pub(crate) const LIMB_BITS: usize = COUNT_BITS;

/// The weight of a record in bin `bin`: `1 + 2^24 [bin > e] + 2^48 [bin = e]`.
pub(crate) fn weight(bin: usize, edge: usize) -> Fr {
    let part = |holds, limb| if holds { power_of_two(limb * LIMB_BITS) } else { Fr::ZERO };
    Fr::ONE + part(bin > edge, 1) + part(bin == edge, 2)
}

/// Count, above and at the edge, of each class of each cell.
pub(crate) fn class_counts(table: &Table, edge: usize) -> Vec<[u64; 3]> {
    let layout = table.layout();
    let mut out = vec![[0; 3]; layout.cells() * layout.classes()];
    for (i, (code, record)) in layout.records().enumerate() {
        let count = table.count(code);
        let class = &mut out[i / layout.bins()];
        class[0] += count;
        class[1] += if record.bin > edge { count } else { 0 };
        class[2] += if record.bin == edge { count } else { 0 };
    }
    out
}

/// The weights of the bins, to be copied to the rows of the codes.
pub(crate) struct Weights(pub(crate) Vec<Num>);

/// Builds T1 for group cells, and T3 to T8. The publics start at [`HEADER`].
pub(crate) fn build(plan: &mut Plan, inputs: &Inputs<'_>) -> Weights {
    let mut next_public = HEADER;
    let policy = Policy::read(plan, inputs, &mut next_public);
    let scores = Scores::of(plan, inputs);
    let cells = cells(plan, inputs);
    no_stray_records(plan, &policy, &cells);
    let size = sample(plan, &policy, &cells);
    for (view, capacity) in policy.views.iter().zip(inputs.shape.views()) {
        let word = View::of(plan, inputs.shape, &policy, view, &cells, size).outcome(plan, *capacity);
        plan.public(word, next_public);
        next_public += 1;
    }
    disclosed(plan, inputs, &policy, scores.edge, &cells, next_public);
    Weights(scores.weights)
}

/// `(num, den)`
type Ratio = (Num, Num);

/// The policy's numbers. spec: `attestation.policy_words`
struct Policy {
    sample: Vec<Num>,
    minimum_cell: Num,
    minimum_share: Ratio,
    thresholds: Vec<Ratio>,
    disclose: Num,
    views: Vec<ViewPolicy>,
    /// By cell: whether the policy has it.
    used: Vec<Num>,
}

struct ViewPolicy {
    excluded: Vec<Num>,
    active: Vec<Num>,
    /// For positives, negatives and selected.
    shown: Vec<Num>,
    known: Vec<Num>,
    /// By cell, then by group.
    allowed: Vec<Vec<Num>>,
}

impl Policy {
    /// Splits the words of the policy, which are public, into their fields.
    /// Every field is bounded, so the split is the only one.
    fn read(plan: &mut Plan, inputs: &Inputs<'_>, next_public: &mut usize) -> Self {
        let fields = inputs.policy;
        let (places, words) = places(fields.iter().map(|field| field.bits));
        let mut nums = Vec::with_capacity(fields.len());
        for word in 0..words {
            let of_word = places.iter().zip(fields).filter(|((w, _), _)| *w == word);
            let parts: Vec<_> =
                of_word.map(|((_, offset), field)| (Fr::from(field.value), field.bits, *offset)).collect();
            let (sum, values) = plan.packed(&parts);
            plan.public(sum, *next_public);
            *next_public += 1;
            nums.extend(values);
        }
        Self::take(&mut nums.into_iter(), inputs.shape)
    }

    fn take(nums: &mut impl Iterator<Item = Num>, shape: &Shape) -> Self {
        let cells = shape.layout().cells();
        let sample = take(nums, cells);
        let minimum_cell = take(nums, 1)[0];
        let minimum_share = take_ratio(nums);
        let thresholds = (0..Metric::COUNT).map(|_| take_ratio(nums)).collect();
        let disclose = take(nums, 1)[0];
        let views = shape.views().iter().map(|capacity| ViewPolicy::take(nums, *capacity, cells)).collect();
        let used = take(nums, cells);
        Self { sample, minimum_cell, minimum_share, thresholds, disclose, views, used }
    }

    fn threshold(&self, metric: Metric) -> Ratio {
        self.thresholds[metric.index()]
    }
}

impl ViewPolicy {
    fn take(nums: &mut impl Iterator<Item = Num>, capacity: usize, cells: usize) -> Self {
        let excluded = take(nums, capacity);
        let active = take(nums, Metric::COUNT);
        let shown = take(nums, Base::ALL.len() - 1);
        let (mut known, mut allowed) = (vec![], vec![]);
        for _ in 0..cells {
            known.push(take(nums, 1)[0]);
            allowed.push(take(nums, capacity));
        }
        Self { excluded, active, shown, known, allowed }
    }

    /// The cells' bits for one group.
    fn members(&self, group: usize) -> Vec<Num> {
        self.allowed.iter().map(|groups| groups[group]).collect()
    }
}

/// The next `count` fields; the schedule has as many as are taken.
fn take(nums: &mut impl Iterator<Item = Num>, count: usize) -> Vec<Num> {
    let out: Vec<Num> = nums.take(count).collect();
    assert_eq!(out.len(), count, "the fields of a policy are those of its shape");
    out
}

fn take_ratio(nums: &mut impl Iterator<Item = Num>) -> Ratio {
    let ratio = take(nums, 2);
    (ratio[0], ratio[1])
}

/// The bins above the edge. spec: `attestation.t3`
struct Scores {
    weights: Vec<Num>,
    edge: Num,
}

impl Scores {
    /// Bits `above_j`, not decreasing, the first 0; `above_bins` is 1. So
    /// exactly one `edge_j = above_{j+1} - above_j` is 1.
    fn of(plan: &mut Plan, inputs: &Inputs<'_>) -> Self {
        let bins = inputs.shape.layout().bins();
        if bins == 1 {
            return Self { weights: vec![], edge: plan.zero() };
        }
        let mut above = vec![plan.zero()];
        above.extend((1..bins).map(|bin| plan.bit(bin > inputs.edge)));
        above.push(plan.constant(1));
        let (mut weights, mut steps) = (vec![], vec![]);
        for bin in 0..bins {
            let step = plan.sub(above[bin + 1], above[bin]);
            let (high, edge) = (power_of_two(LIMB_BITS), power_of_two(2 * LIMB_BITS));
            weights.push(plan.require_bit(above[bin], high, step, edge, 1));
            steps.push(step);
        }
        let terms: Vec<Term> = (0i64..).zip(&steps).map(|(bin, step)| scaled(bin, *step)).collect();
        Self { weights, edge: plan.sum(&terms) }
    }
}

/// The counts of a cell.
#[derive(Clone, Copy)]
struct Cell {
    true_positives: Num,
    false_positives: Num,
    false_negatives: Num,
    true_negatives: Num,
    above: Num,
    at_edge: Num,
    records: Num,
    selected: Num,
    positives: Num,
}

/// T2 for cells and classes, spec: `attestation.t2`
fn cells(plan: &mut Plan, inputs: &Inputs<'_>) -> Vec<Cell> {
    let layout = inputs.shape.layout();
    let classes: Vec<[Num; 3]> = if layout.bins() == 1 {
        inputs.counts[1..].iter().map(|count| [*count, plan.zero(), *count]).collect()
    } else {
        (0..layout.cells() * layout.classes()).map(|class| split(plan, inputs, class)).collect()
    };
    classes.chunks(layout.classes()).map(|classes| Cell::of(plan, classes)).collect()
}

/// The class's part of the running sum is
/// `count + 2^24 above + 2^48 at_edge`, each below 2^24: the only split.
fn split(plan: &mut Plan, inputs: &Inputs<'_>, class: usize) -> [Num; 3] {
    let total = plan.sub(inputs.sums[class + 1], inputs.sums[class]);
    let parts = inputs.classes[class].map(|count| plan.bounded(Fr::from(count), LIMB_BITS));
    let terms: Vec<Term> =
        parts.iter().enumerate().map(|(i, part)| scaled(power_of_two(i * LIMB_BITS), *part)).collect();
    let sum = plan.sum(&terms);
    plan.equal(sum, total);
    parts
}

impl Cell {
    /// From the classes not selected, selected (without an actual outcome or
    /// with another than the favourable), and the same two with it.
    fn of(plan: &mut Plan, classes: &[[Num; 3]]) -> Self {
        let count = |class: usize| classes.get(class).map_or(plan.zero(), |counts| counts[0]);
        let (tn, fp, fn_, tp) = (count(0), count(1), count(2), count(3));
        let part = |i: usize| classes.iter().map(|counts| counts[i]).collect::<Vec<_>>();
        let (all, above, at_edge) = (part(0), part(1), part(2));
        Self {
            true_positives: tp,
            false_positives: fp,
            false_negatives: fn_,
            true_negatives: tn,
            above: plan.total(&above),
            at_edge: plan.total(&at_edge),
            records: plan.total(&all),
            selected: plan.add(tp, fp),
            positives: plan.add(tp, fn_),
        }
    }

    /// In the order of [`Counts::to_array`].
    fn disclosed(&self) -> [Num; 5] {
        const _: () = assert!(size_of::<Counts>() == 5 * size_of::<u64>());
        [self.true_positives, self.false_positives, self.false_negatives, self.true_negatives, self.above]
    }
}

/// T1, spec: `attestation.t1`: `sum (1 - used) n = 0` over the cells; no
/// summand is negative. Such records would be in no sample and in no group,
/// and so count for n alone.
fn no_stray_records(plan: &mut Plan, policy: &Policy, cells: &[Cell]) {
    let stray = |(cell, used): (&Cell, &Num)| pair(1, cell.records, 0, *used).plus_product(-1);
    let terms: Vec<Term> = cells.iter().zip(&policy.used).map(stray).collect();
    let sum = plan.sum(&terms);
    let zero = plan.zero();
    plan.equal(sum, zero);
}

/// T3, spec: `attestation.t3`: `2 A(e+1) <= N < 2 A(e)`, which implies
/// `N >= 1`. Returns N.
fn sample(plan: &mut Plan, policy: &Policy, cells: &[Cell]) -> Num {
    let column = |value: fn(&Cell) -> Num| cells.iter().map(value).collect::<Vec<_>>();
    let size = plan.inner_product(&policy.sample, &column(|cell| cell.records));
    let above = plan.inner_product(&policy.sample, &column(|cell| cell.above));
    let at_edge = plan.inner_product(&policy.sample, &column(|cell| cell.at_edge));
    let low = plan.sum(&[pair(1, size, -2, above)]);
    plan.range(low, COUNT_BITS);
    let high = plan.sum(&[pair(2, above, 2, at_edge), scaled(-1, size).plus(-1)]);
    plan.range(high, COUNT_BITS);
    size
}

/// A group of a view.
#[derive(Clone, Copy)]
struct Group {
    records: Num,
    selected: Num,
    positives: Num,
    negatives: Num,
    true_positives: Num,
    false_positives: Num,
    correct: Num,
    above: Num,
    /// u1
    unknown_selected: Num,
    /// u0
    unknown_unselected: Num,
}

/// A fraction x / y.
type Rate = (Num, Num);

/// One view: what its checks look at.
struct View<'a> {
    shape: &'a Shape,
    policy: &'a Policy,
    view: &'a ViewPolicy,
    unknown: Num,
    groups: Vec<Group>,
    /// In the order of [`Base::ALL`], one bit for each group.
    compared: [Vec<Num>; 4],
}

impl<'a> View<'a> {
    fn of(
        plan: &mut Plan,
        shape: &'a Shape,
        policy: &'a Policy,
        view: &'a ViewPolicy,
        cells: &[Cell],
        size: Num,
    ) -> Self {
        let parts: Vec<Parts> =
            cells.iter().zip(&view.known).map(|(cell, known)| Parts::of(plan, cell, *known)).collect();
        let unknown: Vec<Num> =
            parts.iter().flat_map(|part| [part.unknown_selected, part.unknown_unselected]).collect();
        // T4, spec: `attestation.t4`
        let unknown = plan.total(&unknown);
        let groups: Vec<Group> = (0..view.excluded.len())
            .map(|group| Group::of(plan, &parts, &view.members(group), shape))
            .collect();
        let compared = compared(plan, policy, view, &groups, size);
        Self { shape, policy, view, unknown, groups, compared }
    }
}

/// A cell's counts, split by whether the group of its records is known.
struct Parts {
    records: Num,
    selected: Num,
    positives: Num,
    true_positives: Num,
    above: Num,
    unknown_selected: Num,
    unknown_unselected: Num,
}

impl Parts {
    fn of(plan: &mut Plan, cell: &Cell, known: Num) -> Self {
        let (records, selected) = (plan.mul(known, cell.records), plan.mul(known, cell.selected));
        let unknown_selected = plan.sub(cell.selected, selected);
        let unknown = [pair(1, cell.records, -1, records), scaled(-1, unknown_selected)];
        Self {
            records,
            selected,
            positives: plan.mul(known, cell.positives),
            true_positives: plan.mul(known, cell.true_positives),
            above: plan.mul(known, cell.above),
            unknown_selected,
            unknown_unselected: plan.sum(&unknown),
        }
    }
}

impl Group {
    /// Sums over the cells that may belong to the group.
    fn of(plan: &mut Plan, parts: &[Parts], members: &[Num], shape: &Shape) -> Self {
        let mut sum = |value: fn(&Parts) -> Num, used: bool| {
            let values: Vec<Num> = parts.iter().map(value).collect();
            if used { plan.inner_product(members, &values) } else { plan.zero() }
        };
        let (labelled, scored) = (shape.layout().labelled(), shape.layout().bins() > 1);
        let records = sum(|part| part.records, true);
        let selected = sum(|part| part.selected, true);
        let positives = sum(|part| part.positives, labelled);
        let true_positives = sum(|part| part.true_positives, labelled);
        let above = sum(|part| part.above, scored);
        let unknown_selected = sum(|part| part.unknown_selected, true);
        let unknown_unselected = sum(|part| part.unknown_unselected, true);
        let negatives = plan.sub(records, positives);
        let false_positives = plan.sub(selected, true_positives);
        // TN = (n - p) - FP
        let correct = plan.sum(&[pair(1, true_positives, 1, negatives), scaled(-1, false_positives)]);
        Self {
            records,
            selected,
            positives,
            negatives,
            true_positives,
            false_positives,
            correct,
            above,
            unknown_selected,
            unknown_unselected,
        }
    }
}

/// T5, spec: `attestation.t5`
fn compared(
    plan: &mut Plan,
    policy: &Policy,
    view: &ViewPolicy,
    groups: &[Group],
    size: Num,
) -> [Vec<Num>; 4] {
    let mut out: [Vec<Num>; 4] = Default::default();
    let (num, den) = policy.minimum_share;
    let least = plan.mul(num, size);
    for (group, excluded) in groups.iter().zip(&view.excluded) {
        let large = plan.is_at_least(group.records, policy.minimum_cell, COUNT_BITS);
        let share = plan.sum(&[product(1, den, group.records), scaled(-1, least)]);
        let share = plan.is_nonnegative(share, COUNT_BITS + RATIO_BITS);
        let both = plan.mul(large, share);
        let wanted = plan.not(*excluded);
        let compared = plan.mul(both, wanted);
        out[0].push(compared);
        for (set, y) in out[1..].iter_mut().zip([group.positives, group.negatives, group.selected]) {
            let large = plan.is_at_least(y, policy.minimum_cell, COUNT_BITS);
            set.push(plan.mul(compared, large));
        }
    }
    out
}

/// The group with the best or the worst rate: one bit for each group, and
/// the rate.
struct Extreme {
    chosen: Vec<Num>,
    rate: Rate,
}

/// The groups that one check compares, and the best of them.
struct Panel {
    among: Vec<Num>,
    rates: Vec<Rate>,
    /// Whether two groups or more are compared.
    enough: Num,
    best: Extreme,
}

/// Which end of the rates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Best,
    Worst,
}

/// One group out of `among` if `enough`, none otherwise, whose rate is at
/// least (or at most) that of all others; for [`End::Best`] the first such
/// group. Rows, with e the choice, g any group and `d_g` the products'
/// difference (its sign turned for the worst):
///
/// - `e_g` is a bit, `e_g (1 - among_g) = 0`, `sum e_g = enough`
/// - `x = sum e_g x_g`, `y = sum e_g y_g`
/// - `among_g (x y_g - x_g y - [g is before the choice]) >= 0`
///
/// If nothing is chosen, x = y = 0 and the last line holds.
fn extreme(plan: &mut Plan, rates: &[Rate], among: &[Num], enough: Num, end: End, bits: usize) -> Extreme {
    let honest = honest_extreme(rates, among, enough, end);
    let chosen: Vec<Num> = (0..rates.len()).map(|group| plan.bit(honest == Some(group))).collect();
    for (choice, among) in chosen.iter().zip(among) {
        let outside = plan.sum(&[pair(0, *among, 1, *choice).plus_product(-1)]);
        let zero = plan.zero();
        plan.equal(outside, zero);
    }
    let terms: Vec<Term> = chosen.iter().map(|choice| scaled(1, *choice)).collect();
    let so_far = plan.partial_sums(&terms);
    if let Some(all) = so_far.last() {
        plan.equal(*all, enough);
    }
    let (xs, ys): (Vec<Num>, Vec<Num>) = rates.iter().copied().unzip();
    let (x, y) = (plan.inner_product(&chosen, &xs), plan.inner_product(&chosen, &ys));
    for (group, among) in among.iter().enumerate() {
        let sign = if end == End::Best { 1 } else { -1 };
        let mut terms = vec![product(sign, x, ys[group]), product(-sign, xs[group], y)];
        if end == End::Best {
            // enough - sum_{h <= g} e_h: 1 if the choice comes later.
            terms.push(pair(1, so_far[group], -1, enough));
        }
        let d = plan.sum(&terms);
        let d = plan.mul(*among, d);
        plan.range(d, bits);
    }
    Extreme { chosen, rate: (x, y) }
}

/// The group that an honest prover chooses.
fn honest_extreme(rates: &[Rate], among: &[Num], enough: Num, end: End) -> Option<usize> {
    if enough.value != Fr::ONE {
        return None;
    }
    let exceeds = |a: usize, b: usize| {
        let ((xa, ya), (xb, yb)) = (rates[a], rates[b]);
        let d = xa.value * yb.value - xb.value * ya.value;
        d != Fr::ZERO && (super::plan::is_negative(d) == (end == End::Worst))
    };
    let groups = (0..rates.len()).filter(|group| among[*group].value == Fr::ONE);
    groups.reduce(|best, group| if exceeds(group, best) { group } else { best })
}

impl Panel {
    fn of(plan: &mut Plan, among: &[Num], rates: Vec<Rate>, bits: usize) -> Self {
        let count = plan.total(among);
        let two = plan.sum(&[scaled(1, count).plus(-2)]);
        let enough = plan.is_nonnegative(two, GROUP_COUNT_BITS);
        let best = extreme(plan, &rates, among, enough, End::Best, bits);
        Self { among: among.to_vec(), rates, enough, best }
    }

    fn worst(&self, plan: &mut Plan, bits: usize) -> Rate {
        extreme(plan, &self.rates, &self.among, self.enough, End::Worst, bits).rate
    }

    /// Whether two groups or more are compared and the best rate is not 0.
    fn assessable(&self, plan: &mut Plan, bits: usize) -> Num {
        let positive = plan.is_positive(self.best.rate.0, bits);
        plan.mul(self.enough, positive)
    }

    /// `den (x_b y_w - x_w y_b) <= parts num y_b y_w` as a bit.
    fn difference_holds(
        &self,
        plan: &mut Plan,
        worst: Rate,
        (num, den): Ratio,
        parts: i64,
        bits: usize,
    ) -> Num {
        let ((xb, yb), (xw, yw)) = (self.best.rate, worst);
        let d = plan.sum(&[product(1, xb, yw), product(-1, xw, yb)]);
        let yy = plan.mul(yb, yw);
        let slack = plan.sum(&[product(parts, num, yy), product(-1, den, d)]);
        plan.is_nonnegative(slack, bits)
    }
}

/// A check's result, before it is masked by whether it is asked for.
struct Finding {
    assessable: Num,
    /// Means nothing if not assessable.
    fails: Num,
    /// The failing groups, for metrics that name them.
    failing: Vec<Num>,
    unassessed: Vec<Num>,
}

impl Finding {
    fn of(assessable: Num, fails: Num) -> Self {
        Self { assessable, fails, failing: vec![], unassessed: vec![] }
    }

    fn of_passing(plan: &mut Plan, assessable: Num, passes: Num) -> Self {
        let fails = plan.not(passes);
        Self::of(assessable, fails)
    }

    /// Fails if a group does.
    fn of_groups(plan: &mut Plan, assessable: Num, failing: &[Num]) -> Self {
        let count = plan.total(failing);
        let fails = plan.is_positive(count, GROUP_COUNT_BITS);
        let failing = failing.iter().map(|group| plan.mul(*group, assessable)).collect();
        Self { assessable, fails, failing, unassessed: vec![] }
    }

    /// `active (3 - assessable (2 - fails))`: 0 not asked for, 1 pass,
    /// 2 fail, 3 not assessable.
    fn code(&self, plan: &mut Plan, active: Num) -> Num {
        let code = plan.sum(&[pair(-2, self.assessable, 0, self.fails).plus_product(1).plus(3)]);
        plan.mul(active, code)
    }
}

impl View<'_> {
    /// T4 to T7 in one word. spec: `attestation.outcome_words`
    fn outcome(&self, plan: &mut Plan, capacity: usize) -> Num {
        let findings = self.findings(plan);
        let mut parts = vec![(self.unknown, COUNT_BITS)];
        for (at, set) in self.compared.iter().enumerate() {
            // Whether there are actual outcomes is known of the shape.
            let shown = at.checked_sub(1).map(|at| self.view.shown[at]);
            for compared in set {
                let bit = shown.map_or(*compared, |shown| plan.mul(*compared, shown));
                parts.push((bit, 1));
            }
        }
        for (finding, active) in findings.iter().zip(&self.view.active) {
            let code = finding.as_ref().map_or(plan.zero(), |finding| finding.code(plan, *active));
            parts.push((code, VERDICT_BITS));
        }
        for metric in Metric::ALL.into_iter().filter(|metric| metric.names_groups()) {
            let failing = findings[metric.index()].as_ref().map(|finding| finding.failing.as_slice());
            parts.extend(self.masked(plan, metric, failing, capacity));
        }
        let tested = findings[Metric::TwoProportionTest.index()].as_ref();
        let unassessed = tested.map(|finding| finding.unassessed.as_slice());
        parts.extend(self.masked(plan, Metric::TwoProportionTest, unassessed, capacity));
        let (places, words) = places(parts.iter().map(|(_, bits)| *bits));
        assert_eq!(words, 1, "an outcome is one word");
        let terms: Vec<Term> = parts
            .iter()
            .zip(places)
            .map(|((num, _), (_, offset))| scaled(power_of_two(offset), *num))
            .collect();
        plan.sum(&terms)
    }

    /// The groups of a check if it is asked for.
    fn masked(
        &self,
        plan: &mut Plan,
        metric: Metric,
        groups: Option<&[Num]>,
        capacity: usize,
    ) -> Vec<(Num, usize)> {
        let active = self.view.active[metric.index()];
        let zero = plan.zero();
        let groups = groups.map_or_else(|| vec![zero; capacity], <[Num]>::to_vec);
        groups.into_iter().map(|group| (plan.mul(active, group), 1)).collect()
    }

    /// T6 and T7, spec: `attestation.t6`, `attestation.t7`. `None` where the
    /// shape's records have no labels or scores.
    fn findings(&self, plan: &mut Plan) -> Vec<Option<Finding>> {
        let mut out: Vec<Option<Finding>> = (0..Metric::COUNT).map(|_| None).collect();
        let mut put = |metric: Metric, finding| out[metric.index()] = Some(finding);
        let selection = self.panel(plan, Base::Records, |group| (group.selected, group.records));
        let assessable = selection.assessable(plan, COUNT_BITS);
        let worst = selection.worst(plan, CROSS_BITS);
        put(Metric::ImpactRatio, self.impact_ratio(plan, Metric::ImpactRatio, &selection, assessable));
        put(Metric::DemographicParityRatio, self.parity_ratio(plan, &selection, worst, assessable));
        let metric = Metric::DemographicParityDifference;
        put(metric, self.difference(plan, metric, &selection, worst, assessable));
        put(Metric::TwoProportionTest, self.two_proportions(plan, &selection));
        put(Metric::WorstCaseImpactRatio, self.worst_case(plan));
        if self.shape.layout().bins() > 1 {
            let scoring = self.panel(plan, Base::Records, |group| (group.above, group.records));
            let assessable = scoring.assessable(plan, COUNT_BITS);
            let metric = Metric::ScoringImpactRatio;
            put(metric, self.impact_ratio(plan, metric, &scoring, assessable));
        }
        if self.shape.layout().labelled() {
            let metric = Metric::PredictiveParityDifference;
            put(
                metric,
                self.rate_difference(plan, metric, Base::Selected, |g| (g.true_positives, g.selected)),
            );
            let metric = Metric::AccuracyDifference;
            put(metric, self.rate_difference(plan, metric, Base::Records, |g| (g.correct, g.records)));
            let (opportunity, odds) = self.opportunity_and_odds(plan);
            put(Metric::EqualOpportunityDifference, opportunity);
            put(Metric::EqualizedOddsDifference, odds);
            put(Metric::AverageOddsDifference, self.average_odds(plan));
        }
        out
    }

    fn among(&self, base: Base) -> &[Num] {
        match base {
            Base::Records => &self.compared[0],
            Base::Positives => &self.compared[1],
            Base::Negatives => &self.compared[2],
            Base::Selected => &self.compared[3],
        }
    }

    fn panel(&self, plan: &mut Plan, base: Base, rate: fn(&Group) -> Rate) -> Panel {
        let rates = self.groups.iter().map(rate).collect();
        Panel::of(plan, self.among(base), rates, CROSS_BITS)
    }

    /// `den x_a y_b >= num x_b y_a` for every compared group a.
    fn impact_ratio(&self, plan: &mut Plan, metric: Metric, panel: &Panel, assessable: Num) -> Finding {
        let references = vec![panel.best.rate; self.groups.len()];
        let failing = self.failing(plan, metric, &panel.among, &panel.rates, &references);
        Finding::of_groups(plan, assessable, &failing)
    }

    /// The groups among those compared whose rate over that of their
    /// reference is below the metric's threshold.
    fn failing(
        &self,
        plan: &mut Plan,
        metric: Metric,
        among: &[Num],
        rates: &[Rate],
        references: &[Rate],
    ) -> Vec<Num> {
        let (num, den) = self.policy.threshold(metric);
        let mut out = vec![];
        for ((among, (x, y)), (xr, yr)) in among.iter().zip(rates).zip(references) {
            let (dx, nx) = (plan.mul(den, *x), plan.mul(num, *xr));
            let slack = plan.sum(&[product(1, dx, *yr), product(-1, nx, *y)]);
            let passes = plan.is_nonnegative(slack, WEIGHED_BITS);
            out.push(plan.sum(&[pair(1, *among, 0, passes).plus_product(-1)]));
        }
        out
    }

    /// `den x_w y_b >= num x_b y_w`
    fn parity_ratio(&self, plan: &mut Plan, panel: &Panel, worst: Rate, assessable: Num) -> Finding {
        let (num, den) = self.policy.threshold(Metric::DemographicParityRatio);
        let ((xb, yb), (xw, yw)) = (panel.best.rate, worst);
        let (dx, nx) = (plan.mul(den, xw), plan.mul(num, xb));
        let slack = plan.sum(&[product(1, dx, yb), product(-1, nx, yw)]);
        let passes = plan.is_nonnegative(slack, WEIGHED_BITS);
        Finding::of_passing(plan, assessable, passes)
    }

    /// `den (x_b y_w - x_w y_b) <= num y_b y_w`
    fn difference(
        &self,
        plan: &mut Plan,
        metric: Metric,
        panel: &Panel,
        worst: Rate,
        assessable: Num,
    ) -> Finding {
        let passes = panel.difference_holds(plan, worst, self.policy.threshold(metric), 1, WEIGHED_BITS);
        Finding::of_passing(plan, assessable, passes)
    }

    fn rate_difference(
        &self,
        plan: &mut Plan,
        metric: Metric,
        base: Base,
        rate: fn(&Group) -> Rate,
    ) -> Finding {
        let panel = self.panel(plan, base, rate);
        let assessable = panel.assessable(plan, COUNT_BITS);
        let worst = panel.worst(plan, CROSS_BITS);
        self.difference(plan, metric, &panel, worst, assessable)
    }

    /// Equalized odds fails if the difference of one of the two rates does,
    /// and passes if both do. A best false-positive rate of zero is the
    /// ideal, and can be assessed.
    fn opportunity_and_odds(&self, plan: &mut Plan) -> (Finding, Finding) {
        let positive = self.panel(plan, Base::Positives, |g| (g.true_positives, g.positives));
        let positive_assessable = positive.assessable(plan, COUNT_BITS);
        let worst = positive.worst(plan, CROSS_BITS);
        let metric = Metric::EqualOpportunityDifference;
        let opportunity = self.difference(plan, metric, &positive, worst, positive_assessable);

        let threshold = self.policy.threshold(Metric::EqualizedOddsDifference);
        let positive_passes = positive.difference_holds(plan, worst, threshold, 1, WEIGHED_BITS);
        let negative = self.panel(plan, Base::Negatives, |g| (g.false_positives, g.negatives));
        let worst = negative.worst(plan, CROSS_BITS);
        let negative_passes = negative.difference_holds(plan, worst, threshold, 1, WEIGHED_BITS);
        let mut fails =
            |assessable: Num, passes: Num| plan.sum(&[pair(1, assessable, 0, passes).plus_product(-1)]);
        let first = fails(positive_assessable, positive_passes);
        let second = fails(negative.enough, negative_passes);
        let fails = or(plan, first, second);
        let both = plan.mul(positive_assessable, negative.enough);
        let assessable = or(plan, fails, both);
        (opportunity, Finding::of(assessable, fails))
    }

    /// x/y = TP/p + FP/q = (TP q + FP p) / (p q), over groups that have
    /// enough of both: `h_b - h_w <= 2 num / den`.
    fn average_odds(&self, plan: &mut Plan) -> Finding {
        let mut rates = vec![];
        for g in &self.groups {
            let (p, q) = (g.positives, g.negatives);
            let x = plan.sum(&[product(1, g.true_positives, q), product(1, g.false_positives, p)]);
            rates.push((x, plan.mul(p, q)));
        }
        let pairs = self.compared[1].iter().zip(&self.compared[2]);
        let among: Vec<Num> = pairs.map(|(p, q)| plan.mul(*p, *q)).collect();
        let panel = Panel::of(plan, &among, rates, ODDS_CROSS_BITS);
        let assessable = panel.assessable(plan, ODDS_BITS);
        let worst = panel.worst(plan, ODDS_CROSS_BITS);
        let threshold = self.policy.threshold(Metric::AverageOddsDifference);
        let passes = panel.difference_holds(plan, worst, threshold, 2, ODDS_WEIGHED_BITS);
        Finding::of_passing(plan, assessable, passes)
    }

    /// Every compared group but the best, against the best.
    fn two_proportions(&self, plan: &mut Plan, panel: &Panel) -> Finding {
        let (num, den) = self.policy.threshold(Metric::TwoProportionTest);
        let squares = (plan.mul(num, num), plan.mul(den, den));
        let (mut assessed, mut unassessed, mut failing) = (vec![], vec![], vec![]);
        for (g, rate) in panel.rates.iter().enumerate() {
            let other =
                plan.sum(&[product(1, panel.enough, panel.among[g]), scaled(-1, panel.best.chosen[g])]);
            let pooled = Pooled::of(plan, *rate, panel.best.rate);
            let expected = pooled.expected_counts_suffice(plan);
            let tested = plan.mul(other, expected);
            let passes = pooled.passes(plan, squares);
            unassessed.push(plan.sub(other, tested));
            failing.push(plan.sum(&[pair(1, tested, 0, passes).plus_product(-1)]));
            assessed.push(tested);
        }
        let count = plan.total(&assessed);
        let assessable = plan.is_positive(count, GROUP_COUNT_BITS);
        Finding { unassessed, ..Finding::of_groups(plan, assessable, &failing) }
    }

    /// `den s_a (n_b + u1_b) >= num (s_b + u1_b) (n_a + u0_a)` with b the
    /// group of the highest upper rate, for a = b that of the second highest.
    fn worst_case(&self, plan: &mut Plan) -> Finding {
        let (mut lower, mut upper) = (vec![], vec![]);
        for g in &self.groups {
            lower.push((g.selected, plan.add(g.records, g.unknown_unselected)));
            upper.push((plan.add(g.selected, g.unknown_selected), plan.add(g.records, g.unknown_selected)));
        }
        let panel = Panel::of(plan, &self.compared[0], upper, CROSS_BITS);
        let assessable = panel.assessable(plan, COUNT_BITS);
        let rest: Vec<Num> =
            panel.among.iter().zip(&panel.best.chosen).map(|(a, e)| plan.sub(*a, *e)).collect();
        let second = extreme(plan, &panel.rates, &rest, panel.enough, End::Best, CROSS_BITS).rate;
        let step = (plan.sub(second.0, panel.best.rate.0), plan.sub(second.1, panel.best.rate.1));
        let mut references = vec![];
        for chosen in &panel.best.chosen {
            let mut part = |best: Num, step: Num| plan.sum(&[scaled(1, best), product(1, *chosen, step)]);
            references.push((part(panel.best.rate.0, step.0), part(panel.best.rate.1, step.1)));
        }
        let metric = Metric::WorstCaseImpactRatio;
        let failing = self.failing(plan, metric, &panel.among, &lower, &references);
        Finding::of_groups(plan, assessable, &failing)
    }
}

/// `x or y` of two bits.
fn or(plan: &mut Plan, x: Num, y: Num) -> Num {
    plan.sum(&[pair(1, x, 1, y).plus_product(-1)])
}

/// Two groups taken together: `n = n_a + n_b`, `s = s_a + s_b`, all below
/// 2^25.
struct Pooled {
    a: Rate,
    b: Rate,
    n: Num,
    s: Num,
    /// n - s
    rest: Num,
}

impl Pooled {
    fn of(plan: &mut Plan, a: Rate, b: Rate) -> Self {
        let (s, n) = (plan.add(a.0, b.0), plan.add(a.1, b.1));
        let rest = plan.sub(n, s);
        Self { a, b, n, s, rest }
    }

    /// `min(n_a, n_b) min(s, n - s) >= 5 n` as a bit; 24 + 25 bits.
    fn expected_counts_suffice(&self, plan: &mut Plan) -> Num {
        let smaller = minimum(plan, self.a.1, self.b.1);
        let rarer = minimum(plan, self.s, self.rest);
        let five = i64::try_from(LEAST_EXPECTED).unwrap_or(i64::MAX);
        let slack = plan.sum(&[product(1, smaller, rarer), scaled(-five, self.n)]);
        plan.is_nonnegative(slack, CROSS_BITS + 2)
    }

    /// `den^2 (s_a n_b - s_b n_a)^2 n <= num^2 n_a n_b s (n - s)` as a bit,
    /// with the squares of num and den.
    fn passes(&self, plan: &mut Plan, (num, den): Ratio) -> Num {
        let d = plan.sum(&[product(1, self.a.0, self.b.1), product(-1, self.b.0, self.a.1)]);
        let left = plan.mul(d, d);
        let left = plan.mul(left, self.n);
        let (cells, spread) = (plan.mul(self.a.1, self.b.1), plan.mul(self.s, self.rest));
        let right = plan.mul(cells, spread);
        let slack = plan.sum(&[product(1, num, right), product(-1, den, left)]);
        plan.is_nonnegative(slack, DEVIATION_BITS)
    }
}

/// The smaller of two numbers below 2^26.
fn minimum(plan: &mut Plan, x: Num, y: Num) -> Num {
    let d = plan.sub(y, x);
    let larger = plan.is_nonnegative(d, COUNT_BITS + 2);
    // y - larger (y - x)
    plan.sum(&[scaled(1, y), product(-1, larger, d)])
}

/// T8, spec: `attestation.t8`: `disclose * (..(e x + v_1) x + ..)` at the
/// public point x.
fn disclosed(
    plan: &mut Plan,
    inputs: &Inputs<'_>,
    policy: &Policy,
    edge: Num,
    cells: &[Cell],
    next_public: usize,
) {
    let point = plan.free(inputs.point);
    plan.public(point, next_public);
    let mut sum = edge;
    for value in cells.iter().flat_map(Cell::disclosed) {
        sum = plan.sum(&[product(1, sum, point), scaled(1, value)]);
    }
    let value = plan.mul(policy.disclose, sum);
    plan.public(value, next_public + 1);
}

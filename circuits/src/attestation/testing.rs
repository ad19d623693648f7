//! Small audits for tests and benches: two sexes, two races and an unknown
//! race, in three views.

use super::{
    CellSet, Code, Disclosure, GroupSet, Layout, Metric, Packing, Policy, Ratio, Record, Shape, Statement,
    Subject, Table, View,
};

/// Values of the first attribute, all known.
pub const SEXES: usize = 2;
/// Values of the second attribute; one more is unknown.
pub const RACES: usize = 2;
/// Cells: sex * 3 + race, race 2 being unknown.
pub const CELLS: usize = SEXES * (RACES + 1);

/// The layout of the small audits.
///
/// # Panics
/// If there are too many bins.
pub fn layout(labelled: bool, bins: usize) -> Layout {
    Layout::new(CELLS, labelled, bins).expect("a small layout")
}

/// A small shape with room for the views of [`policy`].
///
/// # Panics
/// If it is none.
pub fn shape(k: u32, columns: usize, packing: Packing, layout: Layout) -> Shape {
    let views = vec![SEXES, RACES, SEXES * RACES];
    Shape::new(k, columns, packing, layout, views).expect("a small shape")
}

/// Every check on sex, race and their intersections that the layout allows.
pub fn policy(layout: Layout) -> Policy {
    let allows = |metric: &Metric| {
        (layout.labelled() || !metric.needs_labels()) && (layout.bins() > 1 || !metric.needs_scores())
    };
    let checks: Vec<Metric> = Metric::ALL.into_iter().filter(allows).collect();
    let view = |groups: usize, of: &dyn Fn(usize, usize) -> GroupSet| View {
        groups,
        allowed: (0..CELLS).map(|cell| of(cell / (RACES + 1), cell % (RACES + 1))).collect(),
        excluded: GroupSet::EMPTY,
        checks: checks.clone(),
    };
    let one = |group: usize| [group].into_iter().collect::<GroupSet>();
    let views = vec![
        view(SEXES, &|sex, _| one(sex)),
        view(RACES, &|_, race| if race < RACES { one(race) } else { GroupSet::first(RACES) }),
        view(SEXES * RACES, &|sex, race| {
            let races = if race < RACES { race..race + 1 } else { 0..RACES };
            races.map(|race| sex * RACES + race).collect()
        }),
    ];
    Policy {
        cells: CELLS,
        sample: CellSet::first(CELLS),
        minimum_cell: 1,
        minimum_share: Ratio::new(2, 100),
        thresholds: thresholds(),
        views,
        disclosure: Disclosure::Table { minimum: 1 },
    }
}

/// Four-fifths, differences of a tenth, two standard deviations.
pub fn thresholds() -> [Ratio; Metric::COUNT] {
    use super::Bound;
    Metric::ALL.map(|metric| match metric.bound() {
        Bound::RatioAtLeast => Ratio::new(4, 5),
        Bound::DifferenceAtMost => Ratio::new(1, 10),
        Bound::DeviationsAtMost => Ratio::new(2, 1),
    })
}

/// `count` records that differ in all parts, by a fixed rule.
///
/// # Panics
/// Never: the records are of the layout.
pub fn codes(layout: Layout, count: usize) -> Vec<Code> {
    // A linear congruential generator: tests need no secrecy.
    let mut state = 1u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % limit
    };
    let record = |_| {
        let cell = below(layout.cells());
        let label = below(2) == 1;
        // Later cells are selected more often.
        let decision = below(100) < 40 + 3 * cell;
        Record { cell, label: layout.labelled().then_some(label), decision, bin: below(layout.bins()) }
    };
    (0..count).map(record).map(|record| layout.code(&record).expect("of the layout")).collect()
}

/// The true statement about some records.
///
/// # Panics
/// If there is none.
pub fn statement(shape: &Shape, policy: &Policy, codes: &[Code]) -> Statement {
    let table = Table::new(shape.layout(), codes).expect("codes of the layout");
    Statement::of(shape, policy, Subject([0xab; 32]), 2026, &table).expect("a statement")
}

/// A policy of full size: 2 sexes and 7 races, each with an unknown value,
/// and their 14 intersections; every check but that on scores.
pub fn full_policy() -> Policy {
    const ALL_SEXES: usize = 2;
    const ALL_RACES: usize = 7;
    let checks: Vec<Metric> = Metric::ALL.into_iter().filter(|metric| !metric.needs_scores()).collect();
    let cells = (ALL_SEXES + 1) * (ALL_RACES + 1);
    let values = |value: usize, known: usize| if value < known { value..value + 1 } else { 0..known };
    let view = |groups: usize, of: &dyn Fn(usize, usize) -> GroupSet| View {
        groups,
        allowed: (0..cells).map(|cell| of(cell / (ALL_RACES + 1), cell % (ALL_RACES + 1))).collect(),
        excluded: GroupSet::EMPTY,
        checks: checks.clone(),
    };
    let both = |sex: usize, race: usize| {
        values(sex, ALL_SEXES)
            .flat_map(|sex| values(race, ALL_RACES).map(move |race| sex * ALL_RACES + race))
            .collect()
    };
    let views = vec![
        view(ALL_SEXES, &|sex, _| values(sex, ALL_SEXES).collect()),
        view(ALL_RACES, &|_, race| values(race, ALL_RACES).collect()),
        view(ALL_SEXES * ALL_RACES, &both),
    ];
    Policy {
        cells,
        sample: CellSet::first(cells),
        minimum_cell: 10,
        minimum_share: Ratio::new(2, 100),
        thresholds: thresholds(),
        views,
        disclosure: Disclosure::Table { minimum: 10 },
    }
}

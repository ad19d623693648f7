//! The verdicts against straightforward second implementations: all pairs
//! instead of extremes, sorted scores instead of cumulative bins, every
//! assignment of unknowns instead of the worst.

use super::records;
use crate::attestation::{
    Base, Code, Counts, Layout, Metric, Policy, Ratio, Record, Table, Verdict, relation, testing,
};
use proptest::prelude::*;

/// (cell, label, decision, bin), small numbers of each.
fn arb_records(bins: usize, most: usize) -> impl Strategy<Value = Vec<(usize, bool, bool, usize, usize)>> {
    let record = (0..testing::CELLS, any::<bool>(), any::<bool>(), 0..bins, Just(1));
    proptest::collection::vec(record, 1..most)
}

fn arb_policy(layout: Layout) -> impl Strategy<Value = Policy> {
    (1u32..4, 0u16..20, 1u16..20, 1u16..20).prop_map(move |(minimum_cell, share, num, den)| {
        let mut policy = testing::policy(layout);
        policy.minimum_cell = minimum_cell;
        policy.minimum_share = Ratio::new(share, 100);
        policy.thresholds = Metric::ALL.map(|_| Ratio::new(num.min(den), den));
        policy
    })
}

/// Counts of the known records of each group.
fn groups(policy: &Policy, view: usize, table: &Table, edge: usize) -> Vec<Counts> {
    let view = &policy.views[view];
    let mut out = vec![Counts::default(); view.groups];
    for cell in 0..testing::CELLS {
        if let Some(group) = view.known(cell) {
            out[group] += table.counts(cell, edge);
        }
    }
    out
}

/// Rates as (x, y), for the metrics that compare one rate.
fn rate(metric: Metric, c: &Counts) -> Option<(u64, u64, Base)> {
    Some(match metric {
        Metric::ImpactRatio | Metric::DemographicParityRatio | Metric::DemographicParityDifference => {
            (c.selected(), c.records(), Base::Records)
        }
        Metric::EqualOpportunityDifference => (c.true_positives, c.positives(), Base::Positives),
        Metric::PredictiveParityDifference => (c.true_positives, c.selected(), Base::Selected),
        Metric::AccuracyDifference => (c.correct(), c.records(), Base::Records),
        Metric::ScoringImpactRatio => (c.above, c.records(), Base::Records),
        _ => return None,
    })
}

fn denominator(base: Base, c: &Counts) -> u64 {
    match base {
        Base::Records => c.records(),
        Base::Positives => c.positives(),
        Base::Negatives => c.negatives(),
        Base::Selected => c.selected(),
    }
}

/// All pairs of compared groups meet the threshold.
fn all_pairs(policy: &Policy, metric: Metric, groups: &[Counts], sample: u64) -> Verdict {
    let Ratio { num, den } = policy.minimum_share;
    let compared: Vec<(u64, u64)> = groups
        .iter()
        .filter(|c| c.records() >= u64::from(policy.minimum_cell))
        .filter(|c| c.records() * u64::from(den) >= sample * u64::from(num))
        .filter_map(|c| rate(metric, c).map(|(x, y, base)| (x, y, denominator(base, c))))
        .filter(|(_, _, base)| *base >= u64::from(policy.minimum_cell))
        .map(|(x, y, _)| (x, y))
        .collect();
    if compared.len() < 2 || compared.iter().all(|(x, _)| *x == 0) {
        return Verdict::NotAssessable;
    }
    let Ratio { num, den } = policy.threshold(metric);
    let (num, den) = (u64::from(num), u64::from(den));
    let holds = |(xa, ya): (u64, u64), (xb, yb): (u64, u64)| match metric.bound() {
        crate::attestation::Bound::RatioAtLeast => den * xa * yb >= num * xb * ya,
        _ => den * (xb * ya).saturating_sub(xa * yb) <= num * ya * yb,
    };
    let all = compared.iter().all(|a| compared.iter().all(|b| holds(*a, *b)));
    if all { Verdict::Pass } else { Verdict::Fail }
}

/// Twice the median of the sample's scores, by sorting.
fn doubled_median(codes: &[Code], layout: Layout, policy: &Policy) -> usize {
    let mut scores: Vec<usize> = codes
        .iter()
        .map(|code| layout.record(*code).unwrap())
        .filter(|record| policy.sample.contains(record.cell))
        .map(|record| record.bin)
        .collect();
    scores.sort_unstable();
    scores[(scores.len() - 1) / 2] + scores[scores.len() / 2]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn verdicts_equal_those_of_all_pairs(
        rows in arb_records(4, 60),
        policy in arb_policy(testing::layout(true, 4)),
    ) {
        let layout = testing::layout(true, 4);
        let table = Table::new(layout, &records(layout, &rows)).unwrap();
        let edge = relation::edge(&policy, &table).unwrap();
        let outcome = relation::verdicts(&policy, &table).unwrap();
        for (view, outcome) in outcome.iter().enumerate() {
            let groups = groups(&policy, view, &table, edge);
            for metric in Metric::ALL.into_iter().filter(|m| rate(*m, &Counts::default()).is_some()) {
                let expected = all_pairs(&policy, metric, &groups, table.records());
                prop_assert_eq!(outcome.verdict(metric), Some(expected), "{} in view {}", metric, view);
            }
        }
    }

    #[test]
    fn scores_above_the_edge_are_those_above_the_median(rows in arb_records(6, 40)) {
        let layout = testing::layout(true, 6);
        let policy = testing::policy(layout);
        let codes = records(layout, &rows);
        let table = Table::new(layout, &codes).unwrap();
        let edge = relation::edge(&policy, &table).unwrap();
        let doubled = doubled_median(&codes, layout, &policy);
        for cell in 0..testing::CELLS {
            let above = |record: &Record| record.cell == cell && 2 * record.bin > doubled;
            let expected = codes.iter().filter(|code| above(&layout.record(**code).unwrap())).count();
            prop_assert_eq!(table.counts(cell, edge).above, expected as u64);
        }
    }

    #[test]
    fn the_worst_case_is_the_worst_of_all_assignments(rows in arb_records(1, 14)) {
        let layout = testing::layout(true, 1);
        let mut policy = testing::policy(layout);
        policy.minimum_share = Ratio::new(0, 1);
        let codes = records(layout, &rows);
        let table = Table::new(layout, &codes).unwrap();
        let outcome = relation::verdicts(&policy, &table).unwrap();
        for (view, outcome) in outcome.iter().enumerate() {
            let compared = outcome.compared(Base::Records);
            if outcome.verdict(Metric::WorstCaseImpactRatio) == Some(Verdict::NotAssessable) {
                continue;
            }
            let failing = worst_by_enumeration(&policy, view, &codes, layout);
            let failing: Vec<usize> = failing.into_iter().filter(|g| compared.contains(*g)).collect();
            let found: Vec<usize> = outcome.failing(Metric::WorstCaseImpactRatio).iter().collect();
            prop_assert_eq!(found, failing, "view {}", view);
        }
    }
}

/// Groups that fail against some other compared group under some assignment
/// of the unknown records.
fn worst_by_enumeration(policy: &Policy, view: usize, codes: &[Code], layout: Layout) -> Vec<usize> {
    let it = &policy.views[view];
    let all: Vec<Record> = codes.iter().map(|code| layout.record(*code).unwrap()).collect();
    let known = |record: &Record| it.known(record.cell);
    let mut size = vec![0u64; it.groups];
    all.iter().filter_map(known).for_each(|group| size[group] += 1);
    let compared: Vec<usize> =
        (0..it.groups).filter(|g| size[*g] >= u64::from(policy.minimum_cell)).collect();
    let choices: Vec<Vec<usize>> = all.iter().map(|r| it.allowed(r.cell).iter().collect()).collect();
    let total: usize = choices.iter().map(Vec::len).product();
    let mut failing = std::collections::BTreeSet::new();
    for mut number in 0..total {
        let (mut n, mut s) = (vec![0u64; it.groups], vec![0u64; it.groups]);
        for (record, choices) in all.iter().zip(&choices) {
            let group = choices[number % choices.len()];
            number /= choices.len();
            n[group] += 1;
            s[group] += u64::from(record.decision);
        }
        let Ratio { num, den } = policy.threshold(Metric::WorstCaseImpactRatio);
        for a in &compared {
            let fails = |b: &usize| u64::from(den) * s[*a] * n[*b] < u64::from(num) * s[*b] * n[*a];
            if compared.iter().any(|b| b != a && fails(b)) {
                failing.insert(*a);
            }
        }
    }
    failing.into_iter().collect()
}

//! Policies that must be refused, statements that are not true, and what the
//! public inputs bind.

use super::boundaries::{layout, two_groups};
use crate::attestation::{CellAddress, NoReceipt};
use crate::attestation::{
    CellSet, Code, DataDescription, DataDigest, Disclosure, GroupSet, InvalidPolicy, InvalidShape,
    InvalidStatement, Layout, Metric, Misfit, Packing, Policy, Ratio, Shape, SrsId, Statement, Subject,
    Table, Unsatisfied, Verdict, Witness, check, testing,
};

fn refused(change: impl Fn(&mut Policy)) -> InvalidPolicy {
    let mut policy = testing::policy(layout());
    change(&mut policy);
    policy.validate().unwrap_err()
}

#[test]
fn policies_that_would_pass_everyone_or_say_nothing_are_refused() {
    assert_eq!(testing::policy(layout()).validate(), Ok(()));
    assert_eq!(testing::full_policy().validate(), Ok(()));
    assert_eq!(refused(|p| p.cells = 0), InvalidPolicy::Cells(0));
    assert_eq!(refused(|p| p.sample = CellSet::EMPTY), InvalidPolicy::Sample);
    assert_eq!(refused(|p| p.sample = CellSet::first(7)), InvalidPolicy::Sample);
    assert_eq!(refused(|p| p.minimum_cell = 0), InvalidPolicy::MinimumCell(0));
    assert_eq!(refused(|p| p.minimum_cell = 1 << 24), InvalidPolicy::MinimumCell(1 << 24));
    let share = Ratio::new(3, 2);
    assert_eq!(refused(|p| p.minimum_share = share), InvalidPolicy::MinimumShare(share));
    for (metric, threshold) in [
        (Metric::ImpactRatio, Ratio::new(0, 5)),
        (Metric::ImpactRatio, Ratio::new(6, 5)),
        (Metric::ImpactRatio, Ratio::new(0, 0)),
        (Metric::AccuracyDifference, Ratio::new(2, 1)),
        (Metric::TwoProportionTest, Ratio::new(0, 1)),
        (Metric::TwoProportionTest, Ratio::new(2, 0)),
    ] {
        let found = refused(|p| p.thresholds[metric.index()] = threshold);
        assert_eq!(found, InvalidPolicy::Threshold { metric, threshold });
    }
    assert_eq!(refused(|p| p.views.clear()), InvalidPolicy::Views(0));
    assert_eq!(refused(|p| p.views[1].groups = 1), InvalidPolicy::Groups { view: 1, found: 1 });
    assert_eq!(refused(|p| p.views[0].allowed.truncate(2)), InvalidPolicy::Allowed { view: 0, cells: 6 });
    let third = GroupSet::from_bits(4);
    assert_eq!(refused(|p| p.views[0].allowed[0] = third), InvalidPolicy::NoSuchGroup { view: 0 });
    assert_eq!(refused(|p| p.views[0].excluded = third), InvalidPolicy::NoSuchGroup { view: 0 });
    assert_eq!(refused(|p| p.views[2].checks.clear()), InvalidPolicy::Checks { view: 2 });
    assert_eq!(refused(|p| p.views[2].checks.push(Metric::ImpactRatio)), InvalidPolicy::Checks { view: 2 });
    let outside = refused(|p| p.sample = CellSet::first(5));
    assert_eq!(outside, InvalidPolicy::OutsideSample { view: 0, cell: 5 });
    assert_eq!(refused(|p| p.disclosure = Disclosure::Table { minimum: 0 }), InvalidPolicy::Disclosure);
}

#[test]
fn shapes_beyond_their_limits_are_refused() {
    let layout = Layout::new(24, true, 1).unwrap();
    let shape = |k, columns, packing, views| Shape::new(k, columns, packing, layout, views);
    assert_eq!(shape(9, 1, Packing::One, vec![2]), Err(InvalidShape::Rows(9)));
    assert_eq!(shape(14, 0, Packing::One, vec![2]), Err(InvalidShape::Columns(0)));
    assert_eq!(shape(14, 1, Packing::One, vec![]), Err(InvalidShape::Views));
    assert_eq!(shape(14, 1, Packing::One, vec![17]), Err(InvalidShape::Views));
    assert!(matches!(shape(13, 1, Packing::Two, vec![2]), Err(InvalidShape::Table { table: 9409, .. })));
    assert!(matches!(shape(20, 17, Packing::One, vec![2]), Err(InvalidShape::TooLarge(_))));
    assert_eq!(Shape::on_chain().capacity(), 1_047_808);
}

#[test]
fn policies_that_do_not_fit_the_shape_are_refused() {
    let labelled = testing::layout(true, 2);
    let shape = testing::shape(12, 1, Packing::One, labelled);
    let policy = testing::policy(labelled);
    assert_eq!(shape.fits(&policy), Ok(()));
    let mut cells = policy.clone();
    cells.cells = 7;
    assert_eq!(shape.fits(&cells), Err(Misfit::Cells { policy: 7, shape: 6 }));
    let mut views = policy.clone();
    views.views.pop();
    assert_eq!(shape.fits(&views), Err(Misfit::Views { policy: 2, shape: 3 }));
    let mut groups = policy.clone();
    groups.views[0].groups = 3;
    assert_eq!(shape.fits(&groups), Err(Misfit::Groups { view: 0 }));
    let unlabelled = testing::shape(12, 1, Packing::One, testing::layout(false, 2));
    assert_eq!(unlabelled.fits(&policy), Err(Misfit::Labels(Metric::EqualOpportunityDifference)));
    let unscored = testing::shape(12, 1, Packing::One, testing::layout(true, 1));
    assert_eq!(unscored.fits(&policy), Err(Misfit::Scores(Metric::ScoringImpactRatio)));
}

fn example() -> (Statement, Witness) {
    let shape = testing::shape(12, 1, Packing::One, layout());
    let codes = testing::codes(layout(), 400);
    (testing::statement(&shape, &testing::policy(layout()), &codes), Witness { codes })
}

/// Each condition alone fails.
#[test]
fn a58_each_false_part_of_a_statement_is_named() {
    let (statement, witness) = example();
    assert_eq!(check(&statement, &witness), Ok(()));
    let found = |change: &dyn Fn(&mut Statement)| {
        let mut statement = statement.clone();
        change(&mut statement);
        check(&statement, &witness).unwrap_err()
    };
    assert_eq!(found(&|s| s.records -= 1), Unsatisfied::Records);
    assert_eq!(found(&|s| s.outcome[1].unknown += 1), Unsatisfied::Unknown { view: 1 });
    assert_eq!(found(&|s| s.outcome[2].compared[3] = GroupSet::EMPTY), Unsatisfied::Compared { view: 2 });
    let metric = Metric::AccuracyDifference;
    let flip = found(&|s| s.outcome[0].verdicts[metric.index()] = Some(Verdict::NotAssessable));
    assert_eq!(flip, Unsatisfied::Verdict { view: 0, metric });
    assert_eq!(
        found(&|s| s.outcome[0].verdicts[metric.index()] = None),
        Unsatisfied::Verdict { view: 0, metric }
    );
    let metric = Metric::WorstCaseImpactRatio;
    let named = found(&|s| s.outcome[2].failing[metric.index()] = GroupSet::first(1));
    assert_eq!(named, Unsatisfied::Groups { view: 2, metric });
    let metric = Metric::TwoProportionTest;
    let named = found(&|s| s.outcome[2].unassessed = GroupSet::first(4));
    assert_eq!(named, Unsatisfied::Groups { view: 2, metric });
    let edge = |s: &mut Statement| s.disclosed.as_mut().unwrap().edge ^= 1;
    assert_eq!(found(&edge), Unsatisfied::Disclosed);
    assert_eq!(found(&|s| s.disclosed.as_mut().unwrap().counts[0].above += 1), Unsatisfied::Disclosed);
    assert_eq!(found(&|s| s.disclosed = None), Unsatisfied::Form);
    assert_eq!(found(&|s| s.policy.minimum_cell = 0), Unsatisfied::Form);
    let sample = |s: &mut Statement| {
        s.policy.views.iter_mut().for_each(|v| v.checks.retain(|m| !m.needs_scores()));
        s.policy.sample = CellSet::first(1);
    };
    let mut empty = statement.clone();
    sample(&mut empty);
    let others = witness.codes.iter().filter(|code| layout().record(**code).unwrap().cell != 0);
    let others = Witness { codes: others.copied().collect() };
    empty.records = others.codes.len() as u64;
    assert_eq!(check(&empty, &others), Err(Unsatisfied::Sample));
}

#[test]
fn a56_dropped_duplicated_and_edited_rows_make_another_statement() {
    let (statement, witness) = example();
    let with = |change: &dyn Fn(&mut Vec<Code>)| {
        let mut changed = witness.clone();
        change(&mut changed.codes);
        check(&statement, &changed)
    };
    assert_eq!(with(&|codes| codes.truncate(codes.len() - 1)), Err(Unsatisfied::Records));
    assert_eq!(with(&|codes| codes.push(codes[0])), Err(Unsatisfied::Records));
    assert_eq!(with(&|codes| codes[7] = Code::PADDING), Err(Unsatisfied::Records));
    let other = layout().records().map(|(code, _)| code).find(|code| *code != witness.codes[7]).unwrap();
    assert!(with(&|codes| codes[7] = other).is_err());
    // The order is no part of the statement.
    assert_eq!(with(&|codes| codes.reverse()), Ok(()));
}

/// They would be in no sample and in no group, and count for n alone.
#[test]
fn a56_records_in_cells_that_the_policy_does_not_have_are_refused() {
    let (mut statement, witness) = example();
    let policy = super::without_last_cell(&statement.policy);
    let of = |codes: &[Code]| {
        let table = Table::new(layout(), codes).unwrap();
        Statement::of(&statement.shape, &policy, Subject([0; 32]), 0, &table)
    };
    let last = |code: &&Code| layout().record(**code).unwrap().cell == 5;
    let found = witness.codes.iter().filter(last).count() as u64;
    assert_eq!(of(&witness.codes), Err(InvalidStatement::Cell { cell: 5, found, cells: 5 }));
    let rest: Vec<Code> = witness.codes.iter().filter(|code| !last(code)).copied().collect();
    let good = of(&rest).unwrap();
    assert_eq!(check(&good, &Witness { codes: rest }), Ok(()));
    statement.policy = policy;
    assert_eq!(check(&statement, &witness), Err(Unsatisfied::Cell { cell: 5, found }));
}

#[test]
fn cells_too_small_for_publication_are_refused() {
    let codes = two_groups(layout(), [(30, 3, 3, 3, 0), (9, 3, 3, 3, 0)]);
    let shape = testing::shape(12, 1, Packing::One, layout());
    let mut policy = testing::policy(layout());
    let table = Table::new(layout(), &codes).unwrap();
    let of = |policy: &Policy| Statement::of(&shape, policy, Subject([0; 32]), 0, &table);
    policy.disclosure = Disclosure::Table { minimum: 10 };
    assert_eq!(of(&policy), Err(InvalidStatement::TooSmall { cell: 3, found: 9, minimum: 10 }));
    policy.disclosure = Disclosure::Table { minimum: 9 };
    let mut good = of(&policy).unwrap();
    assert!(good.has_form());
    good.policy.disclosure = Disclosure::Table { minimum: 10 };
    assert!(!good.has_form());
    policy.disclosure = Disclosure::VerdictsOnly;
    assert_eq!(of(&policy).unwrap().disclosed, None);
}

#[test]
fn every_part_of_a_statement_is_in_the_public_inputs() {
    let (statement, _) = example();
    let data = DataDigest([1; 32]);
    let inputs = statement.encode(&data);
    assert_ne!(inputs, statement.encode(&DataDigest([2; 32])));
    type Change = fn(&mut Statement);
    let changes: [Change; 14] = [
        |s| s.subject.0[0] ^= 1,
        |s| s.subject.0[31] ^= 1,
        |s| s.epoch += 1,
        |s| s.records += 1,
        |s| s.policy.sample = CellSet::first(1),
        |s| s.policy.minimum_cell += 1,
        |s| s.policy.minimum_share.num += 1,
        |s| s.policy.thresholds[10].den += 1,
        |s| s.policy.views[2].excluded = GroupSet::first(1),
        |s| s.policy.views[2].allowed[5] = GroupSet::first(1),
        |s| s.policy.views[2].checks.truncate(3),
        |s| s.outcome[2].unknown += 1,
        |s| s.outcome[2].unassessed = GroupSet::first(3),
        |s| s.disclosed.as_mut().unwrap().counts[5].above += 1,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = statement.clone();
        change(&mut other);
        assert_ne!(inputs, other.encode(&data), "change {i}");
    }
}

#[test]
fn a57_the_root_binds_each_part_of_a_data_set() {
    let description = DataDescription {
        shape: testing::shape(12, 2, Packing::One, layout()),
        mapping: [1; 32],
        srs: SrsId([2; 32]),
        records: 10,
        data: DataDigest([3; 32]),
        file: [4; 32],
        receipts: [0; 32],
    };
    type Change = fn(&mut DataDescription);
    let changes: [Change; 10] = [
        |d| d.shape = testing::shape(13, 2, Packing::One, layout()),
        |d| d.shape = testing::shape(12, 3, Packing::One, layout()),
        |d| d.shape = testing::shape(12, 2, Packing::Two, layout()),
        // The same base, other meaning.
        |d| d.shape = testing::shape(12, 2, Packing::One, testing::layout(false, 4)),
        |d| d.mapping[0] ^= 1,
        |d| d.srs.0[0] ^= 1,
        |d| d.records += 1,
        |d| d.data.0[0] ^= 1,
        |d| d.file[0] ^= 1,
        |d| d.receipts[0] ^= 1,
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = description.clone();
        change(&mut other);
        assert_ne!(description.root(), other.root(), "change {i}");
    }
}

#[test]
fn cells_of_receipts_are_computed_and_end_with_the_records() {
    let shape = testing::shape(12, 2, Packing::One, layout());
    let rows = shape.data_rows();
    let of = |index| CellAddress::of(&shape, rows as u64 + 2, index);
    assert_eq!(of(0), Ok(CellAddress { column: 0, row: 0 }));
    assert_eq!(of(rows as u64 - 1), Ok(CellAddress { column: 0, row: rows - 1 }));
    // Row U is a salt row, and no cell.
    assert_eq!(of(rows as u64), Ok(CellAddress { column: 1, row: 0 }));
    let index = rows as u64 + 2;
    assert_eq!(of(index), Err(NoReceipt::Beyond { index, records: index }));
    // Records beyond the capacity do not exist, whatever is claimed.
    let capacity = shape.capacity();
    let beyond = CellAddress::of(&shape, u64::MAX, capacity);
    assert_eq!(beyond, Err(NoReceipt::Beyond { index: capacity, records: u64::MAX }));
    let packed = testing::shape(12, 2, Packing::Two, layout());
    assert_eq!(CellAddress::of(&packed, 10, 0), Err(NoReceipt::Packed));
}

//! Tests of codes, tables, policies and the exact verdicts. A56, A58.
#![allow(clippy::unwrap_used)]

pub(super) mod boundaries;
mod oracle;
mod policy;

use super::{CellSet, Code, Layout, MAX_CELLS, Policy, Record, Table, testing};
use crate::attestation::{InvalidLayout, InvalidRecord, InvalidTable};

/// Records given as (cell, label, decision, bin, how many).
pub(in crate::attestation) fn records(
    layout: Layout,
    rows: &[(usize, bool, bool, usize, usize)],
) -> Vec<Code> {
    let code = |cell, label, decision, bin| {
        let label = layout.labelled().then_some(label);
        layout.code(&Record { cell, label, decision, bin }).unwrap()
    };
    rows.iter()
        .flat_map(|(cell, label, decision, bin, count)| {
            std::iter::repeat_n(code(*cell, *label, *decision, *bin), *count)
        })
        .collect()
}

/// The policy without the last of its cells, which the layout keeps.
pub(in crate::attestation) fn without_last_cell(policy: &Policy) -> Policy {
    let mut out = policy.clone();
    out.cells -= 1;
    out.sample = CellSet::first(out.cells);
    out.views.iter_mut().for_each(|view| view.allowed.truncate(out.cells));
    out
}

#[test]
fn every_code_but_padding_is_one_record() {
    for (cells, labelled, bins) in [(1, false, 1), (6, true, 3), (MAX_CELLS, true, 100), (5, false, 7)] {
        let layout = Layout::new(cells, labelled, bins).unwrap();
        let all: Vec<_> = layout.records().collect();
        assert_eq!(all.len() + 1, layout.codes());
        for (code, record) in all {
            assert_eq!(layout.code(&record).unwrap(), code);
        }
        assert_eq!(layout.record(Code::PADDING), None);
        assert_eq!(layout.record(Code(u32::try_from(layout.codes()).unwrap())), None);
    }
}

#[test]
fn layouts_and_records_beyond_their_limits_are_refused() {
    assert_eq!(Layout::new(0, true, 1), Err(InvalidLayout::Cells(0)));
    assert_eq!(Layout::new(MAX_CELLS + 1, true, 1), Err(InvalidLayout::Cells(MAX_CELLS + 1)));
    assert_eq!(Layout::new(1, true, 0), Err(InvalidLayout::Bins(0)));
    assert!(matches!(Layout::new(MAX_CELLS, true, 4096), Err(InvalidLayout::Codes(_))));
    let layout = Layout::new(2, true, 3).unwrap();
    let good = Record { cell: 1, label: Some(true), decision: true, bin: 2 };
    assert!(layout.code(&good).is_ok());
    let cell = layout.code(&Record { cell: 2, ..good });
    assert_eq!(cell, Err(InvalidRecord::Cell { found: 2, cells: 2 }));
    assert_eq!(layout.code(&Record { bin: 3, ..good }), Err(InvalidRecord::Bin { found: 3, bins: 3 }));
    assert_eq!(layout.code(&Record { label: None, ..good }), Err(InvalidRecord::Label { needed: true }));
}

#[test]
fn tables_count_every_record_once_and_refuse_padding() {
    let layout = testing::layout(true, 3);
    let codes = testing::codes(layout, 1_000);
    let table = Table::new(layout, &codes).unwrap();
    assert_eq!(table.records(), 1_000);
    for (code, _) in layout.records() {
        assert_eq!(table.count(code), codes.iter().filter(|c| **c == code).count() as u64);
    }
    assert_eq!(Table::new(layout, &[codes[0], Code::PADDING]), Err(InvalidTable::Code(1)));
    assert_eq!(Table::new(layout, &[Code(u32::MAX)]), Err(InvalidTable::Code(0)));
}

#[test]
fn private_data_does_not_show_in_debug_output() {
    let layout = testing::layout(true, 1);
    let codes = testing::codes(layout, 3);
    assert_eq!(format!("{:?}", codes[0]), "Code(..)");
    assert_eq!(format!("{:?}", Table::new(layout, &codes).unwrap()), "Table(3 records)");
    assert_eq!(format!("{:?}", super::Witness { codes }), "Witness(3 records)");
}

//! Every column, a sample of the cells that any constraint looks at: another
//! value alone is refused.

use super::*;
use std::collections::BTreeSet;

/// Cells of the verdict part: copies, results and digits.
fn plan_cells(circuit: &AttestationCircuit) -> BTreeSet<(String, usize)> {
    let mut out = BTreeSet::new();
    for (left, right) in &circuit.plan.copies {
        for place in [*left, *right] {
            let cell = match place {
                Place::A(row) => ("a".into(), row),
                Place::B(row) => ("b".into(), row),
                Place::C(row) => ("c".into(), row),
                Place::Range(lane, row) => (format!("lane {lane}"), row),
                Place::Count(_) | Place::Weight(_) | Place::Sum(_) => continue,
            };
            out.insert(cell);
        }
    }
    for (at, lane) in circuit.lanes.iter().enumerate() {
        out.extend((0..lane.cells.len()).map(|row| (format!("lane {at}"), row)));
    }
    out.extend((1..circuit.plan.rows.len()).map(|row| ("c".into(), row)));
    out
}

/// Rows of a column that constraints look at.
fn rows(circuit: &AttestationCircuit, column: &str) -> Vec<usize> {
    let shape = &circuit.shape;
    let codes = shape.layout().codes();
    let of_plan = || plan_cells(circuit).into_iter().filter(|(name, _)| name == column).map(|(_, row)| row);
    match column.split(' ').next().unwrap_or_default() {
        "data" | "multiplicity" | "helper" => (0..shape.data_rows()).collect(),
        // Beyond the codes only the sum of the counts is bound, and unused.
        "count" => (0..codes).collect(),
        "weight" => (1..codes).collect(),
        "sum" => (1..codes + 1).collect(),
        "running" | "split" => (0..=shape.data_rows()).collect(),
        _ => of_plan().collect(),
    }
}

/// About as many rows as asked for, the first and the last among them.
fn sample(rows: &[usize], count: usize) -> Vec<usize> {
    let step = rows.len().div_ceil(count).max(1);
    let mut out: Vec<usize> = rows.iter().copied().step_by(step).collect();
    out.extend(rows.last());
    out.dedup();
    out
}

#[test]
fn a60_every_tampered_cell_is_refused() {
    for shape in shapes() {
        let (statement, witness) = example(&shape);
        let mut circuit = circuit_of(&statement, &witness);
        let public = public(&statement);
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &shape, circuit.lanes.len()).advice();
        for (index, (name, _)) in columns.iter().enumerate() {
            let rows = rows(&circuit, name);
            assert!(!rows.is_empty(), "no constraint looks at {name}");
            for row in sample(&rows, 24) {
                circuit.overrides = vec![(index, row, Fr::from(0x5eed_0000 + row as u64))];
                assert!(!holds(&circuit, public.clone()), "{name}, row {row}, in {shape:?}");
            }
        }
    }
}

#[test]
fn salt_rows_are_free_and_nothing_else_of_a_data_column_is() {
    let shape = shapes().swap_remove(0);
    let (statement, witness) = example(&shape);
    let mut circuit = circuit_of(&statement, &witness);
    let rows = shape.data_rows();
    for (row, free) in [(rows - 1, false), (rows, true), (rows + SALT_ROWS - 1, true)] {
        circuit.overrides = vec![(0, row, Fr::from(99))];
        assert_eq!(holds(&circuit, public(&statement)), free, "row {row}");
    }
}

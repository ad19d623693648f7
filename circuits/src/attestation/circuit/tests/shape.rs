//! The shapes of the circuits: degrees, sizes, digests.

use super::*;
use sha2::{Digest, Sha256};
use std::path::Path;

fn all() -> Vec<Shape> {
    let full = |bins| Layout::new(24, true, bins).unwrap();
    let mut out = shapes();
    out.push(Shape::on_chain());
    out.push(Shape::smallest(full(1), &[4, 8, 16], Packing::Two, 10_000).unwrap());
    out.push(Shape::smallest(full(100), &[4, 8, 16], Packing::One, 100_000).unwrap());
    out
}

#[test]
fn no_gate_exceeds_degree_5() {
    for shape in all() {
        let circuit = AttestationCircuit::blank(&shape).unwrap();
        let mut meta = ConstraintSystem::default();
        Columns::configure(&mut meta, &shape, circuit.lanes.len());
        for gate in meta.gates() {
            for polynomial in gate.polynomials() {
                assert!(polynomial.degree() <= MAX_GATE_DEGREE, "{}", gate.name());
            }
        }
        assert_eq!(meta.degree(), MAX_GATE_DEGREE);
        // One row more than the blinding: phi ends on the first salt row.
        let blinding = meta.blinding_factors() + 1;
        assert!(blinding < crate::attestation::RESERVED_ROWS);
        assert_eq!(blinding, circuit.blinding_rows());
    }
}

/// Sizes, and a digest of columns, gates, fixed numbers and copies.
fn describe(shape: &Shape) -> String {
    let circuit = AttestationCircuit::blank(shape).unwrap();
    let mut meta = ConstraintSystem::default();
    Columns::configure(&mut meta, shape, circuit.lanes.len());
    let mut hash = Sha256::new();
    hash.update(format!("{:?}", meta.pinned()));
    for row in &circuit.plan.rows {
        hash.update(format!("{:?}", row.fixed));
    }
    hash.update(format!("{:?}", circuit.plan.copies));
    for lane in &circuit.lanes {
        lane.cells.iter().for_each(|(_, active)| hash.update([u8::from(*active)]));
    }
    format!(
        "k={} data={} per_cell={} codes={} views={:?} advice={} fixed={} gates={} rows={} lanes={} inputs={} sha256={}\n",
        shape.k(),
        shape.columns(),
        shape.packing().records(),
        shape.layout().codes(),
        shape.views(),
        meta.num_advice_columns(),
        meta.num_fixed_columns(),
        meta.gates().len(),
        circuit.plan.rows.len(),
        circuit.lanes.len(),
        circuit.public_inputs(),
        hex::encode(hash.finalize()),
    )
}

#[test]
fn shapes_equal_their_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/attestation/circuit/shape.snap");
    let found: String = all().iter().map(describe).collect();
    if std::env::var_os("UPDATE_SHAPES").is_some_and(|v| v == "1") {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("there is a snapshot; UPDATE_SHAPES=1 makes one");
    assert_eq!(found, expected, "if that is meant, run with UPDATE_SHAPES=1");
}

#[test]
fn the_layout_depends_on_the_shape_alone() {
    let shape = shapes().swap_remove(0);
    let blank = AttestationCircuit::blank(&shape).unwrap();
    for records in [1, 77, 500] {
        let codes = testing::codes(shape.layout(), records);
        let mut policy = testing::policy(shape.layout());
        policy.minimum_cell = 1 + u32::try_from(records).unwrap();
        policy.views[0].checks.truncate(1);
        let statement = testing::statement(&shape, &policy, &codes);
        let circuit = circuit_of(&statement, &Witness { codes });
        assert_eq!(circuit.plan.copies, blank.plan.copies);
        let fixed = |c: &AttestationCircuit| c.plan.rows.iter().map(|row| row.fixed).collect::<Vec<_>>();
        assert_eq!(fixed(&circuit), fixed(&blank));
        assert_eq!(circuit.lanes.len(), blank.lanes.len());
    }
}

#[test]
fn checks_that_need_more_rows_or_lanes_are_refused() {
    let layout = Layout::new(24, true, 1).unwrap();
    let small = Shape::new(12, 1, Packing::One, layout, vec![4, 8, 16]).unwrap();
    assert!(matches!(AttestationCircuit::blank(&small), Err(NoCircuit::Rows { .. })));
    let narrow = testing::shape(10, 1, Packing::One, testing::layout(true, 1));
    assert!(AttestationCircuit::blank(&narrow).is_err());
}

//! The shapes of the circuits: degrees, sizes, digests.

use super::*;
use crate::attestation::{CellSet, Disclosure, GroupSet, Metric, Ratio, View};
use std::path::Path;

fn all() -> Vec<Shape> {
    let full = |bins| Layout::new(24, true, bins).unwrap();
    let mut out = shapes();
    out.push(Shape::on_chain());
    out.push(AttestationCircuit::smallest_shape(full(1), &[4, 8, 16], Packing::Two, 10_000).unwrap());
    out.push(AttestationCircuit::smallest_shape(full(100), &[4, 8, 16], Packing::One, 100_000).unwrap());
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

/// A prover who knew X before the counts could balance false ones, and one who
/// knew it before the verdicts could choose these.
#[test]
fn a60_the_challenge_is_drawn_after_all_but_the_sums() {
    for shape in all() {
        let circuit = AttestationCircuit::blank(&shape).unwrap();
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &shape, circuit.lanes.len());
        assert_eq!(meta.challenge_phase(), [0]);
        let phases = meta.advice_column_phase();
        for (name, column) in columns.advice() {
            let is_sum = ["helper", "running", "split"].iter().any(|sum| name.starts_with(sum));
            assert_eq!(phases[column.index()] == 1, is_sum, "{name}");
        }
        // The first columns are the data: proofs begin with their commitments.
        let first = columns.data.iter().map(|column| column.index());
        assert!(first.eq(0..shape.columns()));
    }
}

/// Sizes, and the digest.
fn describe(shape: &Shape) -> String {
    let circuit = AttestationCircuit::blank(shape).unwrap();
    let mut meta = ConstraintSystem::default();
    Columns::configure(&mut meta, shape, circuit.lanes.len());
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
        hex::encode(circuit.digest()),
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

/// Kept keys are found by it: a key of a circuit with one constraint less
/// would accept what this one refuses.
#[test]
fn a17_the_digest_names_every_fixed_cell_copy_and_input() {
    let shape = shapes().swap_remove(0);
    let circuit = || AttestationCircuit::blank(&shape).unwrap();
    let digest = circuit().digest();
    assert_eq!(circuit().digest(), digest);
    type Change = fn(&mut AttestationCircuit);
    let changes: [Change; 6] = [
        |c| c.plan.rows[7].fixed.k += Fr::ONE,
        |c| c.plan.rows[7].fixed.boolean ^= true,
        |c| c.lanes[0].cells[0].1 ^= true,
        |c| {
            c.plan.copies.pop();
        },
        |c| c.plan.publics[0].1 += 1,
        |c| c.shape = testing::shape(K + 1, 6, Packing::One, c.shape.layout()),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut other = circuit();
        change(&mut other);
        assert_ne!(other.digest(), digest, "change {i}");
    }
    let (statement, witness) = example(&shape);
    assert_eq!(circuit_of(&statement, &witness).digest(), digest);
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

/// The largest policies have a circuit as well, for few records too.
#[test]
fn every_layout_and_every_view_has_a_circuit() {
    for (cells, labelled, bins) in
        [(32, true, 1), (32, true, 100), (24, true, 10), (1, true, 4096), (32, false, 1)]
    {
        let layout = Layout::new(cells, labelled, bins).unwrap();
        for views in [vec![2], vec![16, 8, 8], vec![16, 16, 16]] {
            let shape = AttestationCircuit::smallest_shape(layout, &views, Packing::One, 1_000).unwrap();
            assert_eq!((shape.layout(), shape.views()), (layout, views.as_slice()));
            assert!(AttestationCircuit::blank(&shape).is_ok(), "{shape:?}");
        }
    }
    let layout = Layout::new(32, true, 1).unwrap();
    let narrow = Shape::new(14, 1, Packing::One, layout, vec![16, 16, 16]).unwrap();
    assert!(matches!(AttestationCircuit::blank(&narrow), Err(NoCircuit::Rows { .. })));
    assert_eq!(AttestationCircuit::smallest_shape(layout, &[2], Packing::One, 1 << 24), None);
    let layout = Layout::new(24, true, 1).unwrap();
    let full = |records| AttestationCircuit::smallest_shape(layout, &[4, 8, 16], Packing::Two, records);
    assert!(full(10_000_000).unwrap().capacity() >= 10_000_000);
    assert_eq!(full(1 << 24), None);
}

#[test]
fn checks_that_need_more_rows_or_lanes_are_refused() {
    let layout = Layout::new(24, true, 1).unwrap();
    let small = Shape::new(12, 1, Packing::One, layout, vec![4, 8, 16]).unwrap();
    assert!(matches!(AttestationCircuit::blank(&small), Err(NoCircuit::Rows { .. })));
    let narrow = testing::shape(10, 1, Packing::One, testing::layout(true, 1));
    assert!(AttestationCircuit::blank(&narrow).is_err());
}

/// A view for each of the shape's, all with one check, over records of known
/// groups.
fn plain_policy(shape: &Shape) -> Policy {
    let cells = shape.layout().cells();
    let view = |groups: &usize| View {
        groups: *groups,
        allowed: (0..cells).map(|cell| [cell % groups].into_iter().collect()).collect(),
        excluded: GroupSet::EMPTY,
        checks: vec![Metric::ImpactRatio],
    };
    Policy {
        cells,
        sample: CellSet::first(cells),
        minimum_cell: 1,
        minimum_share: Ratio::new(2, 100),
        thresholds: testing::thresholds(),
        views: shape.views().iter().map(view).collect(),
        disclosure: Disclosure::VerdictsOnly,
    }
}

/// Shapes of few rows; some have no room for their checks.
fn small_shapes() -> Vec<Shape> {
    let mut out = vec![];
    for k in 10..=11 {
        for cells in 1..=32 {
            for (labelled, bins, packing) in [
                (false, 1, Packing::One),
                (true, 1, Packing::One),
                (false, 1, Packing::Two),
                (true, 1, Packing::Two),
                (false, 5, Packing::One),
                (true, 16, Packing::One),
                (false, 2, Packing::Two),
            ] {
                let layout = Layout::new(cells, labelled, bins).unwrap();
                for views in [vec![2], vec![3], vec![7], vec![2, 2], vec![2, 2, 4]] {
                    out.extend(Shape::new(k, 1, packing, layout, views));
                }
            }
        }
    }
    out
}

/// Rows of a column that the checks leave free, and that the table does.
fn room(shape: &Shape) -> Option<[usize; 2]> {
    let (checks, _) = AttestationCircuit::blank(shape).ok()?.size();
    Some([checks, shape.table_rows()].map(|used| shape.data_rows() - used))
}

/// What `blank` takes has room for everything: data in every cell, the most
/// rows of checks, the longest table.
#[test]
fn the_fullest_circuits_of_few_rows_hold() {
    let shapes = small_shapes();
    let rooms: Vec<(&Shape, [usize; 2])> =
        shapes.iter().filter_map(|shape| Some((shape, room(shape)?))).collect();
    for k in 10..=11 {
        for part in 0..2 {
            let of_k = rooms.iter().filter(|(shape, _)| shape.k() == k);
            let (shape, room) = of_k.min_by_key(|(_, room)| room[part]).unwrap();
            let records = usize::try_from(shape.capacity()).unwrap();
            let codes = testing::codes(shape.layout(), records);
            let statement = testing::statement(shape, &plain_policy(shape), &codes);
            let circuit = circuit_of(&statement, &Witness { codes });
            assert!(holds(&circuit, public(&statement)), "{shape:?}, {room:?} rows are free");
        }
    }
}

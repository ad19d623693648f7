//! The circuits' shapes: their snapshots, and that no value changes them.
//! `UPDATE_SHAPES=1` writes the snapshots anew.

use super::*;
use crate::{
    r1cs::{Circuit, Cs},
    testing::describe,
};

/// Like `testing::check_snapshot`, but the shapes need not all be in memory.
fn compare(name: &str, found: &str) {
    let path = format!("{}/src/tally/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_SHAPES").is_some_and(|v| v == "1") {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(expected, found, "{name}: if the change is meant, run with UPDATE_SHAPES=1");
}

#[test]
fn shapes_of_the_small_circuits() {
    let l = layout(4);
    let circuits: [&dyn Circuit; 4] = [
        &TallyCircuit::dummy(l, 2),
        &TallyCircuit::dummy(l, 3),
        &ChunkCircuit::dummy(l),
        &FinalCircuit::dummy(l, 2),
    ];
    let found: String = circuits.iter().map(|c| describe(&Cs::shape(*c)) + "\n").collect();
    compare("shape-small.snap", &found);
}

/// Also the budgets: per entry at most 2,500 and 5,000 constraints without
/// the decryption, and 256 entries of `Shape4` fit the domain 2^19.
#[test]
fn shapes_of_the_elections_circuits() {
    let mut found = String::new();
    for (shape, limit) in [(BallotShape::Shape4, 2_500), (BallotShape::Shape16, 5_000)] {
        let layout = Layout::standard(shape);
        let last = Cs::shape(&FinalCircuit::dummy(layout, 2));
        let per_trustee =
            Cs::shape(&FinalCircuit::dummy(layout, 3)).num_constraints() - last.num_constraints();
        let one = Cs::shape(&TallyCircuit::dummy(layout, 2));
        let entries = one.num_constraints() - 2 * per_trustee;
        assert!(entries / layout.rows() <= limit, "{shape:?}: {entries} constraints");
        if shape == BallotShape::Shape4 {
            assert!(one.num_constraints() < (1 << 19) - 16, "{}", one.num_constraints());
        }
        for s in [one, Cs::shape(&ChunkCircuit::dummy(layout)), last] {
            found.push_str(&(describe(&s) + "\n"));
        }
    }
    compare("shape.snap", &found);
}

/// Key generation runs on a dummy; every real circuit has its shape.
#[test]
fn values_do_not_change_the_shape() {
    let mut s = Sample::new(60);
    let one = s.honest();
    let real = TallyCircuit::new(layout(4), one.statement, one.witness).unwrap();
    assert_eq!(Cs::shape(&real).digest(), Cs::shape(&TallyCircuit::dummy(layout(4), 2)).digest());
    assert_eq!(Cs::shape(&real).id(), "tally/4/rows=4/t=2");
}

#[test]
fn witnesses_of_another_layout_are_refused() {
    let mut s = Sample::new(61);
    let one = s.honest();
    let try_new = |layout, change: fn(&mut OneProof)| {
        let mut one = one.clone();
        change(&mut one);
        TallyCircuit::new(layout, one.statement, one.witness).map(|_| ())
    };
    let refused = Err(Unsatisfied::Layout { rows: 4 });
    assert_eq!(try_new(layout(4), |_| ()), Ok(()));
    assert_eq!(try_new(Layout::new(BallotShape::Shape16, 4).unwrap(), |_| ()), refused);
    assert_eq!(try_new(layout(4), |o| o.witness.segment.log.clear()), refused);
    assert_eq!(try_new(layout(4), |o| o.witness.segment.sorted.truncate(3)), refused);
    assert_eq!(try_new(layout(4), |o| o.witness.decryption.numerators.truncate(1)), refused);
    assert_eq!(try_new(layout(4), |o| o.statement.batches.truncate(1)), refused);
    for rows in [0, 2, 3, 6, 1 << 17] {
        assert_eq!(Layout::new(BallotShape::Shape4, rows), Err(InvalidLayout(rows)));
    }
}

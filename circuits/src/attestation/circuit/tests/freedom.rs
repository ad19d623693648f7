//! Which cells can be changed alone, together with all their copies: none that
//! anything depends on. The tampering tests change single cells, of which a
//! copy would be enough to refuse; here a copied cell takes its copies along,
//! so that only gates can refuse. A18, A60.

use super::*;
use halo2_proofs::{
    dev::{AdviceCellValue, CellValue},
    plonk::Gate,
};
use std::collections::{BTreeMap, BTreeSet};

/// A column in the order of [`Columns::advice`], and a row.
type At = (usize, usize);

/// The values of a satisfied circuit, and its gates.
struct Filled {
    names: Vec<String>,
    advice: Vec<Vec<Fr>>,
    fixed: Vec<Vec<Fr>>,
    gates: Vec<Gate<Fr>>,
    challenge: Fr,
}

impl Filled {
    fn of(circuit: &AttestationCircuit, public: Vec<Fr>) -> Self {
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &circuit.shape, circuit.lanes.len());
        let mock = MockProver::run(circuit.shape.k(), circuit, vec![public]).unwrap();
        assert_eq!(mock.verify(), Ok(()));
        let number = |value: &AdviceCellValue<Fr>| match value {
            AdviceCellValue::Assigned(value) => value.evaluate(),
            _ => Fr::ZERO,
        };
        let all = columns.advice();
        // The queries count all advice columns in the order of declaration.
        let mut advice = vec![vec![]; all.len()];
        let mut names = vec![String::new(); all.len()];
        for (name, column) in all {
            advice[column.index()] = mock.advice_values(column).iter().map(number).collect();
            names[column.index()] = name;
        }
        let constant = |value: &CellValue<Fr>| match value {
            CellValue::Assigned(value) => *value,
            _ => Fr::ZERO,
        };
        let fixed = mock.fixed().iter().map(|column| column.iter().map(constant).collect()).collect();
        let mut out = Self { names, advice, fixed, gates: meta.gates().clone(), challenge: Fr::ZERO };
        out.challenge = out.challenge_of(circuit, &columns);
        out
    }

    /// The mock prover does not tell its challenge. On the last data row all
    /// cells are padding and no table value counts, so that
    /// `phi' - phi - sum h = direct columns / X`.
    fn challenge_of(&self, circuit: &AttestationCircuit, columns: &Columns) -> Fr {
        let (last, running) = (circuit.shape.data_rows() - 1, &self.advice[columns.running.index()]);
        let helped: Fr = columns.helpers.iter().map(|column| self.advice[column.index()][last]).sum();
        let direct = Fr::from(columns.data.len().min(columns::DIRECT) as u64);
        direct * (running[last + 1] - running[last] - helped).invert().unwrap()
    }

    /// Whether a gate that looks at the cell does not hold.
    fn refuses(&self, (column, row): At) -> bool {
        let rows = 1usize << self.advice[0].len().ilog2();
        self.gates.iter().flat_map(Gate::polynomials).any(|polynomial| {
            polynomial.extract_advices().contains(&column)
                && [row, (row + rows - 1) % rows]
                    .into_iter()
                    .any(|row| self.value(polynomial, row) != Fr::ZERO)
        })
    }

    fn value(&self, polynomial: &halo2_proofs::plonk::Expression<Fr>, row: usize) -> Fr {
        let at = |values: &[Fr], rotation: i32| {
            let rows = i32::try_from(values.len()).unwrap();
            let row = (i32::try_from(row).unwrap() + rotation).rem_euclid(rows);
            values[usize::try_from(row).unwrap()]
        };
        polynomial.evaluate(
            &|constant| constant,
            &|_| unreachable!("there are no selectors"),
            &|query| at(&self.fixed[query.column_index()], query.rotation().0),
            &|query| at(&self.advice[query.column_index()], query.rotation().0),
            &|_| unreachable!("no gate looks at inputs"),
            &|_| self.challenge,
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, scalar| a * scalar,
        )
    }
}

/// Cells that are copies of one another, and those that are inputs.
struct Copies {
    classes: BTreeMap<At, Vec<At>>,
    public: BTreeSet<At>,
}

impl Copies {
    fn of(circuit: &AttestationCircuit) -> Self {
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &circuit.shape, circuit.lanes.len());
        let at = |place: Place| {
            let (column, row) = circuit.place(&columns, place);
            (column.index(), row)
        };
        let mut classes: BTreeMap<At, Vec<At>> = BTreeMap::new();
        let mut class_of: BTreeMap<At, At> = BTreeMap::new();
        for (left, right) in &circuit.plan.copies {
            let [left, right] = [*left, *right].map(|place| {
                let cell = at(place);
                let root = *class_of.entry(cell).or_insert(cell);
                classes.entry(root).or_insert_with(|| vec![cell]);
                root
            });
            if left != right {
                let moved = classes.remove(&right).unwrap();
                moved.iter().for_each(|cell| {
                    class_of.insert(*cell, left);
                });
                classes.get_mut(&left).unwrap().extend(moved);
            }
        }
        let public = circuit.plan.publics.iter().map(|(num, _)| at(num.place)).collect();
        Self { classes, public }
    }
}

/// Whether nothing looks at a cell that has no copy: by the columns of the key
/// alone.
fn is_unused(filled: &Filled, columns: &Columns, shape: &Shape, (column, row): At) -> bool {
    let fixed = |column: Column<Fixed>, row: usize| filled.fixed[column.index()][row] != Fr::ZERO;
    let (keys, data, codes) = (&columns.fixed, shape.data_rows(), shape.layout().codes());
    let name = filled.names[column].split(' ').next().unwrap_or_default();
    match name {
        "data" | "multiplicity" | "count" | "helper" => row >= data,
        "weight" => row == 0 || row >= codes,
        "sum" => row == 0 || row > codes,
        "running" | "split" => row > data,
        "a" => !fixed(keys.m, row) && !fixed(keys.p, row),
        "b" => !fixed(keys.m, row) && !fixed(keys.q, row) && !fixed(keys.boolean, row),
        // The result of a row is the c of the next one, whatever it is.
        "c" => row == 0 || row > data,
        _ => {
            let lane: usize = filled.names[column].split(' ').nth(1).unwrap().parse().unwrap();
            !fixed(keys.ranges[lane], row) && (row == 0 || !fixed(keys.ranges[lane], row - 1))
        }
    }
}

#[test]
fn a18_no_cell_can_be_changed_with_all_its_copies() {
    for shape in shapes() {
        let (statement, witness) = example(&shape);
        let circuit = circuit_of(&statement, &witness);
        let mut filled = Filled::of(&circuit, public(&statement));
        let copies = Copies::of(&circuit);
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, &shape, circuit.lanes.len());
        let copied: BTreeSet<At> = copies.classes.values().flatten().copied().collect();
        let single = (0..filled.advice.len())
            .flat_map(|column| (0..1usize << shape.k()).map(move |row| (column, row)))
            .filter(|cell| !copied.contains(cell))
            .map(|cell| vec![cell]);
        let mut changed = 0;
        for class in copies.classes.values().cloned().chain(single) {
            if class.iter().any(|cell| copies.public.contains(cell)) {
                continue;
            }
            let by = Fr::from(0x5eed_0001);
            class.iter().for_each(|(column, row)| filled.advice[*column][*row] += by);
            let refused = class.iter().any(|cell| filled.refuses(*cell));
            class.iter().for_each(|(column, row)| filled.advice[*column][*row] -= by);
            let unused = class.len() == 1 && is_unused(&filled, &columns, &shape, class[0]);
            let (column, row) = class[0];
            assert_eq!(
                refused,
                !unused,
                "{} row {row} and {} copies in {shape:?}",
                filled.names[column],
                class.len()
            );
            changed += usize::from(refused);
        }
        assert!(changed > 10_000, "{changed}");
    }
}

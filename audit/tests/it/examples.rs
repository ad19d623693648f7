//! The example files, and what oracles say about them.

use audit::{
    data::{Dataset, InvalidData},
    document::{Document, InvalidDocument},
    figures::Figures,
    mapping::{Mapping, MappingFault},
    policy::Policy,
};
use circuits::attestation::{Counts, Table, ViewOutcome, relation};
use num_rational::BigRational;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().into()
}

/// The text of an example file.
pub fn text(name: &str) -> String {
    fs::read_to_string(root().join("examples").join(name)).unwrap()
}

/// The vectors of an oracle.
pub fn vectors(name: &str) -> Value {
    let path = root().join("tests/vectors/audit").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A policy with its records.
#[derive(Debug)]
pub struct Audit {
    pub policy: Policy,
    pub dataset: Dataset,
    pub table: Table,
    pub outcome: Vec<ViewOutcome>,
    pub figures: Figures,
}

impl Audit {
    /// Of the example `policy`, `mapping` and `data` files, with texts of
    /// the policy replaced.
    pub fn with(policy: &str, replaced: &[(&str, &str)], mapping: &str, data: &str) -> Self {
        let policy = Policy::read(&Document::new(policy, changed(&text(policy), replaced))).unwrap();
        let mapping = Mapping::read(&Document::new(mapping, text(mapping)), &policy).unwrap();
        let dataset = Dataset::open(&root().join("examples").join(data), &policy, &mapping).unwrap();
        Self::of(policy, dataset)
    }

    pub fn of(policy: Policy, dataset: Dataset) -> Self {
        let table = dataset.table().unwrap();
        let outcome = relation::verdicts(&policy.numbers, &table).unwrap();
        let figures = Figures::new(&policy, &cells(&policy, &table), &outcome);
        Self { policy, dataset, table, outcome, figures }
    }

    pub fn compas() -> Self {
        Self::with("compas.policy.toml", &[], "compas.mapping.toml", "compas.csv")
    }

    pub fn adult() -> Self {
        Self::with("adult.policy.toml", &[], "adult.mapping.toml", "adult.csv.gz")
    }

    pub fn screening() -> Self {
        Self::with("screening.policy.toml", &[], "screening.mapping.toml", "adult.csv.gz")
    }

    /// The position of a view.
    pub fn view(&self, name: &str) -> usize {
        self.policy.views.iter().position(|view| view.name == name).unwrap()
    }

    /// The position of a group of a view.
    pub fn group(&self, view: usize, name: &str) -> usize {
        let groups = &self.policy.views[view].groups;
        groups.iter().position(|group| group == name).unwrap_or_else(|| panic!("{name:?} in {groups:?}"))
    }
}

fn cells(policy: &Policy, table: &Table) -> Vec<Counts> {
    let edge = relation::edge(&policy.numbers, table).unwrap();
    (0..policy.numbers.cells).map(|cell| table.counts(cell, edge)).collect()
}

/// A text with others in place of some, each of which it has.
pub fn changed(text: &str, replaced: &[(&str, &str)]) -> String {
    replaced.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "there is no {old:?}");
        text.replace(old, new)
    })
}

/// Small policies and mappings over small files.
pub fn read(policy: &str, mapping: &str, data: &str) -> Result<Audit, InvalidData> {
    let policy = Policy::read(&Document::new("policy.toml", policy)).unwrap();
    let mapping = Mapping::read(&Document::new("mapping.toml", mapping), &policy).unwrap();
    let dataset = Dataset::read("data.csv", data.as_bytes(), &policy, &mapping)?;
    Ok(Audit::of(policy, dataset))
}

/// A mapping's faults as text.
pub fn mapping_faults(policy: &str, mapping: &str) -> String {
    let policy = Policy::read(&Document::new("policy.toml", policy)).unwrap();
    let result: Result<_, InvalidDocument<MappingFault>> =
        Mapping::read(&Document::new("mapping.toml", mapping), &policy);
    result.unwrap_err().to_string()
}

/// Whether a fraction is a float of an oracle within 1e-12.
pub fn assert_close(what: &str, exact: &BigRational, oracle: &Value) {
    let (ours, theirs) = (audit::metrics::float(exact), oracle.as_f64().unwrap());
    assert!((ours - theirs).abs() <= 1e-12, "{what}: {exact} = {ours}, the oracle says {theirs}");
}

/// A fraction as oracles write it.
pub fn fraction(oracle: &Value) -> BigRational {
    oracle.as_str().unwrap().parse().unwrap()
}

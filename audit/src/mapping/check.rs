//! What a mapping must obey, by itself and together with its policy.

use super::{AttributeMapping, Ignored, InvalidValues, Mapping, Outcome, Score, Values};
use crate::{
    document::{Document, Field, InvalidDocument},
    policy::{Attribute, Policy},
};
use circuits::attestation::{MAX_BINS, Metric};
use std::{collections::BTreeMap, path::Path};

/// What is wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingFault {
    /// See the message.
    #[error("it must be {expected:?}, not {found:?}")]
    Format {
        /// What it must say.
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// See the message.
    #[error("version {0} is not known; this program reads version 1")]
    Version(u32),
    /// See the message.
    #[error("the policy has no attribute of this name; it has {0}")]
    UnknownAttribute(String),
    /// See the message.
    #[error("the policy's attribute {0:?} is missing; say which column holds it")]
    MissingAttribute(String),
    /// See the message.
    #[error("the policy's attribute {attribute:?} has no such group; it has {groups}")]
    UnknownGroup {
        /// The attribute.
        attribute: String,
        /// Its groups.
        groups: String,
    },
    /// See the message.
    #[error("the policy's group {0:?} has no values; name them, or list the group under `absent`")]
    MissingGroup(String),
    /// See the message.
    #[error("the group has values, so that it is not absent; remove one of the two")]
    AbsentWithValues,
    /// See the message.
    #[error("the policy does not allow unknown values of {0:?}; remove this, or set `unknown = true` there")]
    UnknownNotAllowed(String),
    /// See the message.
    #[error("{0}")]
    Values(#[from] InvalidValues),
    /// See the message.
    #[error("{value} means {first} and also {second}; a value means one thing")]
    Ambiguous {
        /// The value or range.
        value: String,
        /// One meaning.
        first: String,
        /// Another.
        second: String,
    },
    /// See the message.
    #[error("the policy has metrics that need labels ({0}); map the column that says what turned out true")]
    MissingLabel(Metric),
    /// See the message.
    #[error("the policy has a scoring rate ({0}); map the column of scores")]
    MissingScore(Metric),
    /// See the message.
    #[error("bins are given by either `integers` or `edges`; give one of them")]
    BinForm,
    /// See the message.
    #[error("{0} bins; needed are 2 to {MAX_BINS}")]
    BinCount(usize),
    /// See the message.
    #[error("edges must rise")]
    EdgeOrder,
    /// See the message.
    #[error("column {0:?} is mapped and cannot be ignored")]
    MappedColumn(String),
    /// See the message.
    #[error("column {0:?} holds the row ids and can be nothing else")]
    RowIdColumn(String),
}

type Faults = Vec<(Field, MappingFault)>;

impl Mapping {
    /// Reads a mapping file for a policy.
    ///
    /// # Errors
    /// If it cannot be read, or all faults, with their lines.
    pub fn open(path: &Path, policy: &Policy) -> Result<Self, InvalidDocument<MappingFault>> {
        Self::read(&Document::open(path)?, policy)
    }

    /// Reads a mapping for a policy.
    ///
    /// # Errors
    /// All faults, with their lines.
    pub fn read(document: &Document, policy: &Policy) -> Result<Self, InvalidDocument<MappingFault>> {
        let mapping: Mapping = document.parse()?;
        let mut faults = Vec::new();
        mapping.check_format(&mut faults);
        mapping.check_attributes(policy, &mut faults);
        mapping.check_outcomes(policy, &mut faults);
        mapping.check_columns(&mut faults);
        document.judge(mapping, faults)
    }

    fn check_format(&self, faults: &mut Faults) {
        if self.format != Self::FORMAT {
            let found = self.format.clone();
            faults.push((Field::new("format"), MappingFault::Format { expected: Self::FORMAT, found }));
        }
        if self.version != Self::VERSION {
            faults.push((Field::new("version"), MappingFault::Version(self.version)));
        }
    }

    fn check_attributes(&self, policy: &Policy, faults: &mut Faults) {
        let top = Field::new("attributes");
        for name in self.attributes.keys() {
            if !policy.attributes.iter().any(|a| a.name == *name) {
                let names = list(policy.attributes.iter().map(|a| a.name.as_str()));
                faults.push((top.key(name), MappingFault::UnknownAttribute(names)));
            }
        }
        for attribute in &policy.attributes {
            match self.attributes.get(&attribute.name) {
                Some(mapped) => mapped.check(attribute, &top.key(&attribute.name), faults),
                None => faults.push((top.clone(), MappingFault::MissingAttribute(attribute.name.clone()))),
            }
        }
    }

    fn check_outcomes(&self, policy: &Policy, faults: &mut Faults) {
        self.decision.check(&Field::new("decision"), faults);
        let field = Field::new("label");
        match (&self.label, policy.needs_label()) {
            (Some(label), _) => label.check(&field, faults),
            (None, Some(metric)) => faults.push((field, MappingFault::MissingLabel(metric))),
            (None, None) => {}
        }
        let field = Field::new("score");
        match (&self.score, policy.needs_score()) {
            (Some(score), _) => score.check(&field, faults),
            (None, Some(metric)) => faults.push((field, MappingFault::MissingScore(metric))),
            (None, None) => {}
        }
    }

    /// A column may be used twice, as score and decision often are; the
    /// column of row ids may not.
    fn check_columns(&self, faults: &mut Faults) {
        let used: BTreeMap<&str, Field> = self.columns().into_iter().collect();
        if let Some(field) = used.get(self.row_id.column.as_str()) {
            faults.push((field.clone(), MappingFault::RowIdColumn(self.row_id.column.clone())));
        }
        let Ignored::Columns(ignored) = &self.ignored else { return };
        for (i, column) in ignored.iter().enumerate() {
            if used.contains_key(column.as_str()) || *column == self.row_id.column {
                faults.push((Field::new("ignored").index(i), MappingFault::MappedColumn(column.clone())));
            }
        }
    }

    /// The columns that records are read from, without the row id's, and the
    /// fields that name them.
    pub fn columns(&self) -> Vec<(&str, Field)> {
        let top = Field::new("attributes");
        let attributes = self.attributes.iter().map(|(name, a)| (a.column.as_str(), top.key(name)));
        let decision = [(self.decision.column.as_str(), Field::new("decision"))];
        let label = self.label.iter().map(|l| (l.column.as_str(), Field::new("label")));
        let score = self.score.iter().map(|s| (s.column.as_str(), Field::new("score")));
        let receipt = self.receipt.iter().map(|r| (r.column.as_str(), Field::new("receipt")));
        let columns = attributes.chain(decision).chain(label).chain(score).chain(receipt);
        columns.map(|(column, field)| (column, field.key("column"))).collect()
    }
}

impl AttributeMapping {
    fn check(&self, attribute: &Attribute, field: &Field, faults: &mut Faults) {
        let unknown_group = || MappingFault::UnknownGroup {
            attribute: attribute.name.clone(),
            groups: list(attribute.groups.iter().map(String::as_str)),
        };
        let groups = field.key("groups");
        for name in self.groups.keys().filter(|name| !attribute.groups.contains(name)) {
            faults.push((groups.key(name), unknown_group()));
        }
        for (i, name) in self.absent.iter().enumerate() {
            let field = field.key("absent").index(i);
            if !attribute.groups.contains(name) {
                faults.push((field, unknown_group()));
            } else if self.groups.contains_key(name) {
                faults.push((field, MappingFault::AbsentWithValues));
            }
        }
        if self.unknown.is_some() && !attribute.unknown {
            let fault = MappingFault::UnknownNotAllowed(attribute.name.clone());
            faults.push((field.key("unknown"), fault));
        }
        for name in &attribute.groups {
            if !self.groups.contains_key(name) && !self.absent.contains(name) {
                faults.push((groups.clone(), MappingFault::MissingGroup(name.clone())));
            }
        }
        let mut meanings: Vec<(String, &Values, Field)> = self
            .groups
            .iter()
            .map(|(name, values)| (format!("group {name:?}"), values, groups.key(name)))
            .collect();
        if let Some(unknown) = &self.unknown {
            meanings.push(("unknown".into(), unknown, field.key("unknown")));
        }
        check_meanings(&meanings, faults);
    }
}

impl Outcome {
    fn check(&self, field: &Field, faults: &mut Faults) {
        let meanings = [
            ("favourable".to_owned(), &self.favourable, field.key("favourable")),
            ("unfavourable".to_owned(), &self.unfavourable, field.key("unfavourable")),
        ];
        check_meanings(&meanings, faults);
    }
}

impl Score {
    fn check(&self, field: &Field, faults: &mut Faults) {
        if self.integers.is_some() == self.edges.is_some() {
            faults.push((field.clone(), MappingFault::BinForm));
            return;
        }
        if self.edges.as_ref().is_some_and(|edges| !edges.is_sorted_by(|a, b| a < b)) {
            faults.push((field.key("edges"), MappingFault::EdgeOrder));
        }
        let count = self.bin_count();
        if !(2..=MAX_BINS).contains(&count) {
            faults.push((field.clone(), MappingFault::BinCount(count)));
        }
    }

    /// Counted without making them.
    fn bin_count(&self) -> usize {
        let integers = self.integers.map(|i| i64::from(i.to) - i64::from(i.from) + 1);
        let edges = self.edges.as_ref().map_or(0, |edges| edges.len().saturating_sub(1));
        integers.map_or(edges, |count| usize::try_from(count).unwrap_or(0))
    }
}

/// Each by itself, and no two with a common value.
fn check_meanings(meanings: &[(String, &Values, Field)], faults: &mut Faults) {
    for (i, (name, values, field)) in meanings.iter().enumerate() {
        if let Err(e) = values.check() {
            faults.push((field.clone(), e.into()));
            continue;
        }
        for (other, others, _) in &meanings[..i] {
            if let Some(value) = values.common(others) {
                let (first, second) = (other.clone(), name.clone());
                faults.push((field.clone(), MappingFault::Ambiguous { value, first, second }));
            }
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

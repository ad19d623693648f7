//! Policies: what an organisation votes on. Names of attributes and groups,
//! views, checks and thresholds; from them the numbers that are proven.
//! spec: `audit.policy`.

mod check;
mod encode;
mod file;
mod fraction;

pub use check::PolicyFault;
pub(crate) use check::cell_count;
pub use file::{Attribute, DisclosureFile, PolicyFile, SampleFile, Unknowns, ViewFile};
pub use fraction::{Fraction, InvalidFraction};

use circuits::attestation::{self, GroupSet, Metric};

/// A policy that obeys all rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// In words.
    pub title: String,
    /// Sex, race, for instance.
    pub attributes: Vec<Attribute>,
    /// What becomes of records with an unknown value.
    pub unknowns: Unknowns,
    /// Ways to divide the records, in the order of the numbers' views.
    pub views: Vec<View>,
    /// The same as the circuit sees it.
    pub numbers: attestation::Policy,
}

impl Attribute {
    /// Values with "unknown", if there is one.
    fn values(&self) -> usize {
        // A receipt's attributes come from outside and may be empty.
        (self.groups.len() + usize::from(self.unknown)).max(1)
    }
}

/// A view's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name, for reports.
    pub name: String,
    /// Positions of its attributes in the policy.
    pub attributes: Vec<usize>,
    /// Names of its groups: those of the attributes, joined by a comma.
    pub groups: Vec<String>,
}

impl Policy {
    /// The cell of a record with these values, one per attribute; `None` is
    /// unknown. `None` if a value does not exist.
    pub fn cell(&self, values: &[Option<usize>]) -> Option<usize> {
        if values.len() != self.attributes.len() {
            return None;
        }
        self.attributes.iter().zip(values).try_fold(0, |cell, (attribute, value)| {
            let value = match value {
                Some(group) if *group < attribute.groups.len() => *group,
                None if attribute.unknown => attribute.groups.len(),
                _ => return None,
            };
            Some(cell * attribute.values() + value)
        })
    }

    /// The values of a cell, one per attribute.
    pub fn values(&self, cell: usize) -> Vec<Option<usize>> {
        values(&self.attributes, cell)
    }

    /// A cell in words: the names of its values.
    pub fn cell_name(&self, cell: usize) -> String {
        Self::cell_words(&self.attributes, cell)
    }

    /// A cell of these attributes in words.
    pub fn cell_words(attributes: &[Attribute], cell: usize) -> String {
        let name = |(attribute, value): (&Attribute, Option<usize>)| {
            let group = value.and_then(|group| attribute.groups.get(group));
            group.cloned().unwrap_or_else(|| format!("{} unknown", attribute.name))
        };
        let names: Vec<_> = attributes.iter().zip(values(attributes, cell)).map(name).collect();
        names.join(", ")
    }

    /// A metric of the policy that needs labels, if there is one.
    pub fn needs_label(&self) -> Option<Metric> {
        self.checks().find(|m| m.needs_labels())
    }

    /// A metric of the policy that needs scores, if there is one.
    pub fn needs_score(&self) -> Option<Metric> {
        self.checks().find(|m| m.needs_scores())
    }

    fn checks(&self) -> impl Iterator<Item = Metric> + '_ {
        self.numbers.views.iter().flat_map(|view| view.checks.iter().copied())
    }
}

fn values(attributes: &[Attribute], cell: usize) -> Vec<Option<usize>> {
    let (mut rest, mut out) = (cell, Vec::new());
    for attribute in attributes.iter().rev() {
        let value = rest % attribute.values();
        rest /= attribute.values();
        out.push((value < attribute.groups.len()).then_some(value));
    }
    out.reverse();
    out
}

/// The groups of a view that a record with these values may belong to: an
/// unknown value may be any.
fn allowed(attributes: &[Attribute], view: &[usize], values: &[Option<usize>]) -> GroupSet {
    let mut groups = vec![0];
    for at in view {
        let options: Vec<usize> = match values[*at] {
            Some(value) => vec![value],
            None => (0..attributes[*at].groups.len()).collect(),
        };
        let extended = |group: usize| {
            let options = options.clone();
            options.into_iter().map(move |value| group * attributes[*at].groups.len() + value)
        };
        groups = groups.into_iter().flat_map(extended).collect();
    }
    groups.into_iter().collect()
}

/// The names of a view's groups, in order.
fn group_names(attributes: &[Attribute], view: &[usize]) -> Vec<String> {
    view.iter().fold(vec![String::new()], |names, at| {
        let joined = |name: &String, group: &String| {
            if name.is_empty() { group.clone() } else { format!("{name}, {group}") }
        };
        names.iter().flat_map(|name| attributes[*at].groups.iter().map(move |g| joined(name, g))).collect()
    })
}

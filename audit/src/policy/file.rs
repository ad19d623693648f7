//! The form of a policy file. The same fields, as JSON, are part of an
//! attestation. spec: `audit.policy`.

use super::{Fraction, Policy};
use circuits::attestation::{Disclosure, Metric};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A policy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// `tabella-audit-policy`
    pub format: String,
    /// 1
    pub version: u32,
    /// In words.
    pub title: String,
    /// What people are told apart by.
    pub attributes: Vec<Attribute>,
    /// What counts.
    pub sample: SampleFile,
    /// What becomes public.
    pub disclosure: DisclosureFile,
    /// By metric: every metric that a view checks, and no other.
    pub thresholds: BTreeMap<String, Fraction>,
    /// Ways to divide the records, and what is checked on each.
    pub views: Vec<ViewFile>,
}

/// `[[attributes]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// Whether a record may lack it.
    #[serde(default)]
    pub unknown: bool,
}

/// `[sample]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFile {
    /// Groups with fewer records in a rate's denominator are not compared.
    pub minimum_cell: u32,
    /// Groups below this share of the sample are not compared.
    pub minimum_share: Fraction,
    /// What becomes of records with an unknown value.
    #[serde(default)]
    pub unknowns: Unknowns,
}

/// What becomes of records with an unknown value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknowns {
    /// They are part of the sample, and of every view whose attributes they
    /// have. In other views they are counted as unknown.
    #[default]
    Counted,
    /// They take no part in anything but the number of records.
    LeftOut,
}

/// `disclosure`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DisclosureFile {
    /// Verdicts, the number of records and of unknowns.
    VerdictsOnly,
    /// In addition the counts of every cell, each 0 or at least a minimum.
    Table {
        /// Fewest records of a cell that has any.
        minimum: u32,
    },
}

/// `[[views]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewFile {
    /// Its name, for reports.
    pub name: String,
    /// One attribute, or several for their intersections.
    pub attributes: Vec<String>,
    /// Groups that are never compared.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Names of metrics.
    pub checks: Vec<String>,
}

impl From<Disclosure> for DisclosureFile {
    fn from(disclosure: Disclosure) -> Self {
        match disclosure {
            Disclosure::VerdictsOnly => DisclosureFile::VerdictsOnly,
            Disclosure::Table { minimum } => DisclosureFile::Table { minimum },
        }
    }
}

impl From<DisclosureFile> for Disclosure {
    fn from(disclosure: DisclosureFile) -> Self {
        match disclosure {
            DisclosureFile::VerdictsOnly => Disclosure::VerdictsOnly,
            DisclosureFile::Table { minimum } => Disclosure::Table { minimum },
        }
    }
}

impl Policy {
    /// What the `format` field says.
    pub const FORMAT: &'static str = "tabella-audit-policy";
    /// The version that this code reads.
    pub const VERSION: u32 = 1;

    /// The file of this policy in its one form: fractions in lowest terms,
    /// checks and exclusions in order. Every file of the policy has the same.
    pub fn to_file(&self) -> PolicyFile {
        PolicyFile {
            format: Self::FORMAT.into(),
            version: Self::VERSION,
            title: self.title.clone(),
            attributes: self.attributes.clone(),
            sample: SampleFile {
                minimum_cell: self.numbers.minimum_cell,
                minimum_share: self.numbers.minimum_share.into(),
                unknowns: self.unknowns,
            },
            disclosure: self.numbers.disclosure.into(),
            thresholds: self.thresholds().map(|(m, f)| (m.name().to_owned(), f)).collect(),
            views: (0..self.views.len()).map(|view| self.view_file(view)).collect(),
        }
    }

    fn view_file(&self, view: usize) -> ViewFile {
        let (names, numbers) = (&self.views[view], &self.numbers.views[view]);
        ViewFile {
            name: names.name.clone(),
            attributes: names.attributes.iter().map(|a| self.attributes[*a].name.clone()).collect(),
            exclude: numbers.excluded.iter().map(|group| names.groups[group].clone()).collect(),
            checks: numbers.checks.iter().map(|m| m.name().to_owned()).collect(),
        }
    }

    /// The thresholds of the metrics that are checked.
    pub fn thresholds(&self) -> impl Iterator<Item = (Metric, Fraction)> + '_ {
        let used = |metric: &Metric| self.checks().any(|check| check == *metric);
        Metric::ALL.into_iter().filter(used).map(|m| (m, self.numbers.threshold(m).into()))
    }
}

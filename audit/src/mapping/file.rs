//! The form of a mapping file. spec: `audit.mapping`.

use super::Values;
use crate::{abi::Value, decimal::Decimal};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A mapping file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// `tabella-audit-mapping`
    pub format: String,
    /// 1
    pub version: u32,
    /// What separates cells. How the file is stored, as gzip is: no part of
    /// the digest.
    #[serde(default)]
    pub separator: Separator,
    /// Columns that play no part.
    #[serde(default)]
    pub ignored: Ignored,
    /// What tells one record from another.
    pub row_id: RowId,
    /// By the name of the policy's attribute.
    pub attributes: BTreeMap<String, AttributeMapping>,
    /// What the system decided.
    pub decision: Outcome,
    /// What turned out to be true.
    pub label: Option<Outcome>,
    /// The number behind the decision.
    pub score: Option<Score>,
    /// Hashes of the nonces that people chose, if receipts are given.
    pub receipt: Option<ReceiptColumn>,
}

/// What separates the cells of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Separator {
    /// The usual one.
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// Where the comma is a decimal point.
    #[serde(rename = ";")]
    Semicolon,
    /// `"\t"`
    #[serde(rename = "\t")]
    Tab,
    /// A vertical bar.
    #[serde(rename = "|")]
    Bar,
}

impl Separator {
    /// All of them.
    pub const ALL: [Separator; 4] = [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Bar];

    /// The byte in the file.
    pub const fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Bar => b'|',
        }
    }
}

/// The column of nonces' hashes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptColumn {
    /// Its name.
    pub column: String,
}

/// Columns that play no part.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a list of columns, or the word \"others\"")]
pub enum Ignored {
    /// These, by name; any other unused column is an error.
    Columns(Vec<String>),
    /// The word `others`: all that the mapping does not name.
    Word(Others),
}

impl Default for Ignored {
    fn default() -> Self {
        Ignored::Columns(Vec::new())
    }
}

/// The word `others`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// All other columns.
    Others,
}

/// The column of row ids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowId {
    /// Its name.
    pub column: String,
}

/// Where an attribute is, and what its values mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeMapping {
    /// Name of the column.
    pub column: String,
    /// Values that mean "unknown".
    pub unknown: Option<Values>,
    /// Groups of the policy that no record of this file may be in. Any other
    /// group without records is an error.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Values by group.
    pub groups: BTreeMap<String, Values>,
}

/// Where a two-sided outcome is, and which side is which.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Name of the column.
    pub column: String,
    /// The good side for the person.
    pub favourable: Values,
    /// The other side. It is never "all the rest".
    pub unfavourable: Values,
}

/// Where the score is, and how it is put into bins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// Name of the column.
    pub column: String,
    /// Which end is good for the person.
    pub best: Best,
    /// One bin for every integer from one to another. The median is exact.
    pub integers: Option<Integers>,
    /// Bin i holds scores from edge i up to, not including, edge i + 1; the
    /// last one includes its upper edge. The median is that of bins.
    pub edges: Option<Vec<Decimal>>,
}

/// Which end of a score is good for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// A high score.
    Highest,
    /// A low score, as for risks.
    Lowest,
}

/// Integers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integers {
    /// The least.
    pub from: i32,
    /// The greatest.
    pub to: i32,
}

/// The bins of a score, from the worst to the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreBins {
    bins: Vec<super::Range>,
}

impl ScoreBins {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.bins.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// The bin of a score, from 0 for the worst; `None` if it is in none.
    pub fn bin(&self, score: Decimal) -> Option<usize> {
        self.bins.iter().position(|bin| bin.contains(score))
    }

    /// The first and the last bin in words.
    pub fn span(&self) -> String {
        match (self.bins.first(), self.bins.last()) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "none".into(),
        }
    }
}

impl Score {
    /// The bins; empty if the file gives none or both forms.
    pub fn bins(&self) -> ScoreBins {
        let mut bins: Vec<super::Range> = match (&self.integers, &self.edges) {
            (Some(i), None) => (i.from..=i.to).map(|x| super::Range::exactly(i64::from(x).into())).collect(),
            (None, Some(edges)) => edges
                .windows(2)
                .enumerate()
                .map(|(i, w)| super::Range::between(w[0], w[1], i + 2 == edges.len()))
                .collect(),
            _ => Vec::new(),
        };
        if self.best == Best::Lowest {
            bins.reverse();
        }
        ScoreBins { bins }
    }
}

impl Mapping {
    /// What a `format` field must say.
    pub const FORMAT: &'static str = "tabella-audit-mapping";
    /// The version that this code reads.
    pub const VERSION: u32 = 1;

    /// `keccak256(abi.encode(mapping))`, with attributes and groups in the
    /// order of their names. Which columns are ignored is no part of it.
    /// spec: `audit.mapping_digest`
    pub fn digest(&self) -> [u8; 32] {
        let attributes = self.attributes.iter().map(|(name, a)| a.abi(name)).collect();
        let optional = |part: Option<Value>| Value::Array(part.into_iter().collect());
        Value::Tuple(vec![
            Value::string(Self::FORMAT),
            Value::uint(self.version),
            Value::string(&self.row_id.column),
            Value::Array(attributes),
            self.decision.abi(),
            optional(self.label.as_ref().map(Outcome::abi)),
            optional(self.score.as_ref().map(Score::abi)),
            optional(self.receipt.as_ref().map(|receipt| Value::string(&receipt.column))),
        ])
        .hash()
    }
}

impl AttributeMapping {
    fn abi(&self, name: &str) -> Value {
        let groups = self.groups.iter();
        let groups = groups.map(|(name, values)| Value::Tuple(vec![Value::string(name), values.abi()]));
        Value::Tuple(vec![
            Value::string(name),
            Value::string(&self.column),
            Value::Array(self.unknown.iter().map(Values::abi).collect()),
            Value::strings(&self.absent),
            Value::Array(groups.collect()),
        ])
    }
}

impl Outcome {
    fn abi(&self) -> Value {
        Value::Tuple(vec![Value::string(&self.column), self.favourable.abi(), self.unfavourable.abi()])
    }
}

impl Score {
    fn abi(&self) -> Value {
        let bins = self.bins().bins.into_iter().map(|bin| Values::Range(bin).abi());
        Value::Tuple(vec![Value::string(&self.column), Value::Array(bins.collect())])
    }
}

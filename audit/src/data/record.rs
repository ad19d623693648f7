//! From the cells of a row to a record.

use super::errors::{RowErrors, RowProblem, quoted};
use crate::{
    mapping::{AttributeMapping, Mapping, Outcome, ScoreBins, Values},
    policy::Policy,
};
use circuits::attestation::Record;
use csv::ByteRecord;

/// A column of an attribute, its mapping, and columns whose values say more.
type AttributeColumn<'m> = (usize, &'m AttributeMapping, Vec<(usize, &'m Values)>);

/// Where in a row everything is.
#[derive(Debug)]
pub struct Columns<'m> {
    row_id: usize,
    attributes: Vec<AttributeColumn<'m>>,
    decision: (usize, &'m Outcome),
    label: Option<(usize, &'m Outcome)>,
    score: Option<(usize, &'m str, ScoreBins)>,
    receipt: Option<(usize, &'m str)>,
}

/// A cell's text, or the problem of the cell.
fn text(bytes: &[u8]) -> Result<&str, RowProblem> {
    std::str::from_utf8(bytes).map_err(|_| RowProblem::NotText(quoted(bytes)))
}

impl<'m> Columns<'m> {
    /// Finds the columns in a header; `None` if one is missing.
    pub(super) fn find(header: &[String], policy: &Policy, mapping: &'m Mapping) -> Option<Self> {
        let at = |name: &str| header.iter().position(|column| column == name);
        let attribute = |attribute: &crate::policy::Attribute| {
            let mapped = mapping.attributes.get(&attribute.name)?;
            let groups = attribute.groups.iter().enumerate();
            let values = groups.filter_map(|(i, group)| Some((i, mapped.groups.get(group)?)));
            Some((at(&mapped.column)?, mapped, values.collect()))
        };
        let score = match &mapping.score {
            Some(score) => Some((at(&score.column)?, score.column.as_str(), score.bins())),
            None => None,
        };
        let receipt = match &mapping.receipt {
            Some(receipt) => Some((at(&receipt.column)?, receipt.column.as_str())),
            None => None,
        };
        let label = match &mapping.label {
            Some(label) => Some((at(&label.column)?, label)),
            None => None,
        };
        Some(Self {
            row_id: at(&mapping.row_id.column)?,
            attributes: policy.attributes.iter().map(attribute).collect::<Option<_>>()?,
            decision: (at(&mapping.decision.column)?, &mapping.decision),
            label,
            score,
            receipt,
        })
    }

    /// Bins of the score; 1 where there is none.
    pub(super) fn bins(&self) -> usize {
        self.score.as_ref().map_or(1, |(_, _, bins)| bins.len())
    }

    /// Whether there are labels.
    pub(super) fn labelled(&self) -> bool {
        self.label.is_some()
    }

    /// The hash of the row's nonce and the name of its column, if receipts
    /// are given.
    pub(super) fn nonce(&self, row: &ByteRecord) -> Option<(&'m str, Result<[u8; 32], RowProblem>)> {
        let (at, column) = self.receipt?;
        let read = || {
            let digits = std::str::from_utf8(&row[at]).ok()?.strip_prefix("0x")?;
            let mut hash = [0; 32];
            hex::decode_to_slice(digits, &mut hash).ok().map(|()| hash)
        };
        Some((column, read().ok_or_else(|| RowProblem::NotHash(quoted(&row[at])))))
    }

    /// The bytes of the row id.
    pub(super) fn row_id<'r>(&self, row: &'r ByteRecord) -> &'r [u8] {
        &row[self.row_id]
    }

    /// The record of a row; all problems of the row go into the list.
    pub(super) fn record(
        &self,
        line: u64,
        row: &ByteRecord,
        policy: &Policy,
        errors: &mut RowErrors,
    ) -> Option<Record> {
        let attributes: Vec<_> = self.attributes.iter().map(|a| attribute_value(a, row)).collect();
        let decision = side(self.decision, row);
        let label = self.label.map(|label| side(label, row));
        let bin = self.score.as_ref().map(|(at, _, bins)| bin(&row[*at], bins));
        let mut note = |column: &str, problem: Option<&RowProblem>| {
            if let Some(problem) = problem {
                errors.push(Some(line), Some(column), problem.clone());
            }
        };
        for (value, (_, mapped, _)) in attributes.iter().zip(&self.attributes) {
            note(&mapped.column, value.as_ref().err());
        }
        note(&self.decision.1.column, decision.as_ref().err());
        if let (Some(label), Some((_, outcome))) = (&label, self.label) {
            note(&outcome.column, label.as_ref().err());
        }
        if let (Some(bin), Some((_, column, _))) = (&bin, &self.score) {
            note(column, bin.as_ref().err());
        }
        let values = attributes.into_iter().collect::<Result<Vec<_>, _>>().ok()?;
        Some(Record {
            cell: policy.cell(&values)?,
            label: label.transpose().ok()?,
            decision: decision.ok()?,
            bin: bin.transpose().ok()?.unwrap_or(0),
        })
    }
}

fn attribute_value(
    (at, mapped, groups): &(usize, &AttributeMapping, Vec<(usize, &Values)>),
    row: &ByteRecord,
) -> Result<Option<usize>, RowProblem> {
    let meanings = groups.iter().map(|(group, values)| (Some(*group), *values));
    meaning(&row[*at], meanings.chain(mapped.unknown.iter().map(|values| (None, values))))
}

fn side((at, outcome): (usize, &Outcome), row: &ByteRecord) -> Result<bool, RowProblem> {
    meaning(&row[at], [(true, &outcome.favourable), (false, &outcome.unfavourable)].into_iter())
}

fn bin(cell: &[u8], bins: &ScoreBins) -> Result<usize, RowProblem> {
    let score = text(cell)?.parse().map_err(|_| RowProblem::NotNumber(quoted(cell)))?;
    bins.bin(score)
        .ok_or_else(|| RowProblem::Outside { value: quoted(cell), known: format!("scores {}", bins.span()) })
}

/// What a cell means. A mapping's meanings exclude each other, so that the
/// first that fits is the only one.
fn meaning<'v, T>(
    cell: &[u8],
    meanings: impl Iterator<Item = (T, &'v Values)> + Clone,
) -> Result<T, RowProblem> {
    let text = text(cell)?;
    let mut number_needed = false;
    for (meaning, values) in meanings.clone() {
        match values.contains(text) {
            Ok(true) => return Ok(meaning),
            Ok(false) => {}
            Err(_) => number_needed = true,
        }
    }
    if number_needed {
        return Err(RowProblem::NotNumber(quoted(cell)));
    }
    let known: Vec<_> = meanings.map(|(_, values)| values.to_string()).collect();
    Err(RowProblem::Outside { value: quoted(cell), known: known.join("; ") })
}

//! Reading of rows.

use super::{
    Columns, Dataset,
    errors::{InvalidData, RowErrors, RowProblem, quoted},
};
use crate::{
    mapping::{Ignored, Mapping, Separator},
    policy::Policy,
};
use circuits::attestation::{Layout, MAX_RECORDS};
use csv::{ByteRecord, Reader, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeSet, HashMap},
    io::{BufRead, BufReader, Read},
};

/// First bytes of a gzipped file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Rows by a hash of their id: which row had it first. Only looked up, never
/// walked through.
#[derive(Default)]
struct Ids(HashMap<[u8; 16], u64>);

impl Ids {
    /// The row that had this id before, if one had.
    fn insert(&mut self, id: &[u8], row: u64) -> Option<u64> {
        let mut short = [0; 16];
        short.copy_from_slice(&Sha256::digest(id)[..16]);
        match self.0.entry(short) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(row);
                None
            }
        }
    }
}

pub(super) fn read(
    file: &str,
    input: impl Read,
    policy: &Policy,
    mapping: &Mapping,
) -> Result<Dataset, InvalidData> {
    read_rows(file, plain(file, input)?, policy, mapping)
}

/// The stream without gzip.
pub(super) fn plain<'r>(file: &str, input: impl Read + 'r) -> Result<Box<dyn Read + 'r>, InvalidData> {
    let mut input = BufReader::new(input);
    let start = input.fill_buf().map_err(|cause| InvalidData::Read { file: file.into(), cause })?;
    if start.starts_with(&GZIP_MAGIC) {
        Ok(Box::new(MultiGzDecoder::new(input)))
    } else {
        Ok(Box::new(input))
    }
}

fn read_rows(
    file: &str,
    input: impl Read,
    policy: &Policy,
    mapping: &Mapping,
) -> Result<Dataset, InvalidData> {
    let mut errors = RowErrors::default();
    let dataset = Rows::new(input, policy, mapping, &mut errors).and_then(|rows| match rows {
        Some(rows) => rows.collect(&mut errors),
        None => Ok(None),
    });
    match dataset {
        Err(cause) => Err(InvalidData::Csv { file: file.into(), cause }),
        Ok(Some(dataset)) if errors.total == 0 => Ok(dataset),
        Ok(_) => Err(InvalidData::Rows { file: file.into(), errors }),
    }
}

/// A file behind its header.
struct Rows<'p, R> {
    csv: Reader<R>,
    width: usize,
    columns: Columns<'p>,
    policy: &'p Policy,
    mapping: &'p Mapping,
}

impl<'p, R: Read> Rows<'p, R> {
    /// `None`, with the reasons in the list, if columns are missing.
    fn new(
        input: R,
        policy: &'p Policy,
        mapping: &'p Mapping,
        errors: &mut RowErrors,
    ) -> Result<Option<Self>, csv::Error> {
        let mut csv = format(mapping).has_headers(false).from_reader(input);
        let mut record = ByteRecord::new();
        csv.read_byte_record(&mut record)?;
        let header = header(&record, mapping, errors);
        let columns = Columns::find(&header, policy, mapping);
        Ok(columns.map(|columns| Self { csv, width: header.len(), columns, policy, mapping }))
    }

    /// All records, or `None` if the layout has no room for them.
    fn collect(mut self, errors: &mut RowErrors) -> Result<Option<Dataset>, csv::Error> {
        let cells = self.policy.numbers.cells;
        let layout = match Layout::new(cells, self.columns.labelled(), self.columns.bins()) {
            Ok(layout) => layout,
            Err(e) => {
                errors.push(None, None, RowProblem::Layout(e));
                return Ok(None);
            }
        };
        let (mut row, mut codes, mut ids, mut rows) = (ByteRecord::new(), Vec::new(), Ids::default(), 0);
        let (mut cells, mut nonces, mut seen) = (vec![0u64; cells], Vec::new(), Ids::default());
        while self.csv.read_byte_record(&mut row)? {
            rows += 1;
            if rows > MAX_RECORDS {
                errors.push(None, None, RowProblem::TooMany(MAX_RECORDS));
                break;
            }
            let line = row.position().map_or(0, csv::Position::line);
            if let Some(hash) = self.nonce(line, &row, &mut seen, errors) {
                nonces.push(hash);
            }
            if let Some(record) = self.record(line, &row, &mut ids, errors) {
                cells[record.cell] += 1;
                codes.push(layout.code(&record).expect("columns and layout have the same parts"));
            }
        }
        if rows == 0 {
            errors.push(None, None, RowProblem::NoRecords);
        } else if errors.total == 0 {
            self.check_groups(&cells, errors);
        }
        Ok(Some(Dataset { layout, codes, nonces }))
    }

    fn nonce(&self, line: u64, row: &ByteRecord, seen: &mut Ids, errors: &mut RowErrors) -> Option<[u8; 32]> {
        if row.len() != self.width {
            return None;
        }
        let (column, hash) = self.columns.nonce(row)?;
        let unique = hash.and_then(|hash| match seen.insert(&hash, line) {
            Some(first) => Err(RowProblem::DuplicateNonce { first }),
            None => Ok(hash),
        });
        unique.map_err(|problem| errors.push(Some(line), Some(column), problem)).ok()
    }

    fn record(
        &self,
        line: u64,
        row: &ByteRecord,
        ids: &mut Ids,
        errors: &mut RowErrors,
    ) -> Option<circuits::attestation::Record> {
        if row.len() != self.width {
            errors.push(Some(line), None, RowProblem::Cells { found: row.len(), expected: self.width });
            return None;
        }
        let (id, column) = (self.columns.row_id(row), Some(self.mapping.row_id.column.as_str()));
        if id.is_empty() {
            errors.push(Some(line), column, RowProblem::EmptyId);
        } else if let Some(first) = ids.insert(id, line) {
            errors.push(Some(line), column, RowProblem::DuplicateId { id: quoted(id), first });
        }
        self.columns.record(line, row, self.policy, errors)
    }

    /// Every group of every attribute has records, or is listed as absent
    /// and has none.
    fn check_groups(&self, cells: &[u64], errors: &mut RowErrors) {
        for (at, attribute) in self.policy.attributes.iter().enumerate() {
            let mapped = &self.mapping.attributes[&attribute.name];
            for (group, name) in attribute.groups.iter().enumerate() {
                let inside = |(cell, _): &(usize, &u64)| self.policy.values(*cell)[at] == Some(group);
                let records: u64 = cells.iter().enumerate().filter(inside).map(|(_, n)| n).sum();
                if records == 0 && !mapped.absent.contains(name) {
                    errors.push(None, Some(&mapped.column), RowProblem::EmptyGroup(name.clone()));
                }
            }
        }
    }
}

/// How the mapping says that rows are written.
fn format(mapping: &Mapping) -> ReaderBuilder {
    let mut format = ReaderBuilder::new();
    format.flexible(true).delimiter(mapping.separator.byte());
    format
}

/// Another separator that the only column of a header seems to hold.
fn other_separator(names: &[String], mapping: &Mapping) -> Option<Separator> {
    let [name] = names else { return None };
    let mut others = Separator::ALL.into_iter().filter(|&other| other != mapping.separator);
    others.find(|other| name.as_bytes().contains(&other.byte()))
}

/// The names of the columns. Row 1 is to blame for what is wrong with them.
fn header(record: &ByteRecord, mapping: &Mapping, errors: &mut RowErrors) -> Vec<String> {
    let names: Vec<String> = record.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    if let Some(separator) = other_separator(&names, mapping) {
        errors.push(Some(1), None, RowProblem::Separator(char::from(separator.byte())));
        return names;
    }
    let used: BTreeSet<&str> = mapping.columns().into_iter().map(|(column, _)| column).collect();
    let used: BTreeSet<&str> = used.into_iter().chain([mapping.row_id.column.as_str()]).collect();
    for column in &used {
        if !names.iter().any(|name| name == column) {
            errors.push(Some(1), Some(column), RowProblem::MissingColumn);
        }
    }
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            errors.push(Some(1), Some(name), RowProblem::RepeatedColumn);
        }
    }
    if let Ignored::Columns(ignored) = &mapping.ignored {
        for name in names.iter().filter(|name| !used.contains(name.as_str()) && !ignored.contains(name)) {
            errors.push(Some(1), Some(name), RowProblem::UnmappedColumn);
        }
        for name in ignored.iter().filter(|name| !names.contains(name)) {
            errors.push(Some(1), Some(name), RowProblem::IgnoredColumn);
        }
    }
    names
}

/// The position of a row id among the records, from 0.
pub(super) fn position(
    file: &str,
    input: impl Read,
    mapping: &Mapping,
    id: &str,
) -> Result<Option<u64>, InvalidData> {
    let fault = |cause| InvalidData::Csv { file: file.into(), cause };
    let mut csv = format(mapping).from_reader(input);
    let header = csv.byte_headers().map_err(fault)?;
    let column = header.iter().position(|name| name == mapping.row_id.column.as_bytes());
    for (index, row) in (0..).zip(csv.byte_records()) {
        let row = row.map_err(fault)?;
        if column.and_then(|column| row.get(column)) == Some(id.as_bytes()) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

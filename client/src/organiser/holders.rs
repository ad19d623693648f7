//! The table of token holders, from CSV. spec: `census.import`.
//!
//! Two columns, `address,balance` or `address,balance_wei`: balances are
//! integers of the token's base units, below 2^256. A weight is the balance
//! in census units, rounded down; what is lost is reported as dust. Every
//! malformed row is listed, not just the first.

use circuits::{
    params::{CENSUS_CAPACITY, TOTAL_BITS},
    types::{Address, CensusDefinition, Holder, holders_digest, keccak256},
};
use csv::{ByteRecord, ReaderBuilder};
use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, io,
};

/// Most decimals of a token that a dust total of all holders still fits in
/// 128 bits with: 10^30 * 2^24 < 2^128.
const TOKEN_DECIMALS_MAX: u8 = 30;
/// Most decimals of a census unit; the draft's limit.
const CENSUS_DECIMALS_MAX: u8 = 18;
/// 2^256 - 1
const BALANCE_MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// Holders in ascending order of address, and what rounding cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderTable {
    /// Each with a weight above zero.
    pub holders: Vec<Holder>,
    /// Sum of all weights, in census units, below 2^44.
    pub total: u64,
    /// Decimals of a census unit.
    pub decimals: u8,
    /// What rounding dropped, in the token's base units, the whole balances
    /// of `dropped_zero` included.
    pub dust: u128,
    /// Rows whose weight rounds to zero: they are not in the table.
    pub dropped_zero: usize,
}

impl HolderTable {
    /// The definition of a census over this table. `maskers` get sorted.
    pub fn definition(&self, snapshot: impl Into<String>, mut maskers: Vec<Address>) -> CensusDefinition {
        maskers.sort_unstable();
        maskers.dedup();
        let source = holders_digest(&self.holders);
        CensusDefinition { source, snapshot: snapshot.into(), decimals: self.decimals, maskers }
    }
}

/// A malformed row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line in the file, from 1; the header is line 1.
    pub row: u64,
    /// Name of the column, or `row`.
    pub column: &'static str,
    /// What is wrong and how to mend it.
    pub problem: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.row, self.column, self.problem)
    }
}

/// Why a table is refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTable {
    /// See the message.
    #[error("the table has {} malformed rows:{}", .0.len(), lines(.0))]
    Rows(Vec<RowError>),
    /// See the message.
    #[error("the header is {0:?}; it must be address,balance or address,balance_wei")]
    Header(String),
    /// See the message.
    #[error("the table has more than {CENSUS_CAPACITY} rows, the most that a census has leaves")]
    TooMany,
    /// See the message.
    #[error("the table has no holder with a weight above zero; check balances and decimals")]
    Empty,
    /// See the message.
    #[error(
        "a token of {token} decimals and a census of {census}: needed are census decimals of at most 18 and at \
         most the token's, and token decimals of at most 30"
    )]
    Decimals {
        /// Of the token.
        token: u8,
        /// Of the census.
        census: u8,
    },
    /// See the message.
    #[error(
        "with {decimals} decimals the total weight is not below 2^44 units; {}",
        .fitting.map_or_else(|| "no number of decimals makes it fit".to_owned(), |d| format!("use {d} decimals"))
    )]
    Total {
        /// As asked for.
        decimals: u8,
        /// The most that fit.
        fitting: Option<u8>,
    },
    /// See the message.
    #[error("cannot read the table: {0}")]
    Read(#[from] csv::Error),
}

fn lines(rows: &[RowError]) -> String {
    rows.iter().map(|row| format!("\n  {row}")).collect()
}

/// A table, well-formed or not: all that an import would say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Rows below the header, malformed ones included.
    pub rows: usize,
    /// Malformed rows, repeated addresses among them, in order.
    pub malformed: Vec<RowError>,
    /// How many of them repeat an address.
    pub duplicates: usize,
    /// Lines of the rows whose weight rounds to zero.
    pub zero: Vec<u64>,
    /// Lines of the rows whose weight alone is not below 2^44 units.
    pub over_limit: Vec<u64>,
    /// Sum of the weights of the well-formed rows; `None`: not below 2^44.
    pub total: Option<u64>,
    /// If the total is over the limit, the most decimals with which it fits.
    pub fitting: Option<u8>,
    /// What rounding drops, in the token's base units.
    pub dust: u128,
    /// Decimals of a census unit.
    pub decimals: u8,
    /// Well-formed rows with a weight above zero and below 2^64, ascending
    /// by address.
    pub holders: Vec<Holder>,
}

impl Survey {
    /// The table, if nothing is wrong with it.
    ///
    /// # Errors
    /// All malformed rows at once; or that the total is over the limit, with
    /// the number of decimals that fits; or that nobody has a weight.
    pub fn into_table(self) -> Result<HolderTable, InvalidTable> {
        let (decimals, fitting, dropped_zero) = (self.decimals, self.fitting, self.zero.len());
        if !self.malformed.is_empty() {
            return Err(InvalidTable::Rows(self.malformed));
        }
        let total = self.total.ok_or(InvalidTable::Total { decimals, fitting })?;
        if self.holders.is_empty() {
            return Err(InvalidTable::Empty);
        }
        Ok(HolderTable { holders: self.holders, total, decimals, dust: self.dust, dropped_zero })
    }
}

/// Reads a table of a token with `token_decimals` into weights with
/// `decimals`.
///
/// # Errors
/// All malformed rows at once; or that the total is over the limit, with
/// the number of decimals that fits.
pub fn read_csv(
    reader: impl io::Read,
    token_decimals: u8,
    decimals: u8,
) -> Result<HolderTable, InvalidTable> {
    survey(reader, token_decimals, decimals)?.into_table()
}

/// Reads a table and says all that is wrong with it at once.
///
/// # Errors
/// If it cannot be read as a table at all.
pub fn survey(reader: impl io::Read, token_decimals: u8, decimals: u8) -> Result<Survey, InvalidTable> {
    if decimals > token_decimals.min(CENSUS_DECIMALS_MAX) || token_decimals > TOKEN_DECIMALS_MAX {
        return Err(InvalidTable::Decimals { token: token_decimals, census: decimals });
    }
    let (mut survey, mut rows) = read_rows(reader, decimals)?;
    rows.sort_unstable_by_key(|row| row.address);
    let drop = token_decimals - decimals;
    for row in &rows {
        survey.dust += row.dust(drop);
        match row.weight(drop) {
            Some(0) => survey.zero.push(row.line),
            Some(weight) if weight >> TOTAL_BITS == 0 => {
                survey.holders.push(Holder { address: row.address, weight });
            }
            _ => survey.over_limit.push(row.line),
        }
    }
    survey.zero.sort_unstable();
    survey.over_limit.sort_unstable();
    survey.total = total(&rows, drop);
    if survey.total.is_none() {
        survey.fitting = (0..decimals).rev().find(|d| total(&rows, token_decimals - d).is_some());
    }
    Ok(survey)
}

/// A row with its balance as decimal digits without leading zeros. In
/// decimal digits, division by a power of ten is cutting.
struct Row {
    line: u64,
    address: Address,
    balance: String,
}

impl Row {
    fn cut(&self, drop: u8) -> (&str, &str) {
        self.balance.split_at(self.balance.len().saturating_sub(drop.into()))
    }

    /// The balance divided by `10^drop`, rounded down; `None` if it is not
    /// below 2^64.
    fn weight(&self, drop: u8) -> Option<u64> {
        let (units, _) = self.cut(drop);
        if units.is_empty() { Some(0) } else { units.parse().ok() }
    }

    /// The remainder, below `10^30`.
    fn dust(&self, drop: u8) -> u128 {
        let (_, lost) = self.cut(drop);
        if lost.is_empty() { 0 } else { lost.parse().expect("at most 30 digits") }
    }
}

/// `None`: not below 2^44.
fn total(rows: &[Row], drop: u8) -> Option<u64> {
    let sum = rows.iter().try_fold(0u64, |sum, row| sum.checked_add(row.weight(drop)?));
    sum.filter(|t| t >> TOTAL_BITS == 0)
}

/// The well-formed rows, and what is to say about the others.
fn read_rows(reader: impl io::Read, decimals: u8) -> Result<(Survey, Vec<Row>), InvalidTable> {
    let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut record = ByteRecord::new();
    csv.read_byte_record(&mut record)?;
    let header: Vec<&[u8]> = record.iter().collect();
    let [b"address", b"balance" | b"balance_wei"] = header[..] else {
        let found: Vec<_> = header.iter().map(|c| String::from_utf8_lossy(c)).collect();
        return Err(InvalidTable::Header(found.join(",").chars().take(100).collect()));
    };
    let (mut survey, mut rows, mut first_line) = (Survey::empty(decimals), Vec::new(), HashMap::new());
    while csv.read_byte_record(&mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        survey.rows += 1;
        if survey.rows as u64 > CENSUS_CAPACITY {
            return Err(InvalidTable::TooMany);
        }
        match read_row(&record, line) {
            Ok(row) => match first_line.entry(row.address) {
                Entry::Vacant(place) => {
                    place.insert(line);
                    rows.push(row);
                }
                Entry::Occupied(first) => survey.repeated(&row, *first.get()),
            },
            Err(faults) => survey.malformed.extend(faults.into_iter().map(|(column, problem)| RowError {
                row: line,
                column,
                problem,
            })),
        }
    }
    Ok((survey, rows))
}

impl Survey {
    fn empty(decimals: u8) -> Self {
        Self {
            rows: 0,
            malformed: Vec::new(),
            duplicates: 0,
            zero: Vec::new(),
            over_limit: Vec::new(),
            total: None,
            fitting: None,
            dust: 0,
            decimals,
            holders: Vec::new(),
        }
    }

    fn repeated(&mut self, row: &Row, first: u64) {
        self.duplicates += 1;
        let problem = format!("{} is also in line {first}; keep one row per address", row.address);
        self.malformed.push(RowError { row: row.line, column: "address", problem });
    }
}

/// What is wrong, by column.
type Faults = Vec<(&'static str, String)>;

fn read_row(record: &ByteRecord, line: u64) -> Result<Row, Faults> {
    if record.len() != 2 {
        return Err(vec![("row", format!("it has {} columns, not 2", record.len()))]);
    }
    match (read_address(&record[0]), read_balance(&record[1])) {
        (Ok(address), Ok(balance)) => Ok(Row { line, address, balance }),
        (address, balance) => {
            let faults = [("address", address.err()), ("balance", balance.err())];
            Err(faults.into_iter().filter_map(|(column, fault)| Some((column, fault?))).collect())
        }
    }
}

fn read_address(bytes: &[u8]) -> Result<Address, String> {
    let text = quote(bytes);
    let address: Address = std::str::from_utf8(bytes)
        .ok()
        .and_then(|s| s.parse().ok())
        .ok_or_else(|| format!("{text} is not an address: 0x and 40 hexadecimal digits"))?;
    let digits = &bytes[2..];
    let mixed = digits.iter().any(u8::is_ascii_uppercase) && digits.iter().any(u8::is_ascii_lowercase);
    if mixed && digits != checksummed(address).as_bytes() {
        return Err(format!("{text} has a wrong checksum (EIP-55): a digit is mistyped"));
    }
    Ok(address)
}

/// EIP-55: a letter is upper case if the hash of the lower-case digits has a
/// digit of 8 or more in its place.
fn checksummed(address: Address) -> String {
    let digits = hex::encode(address.0);
    let hash = hex::encode(keccak256(&digits));
    let case = |(d, h): (char, char)| if h >= '8' { d.to_ascii_uppercase() } else { d };
    digits.chars().zip(hash.chars()).map(case).collect()
}

fn read_balance(bytes: &[u8]) -> Result<String, String> {
    let text = quote(bytes);
    if bytes.first() == Some(&b'-') {
        return Err(format!("{text} is negative; balances are 0 or more"));
    }
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(format!("{text} is not an integer of the token's base units: digits only"));
    }
    let digits: String = bytes.iter().map(|b| char::from(*b)).skip_while(|c| *c == '0').collect();
    if (digits.len(), &digits[..]) > (BALANCE_MAX.len(), BALANCE_MAX) {
        return Err(format!("{text} is not below 2^256, as balances are"));
    }
    Ok(digits)
}

/// At most 100 characters of a cell, quoted.
fn quote(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(100).collect();
    format!("{text:?}")
}

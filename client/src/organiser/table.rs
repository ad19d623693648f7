//! An imported table of holders on disk: what a draft's census is defined
//! by, and what it is frozen with. spec: `census.table`.
//!
//! JSON, one value per line: a header, then the holders in ascending order
//! of address, as the record has them.

use super::holders::HolderTable;
use circuits::{
    params::TOTAL_BITS,
    types::{Holder, holders_digest},
};
use serde::{Deserialize, Serialize};

/// The first key's value: format and version.
const FORMAT: &str = "tabella-holders/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    decimals: u8,
    holders: usize,
    total: u64,
    /// Base units of the token, a decimal string: above what JSON's numbers
    /// hold exactly.
    dust: String,
    dropped_zero: usize,
    #[serde(with = "circuits::types::json::bytes")]
    source: [u8; 32],
}

/// Why a file is not a table of holders. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTableFile {
    /// See the message.
    #[error("line {line}: {cause}; import the table anew")]
    Line {
        /// Which line.
        line: usize,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// See the message.
    #[error("the format is {0:?}, not \"tabella-holders/1\"; import the table anew")]
    Format(String),
    /// See the message.
    #[error("line {0}: addresses must ascend without repetition, and weights be above zero")]
    Order(usize),
    /// See the message.
    #[error("the holders do not give the header's {0}; the file was changed: import the table anew")]
    Differs(&'static str),
}

impl HolderTable {
    /// The file's text.
    pub fn to_text(&self) -> String {
        let header = Header {
            format: FORMAT.into(),
            decimals: self.decimals,
            holders: self.holders.len(),
            total: self.total,
            dust: self.dust.to_string(),
            dropped_zero: self.dropped_zero,
            source: holders_digest(&self.holders),
        };
        let json = "numbers and strings are JSON";
        let mut out = serde_json::to_string(&header).expect(json) + "\n";
        for holder in &self.holders {
            out.push_str(&serde_json::to_string(holder).expect(json));
            out.push('\n');
        }
        out
    }

    /// Reads what [`HolderTable::to_text`] wrote, and checks it.
    ///
    /// # Errors
    /// If it is anything else, or was changed.
    pub fn from_text(text: &str) -> Result<Self, InvalidTableFile> {
        let mut lines = text.lines().zip(1..);
        let (first, _) = lines.next().unwrap_or_default();
        let header: Header = read(first, 1)?;
        if header.format != FORMAT {
            return Err(InvalidTableFile::Format(header.format));
        }
        let mut holders: Vec<Holder> = Vec::new();
        for (text, line) in lines {
            let holder: Holder = read(text, line)?;
            if holder.weight == 0 || holders.last().is_some_and(|last| last.address >= holder.address) {
                return Err(InvalidTableFile::Order(line));
            }
            holders.push(holder);
        }
        header.table(holders)
    }
}

impl Header {
    fn table(self, holders: Vec<Holder>) -> Result<HolderTable, InvalidTableFile> {
        let sum = holders.iter().try_fold(0u64, |sum, h| sum.checked_add(h.weight));
        let total = sum.filter(|t| t >> TOTAL_BITS == 0 && *t == self.total);
        if holders.is_empty() || holders.len() != self.holders {
            return Err(InvalidTableFile::Differs("number of holders"));
        }
        if holders_digest(&holders) != self.source {
            return Err(InvalidTableFile::Differs("source"));
        }
        Ok(HolderTable {
            holders,
            total: total.ok_or(InvalidTableFile::Differs("total"))?,
            decimals: self.decimals,
            dust: self.dust.parse().map_err(|_| InvalidTableFile::Differs("dust"))?,
            dropped_zero: self.dropped_zero,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str, line: usize) -> Result<T, InvalidTableFile> {
    serde_json::from_str(text).map_err(|cause| InvalidTableFile::Line { line, cause })
}

//! Files to which records are appended, one per line: eight hexadecimal
//! digits of CRC-32C, a space, and JSON. spec: `chain.lines`.
//!
//! A record is there once its line is whole. What is torn at the end was
//! never acknowledged and is cut; damage before the end is an error.

use serde::{Serialize, de::DeserializeOwned};

/// Digits of the checksum and the space.
const HEAD: usize = 9;

/// Damage that no crash explains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// See the message.
    #[error("line {0} does not match its checksum, and lines follow it; restore the file from a backup")]
    Checksum(usize),
    /// See the message.
    #[error("line {line} is no record of this version: {problem}")]
    Form {
        /// From 1.
        line: usize,
        /// What the reader said.
        problem: String,
    },
}

/// Records and the bytes that they take; what follows those is torn.
#[derive(Debug)]
pub struct Decoded<T> {
    /// In file order.
    pub records: Vec<T>,
    /// Bytes of whole lines.
    pub length: usize,
}

/// One record as a line.
///
/// # Panics
/// Never: records hold strings, numbers, lists and maps with text keys.
pub fn encode(record: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_string(record).expect("records are plain data");
    format!("{:08x} {json}\n", crc32c::crc32c(json.as_bytes())).into_bytes()
}

/// All records of a file's content, the first of which is line `first`.
///
/// # Errors
/// See [`Damaged`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8], first: usize) -> Result<Decoded<T>, Damaged> {
    let mut out = Decoded { records: Vec::new(), length: 0 };
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    for (number, line) in (first..).zip(lines) {
        let Some(json) = intact(line) else {
            let last = out.length + line.len() == bytes.len();
            return if last { Ok(out) } else { Err(Damaged::Checksum(number)) };
        };
        let record = serde_json::from_slice(json);
        out.records.push(record.map_err(|e| Damaged::Form { line: number, problem: e.to_string() })?);
        out.length += line.len();
    }
    Ok(out)
}

/// The JSON of a whole line whose checksum is right.
fn intact(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (head, json) = line.split_at_checked(HEAD)?;
    let expected = format!("{:08x} ", crc32c::crc32c(json));
    (head == expected.as_bytes()).then_some(json)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn three() -> Vec<u8> {
        [1, 22, 333].iter().flat_map(encode).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = three();
        let read = decode::<u32>(&bytes, 1).unwrap();
        assert_eq!((read.records, read.length), (vec![1, 22, 333], bytes.len()));
    }

    /// A crash may leave any part of the last line.
    #[test]
    fn a_torn_end_is_cut_at_every_length() {
        let bytes = three();
        let ends: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
        for length in 0..bytes.len() {
            let read = decode::<u32>(&bytes[..length], 1).unwrap();
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(read.records.len(), whole, "{length}");
            assert_eq!(read.length, if whole == 0 { 0 } else { ends[whole - 1] });
        }
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let mut bytes = three();
        bytes[10] ^= 1;
        assert_eq!(decode::<u32>(&bytes, 5).unwrap_err(), Damaged::Checksum(5));
    }

    #[test]
    fn records_of_another_form_are_refused() {
        let bytes: Vec<u8> = [encode(&1), encode(&"text")].concat();
        assert!(matches!(decode::<u32>(&bytes, 1), Err(Damaged::Form { line: 2, .. })));
    }
}

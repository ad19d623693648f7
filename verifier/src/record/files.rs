//! Between a record and its files. Reading refuses every byte that writing
//! would not make. spec: `record.form`.

use super::{Election, Manifest, Record};
use crate::key::{InvalidKey, VerifyingKey};
use circuits::types::{
    AccountKey, BallotShape, BoardEntry, CiphertextDigest, Ciphertexts, InvalidPoint, InvalidSignature,
    NonCanonical, ProofBytes, ProofLength, Signature, Slot, Tally, Ticket,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The files of a record by path, `manifest.json` and `manifest.sig` included.
pub type Files = BTreeMap<String, Vec<u8>>;

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const ELECTION: &str = "election.json";
const HOLDERS: &str = "holders.jsonl";
const REGISTRATIONS: &str = "registrations.jsonl";
const TRUSTEES: &str = "trustees.jsonl";
const BOARD: &str = "board.bin";
const TALLY: &str = "tally.json";
/// First bytes of `board.bin`; then one byte: room for options.
const BOARD_MAGIC: &[u8] = b"tabella-board-v1";

/// Why files are not a record.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FormatFault {
    /// See the message.
    #[error("{0} is missing")]
    Missing(String),
    /// See the message.
    #[error("{0} is not listed in the manifest; a record holds nothing else")]
    Extra(String),
    /// See the message.
    #[error("{0} differs from the manifest in size or SHA-256")]
    Changed(String),
    /// See the message.
    #[error("the manifest lists {0} twice or out of order")]
    Order(String),
    /// See the message.
    #[error("format {format:?} version {version} is not known to this verifier")]
    Version {
        /// As the manifest says.
        format: String,
        /// As the manifest says.
        version: u32,
    },
    /// See the message.
    #[error("{file}{}: {problem}", line.map(|l| format!(" line {l}")).unwrap_or_default())]
    Json {
        /// Path.
        file: String,
        /// Line, from 1, in files of lines.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// See the message.
    #[error("{0} is not in the one byte form: same values, other bytes")]
    NotCanonical(String),
    /// See the message.
    #[error("board.bin: {0}")]
    Board(&'static str),
    /// See the message.
    #[error("board.bin entry {seq}: {problem}")]
    Entry {
        /// Number of the entry.
        seq: usize,
        /// What is wrong.
        problem: String,
    },
    /// See the message.
    #[error("{path}: {cause}")]
    Key {
        /// Path.
        path: String,
        /// What is wrong.
        cause: InvalidKey,
    },
    /// See the message.
    #[error("manifest.sig: {0}")]
    Signature(#[from] InvalidSignature),
}

impl Record {
    /// All files, signed by the operator.
    pub fn to_files(&self, operator: &AccountKey) -> Files {
        let mut files = self.content();
        let manifest = Manifest::of(self.election.key.key.election_id(), &files);
        let signature = manifest.sign(&self.election.draft.draft.domain(), operator);
        files.insert(MANIFEST.into(), manifest.to_bytes());
        files.insert(SIGNATURE.into(), signature.to_bytes().to_vec());
        files
    }

    fn content(&self) -> Files {
        let mut files = Files::from([
            (ELECTION.into(), json(&self.election)),
            (HOLDERS.into(), lines(&self.holders)),
            (REGISTRATIONS.into(), lines(&self.registrations)),
            (TRUSTEES.into(), lines(&self.messages)),
            (BOARD.into(), board_to_bytes(self.election.draft.draft.rule.shape(), &self.entries)),
            (TALLY.into(), json(&self.tally)),
        ]);
        files.extend(self.keys.iter().map(|k| (key_path(k), k.to_bytes())));
        files
    }

    /// Decodes files that agree with their manifest.
    ///
    /// # Errors
    /// The first file that is not in its one byte form.
    pub fn from_files(files: &Files) -> Result<Self, FormatFault> {
        let election: Election = read_json(ELECTION, file(files, ELECTION)?)?;
        let shape = election.draft.draft.rule.shape();
        let record = Self {
            holders: read_lines(HOLDERS, file(files, HOLDERS)?)?,
            registrations: read_lines(REGISTRATIONS, file(files, REGISTRATIONS)?)?,
            messages: read_lines(TRUSTEES, file(files, TRUSTEES)?)?,
            entries: board_from_bytes(shape, file(files, BOARD)?)?,
            tally: read_json::<Tally>(TALLY, file(files, TALLY)?)?,
            keys: keys_from_files(files)?,
            election,
        };
        let content = record.content();
        let names = |f: &Files| f.keys().filter(|p| !is_manifest(p)).cloned().collect::<Vec<_>>();
        match names(files).into_iter().find(|p| !content.contains_key(p)) {
            Some(path) => Err(FormatFault::Extra(path)),
            None => Ok(record),
        }
    }
}

/// Checks the manifest against the files and returns it with its signature.
///
/// # Errors
/// The first file that is missing, extra or changed.
pub(super) fn check_manifest(files: &Files) -> Result<(Manifest, Signature), FormatFault> {
    let manifest = Manifest::from_bytes(file(files, MANIFEST)?)?;
    let signature = Signature::from_bytes(file(files, SIGNATURE)?)?;
    if let Some(pair) = manifest.files.windows(2).find(|w| w[0].path >= w[1].path) {
        return Err(FormatFault::Order(pair[1].path.clone()));
    }
    for entry in &manifest.files {
        let bytes = file(files, &entry.path)?;
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        if bytes.len() as u64 != entry.size || digest != entry.sha256 {
            return Err(FormatFault::Changed(entry.path.clone()));
        }
    }
    let listed = |path: &str| manifest.files.binary_search_by(|e| e.path.as_str().cmp(path)).is_ok();
    match files.keys().find(|p| !is_manifest(p) && !listed(p)) {
        Some(path) => Err(FormatFault::Extra(path.clone())),
        None => Ok((manifest, signature)),
    }
}

fn is_manifest(path: &str) -> bool {
    path == MANIFEST || path == SIGNATURE
}

fn file<'a>(files: &'a Files, path: &str) -> Result<&'a [u8], FormatFault> {
    files.get(path).map(Vec::as_slice).ok_or_else(|| FormatFault::Missing(path.into()))
}

/// The one byte form of a JSON file: two spaces, fields in order, a final
/// line feed.
pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = serde_json::to_vec_pretty(value).expect("records hold only what JSON can");
    out.push(b'\n');
    out
}

pub(super) fn read_json<T: Serialize + DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, FormatFault> {
    let value = parse(name, None, bytes)?;
    if json(&value) == bytes { Ok(value) } else { Err(FormatFault::NotCanonical(name.into())) }
}

fn lines<T: Serialize>(values: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        serde_json::to_writer(&mut out, value).expect("records hold only what JSON can");
        out.push(b'\n');
    }
    out
}

fn read_lines<T: Serialize + DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<Vec<T>, FormatFault> {
    let parts = bytes.split_inclusive(|b| *b == b'\n').zip(1..);
    let values = parts.map(|(part, line)| parse(name, Some(line), part)).collect::<Result<Vec<T>, _>>()?;
    if lines(&values) == bytes { Ok(values) } else { Err(FormatFault::NotCanonical(name.into())) }
}

fn parse<T: DeserializeOwned>(name: &str, line: Option<usize>, bytes: &[u8]) -> Result<T, FormatFault> {
    let fault = |e: serde_json::Error| FormatFault::Json { file: name.into(), line, problem: e.to_string() };
    serde_json::from_slice(bytes).map_err(fault)
}

fn board_to_bytes(shape: BallotShape, entries: &[BoardEntry]) -> Vec<u8> {
    let mut out = BOARD_MAGIC.to_vec();
    out.push(u8::try_from(shape.options()).expect("4 or 16"));
    entries.iter().for_each(|e| entry_to_bytes(e, &mut out));
    out
}

/// Bytes of an entry of `board.bin`.
pub const fn entry_len(shape: BallotShape) -> usize {
    4 * 32 + shape.options() * Ciphertexts::CIPHERTEXT_BYTES + 256
}

/// Appends an entry as in `board.bin`. spec: `record.contents`
pub fn entry_to_bytes(e: &BoardEntry, out: &mut Vec<u8>) {
    for field in [e.slot.to_bytes(), e.prev_digest.to_bytes(), e.next_digest.to_bytes(), e.ticket.to_bytes()]
    {
        out.extend(field);
    }
    out.extend(e.ciphertexts.to_bytes());
    out.extend(e.proof.0);
}

fn board_from_bytes(shape: BallotShape, bytes: &[u8]) -> Result<Vec<BoardEntry>, FormatFault> {
    let rest =
        bytes.strip_prefix(BOARD_MAGIC).ok_or(FormatFault::Board("it does not start with the magic"))?;
    let (room, rest) = rest.split_first().ok_or(FormatFault::Board("it ends after the magic"))?;
    if usize::from(*room) != shape.options() {
        return Err(FormatFault::Board("its shape is not that of the draft's rule"));
    }
    let entries = rest.chunks_exact(entry_len(shape));
    if !entries.remainder().is_empty() {
        return Err(FormatFault::Board("its length is not that of whole entries"));
    }
    let read = |(seq, bytes): (usize, &[u8])| {
        entry_from_bytes(shape, bytes).map_err(|e| FormatFault::Entry { seq, problem: e.to_string() })
    };
    entries.enumerate().map(read).collect()
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntry {
    /// See the message.
    #[error("{found} bytes; an entry of this shape has {expected}")]
    Length {
        /// Of the shape.
        expected: usize,
        /// Given.
        found: usize,
    },
    /// See [`NonCanonical`].
    #[error(transparent)]
    Field(#[from] NonCanonical),
    /// See [`InvalidPoint`].
    #[error(transparent)]
    Point(#[from] InvalidPoint),
    /// See [`ProofLength`].
    #[error(transparent)]
    Proof(#[from] ProofLength),
}

/// Reads what [`entry_to_bytes`] wrote.
///
/// # Errors
/// If the bytes are not the one form of an entry of this shape.
pub fn entry_from_bytes(shape: BallotShape, bytes: &[u8]) -> Result<BoardEntry, InvalidEntry> {
    let (expected, found) = (entry_len(shape), bytes.len());
    if expected != found {
        return Err(InvalidEntry::Length { expected, found });
    }
    let (fields, rest) = bytes.split_at(128);
    let (ciphertexts, proof) = rest.split_at(rest.len() - 256);
    Ok(BoardEntry {
        slot: Slot::from_bytes(&fields[..32])?,
        prev_digest: CiphertextDigest::from_bytes(&fields[32..64])?,
        next_digest: CiphertextDigest::from_bytes(&fields[64..96])?,
        ticket: Ticket::from_bytes(&fields[96..])?,
        ciphertexts: Ciphertexts::from_bytes(shape, ciphertexts)?,
        proof: ProofBytes::try_from(proof)?,
    })
}

fn key_path(key: &VerifyingKey) -> String {
    format!("keys/{}.vk", hex::encode(key.hash().0))
}

fn keys_from_files(files: &Files) -> Result<Vec<VerifyingKey>, FormatFault> {
    let keys = files.iter().filter(|(path, _)| path.starts_with("keys/"));
    keys.map(|(path, bytes)| {
        let key = VerifyingKey::from_bytes(bytes);
        let key = key.map_err(|cause| FormatFault::Key { path: path.clone(), cause })?;
        if key_path(&key) == *path { Ok(key) } else { Err(FormatFault::NotCanonical(path.clone())) }
    })
    .collect()
}

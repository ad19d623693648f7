//! The file of a receipt, and its check. spec: `audit.receipt_file`.

use super::{LogPath, Promise, nonce_leaf};
use crate::{
    attestation::{Checklist, checks},
    commitment::{DataFile, ShapeFault, reading_digest},
    policy::{Attribute, Policy, cell_count},
};
use circuits::{
    attestation::{Code, DataDescription, Record},
    types::{Address, Domain, Signature, TypedData},
};
use serde::{Deserialize, Serialize};
use verifier::attestation::{
    DataCommitment, InvalidCommitment, InvalidPoint, Receipt as Opening, SrsOrigin, VerifierSrs,
    check_receipt,
};

const FORMAT: &str = "tabella-audit-receipt";
const VERSION: u32 = 1;
/// Longest file that is read, in bytes.
const FILE_MAX: usize = 1 << 20;

/// What a person keeps.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Of the promise.
    pub domain: Domain,
    /// What was anchored.
    pub data: DataDescription,
    /// Digest of the mapping.
    pub mapping: [u8; 32],
    /// Attributes with their groups, in the order of the codes.
    pub attributes: Vec<Attribute>,
    /// The columns' commitments.
    pub columns: DataCommitment,
    /// Place of the record.
    pub index: u64,
    /// Code of the record.
    pub code: Code,
    /// Leaf of the log of nonces.
    pub leaf: [u8; 32],
    /// From the leaf to the log's root.
    pub path: LogPath,
    /// Of the record's cell.
    pub opening: Opening,
    /// Who promised.
    pub auditor: Address,
    /// Over the promise.
    pub promise: Signature,
}

/// Why bytes are no receipt.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReceiptFault {
    /// See the message.
    #[error("{0} bytes; a receipt has at most {FILE_MAX}")]
    Length(usize),
    /// See the message.
    #[error("{0}")]
    Json(String),
    /// See the message.
    #[error("format {format:?} version {version} is not known to this program")]
    Version {
        /// As the file says.
        format: String,
        /// As the file says.
        version: u32,
    },
    /// See the message.
    #[error("shape: {0}")]
    Shape(#[from] ShapeFault),
    /// See the message.
    #[error("columns: {0}")]
    Columns(#[from] InvalidCommitment),
    /// See the message.
    #[error("opening: {0}")]
    Opening(#[from] InvalidPoint),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    chain_id: u64,
    contract: Address,
    data: DataFile,
    #[serde(with = "circuits::types::json::bytes")]
    mapping: [u8; 32],
    attributes: Vec<Attribute>,
    #[serde(with = "circuits::types::json::bytes")]
    columns: Vec<u8>,
    index: u64,
    code: u32,
    #[serde(with = "circuits::types::json::bytes")]
    leaf: [u8; 32],
    #[serde(with = "circuits::types::json::words")]
    path: Vec<[u8; 32]>,
    #[serde(with = "circuits::types::json::bytes")]
    opening: Vec<u8>,
    auditor: Address,
    promise: Signature,
}

checks! {
    ReceiptCheckId:
    Promise, "audit.promise", "the auditor promised this record at this index";
    Nonce, "audit.nonce", "the leaf is that of the person's nonce";
    Root, "audit.receipt_root", "the data root is that of its parts, and of the columns";
    Log, "audit.nonce_log", "the leaf is at the index in the log, which has as many leaves as there are records";
    Opening, "audit.opening", "the committed record at the index is the promised one";
}

/// What the holder of a receipt knows.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptTrust<'a> {
    /// The parameters, not taken from the receipt.
    pub srs: &'a VerifierSrs,
    /// The anchored root.
    pub data_root: Option<[u8; 32]>,
    /// The auditor's account.
    pub auditor: Option<Address>,
    /// The nonce that the person chose.
    pub nonce: Option<[u8; 32]>,
}

impl Receipt {
    /// As JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            chain_id: self.domain.chain_id,
            contract: self.domain.contract,
            data: DataFile::of(&self.data),
            mapping: self.mapping,
            attributes: self.attributes.clone(),
            columns: self.columns.to_bytes(),
            index: self.index,
            code: self.code.0,
            leaf: self.leaf,
            path: self.path.0.clone(),
            opening: self.opening.to_bytes().to_vec(),
            auditor: self.auditor,
            promise: self.promise,
        };
        let mut out = serde_json::to_vec_pretty(&file).expect("receipts hold only what JSON can");
        out.push(b'\n');
        out
    }

    /// From JSON.
    ///
    /// # Errors
    /// If anything in it is malformed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptFault> {
        if bytes.len() > FILE_MAX {
            return Err(ReceiptFault::Length(bytes.len()));
        }
        let file: File = serde_json::from_slice(bytes).map_err(|e| ReceiptFault::Json(e.to_string()))?;
        if file.format != FORMAT || file.version != VERSION {
            return Err(ReceiptFault::Version { format: file.format, version: file.version });
        }
        Ok(Self {
            domain: Domain { chain_id: file.chain_id, contract: file.contract },
            data: file.data.read()?,
            mapping: file.mapping,
            attributes: file.attributes,
            columns: DataCommitment::from_bytes(&file.columns)?,
            index: file.index,
            code: Code(file.code),
            leaf: file.leaf,
            path: LogPath(file.path),
            opening: Opening::from_bytes(&file.opening)?,
            auditor: file.auditor,
            promise: file.promise,
        })
    }

    /// Every check, and the record if its opening is good.
    pub fn check(&self, trust: &ReceiptTrust<'_>) -> (Checklist, Option<Record>) {
        let mut list = Checklist::new();
        list.made(ReceiptCheckId::Promise.line(), self.check_promise(trust));
        match trust.nonce {
            Some(nonce) => list.made(ReceiptCheckId::Nonce.line(), self.check_nonce(&nonce)),
            None => list.not_made(ReceiptCheckId::Nonce.line(), "the nonce was not given"),
        }
        list.made(ReceiptCheckId::Root.line(), self.check_root(trust));
        list.made(ReceiptCheckId::Log.line(), self.check_log());
        let record = self.check_opening(trust);
        let words = record.as_ref().map(|record| self.words(record)).map_err(Clone::clone);
        list.made(ReceiptCheckId::Opening.line(), words);
        if trust.srs.origin == SrsOrigin::Development {
            list.warnings.push(
                "the parameters are INSECURE development parameters: anyone can open a commitment to anything".into(),
            );
        }
        if trust.auditor.is_none() {
            list.warnings.push(format!(
                "the auditor's account was not given: anybody may have signed as {}",
                self.auditor
            ));
        }
        if trust.data_root.is_none() {
            list.warnings.push("the data root was not compared with an anchored one".into());
        }
        (list, record.ok())
    }

    fn promised(&self) -> Promise {
        Promise { leaf: self.leaf, index: self.index, code: self.code.0, reading: self.data.mapping }
    }

    fn check_promise(&self, trust: &ReceiptTrust<'_>) -> Result<String, String> {
        let auditor = trust.auditor.unwrap_or(self.auditor);
        let hash = self.promised().signing_hash(&self.domain);
        self.promise.verify(hash, auditor).map_err(|e| e.to_string())?;
        Ok(format!("index {}, by {auditor}", self.index))
    }

    fn check_nonce(&self, nonce: &[u8; 32]) -> Result<String, String> {
        if nonce_leaf(nonce) == self.leaf {
            Ok(format!("0x{}", hex::encode(self.leaf)))
        } else {
            Err("the nonce has another hash: the receipt is somebody else's".into())
        }
    }

    fn check_root(&self, trust: &ReceiptTrust<'_>) -> Result<String, String> {
        let root = self.data.root().0;
        if trust.data_root.is_some_and(|expected| expected != root) {
            return Err(format!("the root is 0x{}, which is not the anchored one", hex::encode(root)));
        }
        if self.columns.digest() != self.data.data {
            return Err("the columns are not those of the root".into());
        }
        if reading_digest(&self.attributes, self.mapping) != self.data.mapping {
            return Err("attributes and mapping are not those of the root".into());
        }
        if trust.srs.id() != self.data.srs {
            return Err("the parameters are not those of the root".into());
        }
        Ok(format!("0x{}", hex::encode(root)))
    }

    fn check_log(&self) -> Result<String, String> {
        match self.path.root(self.data.records, self.index, &self.leaf) {
            Some(root) if root == self.data.receipts => Ok(format!("{} leaves", self.data.records)),
            _ => Err("the path does not lead from the leaf to the log's root".into()),
        }
    }

    fn check_opening(&self, trust: &ReceiptTrust<'_>) -> Result<Record, String> {
        let DataDescription { shape, records, .. } = &self.data;
        let record =
            check_receipt(shape, trust.srs, &self.columns, *records, self.index, self.code, &self.opening)
                .map_err(|e| e.to_string())?;
        let cells = cell_count(&self.attributes);
        if record.cell < cells {
            return Ok(record);
        }
        Err(format!("the code's group cell is {} (from 0), and the attributes have {cells}", record.cell))
    }

    /// The record in words.
    fn words(&self, record: &Record) -> String {
        let side = |good: bool| if good { "favourable" } else { "unfavourable" };
        let mut parts = vec![Policy::cell_words(&self.attributes, record.cell)];
        parts.push(format!("decision {}", side(record.decision)));
        parts.extend(record.label.map(|label| format!("actual outcome {}", side(label))));
        if self.data.shape.layout().bins() > 1 {
            parts.push(format!("score bin {} from the worst", record.bin + 1));
        }
        parts.join(", ")
    }
}

//! What is anchored before an audit. spec: `audit.data_root`.

use crate::{
    abi::Value,
    policy::{Attribute, Policy},
};
use circuits::attestation::{Layout, Shape};
use serde::{Deserialize, Serialize};

/// The parts of a data root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataDescription {
    /// Names of attributes and groups, labels and bins: what a code means.
    #[serde(with = "circuits::types::json::bytes")]
    pub schema: [u8; 32],
    /// Digest of the mapping that records were read by.
    #[serde(with = "circuits::types::json::bytes")]
    pub mapping: [u8; 32],
    /// The parameters of the commitment scheme.
    #[serde(with = "circuits::types::json::bytes")]
    pub srs: [u8; 32],
    /// Rows, as a power of two.
    pub k: u32,
    /// J: data columns.
    pub columns: u32,
    /// B: codes, padding included.
    pub base: u32,
    /// n: records.
    pub records: u64,
    /// `keccak256(C_1 || .. || C_J)`
    #[serde(with = "circuits::types::json::bytes")]
    pub commitments: [u8; 32],
    /// Salted SHA-256 of the packed file.
    #[serde(with = "circuits::types::json::bytes")]
    pub file: [u8; 32],
    /// Root of the log of receipts, or zero.
    #[serde(with = "circuits::types::json::bytes")]
    pub receipts: [u8; 32],
}

impl DataDescription {
    /// Whether these are parts of a commitment in this shape.
    pub fn is_of(&self, shape: &Shape) -> bool {
        let base = u32::try_from(shape.layout().codes());
        let columns = u32::try_from(shape.columns());
        self.k == shape.k()
            && columns.is_ok_and(|columns| columns == self.columns)
            && base.is_ok_and(|base| base == self.base)
            && self.records <= shape.capacity()
    }

    /// `keccak256(abi.encode(schema, mapping, srs, k, J, B, n, commitments,
    /// file, receipts))`
    pub fn root(&self) -> [u8; 32] {
        Value::Tuple(vec![
            Value::Word(self.schema),
            Value::Word(self.mapping),
            Value::Word(self.srs),
            Value::uint(self.k),
            Value::uint(self.columns),
            Value::uint(self.base),
            Value::uint(self.records),
            Value::Word(self.commitments),
            Value::Word(self.file),
            Value::Word(self.receipts),
        ])
        .hash()
    }
}

/// `keccak256(abi.encode(attributes, labelled, bins))`: what codes mean.
/// Every policy with these attributes, in this order, can be attested over
/// the same data. spec: `audit.schema`
pub fn schema_digest(policy: &Policy, layout: Layout) -> [u8; 32] {
    Value::Tuple(vec![
        Value::Array(policy.attributes.iter().map(Attribute::abi).collect()),
        Value::uint(u8::from(layout.labelled())),
        Value::uint(layout.bins() as u64),
    ])
    .hash()
}

//! The auditor's promise to a person, signed before anchoring.
//! spec: `audit.promise`.

use circuits::types::{TypedData, word_u64};

/// "The record of whoever chose the nonce with this hash will be at this
/// index with this code." Signed by the auditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Leaf of the log of nonces.
    pub leaf: [u8; 32],
    /// Place of the record.
    pub index: u64,
    /// Code of the record.
    pub code: u32,
    /// Digest of attributes and mapping: what the code means.
    pub reading: [u8; 32],
}

impl TypedData for Promise {
    const TYPE: &'static str = "ReceiptPromise(bytes32 leaf,uint64 index,uint32 code,bytes32 reading)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![self.leaf, word_u64(self.index), word_u64(self.code.into()), self.reading]
    }
}

//! Signed heads, receipts and proofs of misbehaviour. spec: `board.head`.

use super::{
    Address, BoardRoot, BoardRow, Domain, ElectionId, InvalidSignature, Signature, TypedData, word_u64,
};
use crate::primitives::merkle::BoardPath;

/// The state of a board, as the operator signs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The election.
    pub election_id: ElectionId,
    /// Number of entries.
    pub size: u32,
    /// Root of the board tree over them.
    pub root: BoardRoot,
    /// Unix time in seconds.
    pub time: u64,
    /// Whether the board is closed: no entry follows.
    pub closed: bool,
}

impl TypedData for Head {
    const TYPE: &'static str = "Head(bytes32 electionId,uint32 size,bytes32 root,uint64 time,bool closed)";
    fn words(&self) -> Vec<[u8; 32]> {
        vec![
            self.election_id.to_bytes(),
            word_u64(self.size.into()),
            self.root.to_bytes(),
            word_u64(self.time),
            word_u64(self.closed.into()),
        ]
    }
}

/// A head with the operator's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The head.
    pub head: Head,
    /// By the operator.
    pub signature: Signature,
}

impl SignedHead {
    /// Checks the operator's signature.
    ///
    /// # Errors
    /// If another account signed, or none.
    pub fn check(&self, domain: &Domain, operator: Address) -> Result<(), InvalidSignature> {
        self.signature.verify(self.head.signing_hash(domain), operator)
    }
}

/// The operator's promise that an entry is on the board. spec: `board.receipt`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The content of the leaf; `path.index` is its `seq`.
    pub row: BoardRow,
    /// A head whose size is above `seq`.
    pub head: SignedHead,
    /// From the leaf to the head's root.
    pub path: BoardPath,
}

/// Why a receipt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// See the message.
    #[error("the head is not signed by the operator: {0}")]
    Signature(#[from] InvalidSignature),
    /// See the message.
    #[error("the receipt is for election {0}")]
    Election(ElectionId),
    /// See the message.
    #[error("entry {seq} is not below the head's size {size}")]
    Size {
        /// The entry's number.
        seq: u32,
        /// The head's size.
        size: u32,
    },
    /// See the message.
    #[error("the path does not lead from the entry to the head's root")]
    Path,
}

impl Receipt {
    /// Checks signature, size and path.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(
        &self,
        election: ElectionId,
        domain: &Domain,
        operator: Address,
    ) -> Result<(), InvalidReceipt> {
        let head = &self.head.head;
        if head.election_id != election {
            return Err(InvalidReceipt::Election(head.election_id));
        }
        if self.path.index >= head.size {
            return Err(InvalidReceipt::Size { seq: self.path.index, size: head.size });
        }
        self.head.check(domain, operator)?;
        if self.path.root(self.row.leaf()) == head.root { Ok(()) } else { Err(InvalidReceipt::Path) }
    }

    /// Whether two valid receipts of one operator prove misbehaviour: one
    /// index, two leaves, whatever the sizes of the heads. spec:
    /// `board.misbehaviour`; A35.
    pub fn contradicts(&self, other: &Receipt) -> bool {
        self.head.head.election_id == other.head.head.election_id
            && self.path.index == other.path.index
            && self.row.leaf() != other.row.leaf()
    }

    /// Whether a valid closed head breaks this valid receipt: the board was
    /// closed below the entry, or its leaf at the same index (shown by
    /// `path` from `row`) is another one. spec: `board.misbehaviour`; A36.
    pub fn broken_by_size(&self, last: &Head) -> bool {
        last.closed && last.election_id == self.head.head.election_id && last.size <= self.path.index
    }
}

//! The operator's promise that an event is on the log. spec: `audit.log_receipt`.

use super::{LogId, Parties, Row};
use circuits::{
    primitives::merkle::BoardPath,
    types::{Domain, InvalidSignature, SignedHead},
};

/// An event's leaf under a signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the leaf is made of; `path.index` is the event's number.
    pub row: Row,
    /// A head whose size is above the number.
    pub head: SignedHead,
    /// From the leaf to the head's root.
    pub path: BoardPath,
}

/// Why a receipt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// See the message.
    #[error("its head is of log {0}")]
    Log(LogId),
    /// See the message.
    #[error("the head is not signed by the operator: {0}")]
    Signature(#[from] InvalidSignature),
    /// See the message.
    #[error("event {seq} is not below the head's size {size}")]
    Size {
        /// The event's number.
        seq: u32,
        /// The head's size.
        size: u32,
    },
    /// See the message.
    #[error("the path does not lead from the event to the head's root")]
    Path,
}

impl Receipt {
    /// Checks log, signature, size and path.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, parties: &Parties) -> Result<(), InvalidReceipt> {
        parties.check_head(&self.head)?;
        let (seq, size) = (self.path.index, self.head.head.size);
        if seq >= size {
            return Err(InvalidReceipt::Size { seq, size });
        }
        if self.path.root(self.row.leaf()) == self.head.head.root {
            Ok(())
        } else {
            Err(InvalidReceipt::Path)
        }
    }

    /// Whether two valid receipts of one log prove misbehaviour: one number,
    /// two leaves, whatever the sizes of their heads. A35.
    pub fn contradicts(&self, other: &Receipt) -> bool {
        self.head.head.election_id == other.head.head.election_id
            && self.path.index == other.path.index
            && self.row != other.row
    }
}

impl Parties {
    /// Whether the operator signed a head for this log.
    ///
    /// # Errors
    /// If it is another log's, or not signed by the operator.
    pub fn check_head(&self, head: &SignedHead) -> Result<(), InvalidReceipt> {
        let found = LogId::at(head.head.election_id);
        if found != self.log() {
            return Err(InvalidReceipt::Log(found));
        }
        Ok(head.check(&Domain::default(), self.operator)?)
    }
}

//! What happens to postings, as the file has it.

use crate::{
    backend::{Data, Hash},
    transaction::Fee,
};
use circuits::types::Address;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Names a posting: whose, what, and which of them. The same thing has the
/// same name whoever prepares it, so it is posted once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PostingId {
    /// Say an election's id.
    pub subject: String,
    /// Say `batch`.
    pub kind: String,
    /// Say its number.
    pub index: u64,
}

impl PostingId {
    /// A name.
    pub fn new(subject: impl fmt::Display, kind: &str, index: u64) -> Self {
        Self { subject: subject.to_string(), kind: kind.to_owned(), index }
    }
}

impl fmt::Display for PostingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.subject, self.kind, self.index)
    }
}

/// Not a posting's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a posting is named SUBJECT/KIND/INDEX")]
pub struct InvalidPostingId;

impl FromStr for PostingId {
    type Err = InvalidPostingId;
    fn from_str(text: &str) -> Result<Self, InvalidPostingId> {
        let mut parts = text.rsplitn(3, '/');
        let index = parts.next().and_then(|index| index.parse().ok());
        match (parts.next(), parts.next(), index) {
            (Some(kind), Some(subject), Some(index)) => Ok(Self::new(subject, kind, index)),
            _ => Err(InvalidPostingId),
        }
    }
}

impl Serialize for PostingId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PostingId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How to see on the chain that something is there, whoever brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Done {
    /// Only by the receipt of the transaction itself.
    Receipt,
    /// A contract answers a question with at least this much.
    Answer {
        /// The contract.
        to: Address,
        /// The question.
        data: Data,
        /// Which 32 bytes of the answer, from 0.
        word: usize,
        /// The least that it must be, as an integer.
        least: Hash,
    },
}

/// What is to be on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// Its name.
    pub id: PostingId,
    /// The contract, or `None` to create one.
    pub to: Option<Address>,
    /// Calldata, or the code that creates.
    pub data: Data,
    /// How to see that it is there.
    pub done: Done,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The first line: whose outbox it is.
    Begin {
        /// Version of the file.
        version: u32,
        /// Chain id.
        chain: u64,
        /// Who signs.
        account: Address,
    },
    /// Something is to be posted; or anew, with other data, after it failed.
    Queue {
        /// What.
        posting: Posting,
    },
    /// A transaction is signed and about to be handed in.
    Sign {
        /// For what.
        id: PostingId,
        /// Its nonce; the same for all transactions of one attempt.
        nonce: u64,
        /// Its gas limit.
        gas: u64,
        /// Its fee.
        fee: Fee,
        /// Its hash.
        hash: Hash,
        /// Its bytes.
        raw: Data,
    },
    /// One of the transactions, maybe of an earlier attempt, is in a block.
    Mine {
        /// For what.
        id: PostingId,
        /// The transaction.
        hash: Hash,
        /// The block's height.
        block: u64,
        /// The block's hash.
        block_hash: Hash,
        /// Gas of the whole transaction.
        gas: u64,
        /// Whether it did what it was to do.
        succeeded: bool,
    },
    /// The block is no longer part of the chain.
    Lose {
        /// For what.
        id: PostingId,
    },
    /// The block is as deep as was asked for.
    Finish {
        /// For what.
        id: PostingId,
    },
    /// The chain has it without a transaction of this outbox.
    Find {
        /// What.
        id: PostingId,
    },
    /// The attempt is over without success, and its nonce given up: it was
    /// used, or the chain does not know the transaction.
    Release {
        /// For what.
        id: PostingId,
        /// Why.
        reason: String,
    },
}

impl Event {
    /// The posting that it is about.
    pub fn id(&self) -> Option<&PostingId> {
        match self {
            Event::Begin { .. } => None,
            Event::Queue { posting } => Some(&posting.id),
            Event::Sign { id, .. }
            | Event::Mine { id, .. }
            | Event::Lose { id }
            | Event::Finish { id }
            | Event::Find { id }
            | Event::Release { id, .. } => Some(id),
        }
    }
}

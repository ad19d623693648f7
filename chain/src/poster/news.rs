//! What an operator hears while something is posted.

use crate::{backend::Hash, outbox::PostingId, transaction::Fee};
use std::fmt;

/// What happened to a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// To which; `None` if to the connection.
    pub id: Option<PostingId>,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A transaction was handed in.
    Sent {
        /// Its hash.
        hash: Hash,
        /// Its nonce.
        nonce: u64,
        /// What it offers.
        fee: Fee,
    },
    /// It was not taken, and is replaced by one that offers more.
    Bumped {
        /// The new one.
        hash: Hash,
        /// What it offers.
        fee: Fee,
    },
    /// The chain had forgotten it, and it was handed in again.
    Resent(Hash),
    /// It cannot offer more without passing the cap.
    AtCap(u128),
    /// The base fee is over the cap.
    TooDear(u128),
    /// It is in a block.
    Mined {
        /// Height of the block.
        block: u64,
        /// Gas of the whole transaction.
        gas: u64,
    },
    /// Its block has so many confirmations of so many.
    Confirmed(u64, u64),
    /// Its block is no longer part of the chain.
    Reorganised,
    /// It is deep enough in the chain.
    Final,
    /// The chain has it by somebody else.
    Found,
    /// A nonce before those under way is used by nothing.
    Gap(u64),
    /// The attempt failed and another is made.
    Failed(String),
    /// The chain did not answer; it is asked again.
    Trouble(String),
    /// The chain makes no blocks.
    NoBlocks,
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} {}: {}", id.kind, id.index, self.what),
            None => write!(f, "{}", self.what),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Sent { hash, nonce, fee } => {
                write!(f, "sent as {hash}, nonce {nonce}, at most {} wei per gas", fee.max)
            }
            What::Bumped { hash, fee } => write!(f, "replaced by {hash}, at most {} wei per gas", fee.max),
            What::Resent(hash) => write!(f, "the chain had lost it; sent {hash} again"),
            What::AtCap(cap) => write!(f, "waits; to offer more it would pass the cap of {cap} wei per gas"),
            What::TooDear(base) => write!(f, "waits; the base fee of {base} wei per gas is over the cap"),
            What::Mined { block, gas } => write!(f, "in block {block}, {gas} gas"),
            What::Confirmed(have, of) => write!(f, "{have} of {of} confirmations"),
            What::Reorganised => f.write_str("its block was reorganised away"),
            What::Final => f.write_str("final"),
            What::Found => f.write_str("the chain has it already"),
            What::Gap(nonce) => {
                write!(f, "later transactions wait for nonce {nonce}; an empty one takes it")
            }
            What::Failed(why) => write!(f, "failed: {why}"),
            What::Trouble(why) => write!(f, "trying again: {why}"),
            What::NoBlocks => {
                f.write_str("the chain makes no blocks; fewer confirmations suit a development chain")
            }
        }
    }
}

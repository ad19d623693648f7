//! A posting and what has happened to it.

use super::{Event, Posting};
use crate::{backend::Hash, transaction::Fee};

/// A transaction that was signed for a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: Hash,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// Its gas limit.
    pub gas: u64,
    /// Its fee.
    pub fee: Fee,
}

/// Where a posting's transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// Which of the signed ones.
    pub hash: Hash,
    /// Height of its block.
    pub block: u64,
    /// Hash of its block.
    pub block_hash: Hash,
    /// Gas of the whole transaction.
    pub gas: u64,
    /// Whether it did what it was to do.
    pub succeeded: bool,
}

/// Transactions of one nonce for a posting that was tried again afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Their nonce.
    pub nonce: u64,
    /// All of them; at most one gets anywhere.
    pub sent: Vec<Sent>,
    /// Whether one was in a block, and failed there.
    pub failed: bool,
}

/// How a posting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its own transaction is deep enough in the chain.
    Final,
    /// The chain has it by somebody else.
    Found,
}

/// A posting and what has happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is to be posted.
    pub posting: Posting,
    /// The nonce of the present attempt.
    pub nonce: Option<u64>,
    /// Its transactions; all have that nonce, so at most one gets anywhere.
    pub sent: Vec<Sent>,
    /// Where one of them is.
    pub mined: Option<Mined>,
    /// Whether and how it ended.
    pub end: Option<End>,
    /// Why earlier attempts failed.
    pub failures: Vec<String>,
    /// What they left. A node may take what it, or what is before it, refused:
    /// as long as the chain may have it, it is asked for it.
    pub past: Vec<Attempt>,
}

/// A line that does not follow from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// See the message.
    #[error("version {0}; this program reads version 1")]
    Version(u32),
    /// See the message.
    #[error("the first line alone says whose outbox it is")]
    Beginning,
    /// See the message.
    #[error("it is about a posting that was never queued")]
    Unknown,
    /// See the message.
    #[error("it does not follow from the lines before it about the same posting")]
    Order,
}

impl Entry {
    pub(super) fn new(posting: Posting) -> Self {
        let (sent, failures, past) = (Vec::new(), Vec::new(), Vec::new());
        Self { posting, nonce: None, sent, mined: None, end: None, failures, past }
    }

    /// Whether nothing remains to be done, as far as is known.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the chain has it, be it not yet deep enough.
    pub fn is_there(&self) -> bool {
        self.end.is_some() || self.mined.is_some_and(|m| m.succeeded)
    }

    /// Whether it has no transaction under way and none on the chain.
    pub fn is_idle(&self) -> bool {
        self.nonce.is_none() && self.end.is_none()
    }

    /// `queued`, `sent`, `mined`, `final` or `found`.
    pub fn state(&self) -> &'static str {
        match (self.end, self.mined, self.nonce) {
            (Some(End::Final), ..) => "final",
            (Some(End::Found), ..) => "found",
            (None, Some(_), _) => "mined",
            (None, None, Some(_)) => "sent",
            (None, None, None) => "queued",
        }
    }

    pub(super) fn replace(&mut self, posting: Posting) -> Result<(), Misfit> {
        if !self.is_idle() {
            return Err(Misfit::Order);
        }
        self.posting = posting;
        self.failures.clear();
        Ok(())
    }

    pub(super) fn take(&mut self, event: Event) -> Result<(), Misfit> {
        let require = |holds: bool| if holds { Ok(()) } else { Err(Misfit::Order) };
        match event {
            Event::Begin { .. } | Event::Queue { .. } => return Err(Misfit::Beginning),
            Event::Sign { nonce, gas, fee, hash, raw, .. } => {
                require(self.mined.is_none() && self.end.is_none() && self.nonce.is_none_or(|n| n == nonce))?;
                self.nonce = Some(nonce);
                self.sent.push(Sent { hash, raw: raw.0, gas, fee });
            }
            Event::Mine { hash, block, block_hash, gas, succeeded, .. } => {
                require(self.end.is_none() && (self.has(hash) || self.revive(hash)))?;
                self.mined = Some(Mined { hash, block, block_hash, gas, succeeded });
            }
            Event::Lose { .. } => {
                require(self.mined.is_some())?;
                (self.mined, self.end) = (None, None);
            }
            Event::Finish { .. } => {
                require(self.mined.is_some_and(|m| m.succeeded) && self.end.is_none())?;
                self.end = Some(End::Final);
            }
            Event::Find { .. } => {
                require(self.nonce.is_none() && self.end.is_none())?;
                self.end = Some(End::Found);
            }
            Event::Release { reason, .. } => {
                require(self.nonce.is_some() && self.end.is_none())?;
                self.retire();
                self.failures.push(reason);
            }
        }
        Ok(())
    }

    fn has(&self, hash: Hash) -> bool {
        self.sent.iter().any(|sent| sent.hash == hash)
    }

    /// Ends the present attempt, if there is one.
    fn retire(&mut self) {
        let (sent, failed) = (std::mem::take(&mut self.sent), self.mined.take().is_some());
        self.past.extend(self.nonce.take().map(|nonce| Attempt { nonce, sent, failed }));
    }

    /// Makes the attempt with this transaction the present one; `false` if
    /// there is none.
    fn revive(&mut self, hash: Hash) -> bool {
        let holds = |attempt: &Attempt| attempt.sent.iter().any(|sent| sent.hash == hash);
        let Some(at) = self.past.iter().position(holds) else { return false };
        let Attempt { nonce, sent, .. } = self.past.remove(at);
        self.retire();
        (self.nonce, self.sent) = (Some(nonce), sent);
        true
    }
}

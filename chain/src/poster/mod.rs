//! Gets postings into a chain exactly once. spec: `chain.poster`.
//!
//! Postings go one after another: a later one may need an earlier one to be
//! there, and so no transaction ever waits for a nonce that is missing. An
//! attempt has one nonce for all its transactions, so that at most one of
//! them gets anywhere; a transaction is on disk before it leaves. After a
//! crash the outbox says what may have left, and the chain what has arrived.

mod news;
mod policy;
mod step;

pub use news::{News, What};
pub use policy::Policy;

use crate::{
    backend::{self, Backend, SendError},
    outbox::{self, Entry, Event, Mined, Outbox, Posting, PostingId},
    revert::Revert,
};
use circuits::types::{AccountKey, Address};
use std::{
    fmt,
    time::{Duration, Instant},
};
use step::Step;

/// Longest time between two tries after trouble.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Time without a block after which the operator hears of it.
const NO_BLOCKS: Duration = Duration::from_secs(30);

/// Hears what happens.
pub type Report = Box<dyn Fn(&News) + Send + Sync>;

/// Why something is not posted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error(transparent)]
    Outbox(#[from] outbox::Broken),
    /// See the message.
    #[error(transparent)]
    Chain(#[from] backend::Error),
    /// See the message.
    #[error("{id}: {cause}")]
    Reverted {
        /// Which posting.
        id: PostingId,
        /// Why.
        cause: Box<Revert>,
    },
    /// See the message.
    #[error("{id}: {attempts} transactions failed; the last one: {last}")]
    Failed {
        /// Which posting.
        id: PostingId,
        /// How many.
        attempts: usize,
        /// Why.
        last: String,
    },
    /// See the message.
    #[error("{id}: the chain does not take it: {problem}")]
    Refused {
        /// Which posting.
        id: PostingId,
        /// Why.
        problem: Box<SendError>,
    },
    /// See the message.
    #[error(
        "account {account} has {have} wei and needs up to {need} for {id}; send it some, then run the same \
         command again"
    )]
    Unfunded {
        /// Which posting.
        id: PostingId,
        /// Who pays.
        account: Address,
        /// What it has.
        have: u128,
        /// What it may need.
        need: u128,
    },
    /// See the message.
    #[error(
        "nothing has happened to {id} for {} seconds; the outbox keeps it, and the same command goes on with it",
        .waited.as_secs()
    )]
    Patience {
        /// Which posting.
        id: PostingId,
        /// For how long.
        waited: Duration,
    },
    /// See the message.
    #[error("{0} was never queued in this outbox")]
    Unknown(PostingId),
    /// See the message.
    #[error("{0}: its transaction succeeded and created no contract; the chain is not one with contracts")]
    NotCreated(PostingId),
}

/// How a posting got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// By a transaction of this outbox.
    Mined(Mined),
    /// By somebody else, or from another outbox.
    Found,
}

impl Posted {
    /// Gas of the transaction, if it is this outbox's.
    pub fn gas(&self) -> Option<u64> {
        match self {
            Posted::Mined(mined) => Some(mined.gas),
            Posted::Found => None,
        }
    }
}

/// Posts with one account to one chain.
pub struct Poster<B> {
    chain: B,
    chain_id: u64,
    key: AccountKey,
    outbox: Outbox,
    policy: Policy,
    report: Report,
    /// When the newest transaction of a posting was signed by this process.
    signed: Option<(PostingId, Instant)>,
    moved: Instant,
    /// A posting about whose nonce the node may not know everything yet, and
    /// since when: see `is_lagging`.
    taken: Option<(PostingId, Instant)>,
    /// Newest block while confirmations are awaited, and since when.
    stalled: Option<(u64, Instant)>,
}

impl<B> fmt::Debug for Poster<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Poster({:?}, chain {}, {:?})", self.key, self.chain_id, self.outbox)
    }
}

impl<B: Backend> Poster<B> {
    /// A poster that goes on with what is in an outbox.
    ///
    /// # Errors
    /// If the chain does not answer, or the outbox is of another chain or
    /// account.
    pub async fn new(
        chain: B,
        mut outbox: Outbox,
        key: AccountKey,
        policy: Policy,
        report: Report,
    ) -> Result<Self, Error> {
        let chain_id = chain.chain_id().await?;
        outbox.claim(chain_id, key.address())?;
        Ok(Self {
            chain,
            chain_id,
            key,
            outbox,
            policy,
            report,
            signed: None,
            moved: Instant::now(),
            taken: None,
            stalled: None,
        })
    }

    /// The chain.
    pub fn chain(&self) -> &B {
        &self.chain
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Who posts.
    pub fn account(&self) -> Address {
        self.key.address()
    }

    /// Posts, and waits until it is in a block; it may not be deep enough yet
    /// ([`Poster::settle`]). What is under way or there already is not posted
    /// again, even with other data.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn post(&mut self, posting: Posting) -> Result<Posted, Error> {
        let id = posting.id.clone();
        let known = self.outbox.get(&id);
        let anew = known.is_none_or(|e| e.is_idle() && (e.posting != posting || !e.failures.is_empty()));
        if anew {
            self.outbox.add(Event::Queue { posting })?;
        }
        self.drive(&id, Entry::is_there).await?;
        self.posted(&id)
    }

    /// Creates a contract, and waits until it is as deep as the policy asks for.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&mut self, posting: Posting) -> Result<(Address, Mined), Error> {
        let id = posting.id.clone();
        self.post(posting).await?;
        self.settle(std::slice::from_ref(&id)).await?;
        let mined = self.outbox.get(&id).and_then(|entry| entry.mined);
        let mined = mined.ok_or_else(|| Error::NotCreated(id.clone()))?;
        let receipt = self.chain.receipt(mined.hash).await?;
        let created = receipt.and_then(|receipt| receipt.created).ok_or(Error::NotCreated(id))?;
        Ok((created, mined))
    }

    /// Waits until all of these are as deep as the policy asks for; those that
    /// a reorganisation removes are posted again.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn settle(&mut self, ids: &[PostingId]) -> Result<(), Error> {
        loop {
            for id in ids {
                self.drive(id, Entry::is_over).await?;
            }
            // A later wait may have undone what was over before.
            if ids.iter().all(|id| self.outbox.get(id).is_some_and(Entry::is_over)) {
                return Ok(());
            }
        }
    }

    /// How a posting got there.
    ///
    /// # Errors
    /// If it is unknown.
    fn posted(&self, id: &PostingId) -> Result<Posted, Error> {
        let entry = self.outbox.get(id).ok_or_else(|| Error::Unknown(id.clone()))?;
        Ok(entry.mined.map_or(Posted::Found, Posted::Mined))
    }

    /// Works on a posting, and on all that come before it, until it has got
    /// somewhere.
    async fn drive(&mut self, id: &PostingId, arrived: fn(&Entry) -> bool) -> Result<(), Error> {
        if self.outbox.get(id).is_none() {
            return Err(Error::Unknown(id.clone()));
        }
        self.moved = Instant::now();
        let mut pause = self.policy.poll;
        loop {
            let step = match self.pass(id, arrived).await {
                Err(Error::Chain(e)) if e.is_transient() => {
                    self.tell(None, What::Trouble(e.to_string()));
                    pause = (pause * 2).clamp(Duration::from_millis(50), BACKOFF_MAX.max(self.policy.poll));
                    Step::Wait
                }
                other => {
                    pause = self.policy.poll;
                    other?
                }
            };
            match step {
                Step::Arrived => return Ok(()),
                Step::Again => {}
                Step::Wait => self.wait(id, pause).await?,
            }
        }
    }

    async fn wait(&mut self, id: &PostingId, pause: Duration) -> Result<(), Error> {
        let waited = self.moved.elapsed();
        if waited > self.policy.patience {
            return Err(Error::Patience { id: id.clone(), waited });
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Writes down what happened and says so.
    fn happened(&mut self, event: Event, what: What) -> Result<(), Error> {
        let id = event.id().cloned();
        self.outbox.add(event)?;
        self.moved = Instant::now();
        self.tell(id, what);
        Ok(())
    }

    fn tell(&self, id: Option<PostingId>, what: What) {
        (self.report)(&News { id, what });
    }
}

//! One look at the chain and what follows from it.

use super::{Error, NO_BLOCKS, Poster, What};
use crate::{
    backend::{self, Backend, Call, Receipt, SendError, TRANSACTION_GAS_MAX},
    outbox::{Done, Entry, Event, Mined, Posting, PostingId, Sent},
    transaction::{Fee, Transaction},
};
use std::{collections::BTreeSet, time::Instant};

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The posting is where it was to get.
    Arrived,
    /// Something happened; look again at once.
    Again,
    /// Nothing to do until the chain moves.
    Wait,
}

impl<B: Backend> Poster<B> {
    /// One step for the transaction under way with the lowest nonce, since
    /// none gets into a block before it; then for the wanted posting, until it
    /// is as `arrived` says.
    pub(super) async fn pass(
        &mut self,
        wanted: &PostingId,
        arrived: fn(&Entry) -> bool,
    ) -> Result<Step, Error> {
        self.rewind().await?;
        if self.entry(wanted)?.is_over() {
            return Ok(Step::Arrived);
        }
        let id = self.first(self.entry(wanted)?).unwrap_or_else(|| wanted.clone());
        let step = self.step(&id).await?;
        // The look that a step begins with may have found a reorganisation.
        let there = id == *wanted && step == Step::Wait && arrived(self.entry(&id)?);
        Ok(if there { Step::Arrived } else { step })
    }

    /// Whose transaction has to be in a block before the wanted one can be.
    /// Whenever they were queued: a posting that had been refused may be
    /// tried again while a later one is under way.
    fn first(&self, wanted: &Entry) -> Option<PostingId> {
        let waiting = self.outbox.entries().filter(|e| e.end.is_none() && e.mined.is_none());
        let before = |nonce: &u64| wanted.nonce.is_none_or(|own| *nonce < own);
        let numbered = waiting.filter_map(|e| Some((e.nonce.filter(before)?, &e.posting.id)));
        numbered.min().map(|(_, id)| id.clone())
    }

    fn entry(&self, id: &PostingId) -> Result<&Entry, Error> {
        self.outbox.get(id).ok_or_else(|| Error::Unknown(id.clone()))
    }

    /// Notices transactions that are in the chain no more, however deep they
    /// were: their nonces are free again.
    async fn rewind(&mut self) -> Result<(), Error> {
        let used = self.chain.nonce(self.key.address()).await?;
        let lost = |e: &&Entry| e.mined.is_some() && e.nonce.is_some_and(|nonce| nonce >= used);
        let lost: Vec<PostingId> = self.outbox.entries().filter(lost).map(|e| e.posting.id.clone()).collect();
        for id in lost {
            self.happened(Event::Lose { id }, What::Reorganised)?;
        }
        Ok(())
    }

    async fn step(&mut self, id: &PostingId) -> Result<Step, Error> {
        let entry = self.entry(id)?.clone();
        match (entry.mined, entry.nonce) {
            (Some(mined), _) => self.deepen(&entry, mined).await,
            (None, Some(nonce)) => self.follow(&entry, nonce).await,
            (None, None) => self.begin(&entry).await,
        }
    }

    /// A posting without a transaction: is it there by others, or by an
    /// attempt that was given up? If not, sign.
    async fn begin(&mut self, entry: &Entry) -> Result<Step, Error> {
        let id = entry.posting.id.clone();
        // Before the receipts: a nonce that is used by then has one.
        let used = self.chain.nonce(self.key.address()).await?;
        if let Some(receipt) = self.late(entry).await? {
            self.mine(&id, &receipt)?;
            return Ok(Step::Again);
        }
        if self.is_done(entry).await? {
            self.happened(Event::Find { id }, What::Found)?;
            return Ok(Step::Again);
        }
        if entry.past.iter().any(|past| past.nonce < used && !past.failed) && self.is_lagging(&id) {
            return Ok(Step::Wait);
        }
        if let (true, Some(last)) = (entry.failures.len() >= self.policy.attempts, entry.failures.last()) {
            return Err(Error::Failed { id, attempts: entry.failures.len(), last: last.clone() });
        }
        let gas = self.gas(entry).await?;
        let (base, tip) = self.prices().await?;
        let Some(fee) = self.policy.fee(base, tip) else {
            self.tell(Some(id), What::TooDear(base));
            return Ok(Step::Wait);
        };
        self.require_funds(&id, gas, fee).await?;
        let nonce = self.free_nonce(used);
        let sent = self.sign(entry, nonce, gas, fee)?;
        self.hand_in(entry, &sent, What::Sent { hash: sent.hash, nonce, fee }).await
    }

    /// An attempt that was given up and got there nevertheless.
    /// spec: `chain.refused`
    async fn late(&self, entry: &Entry) -> Result<Option<Receipt>, Error> {
        for sent in entry.past.iter().rev().flat_map(|past| &past.sent) {
            match self.chain.receipt(sent.hash).await? {
                Some(receipt) if receipt.succeeded => return Ok(Some(receipt)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The first nonce that neither the chain has nor a transaction that is
    /// under way: that of an attempt that was given up, so that not both it
    /// and the next one get anywhere.
    fn free_nonce(&self, used: u64) -> u64 {
        let under_way: BTreeSet<u64> = self.outbox.entries().filter_map(|e| e.nonce).collect();
        (used..=u64::MAX).find(|nonce| !under_way.contains(nonce)).unwrap_or(used)
    }

    async fn is_done(&self, entry: &Entry) -> Result<bool, Error> {
        let Done::Answer { to, data, word, least } = &entry.posting.done else { return Ok(false) };
        let answer = match self.chain.call(&Call::question(*to, data.0.clone())).await {
            Ok(answer) => answer,
            Err(backend::Error::Reverted(_)) => return Ok(false),
            Err(e) => return Err(e.into()),
        };
        let at = word * 32;
        Ok(answer.get(at..at + 32).is_some_and(|word| word >= &least.0[..]))
    }

    /// A fifth more than it takes now: what it takes may change until then.
    async fn gas(&self, entry: &Entry) -> Result<u64, Error> {
        let posting = &entry.posting;
        let call = Call { from: self.key.address(), to: posting.to, data: posting.data.0.clone() };
        match self.chain.estimate(&call).await {
            Ok(gas) => Ok((gas + gas / 5).min(TRANSACTION_GAS_MAX)),
            Err(backend::Error::Reverted(cause)) => {
                Err(Error::Reverted { id: posting.id.clone(), cause: Box::new(cause) })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Base fee and tip, in wei per gas.
    async fn prices(&self) -> Result<(u128, u128), Error> {
        Ok((self.chain.latest().await?.base_fee, self.chain.tip().await?))
    }

    async fn require_funds(&self, id: &PostingId, gas: u64, fee: Fee) -> Result<(), Error> {
        let need = u128::from(gas).saturating_mul(fee.max);
        if need == 0 {
            return Ok(());
        }
        let account = self.key.address();
        let have = self.chain.balance(account).await?;
        if have >= need { Ok(()) } else { Err(Error::Unfunded { id: id.clone(), account, have, need }) }
    }

    /// Signs, and writes it down.
    fn sign(&mut self, entry: &Entry, nonce: u64, gas: u64, fee: Fee) -> Result<Sent, Error> {
        let (id, posting) = (entry.posting.id.clone(), &entry.posting);
        let (to, data) = (posting.to, posting.data.0.clone());
        let transaction = Transaction { chain_id: self.chain_id, nonce, to, data, gas, fee };
        let signed = transaction.sign(&self.key);
        let (hash, raw) = (signed.hash, backend::Data(signed.raw.clone()));
        self.outbox.add(Event::Sign { id: id.clone(), nonce, gas, fee, hash, raw })?;
        (self.moved, self.taken) = (Instant::now(), None);
        self.signed = Some((id, self.moved));
        Ok(Sent { hash, raw: signed.raw, gas, fee })
    }

    /// Hands in what is written down.
    async fn hand_in(&mut self, entry: &Entry, sent: &Sent, what: What) -> Result<Step, Error> {
        let id = entry.posting.id.clone();
        match self.chain.send(&sent.raw).await {
            Ok(()) | Err(SendError::Known) => {
                self.tell(Some(id), what);
                Ok(Step::Again)
            }
            // The next look tells whose transaction took it.
            Err(SendError::NonceTooLow) => Ok(Step::Wait),
            // A reorganisation took what was before it.
            Err(SendError::NonceTooHigh) => Ok(Step::Wait),
            Err(SendError::Underpriced(_)) => self.bump(&id).await,
            Err(SendError::Chain(e)) if e.is_transient() => Err(e.into()),
            Err(problem @ SendError::Unfunded(_)) => Err(Error::Refused { id, problem: Box::new(problem) }),
            // What stands in between may refuse what the node has taken: the
            // nonce is given up only if the chain does not know the transaction.
            Err(_) if self.chain.knows(sent.hash).await? => {
                self.tell(Some(id), what);
                Ok(Step::Again)
            }
            Err(problem) => {
                let reason = problem.to_string();
                self.happened(
                    Event::Release { id: id.clone(), reason: reason.clone() },
                    What::Failed(reason),
                )?;
                Err(Error::Refused { id, problem: Box::new(problem) })
            }
        }
    }

    /// A posting with transactions that are in no block, as far as is known.
    async fn follow(&mut self, entry: &Entry, nonce: u64) -> Result<Step, Error> {
        let id = entry.posting.id.clone();
        // Before the receipts: a nonce that is used by then has one.
        let used = self.chain.nonce(self.key.address()).await?;
        for sent in entry.sent.iter().rev() {
            if let Some(receipt) = self.chain.receipt(sent.hash).await? {
                self.mine(&id, &receipt)?;
                return Ok(Step::Again);
            }
        }
        if used > nonce {
            return self.give_up(entry, nonce).await;
        }
        if used < nonce {
            return self.fill(&id, used).await;
        }
        self.taken = None;
        let Some(newest) = entry.sent.last() else { return Ok(Step::Wait) };
        if self.is_overdue(&id) {
            return self.bump(&id).await;
        }
        for sent in &entry.sent {
            if self.chain.knows(sent.hash).await? {
                return Ok(Step::Wait);
            }
        }
        self.hand_in(entry, newest, What::Resent(newest.hash)).await.map(wait_once)
    }

    /// An earlier attempt used the nonce, or another program, if that is still
    /// so after a while.
    async fn give_up(&mut self, entry: &Entry, nonce: u64) -> Result<Step, Error> {
        let id = entry.posting.id.clone();
        if let Some(receipt) = self.late(entry).await? {
            self.mine(&id, &receipt)?;
            return Ok(Step::Again);
        }
        if self.is_lagging(&id) {
            return Ok(Step::Wait);
        }
        let reason = format!(
            "another transaction of the account took nonce {nonce}; leave the account to this outbox"
        );
        self.happened(Event::Release { id, reason: reason.clone() }, What::Failed(reason))?;
        Ok(Step::Again)
    }

    /// Nothing is under way with a nonce before this one's, and the chain does
    /// not count it: a transaction that was given up used it in a block that is
    /// no longer part of the chain. An empty one takes its place.
    async fn fill(&mut self, id: &PostingId, nonce: u64) -> Result<Step, Error> {
        if self.is_lagging(id) {
            return Ok(Step::Wait);
        }
        let account = self.key.address();
        let filler = Posting {
            id: PostingId::new(account, "nonce", nonce),
            to: Some(account),
            data: backend::Data::default(),
            done: Done::Receipt,
        };
        let id = filler.id.clone();
        if !self.outbox.get(&id).is_none_or(Entry::is_idle) {
            return Ok(Step::Wait);
        }
        self.happened(Event::Queue { posting: filler }, What::Gap(nonce))?;
        self.begin(&self.entry(&id)?.clone()).await
    }

    /// Whether less than a while has passed since this was first asked of a
    /// posting: a node may know of a nonce before it knows what used it.
    fn is_lagging(&mut self, id: &PostingId) -> bool {
        match &self.taken {
            Some((taken, since)) if taken == id => since.elapsed() < self.policy.lag,
            _ => {
                self.taken = Some((id.clone(), Instant::now()));
                true
            }
        }
    }

    fn mine(&mut self, id: &PostingId, receipt: &Receipt) -> Result<(), Error> {
        let event = Event::Mine {
            id: id.clone(),
            hash: receipt.transaction,
            block: receipt.block,
            block_hash: receipt.block_hash,
            gas: receipt.gas,
            succeeded: receipt.succeeded,
        };
        self.happened(event, What::Mined { block: receipt.block, gas: receipt.gas })
    }

    fn is_overdue(&mut self, id: &PostingId) -> bool {
        match &self.signed {
            Some((signed, at)) if signed == id => at.elapsed() >= self.policy.bump_after,
            _ => {
                self.signed = Some((id.clone(), Instant::now()));
                false
            }
        }
    }

    /// Replaces the newest transaction by one that offers more.
    async fn bump(&mut self, id: &PostingId) -> Result<Step, Error> {
        let entry = self.entry(id)?.clone();
        let (Some(nonce), Some(newest)) = (entry.nonce, entry.sent.last()) else { return Ok(Step::Wait) };
        let (base, tip) = self.prices().await?;
        let Some(fee) = self.policy.bumped(newest.fee, base, tip) else {
            self.tell(Some(id.clone()), What::AtCap(self.policy.fee_cap));
            self.signed = Some((id.clone(), Instant::now()));
            return Ok(Step::Wait);
        };
        let sent = self.sign(&entry, nonce, newest.gas, fee)?;
        let what = What::Bumped { hash: sent.hash, fee };
        match self.chain.send(&sent.raw).await {
            Ok(()) | Err(SendError::Known) => self.tell(Some(id.clone()), what),
            // Still too little, or too late: the next look tells.
            Err(SendError::Underpriced(_) | SendError::NonceTooLow | SendError::NonceTooHigh) => {}
            // An earlier one may be under way, and this one too, whatever the
            // node says.
            Err(problem) => self.tell(Some(id.clone()), What::Trouble(problem.to_string())),
        }
        Ok(Step::Wait)
    }

    /// A posting in a block: is the block still there, and how deep?
    async fn deepen(&mut self, entry: &Entry, mined: Mined) -> Result<Step, Error> {
        let id = entry.posting.id.clone();
        let head = self.chain.latest().await?;
        let Some(receipt) = self.chain.receipt(mined.hash).await? else {
            self.happened(Event::Lose { id }, What::Reorganised)?;
            return Ok(Step::Again);
        };
        if (receipt.block_hash, receipt.succeeded) != (mined.block_hash, mined.succeeded) {
            self.happened(Event::Lose { id: id.clone() }, What::Reorganised)?;
            self.mine(&id, &receipt)?;
            return Ok(Step::Again);
        }
        let depth = (head.number + 1).saturating_sub(mined.block);
        let deep = depth >= self.policy.confirmations;
        // What only the receipt shows could succeed in another block, beside
        // the next attempt.
        if !mined.succeeded && (deep || entry.posting.done != Done::Receipt) {
            return self.fail(entry, &receipt).await;
        }
        if deep {
            self.happened(Event::Finish { id }, What::Final)?;
            return Ok(Step::Again);
        }
        self.say_depth(id, depth, head.number);
        Ok(Step::Wait)
    }

    /// Its transaction is in a block and failed there: the nonce is used, the
    /// posting is not there.
    async fn fail(&mut self, entry: &Entry, receipt: &Receipt) -> Result<Step, Error> {
        let posting = &entry.posting;
        let call = Call { from: self.key.address(), to: posting.to, data: posting.data.0.clone() };
        let why = match self.chain.call(&call).await {
            Err(backend::Error::Reverted(revert)) => revert.to_string(),
            Err(e) => return Err(e.into()),
            Ok(_) => "it would succeed now".into(),
        };
        let reason = format!("transaction {} failed in block {}: {why}", receipt.transaction, receipt.block);
        let event = Event::Release { id: posting.id.clone(), reason: reason.clone() };
        self.happened(event, What::Failed(reason))?;
        Ok(Step::Again)
    }

    /// Says it once per block, and when no block comes.
    fn say_depth(&mut self, id: PostingId, depth: u64, head: u64) {
        match self.stalled {
            Some((seen, since)) if seen == head => {
                if since.elapsed() > NO_BLOCKS {
                    self.tell(None, What::NoBlocks);
                    self.stalled = Some((head, Instant::now()));
                }
            }
            _ => {
                self.tell(Some(id), What::Confirmed(depth, self.policy.confirmations));
                self.stalled = Some((head, Instant::now()));
                self.moved = Instant::now();
            }
        }
    }
}

/// After handing in again, look only when the chain may have moved.
fn wait_once(step: Step) -> Step {
    if step == Step::Again { Step::Wait } else { step }
}

//! Votes and masks, from the wish to the receipt. spec: `client.cast`.
//!
//! Votes and masks take the same calls in the same order with messages of
//! the same length: the newest head, the entries since, the entry (A39,
//! A64). When others were faster, the entry is proved anew on the slot's new
//! content with fresh randomness for every option, and with the same slot
//! and ticket, so that a retry does not tell a vote from a mask (A63).

use crate::{
    Error, Node, Refusal,
    board::Mirror,
    census,
    choice::Choice,
    election::Election,
    identity::Identity,
    submission::{Answer, Submission},
    tickets::{Owner, TicketStore},
};
use circuits::{
    ballot::{BallotCircuit, InvalidPlan, Member, Plan},
    params::TICKETS_PER_MEMBER,
    types::{BoardEntry, BoardRow, Census, Receipt, Slot, Ticket},
};
use prover::{ProvingKey, prove};
use rand_core::{OsRng, RngCore};
use std::{fmt, sync::Arc, time::Duration};
use verifier::KeyHash;
use zeroize::Zeroizing;

/// Why an entry cannot be cast.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    /// See the message.
    #[error("the ballot key is {found}, the election's is {expected} (A17); get the election's key")]
    Key {
        /// Pinned by the election.
        expected: KeyHash,
        /// Given.
        found: KeyHash,
    },
    /// See the message.
    #[error("the census is not the one of this election; fetch the election's")]
    Census,
    /// See the message.
    #[error("the board is closed; no entry can follow")]
    Closed,
    /// See the message.
    #[error("slot {0} is empty, there is nothing to mask; pick a slot that holds something")]
    NothingToMask(Slot),
    /// See the message.
    #[error("the entry would not be valid: {0}")]
    Plan(#[from] InvalidPlan),
    /// See the message.
    #[error(
        "after {attempts} attempts somebody else was always faster on this slot; try again: slot and ticket are \
         kept"
    )]
    TooBusy {
        /// Proofs made.
        attempts: u32,
    },
    /// See the message.
    #[error(
        "the slot has moved on since this ballot was prepared, and a prepared ballot cannot be changed ({}); prepare it \
         anew: its owner's ticket is kept",
        .0.message
    )]
    Stale(Box<Refusal>),
    /// See the message.
    #[error(
        "entry {seq} spent this entry's ticket with other content; a relay or the operator copied it: prepare \
         the vote or mask anew"
    )]
    TicketTaken {
        /// The entry that spent it.
        seq: u32,
    },
    /// See the message.
    #[error(
        "the receipt is for another entry; the operator may have dropped yours: fetch the board and look"
    )]
    OtherEntry,
}

/// How long and how often to try. The same for votes and masks.
///
/// By default more often than the sixteen masks of one attacker can get in
/// the way (A23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Proofs made at most.
    pub attempts: u32,
    /// Times that the same bytes are sent when the node does not answer, or
    /// asks to wait.
    pub sends: u32,
    /// Shortest mean pause between attempts; doubles up to `longest_pause`.
    pub pause: Duration,
    /// See `pause`.
    pub longest_pause: Duration,
    /// Before anything is asked of the node, wait a random time up to this,
    /// so that timing does not link a member to an entry (A40).
    pub delay: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 24,
            sends: 24,
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            delay: Duration::ZERO,
        }
    }
}

impl Policy {
    /// The pause before attempt or sending `n` (from 1): uniform between
    /// half and one and a half of its mean.
    pub(crate) fn pause(&self, n: u32) -> Duration {
        let doubled = self.pause.saturating_mul(1 << n.saturating_sub(1).min(16));
        let mean = doubled.min(self.longest_pause);
        mean / 2 + random_up_to(mean)
    }
}

/// Uniform in `[0, longest)`, to microseconds.
pub fn random_up_to(longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    // The bias of the remainder is below micros / 2^64.
    Duration::from_micros(OsRng.next_u64().checked_rem(micros).unwrap_or(0))
}

/// What is to be cast: kept over all attempts. `Debug` is redacted.
pub struct Intent {
    slot: Slot,
    ticket: Ticket,
    purpose: Purpose,
}

enum Purpose {
    Vote(Zeroizing<Vec<u64>>),
    Mask(u8),
}

impl Intent {
    /// The slot that the entry goes to.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The ticket that the entry spends.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Intent(..)")
    }
}

/// An entry on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The entry's number.
    pub seq: u32,
    /// The operator's promise, checked.
    pub receipt: Receipt,
    /// Proofs made, 1 if nobody interfered.
    pub attempts: u32,
}

/// A member in one election.
#[derive(Debug)]
pub struct Voter {
    election: Arc<Election>,
    member: Member,
    owner: Owner,
    key: Arc<ProvingKey>,
    tickets: Arc<dyn TicketStore>,
    policy: Policy,
}

impl Voter {
    /// `census` was compared with the election's statement, `key` proves
    /// ballots of the election's shape.
    ///
    /// # Errors
    /// If key or census are not the election's, or the identity is not in
    /// the census.
    pub fn new(
        election: Arc<Election>,
        census: &Census,
        identity: &Identity,
        key: Arc<ProvingKey>,
        tickets: Arc<dyn TicketStore>,
    ) -> Result<Self, Error> {
        let (expected, found) = (election.ballot_key(), key.hash());
        if expected != found {
            return Err(VoteError::Key { expected, found }.into());
        }
        if census.root() != election.census.root {
            return Err(VoteError::Census.into());
        }
        let member = census::member(census, identity)?;
        let owner = Owner { election: election.id, identity: identity.commitment() };
        Ok(Self { election, member, owner, key, tickets, policy: Policy::default() })
    }

    /// The same member with another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The member's weight in census units.
    pub fn weight(&self) -> u64 {
        self.member.weight
    }

    /// The member's own slot. Secret: it links the member to the vote.
    pub fn slot(&self) -> Slot {
        Slot::derive(&self.member.sk, self.election.id)
    }

    /// Votes, or votes again: the last vote of the slot counts.
    ///
    /// # Errors
    /// If the choice breaks the rule, nothing is sent. Otherwise see
    /// [`Error`].
    pub async fn cast_vote(
        &self,
        node: &Node,
        mirror: &mut Mirror,
        choice: &Choice,
    ) -> Result<Accepted, Error> {
        choice.votes(self.election.draft().rule, self.member.weight)?;
        self.begin(node, mirror).await?;
        let intent = self.intend_vote(mirror, choice)?;
        self.cast(node, mirror, &intent).await
    }

    /// Masks a slot: its content is encrypted afresh, its meaning stays.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cast_mask(&self, node: &Node, mirror: &mut Mirror, slot: Slot) -> Result<Accepted, Error> {
        self.begin(node, mirror).await?;
        let intent = self.intend_mask(mirror, slot)?;
        self.cast(node, mirror, &intent).await
    }

    /// The random delay, then the whole board.
    async fn begin(&self, node: &Node, mirror: &mut Mirror) -> Result<(), Error> {
        tokio::time::sleep(random_up_to(self.policy.delay)).await;
        mirror.sync(node).await?;
        if mirror.is_closed() { Err(VoteError::Closed.into()) } else { Ok(()) }
    }

    /// A vote with its ticket, which is durable before this returns.
    ///
    /// # Errors
    /// If the choice breaks the rule, or the ticket cannot be kept.
    pub fn intend_vote(&self, mirror: &Mirror, choice: &Choice) -> Result<Intent, Error> {
        let votes = Zeroizing::new(choice.votes(self.election.draft().rule, self.member.weight)?);
        let spent = |ticket| mirror.spent(ticket).is_some();
        let ticket = self.tickets.vote(self.owner, Ticket::random(&mut OsRng), &spent)?;
        Ok(Intent { slot: self.slot(), ticket, purpose: Purpose::Vote(votes) })
    }

    /// A mask with its ticket, which is durable and bound to the slot before
    /// this returns.
    ///
    /// # Errors
    /// If the slot is empty, no ticket is left, or it cannot be kept.
    pub fn intend_mask(&self, mirror: &Mirror, slot: Slot) -> Result<Intent, Error> {
        if mirror.slot(slot).is_none() {
            return Err(VoteError::NothingToMask(slot).into());
        }
        let ticket = |j| Ticket::derive(&self.member.sk, self.election.id, j);
        let j = self.tickets.mask(self.owner, slot, &|j| mirror.spent(ticket(j)).is_some())?;
        Ok(Intent { slot, ticket: ticket(j), purpose: Purpose::Mask(j) })
    }

    /// How many of the member's masks are on the board.
    pub fn masks(&self, mirror: &Mirror) -> u8 {
        let spent = (0..TICKETS_PER_MEMBER).filter(|j| self.is_spent(mirror, *j)).count();
        u8::try_from(spent).expect("at most 16")
    }

    /// Slots of masks that were begun and are not on the board.
    ///
    /// # Errors
    /// If the tickets cannot be read.
    pub fn unfinished_masks(&self, mirror: &Mirror) -> Result<Vec<Slot>, Error> {
        Ok(self.tickets.unfinished(self.owner, &|j| self.is_spent(mirror, j))?)
    }

    fn is_spent(&self, mirror: &Mirror, j: u8) -> bool {
        mirror.spent(Ticket::derive(&self.member.sk, self.election.id, j)).is_some()
    }

    /// An entry on the slot's content in `mirror`, with fresh randomness for
    /// every option.
    ///
    /// # Errors
    /// If the entry would not be valid.
    pub async fn prove(&self, mirror: &Mirror, intent: &Intent) -> Result<BoardEntry, Error> {
        let plan = self.plan(mirror, intent)?;
        let key = self.key.clone();
        tokio::task::spawn_blocking(move || prove_plan(&key, plan)).await?
    }

    fn plan(&self, mirror: &Mirror, intent: &Intent) -> Result<Plan, VoteError> {
        let (context, member) = (self.election.context(), &self.member);
        Ok(match &intent.purpose {
            Purpose::Vote(votes) => {
                let prev = mirror.digest(intent.slot);
                Plan::vote(&context, member, prev, votes, intent.ticket, &mut OsRng)?
            }
            Purpose::Mask(j) => {
                let slot = mirror.slot(intent.slot).ok_or(VoteError::NothingToMask(intent.slot))?;
                Plan::mask(&context, member, intent.slot, &slot.ciphertexts, *j, &mut OsRng)?
            }
        })
    }

    /// Proves and sends until the entry is on the board. `mirror` was synced.
    ///
    /// # Errors
    /// If the node refuses for good, or the policy's attempts are used up;
    /// casting the same intent again is safe.
    pub async fn cast(&self, node: &Node, mirror: &mut Mirror, intent: &Intent) -> Result<Accepted, Error> {
        let mut sent = Vec::new();
        for attempt in 1..=self.policy.attempts {
            let entry = self.prove(mirror, intent).await?;
            sent.push(entry.row());
            let submission = Submission { election: self.election.id, entry };
            if let Answer::Receipt(receipt) = submission.deliver(node, &self.policy).await? {
                return self.accept(intent, *receipt, &sent, attempt);
            }
            mirror.sync(node).await?;
            if let Some(seq) = mirror.spent(intent.ticket) {
                // An earlier sending has arrived although its answer did not.
                let receipt = mirror.receipt(seq).ok_or(VoteError::TicketTaken { seq })?;
                return self.accept(intent, receipt, &sent, attempt);
            }
            if mirror.is_closed() {
                return Err(VoteError::Closed.into());
            }
            if attempt < self.policy.attempts {
                tokio::time::sleep(self.policy.pause(attempt)).await;
                mirror.sync(node).await?;
            }
        }
        Err(VoteError::TooBusy { attempts: self.policy.attempts }.into())
    }

    /// Checks the receipt; the proof's bytes may be another's, since a relay
    /// can re-randomise a proof (A9).
    fn accept(
        &self,
        intent: &Intent,
        receipt: Receipt,
        sent: &[BoardRow],
        attempts: u32,
    ) -> Result<Accepted, Error> {
        let election = &self.election;
        receipt.check(election.id, &election.domain(), election.draft().operator)?;
        let (row, seq) = (receipt.row, receipt.path.index);
        if row.ticket == intent.ticket && !sent.iter().any(|own| same_entry(own, &row)) {
            return Err(VoteError::TicketTaken { seq }.into());
        }
        if row.ticket != intent.ticket {
            return Err(VoteError::OtherEntry.into());
        }
        if matches!(intent.purpose, Purpose::Vote(_)) {
            self.tickets.forget_vote(self.owner)?;
        }
        Ok(Accepted { seq, receipt, attempts })
    }
}

/// Whether two rows are one entry up to the proof's bytes.
pub(crate) fn same_entry(a: &BoardRow, b: &BoardRow) -> bool {
    (a.slot, a.prev_digest, a.next_digest, a.ticket) == (b.slot, b.prev_digest, b.next_digest, b.ticket)
}

fn prove_plan(key: &ProvingKey, plan: Plan) -> Result<BoardEntry, Error> {
    let Plan { statement, witness, next } = plan;
    let circuit =
        BallotCircuit::new(statement, witness).map_err(InvalidPlan::from).map_err(VoteError::from)?;
    let proof = prove(key, &circuit, &mut OsRng)?;
    Ok(BoardEntry {
        slot: statement.slot,
        prev_digest: statement.prev_digest,
        next_digest: statement.next_digest,
        ticket: statement.ticket,
        ciphertexts: next,
        proof,
    })
}

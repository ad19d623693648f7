//! Entries: votes and masks alike. spec: `ballot.outside`, `board.entry`.

use super::{Election, Phase, Rejection, State};
use circuits::{
    ballot::Statement,
    types::{BoardEntry, CiphertextDigest, ElectionId, ElectionKey},
};

/// What the index knows about an entry's slot and ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct EntryFacts {
    /// The slot's digest; `None` if it is unused.
    pub current: Option<CiphertextDigest>,
    /// The entry that spent the ticket.
    pub ticket_spent: Option<u32>,
    /// The entry that brought this slot to this `next_digest` before.
    pub earlier: Option<EarlierEntry>,
}

/// An entry of the same slot with the same `next_digest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierEntry {
    /// Its number.
    pub seq: u32,
    /// Its `prev_digest`.
    pub prev_digest: CiphertextDigest,
}

impl State {
    /// Checks all of an entry but its proof: `Some(seq)` if it repeats entry
    /// `seq` by (slot, prev_digest, next_digest), whatever its proof's bytes
    /// (A9). spec: `ballot.outside`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_entry(
        &self,
        id: ElectionId,
        now: u64,
        entry: &BoardEntry,
        facts: &EntryFacts,
    ) -> Result<Option<u32>, Rejection> {
        let election = self.election(id)?;
        self.check_content(election, entry)?;
        if let Some(earlier) = facts.earlier.filter(|e| e.prev_digest == entry.prev_digest) {
            return Ok(Some(earlier.seq));
        }
        check_time(election, now)?;
        let current = facts.current.unwrap_or_else(CiphertextDigest::empty);
        if current != entry.prev_digest {
            return Err(Rejection::Stale { current });
        }
        if let Some(seq) = facts.ticket_spent {
            return Err(Rejection::TicketSpent { seq });
        }
        if let Some(earlier) = facts.earlier {
            return Err(Rejection::DigestRepeated { seq: earlier.seq });
        }
        if election.board.tree.len() == u32::MAX { Err(Rejection::BoardFull) } else { Ok(None) }
    }

    fn check_content(&self, election: &Election, entry: &BoardEntry) -> Result<(), Rejection> {
        let (expected, found) = (election.draft().rule.shape(), entry.ciphertexts.shape());
        if expected != found {
            return Err(Rejection::Shape { expected, found });
        }
        if entry.next_digest == entry.prev_digest {
            return Err(Rejection::Unchanged);
        }
        if entry.ciphertexts.digest() != entry.next_digest {
            return Err(Rejection::Digest);
        }
        Ok(())
    }
}

fn check_time(election: &Election, now: u64) -> Result<(), Rejection> {
    election.require(Phase::Voting)?;
    let times = &election.draft().times;
    if now < times.opening {
        return Err(Rejection::NotOpenYet { opening: times.opening, now });
    }
    if now >= times.closing {
        return Err(Rejection::VotingOver { closing: times.closing, now });
    }
    Ok(())
}

impl Election {
    /// The statement that an entry's proof proves, from KEYED on.
    /// spec: `ballot.statement`
    pub fn statement(&self, key: &ElectionKey, entry: &BoardEntry) -> Statement {
        Statement {
            census_root: key.census_root,
            election_id: key.election_id(),
            rule: self.draft().rule,
            pk: key.public_key,
            slot: entry.slot,
            prev_digest: entry.prev_digest,
            next_digest: entry.next_digest,
            ticket: entry.ticket,
        }
    }
}

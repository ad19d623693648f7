//! Logs of audits. Their rules are those of [`audit::log`]; what a node adds
//! is whose logs it keeps, and how long they get. spec: `audit.log`.

use super::{Event, Rejection, Rules, State};
use audit::log::{self, Entry, Log, LogId, Parties};
use circuits::types::{Head, SignedHead};

/// A log with its newest signed head, which says what is acknowledged.
#[derive(Debug)]
pub struct AuditLog {
    /// The log.
    pub log: Log,
    /// The newest signed head.
    pub head: Option<SignedHead>,
}

impl AuditLog {
    pub(super) fn new(parties: Parties) -> Self {
        Self { log: Log::new(parties), head: None }
    }

    /// Number of acknowledged events.
    pub fn size(&self) -> u32 {
        self.head.map_or(0, |h| h.head.size)
    }

    /// The head over all events, to be signed. Time never falls.
    pub fn next_head(&self, now: u64) -> Head {
        let tree = self.log.tree();
        self.head_of(tree.len(), tree.root(), now)
    }

    fn head_of(&self, size: u32, root: circuits::types::BoardRoot, now: u64) -> Head {
        let time = now.max(self.log.last_time()).max(self.head.map_or(0, |h| h.head.time));
        Head { election_id: self.log.id().place(), size, root, time, closed: false }
    }
}

/// An event that is not on its log yet, with the head over it.
#[derive(Clone, Debug, PartialEq)]
pub struct NextEvent {
    /// Its number.
    pub seq: u32,
    /// The event, to be logged.
    pub event: Event,
    /// The head, to be signed.
    pub head: Head,
}

impl State {
    /// A log.
    ///
    /// # Errors
    /// [`Rejection::UnknownLog`].
    pub fn log(&self, id: LogId) -> Result<&AuditLog, Rejection> {
        self.logs.get(&id).ok_or(Rejection::UnknownLog(id))
    }

    /// All logs, in the order of their ids.
    pub fn logs(&self) -> impl Iterator<Item = &AuditLog> {
        self.logs.values()
    }

    /// Checks everything about an event but an attestation's key and proof:
    /// `Some(seq)` if it is on the log as event `seq`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_event(
        &self,
        rules: &Rules,
        parties: &Parties,
        now: u64,
        event: &log::Event,
    ) -> Result<Option<u32>, Rejection> {
        let Some(known) = self.logs.get(&parties.log()) else {
            if !rules.organisers.is_empty() && !rules.organisers.contains(&parties.organiser) {
                return Err(Rejection::Organiser(parties.organiser));
            }
            if self.logs.len() >= rules.logs_max {
                return Err(Rejection::LogsFull(rules.logs_max));
            }
            return Ok(Log::new(parties.clone()).check(now, event)?);
        };
        let now = now.max(known.log.last_time());
        let repeated = known.log.check(now, event)?;
        if repeated.is_none() && known.log.tree().len() >= rules.events_max {
            return Err(Rejection::LogFull(rules.events_max));
        }
        Ok(repeated)
    }

    /// The event after [`State::check_event`] found nothing against it.
    ///
    /// # Errors
    /// If the log is full.
    pub fn next_event(&self, parties: Parties, now: u64, event: log::Event) -> Result<NextEvent, Rejection> {
        let fresh;
        let known = match self.logs.get(&parties.log()) {
            Some(known) => known,
            None => {
                fresh = AuditLog::new(parties.clone());
                &fresh
            }
        };
        let entry = Entry { time: now.max(known.log.last_time()), event };
        let seq = known.log.tree().len();
        let root = known.log.root_with(&entry).ok_or(log::Refused::Full)?;
        let head = known.head_of(seq.saturating_add(1), root, now);
        Ok(NextEvent { seq, event: Event::Logged { parties, seq, entry }, head })
    }
}

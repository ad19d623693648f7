//! All that the node knows, rebuilt from its events.

use super::{AuditLog, Board, Election, Event, FrozenCensus, Organisation, Rejection};
use crate::keys::KeySet;
use audit::log::{Entry, LogId, Parties};
use circuits::types::{Address, DraftId, ElectionId};
use std::{collections::BTreeMap, sync::Arc};

/// What a decision depends on besides the state.
#[derive(Debug)]
pub struct Rules {
    /// This node's address: drafts name it as operator.
    pub operator: Address,
    /// Who may create drafts; empty: anyone.
    pub organisers: Vec<Address>,
    /// Most registrations of one organisation.
    pub registrations_max: usize,
    /// Most logs of audits.
    pub logs_max: usize,
    /// Most events of one log.
    pub events_max: u32,
    /// Verifying keys for elections.
    pub keys: Arc<KeySet>,
}

/// Organisations, elections and logs of audits.
#[derive(Debug, Default)]
pub struct State {
    pub(super) organisations: BTreeMap<String, Organisation>,
    pub(super) elections: BTreeMap<DraftId, Election>,
    ids: BTreeMap<ElectionId, DraftId>,
    order: Vec<DraftId>,
    pub(super) logs: BTreeMap<LogId, AuditLog>,
}

/// An event of the journal does not fit the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of kind {kind} does not fit the events before it; restore the journal from a good copy")]
pub struct UnfitEvent {
    /// The event's kind.
    pub kind: u16,
}

impl State {
    /// The election of a draft.
    ///
    /// # Errors
    /// [`Rejection::UnknownDraft`].
    pub fn draft(&self, id: DraftId) -> Result<&Election, Rejection> {
        self.elections.get(&id).ok_or(Rejection::UnknownDraft(id))
    }

    /// The election with this id, known from KEYED on.
    ///
    /// # Errors
    /// [`Rejection::UnknownElection`].
    pub fn election(&self, id: ElectionId) -> Result<&Election, Rejection> {
        let draft = self.ids.get(&id).ok_or(Rejection::UnknownElection(id))?;
        self.draft(*draft)
    }

    /// All elections, in the order of their drafts.
    pub fn elections(&self) -> impl Iterator<Item = &Election> {
        self.order.iter().filter_map(|id| self.elections.get(id))
    }

    /// An organisation by name.
    pub fn organisation(&self, name: &str) -> Option<&Organisation> {
        self.organisations.get(name)
    }

    /// Makes an event part of the state. Events come from decisions of this
    /// module, checked when they were made; of elections nothing is checked
    /// again, except that what they refer to exists. The log of audits checks
    /// every event and every head again, all but the proofs.
    ///
    /// # Errors
    /// If it does not; the state is unchanged then.
    pub fn apply(&mut self, event: &Event) -> Result<(), UnfitEvent> {
        self.try_apply(event).ok_or(UnfitEvent { kind: event.kind() })
    }

    fn try_apply(&mut self, event: &Event) -> Option<()> {
        match event {
            Event::Draft(signed) => {
                let election = Election::new(signed.clone());
                self.organisations.entry(signed.draft.organisation.clone()).or_default();
                self.order.push(election.id());
                self.elections.insert(election.id(), election);
            }
            Event::Registration(r) => {
                self.organisations.get_mut(&r.message.organisation)?.add(r.clone());
            }
            Event::Holders { draft_id, start, holders } => {
                self.elections.get_mut(draft_id)?.add_holders(*start, holders)?;
            }
            Event::Census { statement, signature } => {
                let election = self.elections.get_mut(&statement.draft_id)?;
                let organisation = self.organisations.get(&election.draft().organisation)?;
                let holders = election.take_holders();
                let entries = organisation.census_entries(election.draft(), &holders);
                election.census = Some(FrozenCensus {
                    statement: *statement,
                    signature: *signature,
                    holders: holders.into(),
                    entries: entries.into(),
                });
            }
            Event::TrusteeMessage(m) => {
                let election = self.elections.get_mut(&m.draft_id)?;
                if let Some(id) = election.add_message(m.clone()) {
                    self.ids.insert(id, m.draft_id);
                }
            }
            Event::TrusteeConflict(m) => self.elections.get_mut(&m.draft_id)?.add_conflict(m.clone()),
            Event::Opened { draft_id, signature } => {
                self.elections.get_mut(draft_id)?.opened = Some(*signature);
            }
            Event::Entry { election_id, seq, entry } => {
                let board = self.board_mut(*election_id)?;
                if board.tree.len() != *seq {
                    return None;
                }
                board.tree.append(entry.leaf())?;
            }
            Event::Head(head) => self.board_mut(head.head.election_id)?.head = Some(*head),
            Event::Closed { head, signature } => {
                let draft = *self.ids.get(&head.head.election_id)?;
                let election = self.elections.get_mut(&draft)?;
                election.board.head = Some(*head);
                election.close_signature = *signature;
            }
            Event::Logged { parties, seq, entry } => {
                self.add_logged(parties, *seq, entry)?;
            }
            Event::LogHead(head) => {
                let log = self.logs.get_mut(&LogId::at(head.head.election_id))?;
                log.log.parties().check_head(head).ok()?;
                if log.log.tree().root_at(head.head.size) != Some(head.head.root) {
                    return None;
                }
                log.head = Some(*head);
            }
            Event::Tally { election_id, tally } => {
                let draft = *self.ids.get(election_id)?;
                self.elections.get_mut(&draft)?.tally = Some(Arc::new(tally.clone()));
            }
        }
        Some(())
    }

    /// The first event of a log begins it.
    fn add_logged(&mut self, parties: &Parties, seq: u32, entry: &Entry) -> Option<()> {
        let id = parties.log();
        let known = self.logs.get_mut(&id);
        let is_next = |log: &AuditLog| log.log.tree().len() == seq;
        if let Some(log) = known {
            return is_next(log).then(|| log.log.admit(entry).ok()).flatten().map(|_| ());
        }
        let mut fresh = AuditLog::new(parties.clone());
        is_next(&fresh).then(|| fresh.log.admit(entry).ok()).flatten()?;
        self.logs.insert(id, fresh);
        Some(())
    }

    fn board_mut(&mut self, id: ElectionId) -> Option<&mut Board> {
        let draft = *self.ids.get(&id)?;
        Some(&mut self.elections.get_mut(&draft)?.board)
    }
}

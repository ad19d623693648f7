//! The one writer: decides commands in order, in batches that share a sync.

use super::{Command, Job, OpenError, Outcome, ReadError, Refusal, Shared};
use crate::{
    domain::{Event, NextEvent, Phase, Rejection, State, UnfitEvent},
    metrics::Metrics,
    store::{AppendError, HeadError, Pending, SignedHead as KeptHead, StoreError},
};
use audit::log::{self, Parties};
use circuits::types::{
    AccountKey, Address, BoardEntry, Domain, ElectionId, Head, IdentityCommitment, SignedHead, Slot, Ticket,
    TypedData,
};
use prost::Message;
use proto::v1;
use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{Arc, PoisonError, RwLockWriteGuard},
    time::Instant,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

/// Why the node can no longer write. It serves no more; start it again once
/// the cause is gone.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal failed.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The second path failed.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A decision did not fit the state.
    #[error(transparent)]
    Unfit(#[from] UnfitEvent),
    /// See the message.
    #[error("the writer failed on a command; see the log")]
    Panicked,
}

pub(super) struct Parts {
    pub shared: Arc<Shared>,
    pub operator: AccountKey,
    pub jobs: mpsc::Receiver<Job>,
    pub batch: usize,
    pub changed: watch::Sender<u64>,
    pub stop: watch::Sender<Option<Arc<Stopped>>>,
    pub metrics: Metrics,
}

/// What two commands of one batch must not have in common, since both are
/// decided on the state before the batch.
#[derive(PartialEq, Eq, Hash)]
enum Touch {
    Slot(ElectionId, Slot),
    Ticket(ElectionId, Ticket),
    Account(u64, String, Address),
    Identity(u64, String, IdentityCommitment),
}

/// What a command touches; `None`: it has a batch of its own.
fn touches(command: &Command) -> Option<[Touch; 2]> {
    match command {
        Command::Enter { election_id: id, entry } => {
            Some([Touch::Slot(*id, entry.slot), Touch::Ticket(*id, entry.ticket)])
        }
        Command::Register(r) => {
            let (chain, name) = (r.message.chain_id, &r.message.organisation);
            Some([
                Touch::Account(chain, name.clone(), r.message.address),
                Touch::Identity(chain, name.clone(), r.message.identity),
            ])
        }
        Command::Draft(_)
        | Command::Freeze(_)
        | Command::Post(_)
        | Command::Open { .. }
        | Command::Close { .. }
        | Command::Log { .. }
        | Command::Tally { .. } => None,
    }
}

type Reply = oneshot::Sender<Result<Outcome, Refusal>>;

/// A batch on its way to the disk.
#[derive(Default)]
struct Staged {
    events: Vec<Event>,
    boards: BTreeSet<ElectionId>,
    replies: Vec<Reply>,
}

struct Writer {
    parts: Parts,
    runtime: Handle,
    waiting: VecDeque<Job>,
}

/// Signs heads for what a crash left without one, then starts the thread.
pub(super) fn spawn(parts: Parts) -> Result<(), OpenError> {
    let mut writer = Writer { parts, runtime: Handle::current(), waiting: VecDeque::new() };
    writer.recover()?;
    let run = std::thread::Builder::new().name("writer".into()).spawn(move || writer.run());
    run.map(|_| ()).map_err(OpenError::Thread)
}

impl Writer {
    fn run(mut self) {
        while let Some(batch) = self.next_batch() {
            let mut staged = Staged::default();
            let commit = std::panic::AssertUnwindSafe(|| self.commit(batch, &mut staged));
            // A panic is a fault of ours: what is half done must not be served.
            let done = std::panic::catch_unwind(commit).unwrap_or(Err(Stopped::Panicked));
            if let Err(stopped) = done {
                tracing::error!(%stopped, "the node can no longer write");
                self.parts.stop.send_replace(Some(Arc::new(stopped)));
                // Only now do those who wait hear that there is no answer.
                drop(staged);
                return;
            }
        }
    }

    /// At least one command; `None` when all senders are gone.
    fn next_batch(&mut self) -> Option<Vec<Job>> {
        if self.waiting.is_empty() {
            self.waiting.push_back(self.parts.jobs.blocking_recv()?);
        }
        while self.waiting.len() < self.parts.batch
            && let Ok(job) = self.parts.jobs.try_recv()
        {
            self.waiting.push_back(job);
        }
        let (mut batch, mut touched) = (Vec::new(), HashSet::new());
        while let Some(job) = self.waiting.front() {
            let alone = match touches(&job.command) {
                None if batch.is_empty() => true,
                None => break,
                Some(both) if both.iter().any(|t| touched.contains(t)) => break,
                Some(both) => {
                    touched.extend(both);
                    false
                }
            };
            batch.extend(self.waiting.pop_front());
            if alone {
                break;
            }
        }
        Some(batch)
    }

    fn commit(&mut self, batch: Vec<Job>, staged: &mut Staged) -> Result<(), Stopped> {
        let now = self.parts.shared.clock.now();
        let (commands, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|j| (j.command, j.reply)).unzip();
        staged.replies = replies;
        let mut outcomes = Vec::with_capacity(commands.len());
        for command in commands {
            outcomes.push(self.decide(command, now, staged)?);
        }
        self.persist(staged, now)?;
        for (reply, outcome) in staged.replies.drain(..).zip(outcomes) {
            // A caller that no longer waits has nothing to be told.
            let _ = reply.send(outcome.map_err(Refusal::Rejected));
        }
        Ok(())
    }

    fn decide(
        &self,
        command: Command,
        now: u64,
        staged: &mut Staged,
    ) -> Result<Result<Outcome, Rejection>, Stopped> {
        if let Command::Enter { election_id, entry } = command {
            return self.enter(election_id, *entry, now, staged);
        }
        if let Command::Log { parties, event } = command {
            return Ok(self.log(parties, *event, now, staged));
        }
        let state = self.parts.shared.state();
        Ok(match self.events(&state, command, now, staged) {
            Ok(events) => {
                staged.events.extend(events);
                Ok(Outcome::Done)
            }
            Err(rejection) => Err(rejection),
        })
    }

    fn events(
        &self,
        state: &State,
        command: Command,
        now: u64,
        staged: &mut Staged,
    ) -> Result<Vec<Event>, Rejection> {
        let rules = &self.parts.shared.rules;
        match command {
            Command::Draft(signed) => state.check_draft(rules, now, &signed),
            Command::Register(r) => state.check_registration(rules, &r),
            Command::Freeze(f) => {
                state.check_census(&f.statement, f.signature, &f.holders, &f.census, f.seen)
            }
            Command::Post(m) => state.check_message(rules, &m).map_err(|(rejection, evidence)| {
                staged.events.extend(evidence);
                rejection
            }),
            Command::Open { draft_id, signature } => {
                let events = state.check_open(draft_id, now, signature)?;
                let opened = state.draft(draft_id)?.election_id().filter(|_| !events.is_empty());
                staged.boards.extend(opened);
                Ok(events)
            }
            Command::Close { election_id, signature } => {
                let head = state.check_close(election_id, now, signature)?;
                let Some(head) = head else { return Ok(Vec::new()) };
                let domain = state.election(election_id)?.draft().domain();
                // Once the closing time is past, a signature adds nothing.
                let early = now < state.election(election_id)?.draft().times.closing;
                let head =
                    SignedHead { head, signature: self.parts.operator.sign(head.signing_hash(&domain)) };
                Ok(vec![Event::Closed { head, signature: signature.filter(|_| early) }])
            }
            Command::Tally { election_id, tally } => state.check_tally(election_id, &tally),
            // Decided by functions of their own, before this one.
            Command::Enter { .. } | Command::Log { .. } => Ok(Vec::new()),
        }
    }

    /// The entry joins the tree at once, so that the batch's head covers it;
    /// it is served once that head is.
    fn enter(
        &self,
        id: ElectionId,
        entry: BoardEntry,
        now: u64,
        staged: &mut Staged,
    ) -> Result<Result<Outcome, Rejection>, Stopped> {
        let shared = &self.parts.shared;
        let facts = shared.facts(id, &entry)?;
        let checked = shared.state().check_entry(id, now, &entry, &facts);
        match checked {
            Err(rejection) => return Ok(Err(rejection)),
            Ok(Some(seq)) => return Ok(Ok(Outcome::Entered { seq, repeated: true })),
            Ok(None) => {}
        }
        let mut state = self.state_mut();
        let seq = match state.election(id) {
            Ok(election) => election.board.tree.len(),
            Err(rejection) => return Ok(Err(rejection)),
        };
        let event = Event::Entry { election_id: id, seq, entry };
        state.apply(&event)?;
        staged.events.push(event);
        staged.boards.insert(id);
        Ok(Ok(Outcome::Entered { seq, repeated: false }))
    }

    /// An event has a batch of its own, with the head over it.
    fn log(
        &self,
        parties: Parties,
        event: log::Event,
        now: u64,
        staged: &mut Staged,
    ) -> Result<Outcome, Rejection> {
        let shared = &self.parts.shared;
        let state = shared.state();
        if let Some(seq) = state.check_event(&shared.rules, &parties, now, &event)? {
            return Ok(Outcome::Entered { seq, repeated: true });
        }
        let NextEvent { seq, event, head } = state.next_event(parties, now, event)?;
        staged.events.extend([event, Event::LogHead(self.sign_log_head(head))]);
        Ok(Outcome::Entered { seq, repeated: false })
    }

    fn sign_log_head(&self, head: Head) -> SignedHead {
        let signature = self.parts.operator.sign(head.signing_hash(&Domain::default()));
        SignedHead { head, signature }
    }

    /// Writes the batch with one head per board that it touched, then shows it.
    fn persist(&self, staged: &mut Staged, now: u64) -> Result<(), Stopped> {
        let heads: Vec<SignedHead> = staged.boards.iter().filter_map(|id| self.sign_head(*id, now)).collect();
        staged.events.extend(heads.into_iter().map(Event::Head));
        if staged.events.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        self.write(&staged.events)?;
        let entries = staged.events.iter().filter(|e| matches!(e, Event::Entry { .. }));
        let entries = u64::try_from(entries.count()).unwrap_or(u64::MAX);
        self.parts.metrics.durable(staged.events.len(), entries, start.elapsed());
        for head in staged.events.iter().filter_map(head_of) {
            self.keep(head)?;
        }
        let mut state = self.state_mut();
        for event in staged.events.iter().filter(|e| !matches!(e, Event::Entry { .. })) {
            state.apply(event)?;
        }
        drop(state);
        self.parts.changed.send_modify(|n| *n = n.wrapping_add(1));
        Ok(())
    }

    fn sign_head(&self, id: ElectionId, now: u64) -> Option<SignedHead> {
        let state = self.parts.shared.state();
        let election = state.election(id).ok()?;
        let head = election.next_head(id, now, false);
        let signature = self.parts.operator.sign(head.signing_hash(&election.draft().domain()));
        Some(SignedHead { head, signature })
    }

    fn write(&self, events: &[Event]) -> Result<(), Stopped> {
        let store = &self.parts.shared.store;
        let mut pending: Vec<Pending> = Vec::with_capacity(events.len());
        // One sync for the batch, not one for its first event and one for the rest.
        let group = store.group();
        for event in events {
            let payload = event.encode();
            let room = self.runtime.block_on(store.room(payload.len()))?;
            pending.push(store.enqueue(room, event.kind(), payload, event.updates())?);
        }
        drop(group);
        for frame in pending {
            frame.durable_blocking()?;
        }
        Ok(())
    }

    /// After the journal and before anybody sees the head: a node that was
    /// rolled back finds it. spec: `storage.head_file`
    fn keep(&self, head: &SignedHead) -> Result<(), Stopped> {
        let content = v1::Head::from(head).encode_to_vec();
        let kept = KeptHead { size: head.head.size.into(), content };
        let (heads, election) = (self.parts.shared.store.heads(), head.head.election_id.to_bytes());
        if heads.highest(&election).as_ref() == Some(&kept) {
            return Ok(());
        }
        Ok(heads.keep(election, kept)?)
    }

    /// After a crash: entries on the disk without a head get one, and the
    /// second path the newest head of each board.
    fn recover(&mut self) -> Result<(), Stopped> {
        let (mut staged, mut heads) = (Staged::default(), Vec::new());
        for election in self.parts.shared.state().elections() {
            let board = &election.board;
            let signed = board.head.is_some() && board.size() == board.tree.len();
            match election.election_id() {
                Some(id) if election.phase() == Phase::Voting && !signed => {
                    staged.boards.insert(id);
                }
                _ => heads.extend(board.head),
            }
        }
        for head in &heads {
            self.keep(head)?;
        }
        let now = self.parts.shared.clock.now();
        let mut log_heads = Vec::new();
        for log in self.parts.shared.state().logs() {
            match log.head {
                Some(head) if log.size() == log.log.tree().len() => log_heads.push(head),
                _ => {
                    let head = self.sign_log_head(log.next_head(now));
                    staged.events.push(Event::LogHead(head));
                }
            }
        }
        for head in &log_heads {
            self.keep(head)?;
        }
        self.persist(&mut staged, now)
    }

    /// See [`Shared::state`].
    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.parts.shared.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn head_of(event: &Event) -> Option<&SignedHead> {
    match event {
        Event::Head(head) | Event::LogHead(head) | Event::Closed { head, .. } => Some(head),
        _ => None,
    }
}

//! Opening a ledger: the state is rebuilt, compared with the heads at the
//! second path, and brought to where a crash left it.

use super::{Ledger, Shared, writer};
use crate::{
    clock::Clock,
    config::Config,
    domain::{Event, InvalidEvent, Rules, State, UnfitEvent},
    metrics::Metrics,
    store::{
        Contents, DirectoryError, DiskStorage, Frame, Index, IndexError, IndexUpdate,
        OpenError as StoreOpenError, Recovery, SledIndex, Storage, Store,
    },
};
use audit::log::LogId;
use circuits::types::{ElectionId, SignedHead};
use prost::Message;
use proto::v1;
use std::sync::{Arc, RwLock};
use tokio::sync::{mpsc, watch};

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// See [`DirectoryError`].
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// See [`IndexError`].
    #[error(transparent)]
    Index(#[from] IndexError),
    /// See [`StoreOpenError`].
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// See the message.
    #[error("the kept head of election {0} is not one of this format; restore the second directory")]
    HeadContent(String),
    /// See the message.
    #[error(
        "the journal contradicts the signed head of election or log {election} over {size} entries: it was replaced; do not serve, and restore the newest copy of the journal"
    )]
    HeadContradicted {
        /// The election, or what the heads of a log name in its place.
        election: ElectionId,
        /// Entries in the kept head.
        size: u32,
    },
    /// See the message.
    #[error(
        "the journal's drafts and logs name operator {found}, but this node signs as {own}; start it with that operator's key"
    )]
    Operator {
        /// This node's address.
        own: circuits::types::Address,
        /// As a draft or a log says.
        found: circuits::types::Address,
    },
    /// The writer could not start.
    #[error("could not start the writer: {0}")]
    Thread(std::io::Error),
    /// See [`super::Stopped`].
    #[error(transparent)]
    Stopped(#[from] super::Stopped),
}

/// A frame that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// See [`InvalidEvent`].
    #[error(transparent)]
    Event(#[from] InvalidEvent),
    /// See [`UnfitEvent`].
    #[error(transparent)]
    Unfit(#[from] UnfitEvent),
}

#[derive(Default)]
pub(super) struct Replay(State);

impl Contents for Replay {
    type Error = ReplayError;

    fn updates(&self, kind: u16, payload: &[u8]) -> Result<Vec<IndexUpdate>, ReplayError> {
        Ok(Event::decode(kind, payload)?.updates())
    }

    fn replay(&mut self, frame: &Frame<'_>) -> Result<(), ReplayError> {
        Ok(self.0.apply(&Event::decode(frame.kind, frame.payload)?)?)
    }
}

/// Where a ledger is kept.
pub(super) struct Disks {
    /// The journal.
    pub storage: Arc<dyn Storage>,
    /// The index.
    pub index: Arc<dyn Index>,
    /// The second path.
    pub heads: Box<dyn Storage>,
}

impl Ledger {
    /// Opens the ledger in the directories of `config`, and says what it
    /// found. Blocks on the disk: call it from a blocking thread of the
    /// runtime that it will use.
    ///
    /// # Errors
    /// If a directory, the journal, the index or the heads cannot be used, or
    /// contradict one another.
    pub fn open(
        config: &Config,
        rules: Rules,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<(Self, Recovery), OpenError> {
        let storage = Arc::new(DiskStorage::open(config.data_dir.join("journal"))?);
        let heads = Box::new(DiskStorage::open(&config.second_head_dir)?);
        let index = config.data_dir.join("index");
        if config.reindex {
            // The lock of the journal's directory is ours, so nobody has it open.
            SledIndex::remove(&index)?;
        }
        let index = Arc::new(SledIndex::open(&index)?);
        Self::over(Disks { storage, index, heads }, config, rules, clock, metrics)
    }

    /// [`Ledger::open`] over disks of the caller's choice.
    pub(super) fn over(
        disks: Disks,
        config: &Config,
        rules: Rules,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<(Self, Recovery), OpenError> {
        let mut replay = Replay::default();
        let (store, recovery) = Store::open(disks.storage, disks.index, disks.heads, &mut replay)?;
        if let Some(torn) = &recovery.torn {
            tracing::warn!(bytes = torn.bytes, "cut a torn frame, never acknowledged, off the journal");
        }
        let own = rules.operator;
        let of_logs = replay.0.logs().map(|l| l.log.parties().operator);
        let foreign = replay.0.elections().map(|e| e.draft().operator).chain(of_logs).find(|a| *a != own);
        if let Some(found) = foreign {
            return Err(OpenError::Operator { own, found });
        }
        check_heads(&store, &replay.0)?;
        let (commands, jobs) = mpsc::channel(config.limits.command_queue.max(1));
        let (changed, changes) = watch::channel(0);
        let (stop, stopped) = watch::channel(None);
        let shared = Arc::new(Shared { state: RwLock::new(replay.0), store, rules, clock });
        writer::spawn(writer::Parts {
            shared: shared.clone(),
            operator: config.operator.clone(),
            jobs,
            batch: config.limits.command_batch.max(1),
            changed,
            stop,
            metrics: metrics.clone(),
        })?;
        Ok((Self { shared, commands, changes, stopped }, recovery))
    }
}

/// A37: every head that was signed stands on the journal's boards. The store
/// has compared the sizes; the roots are compared here.
fn check_heads(store: &Store, state: &State) -> Result<(), OpenError> {
    for (id, kept) in store.heads().all() {
        let bad = || OpenError::HeadContent(hex::encode(id));
        let head = v1::Head::decode(&kept.content[..]).map_err(|_| bad())?;
        let SignedHead { head, .. } = head.try_into().map_err(|_| bad())?;
        let contradicted = OpenError::HeadContradicted { election: head.election_id, size: head.size };
        if let Ok(log) = state.log(LogId::at(head.election_id)) {
            if log.log.tree().root_at(head.size) != Some(head.root) {
                return Err(contradicted);
            }
            continue;
        }
        let Ok(election) = state.election(head.election_id) else { return Err(contradicted) };
        let closed = election.board.head.is_some_and(|h| h.head.closed);
        if election.board.tree.root_at(head.size) != Some(head.root) || (head.closed && !closed) {
            return Err(contradicted);
        }
    }
    Ok(())
}

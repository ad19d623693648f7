//! Proves results once enough trustees have decrypted. spec: `tally.job`

use crate::{
    domain::Phase,
    ledger::{Command, Ledger, ReadError, Refusal},
};
use circuits::types::{
    BoardEntry, CensusStatement, ElectionId, SignedDraft, SignedElectionKey, SignedHead, Tally,
    TrusteeMessage,
};
use std::{collections::HashMap, fmt, ops::ControlFlow, sync::Arc, time::Duration};
use tokio::time::Instant;

/// The entries of a closed board, read in parts so that memory stays bounded.
pub trait Entries: Send + Sync {
    /// Number of entries.
    fn size(&self) -> u32;

    /// Entries from `start` on, at most `limit`; fewer at the end.
    ///
    /// # Errors
    /// If the log cannot be read.
    fn read(&self, start: u32, limit: u32) -> Result<Vec<BoardEntry>, ReadError>;
}

/// A closed election with the partial decryptions so far.
#[derive(Clone)]
pub struct TallyCase {
    /// The draft.
    pub draft: SignedDraft,
    /// The frozen census.
    pub census: CensusStatement,
    /// The key.
    pub key: SignedElectionKey,
    /// The last head.
    pub head: SignedHead,
    /// Signed by their senders; their content is unchecked.
    pub decryptions: Vec<TrusteeMessage>,
    /// The board.
    pub entries: Arc<dyn Entries>,
}

impl fmt::Debug for TallyCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TallyCase({}, {} decryptions)", self.head.head.election_id, self.decryptions.len())
    }
}

/// Why there is no result yet.
#[derive(Debug, thiserror::Error)]
pub enum TallyFailure {
    /// See the message.
    #[error("valid partial decryptions of trustees {valid:?} only; {needed} are needed")]
    NotEnough {
        /// Indices of the trustees whose decryptions are valid.
        valid: Vec<u8>,
        /// The threshold.
        needed: u8,
    },
    /// Something else, to be tried again.
    #[error("{0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// Recovers and proves a result; decides which decryptions are valid.
pub trait TallyProver: fmt::Debug + Send + Sync {
    /// The result of a case; blocks, for as long as it takes.
    ///
    /// # Errors
    /// See [`TallyFailure`].
    fn prove(&self, case: &TallyCase) -> Result<Tally, TallyFailure>;
}

struct Board {
    ledger: Arc<Ledger>,
    id: ElectionId,
    size: u32,
}

impl Entries for Board {
    fn size(&self) -> u32 {
        self.size
    }

    fn read(&self, start: u32, limit: u32) -> Result<Vec<BoardEntry>, ReadError> {
        self.ledger.entries(self.id, start, limit)
    }
}

/// What is known of an election that has no result yet.
struct Attempt {
    decryptions: usize,
    /// When to try again without a new decryption; `None`: not at all.
    retry: Option<Instant>,
}

struct Job {
    ledger: Arc<Ledger>,
    prover: Arc<dyn TallyProver>,
    retry: Duration,
    attempts: HashMap<ElectionId, Attempt>,
}

/// Runs until the node can no longer write. A failed attempt is repeated
/// after `retry`; one that lacks decryptions, when a new one arrives.
pub async fn run(ledger: Arc<Ledger>, prover: Arc<dyn TallyProver>, retry: Duration) {
    let mut changes = ledger.changes();
    let mut job = Job { ledger, prover, retry, attempts: HashMap::new() };
    loop {
        changes.mark_unchanged();
        while let Some((id, case)) = job.next_case() {
            if job.attempt(id, case).await.is_break() {
                return;
            }
        }
        let wake = job.attempts.values().filter_map(|a| a.retry).min();
        let sleep = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = sleep => {}
        }
    }
}

impl Job {
    /// Breaks when the node can no longer write.
    async fn attempt(&mut self, id: ElectionId, case: TallyCase) -> ControlFlow<()> {
        let (prover, decryptions) = (self.prover.clone(), case.decryptions.len());
        let proven = tokio::task::spawn_blocking(move || prover.prove(&case)).await;
        let proven = proven.unwrap_or_else(|panic| Err(TallyFailure::Failed(panic.into())));
        let retry = match proven {
            Ok(tally) => {
                self.attempts.remove(&id);
                return self.log(id, tally).await;
            }
            Err(why @ TallyFailure::NotEnough { .. }) => {
                tracing::warn!(election = %id, %why, "no result yet");
                None
            }
            Err(TallyFailure::Failed(why)) => {
                tracing::error!(election = %id, %why, "the tally failed; it is tried again");
                Some(Instant::now() + self.retry)
            }
        };
        self.attempts.insert(id, Attempt { decryptions, retry });
        ControlFlow::Continue(())
    }

    async fn log(&self, id: ElectionId, tally: Tally) -> ControlFlow<()> {
        match self.ledger.submit(Command::Tally { election_id: id, tally }).await {
            Ok(_) => tracing::info!(election = %id, "the result is proven"),
            Err(Refusal::Rejected(why)) => tracing::error!(election = %id, %why, "the result was not logged"),
            Err(Refusal::Stopped(_) | Refusal::ShuttingDown) => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// A closed election with enough decryptions that was not tried with these.
    fn next_case(&self) -> Option<(ElectionId, TallyCase)> {
        let state = self.ledger.state();
        state.elections().filter(|e| e.phase() == Phase::Closed).find_map(|e| {
            let (id, decryptions) = (e.election_id()?, e.decryptions());
            let due = self.attempts.get(&id).is_none_or(|a| {
                a.decryptions != decryptions.len() || a.retry.is_some_and(|at| at <= Instant::now())
            });
            if !due || decryptions.len() < usize::from(e.draft().threshold) {
                return None;
            }
            let head = e.board.head?;
            let entries = Arc::new(Board { ledger: self.ledger.clone(), id, size: head.head.size });
            let (draft, key) = (e.signed_draft().clone(), e.key.clone()?);
            let census = e.census.as_ref()?.statement;
            Some((id, TallyCase { draft, census, key, head, decryptions, entries }))
        })
    }
}

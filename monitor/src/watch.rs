//! One election under watch. spec: `monitor.pass`.

use crate::{
    Error,
    board::Board,
    doubts::Doubts,
    endpoint::Endpoint,
    evidence::Evidence,
    finding::{Finding, Kind, Recorded},
    keys::ElectionKeys,
    metrics::Metrics,
    store::{Directory, ElectionStore, StoreError},
};
use circuits::types::{BoardEntry, ElectionId, SignedHead};
use client::{Node, election::Election};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Why a visit to a node ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The monitor cannot go on.
    Fatal(Error),
    /// The node could not be asked; nothing is held against it.
    Node(client::Error),
    /// The node has shown some of its entries; it is asked for the rest.
    BrokenOff,
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Stop::Fatal(e)
    }
}

impl From<StoreError> for Stop {
    fn from(e: StoreError) -> Self {
        Stop::Fatal(e.into())
    }
}

/// How far an election is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The election.
    pub election: ElectionId,
    /// Name of the organisation.
    pub organisation: String,
    /// Entries verified.
    pub verified: u32,
    /// Slots that hold something.
    pub slots: usize,
    /// The newest head that agrees.
    pub head: Option<SignedHead>,
    /// Checked totals, in option order, once there are any.
    pub totals: Option<Vec<u64>>,
    /// Anyone can forge: the keys are development keys.
    pub insecure_development_keys: bool,
}

/// An election with everything known about it.
#[derive(Debug)]
pub struct Watch {
    pub(crate) election: Arc<Election>,
    pub(crate) keys: ElectionKeys,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: ElectionStore,
    pub(crate) metrics: Metrics,
    /// Gone only while a batch is verified.
    pub(crate) board: Option<Board>,
    /// Slots of the board when it was last here.
    pub(crate) slots: usize,
    /// Heads of other views that were examined, by node.
    pub(crate) settled: BTreeMap<String, SignedHead>,
    /// What looked wrong, and is not proven.
    pub(crate) doubts: Doubts,
    /// Whether a download broke off after it had brought something.
    pub(crate) broke_off: bool,
}

impl Watch {
    /// Takes up an election where the directory has left it. `election` is
    /// checked. Proofs of stored entries are not verified again.
    ///
    /// # Errors
    /// If the directory cannot be read, or is damaged.
    pub(crate) async fn open(
        election: Election,
        keys: ElectionKeys,
        directory: Arc<Directory>,
        metrics: Metrics,
        patience: Duration,
    ) -> Result<Self, Error> {
        let election = Arc::new(election);
        let (store, entries) = directory.election(election.id, election.draft().rule.shape())?;
        store.checkpoint.findings.iter().for_each(|f| metrics.misbehaviour(f.kind));
        let mut watch = Self {
            election,
            keys,
            directory,
            store,
            metrics,
            board: None,
            slots: 0,
            settled: BTreeMap::new(),
            doubts: Doubts::new(patience),
            broke_off: false,
        };
        watch.restore(entries).await?;
        Ok(watch)
    }

    /// Rebuilds the board from stored entries and compares it with the
    /// checkpoint.
    pub(crate) async fn restore(&mut self, entries: Vec<BoardEntry>) -> Result<(), Error> {
        let mut board = Board::new(self.election.clone(), self.keys.ballot.clone());
        let (board, restored) = tokio::task::spawn_blocking(move || {
            let restored = board.restore(&entries);
            (board, restored)
        })
        .await?;
        restored.map_err(|e| self.store.damaged(e.to_string()))?;
        let checkpoint = &self.store.checkpoint;
        let mirror = board.mirror();
        if (mirror.len(), mirror.tree().root()) != (checkpoint.size, checkpoint.root) {
            return Err(self.store.damaged("its root is not that of the checkpoint".into()).into());
        }
        let anchor = checkpoint.anchor;
        self.slots = mirror.slots();
        let board = self.board.insert(board);
        if let Some(head) = anchor {
            board.adopt(head).map_err(|e| self.store.damaged(e.to_string()))?;
        }
        self.metrics.verified(self.election.id, self.store.checkpoint.size);
        Ok(())
    }

    pub(crate) fn board(&self) -> Result<&Board, Error> {
        self.board.as_ref().ok_or(Error::Interrupted)
    }

    pub(crate) fn id(&self) -> ElectionId {
        self.election.id
    }

    /// How far the election is.
    pub fn progress(&self) -> Progress {
        Progress {
            election: self.election.id,
            organisation: self.election.draft().organisation.clone(),
            verified: self.store.checkpoint.size,
            slots: self.slots,
            head: self.store.checkpoint.anchor,
            totals: self.store.checkpoint.tally.as_ref().map(|t| t.totals.clone()),
            insecure_development_keys: self.election.insecure_development_keys,
        }
    }

    /// Whether the result is checked: nothing more can come.
    pub fn is_done(&self) -> bool {
        self.store.checkpoint.tally.is_some()
    }

    /// What was found so far.
    pub fn findings(&self) -> &[Recorded] {
        &self.store.checkpoint.findings
    }

    /// Whether asking again may settle something.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.broke_off || self.doubts.are_open(Instant::now())
    }

    /// Remembers the finding with its evidence, once; one that is not proof
    /// only when it has lasted. Says whether it counts. spec: `monitor.doubt`
    pub(crate) fn keep(&mut self, finding: Finding) -> Result<bool, Error> {
        let known =
            |r: &Recorded| (r.kind, &r.node, &r.detail) == (finding.kind, &finding.node, &finding.detail);
        if self.store.checkpoint.findings.iter().any(known) {
            return Ok(true);
        }
        let proof = finding.claim.is_proof();
        if !proof && !self.doubts.has_lasted(&finding.node, finding.kind, &finding.detail, Instant::now()) {
            return Ok(false);
        }
        self.record(finding, proof)?;
        Ok(true)
    }

    fn record(&mut self, finding: Finding, proof: bool) -> Result<(), Error> {
        let Finding { kind, node, detail, claim } = finding;
        let (draft, key) = (self.election.signed_draft.clone(), Some(self.election.key.clone()));
        let evidence = self.directory.keep(kind.name(), &Evidence::new(draft, key, claim).to_json())?;
        tracing::error!(%kind, %node, %detail, evidence = %evidence.display(), "misbehaviour");
        self.metrics.misbehaviour(kind);
        self.store.checkpoint.findings.push(Recorded { kind, node, detail, evidence, proof });
        Ok(self.store.save()?)
    }

    /// Looks at what a node shows of this election now.
    pub(crate) async fn visit(&mut self, endpoint: &Endpoint, node: &Node) -> Result<(), Stop> {
        let url = &endpoint.url;
        let head = match client::record::fetch_head(node, self.id()).await {
            Ok(head) => head,
            Err(error) => return self.answer(url, error),
        };
        if let Err(problem) = self.check_signed(&head) {
            let detail = format!("showed a head that its operator did not sign for this election: {problem}");
            self.keep(Finding::report(Kind::Malformed, url, detail, None))?;
            return Ok(());
        }
        self.metrics.head(self.id(), url, &head.head, now());
        if self.settled.get(url) != Some(&head) {
            let split = self.follow(url, node, head).await?;
            self.remember(&head, url, split)?;
        }
        let behind = head.head.size.saturating_sub(self.board()?.mirror().len());
        self.metrics.lag(self.id(), url, behind);
        Ok(())
    }

    /// A failed call is no misbehaviour, but a malformed answer is.
    pub(crate) fn answer(&mut self, url: &str, error: client::Error) -> Result<(), Stop> {
        match error {
            client::Error::Answer { .. } | client::Error::Incomplete { .. } => {
                self.keep(Finding::report(Kind::Malformed, url, error.to_string(), None))?;
                Ok(())
            }
            error => Err(Stop::Node(error)),
        }
    }

    fn check_signed(&self, head: &SignedHead) -> Result<(), String> {
        if head.head.election_id != self.id() {
            return Err(format!("it is of election {}", head.head.election_id));
        }
        let draft = self.election.draft();
        head.check(&draft.domain(), draft.operator).map_err(|e| e.to_string())
    }
}

/// Unix time in seconds; 0 on a clock before 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

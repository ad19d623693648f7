//! One election under watch. spec: `monitor.pass`.

use crate::{
    Error,
    board::{Board, download, queue},
    endpoint::Endpoint,
    evidence::{Claim, Evidence, HeadConflict, head_conflict},
    finding::{Finding, Kind, Recorded},
    inquest::inquire,
    keys::ElectionKeys,
    metrics::Metrics,
    store::{Directory, ElectionStore, StoreError},
};
use circuits::types::{BoardEntry, ElectionId, SignedHead};
use client::{Node, election::Election};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc;

/// Entries after which progress is put on disk.
const SAVE_EVERY: u32 = 8192;

/// Why a visit to a node ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The monitor cannot go on.
    Fatal(Error),
    /// The node could not be asked; nothing is held against it.
    Node(client::Error),
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

/// How a download ended.
#[derive(Clone, Copy, Debug)]
enum CaughtUp {
    /// All entries below the head are here.
    Yes,
    /// An entry breaks a rule.
    Broken,
    /// The node did not show the entries; that was recorded.
    Malformed,
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
    board: Option<Board>,
    /// Slots of the board when it was last here.
    slots: usize,
    /// Heads of other views that were examined, by node.
    settled: BTreeMap<String, SignedHead>,
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
    ) -> Result<Self, Error> {
        let election = Arc::new(election);
        let (store, entries) = directory.election(election.id, election.draft().rule.shape())?;
        store.checkpoint.findings.iter().for_each(|f| metrics.misbehaviour(f.kind));
        let (slots, settled) = (0, BTreeMap::new());
        let mut watch = Self { election, keys, directory, store, metrics, board: None, slots, settled };
        watch.restore(entries).await?;
        Ok(watch)
    }

    /// Rebuilds the board from stored entries and compares it with the
    /// checkpoint.
    async fn restore(&mut self, entries: Vec<BoardEntry>) -> Result<(), Error> {
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

    /// Writes the evidence and remembers the finding, once.
    pub(crate) fn keep(&mut self, finding: Finding) -> Result<(), Error> {
        let Finding { kind, node, detail, claim } = finding;
        let proof = claim.is_proof();
        let known = |r: &Recorded| r.kind == kind && r.node == node && r.detail == detail;
        if self.store.checkpoint.findings.iter().any(known) {
            return Ok(());
        }
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
            Err(error) => return self.answer(url, error, None),
        };
        if let Err(problem) = self.check_signed(&head) {
            let detail = format!("showed a head that its operator did not sign for this election: {problem}");
            return Ok(self.keep(Finding::report(Kind::Malformed, url, detail, None))?);
        }
        let conflicts = self.compare_heads(&head, url)?;
        self.remember(&head, url, conflicts)?;
        self.metrics.head(self.id(), url, &head.head, now());
        if self.settled.get(url) != Some(&head) {
            self.follow(url, node, head).await?;
        }
        let behind = head.head.size.saturating_sub(self.board()?.mirror().len());
        self.metrics.lag(self.id(), url, behind);
        Ok(())
    }

    /// Brings the board up to a head of the node.
    async fn follow(&mut self, url: &str, node: &Node, head: SignedHead) -> Result<(), Stop> {
        // The second time there are no entries of another visit among ours.
        for _ in 0..2 {
            let all_from_here = self.board()?.mirror().len() == self.anchored();
            let caught_up = self.catch_up(url, node, &head).await?;
            if matches!(caught_up, CaughtUp::Yes) && self.board()?.agrees(&head) {
                return Ok(self.anchor(url, head)?);
            }
            if matches!(caught_up, CaughtUp::Malformed) {
                return Ok(());
            }
            let found = self.hold_inquest(url, node, &head, all_from_here).await?;
            if found || all_from_here {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Entries that a signed head covers.
    fn anchored(&self) -> u32 {
        self.store.checkpoint.anchor.map_or(0, |h| h.head.size)
    }

    /// A failed call is no misbehaviour, but a malformed answer is.
    pub(crate) fn answer(
        &mut self,
        url: &str,
        error: client::Error,
        head: Option<SignedHead>,
    ) -> Result<(), Stop> {
        match error {
            client::Error::Answer { .. } | client::Error::Incomplete { .. } => {
                Ok(self.keep(Finding::report(Kind::Malformed, url, error.to_string(), head))?)
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

    /// Compares a signed head with all that is known, whoever has shown it.
    /// spec: `monitor.heads`
    pub(crate) fn judge(&mut self, head: &SignedHead, source: &str) -> Result<(), Error> {
        if !self.compare_heads(head, source)? {
            self.compare_board(head, source)?;
        }
        Ok(())
    }

    /// Compares a head with every head known. Says whether they conflict.
    fn compare_heads(&mut self, head: &SignedHead, source: &str) -> Result<bool, Error> {
        let checkpoint = &self.store.checkpoint;
        let known = checkpoint.heads.values().chain(&checkpoint.anchor);
        let conflict = known.filter_map(|k| Some((*k, head_conflict(&k.head, &head.head)?))).next();
        let Some((known, conflict)) = conflict else { return Ok(false) };
        let kind = if conflict == HeadConflict::Shrunk { Kind::Rollback } else { Kind::SplitView };
        let (a, b) = (known.head.size, head.head.size);
        let detail = format!("signed heads of {a} and {b} entries: {conflict}");
        let claim = Claim::TwoHeads { first: known, second: *head };
        self.keep(Finding { kind, node: source.into(), detail, claim })?;
        Ok(true)
    }

    /// Compares a head with the root that the board had at its size. Says
    /// whether they conflict.
    fn compare_board(&mut self, head: &SignedHead, source: &str) -> Result<bool, Error> {
        let board = self.board()?;
        let longer = board.mirror().head().filter(|k| k.head.size >= head.head.size);
        let Some(longer) = longer.filter(|_| !board.agrees(head)) else { return Ok(false) };
        let claim = Claim::other_prefix(board.mirror().tree(), *longer, *head).ok_or(Error::Interrupted)?;
        let (m, n) = (head.head.size, longer.head.size);
        let detail = format!("signed two views, of {n} and {m} entries: the first {m} entries differ");
        self.keep(Finding { kind: Kind::SplitView, node: source.into(), detail, claim })?;
        Ok(true)
    }

    /// Keeps the highest head of every node; a node that shows less than
    /// before was rolled back (A37). Another node may lag.
    fn remember(&mut self, head: &SignedHead, url: &str, conflicts: bool) -> Result<(), Error> {
        let heads = &mut self.store.checkpoint.heads;
        let before = heads.get(url).copied();
        let (size, known) = (head.head.size, before.map_or(0, |b| b.head.size));
        if size < known && conflicts {
            return Ok(());
        }
        if size < known {
            let detail = format!("shows {size} entries, after it had shown {known}");
            return self.keep(Finding::report(Kind::Rollback, url, detail, before));
        }
        if before != Some(*head) {
            heads.insert(url.to_owned(), *head);
            self.store.publish(head)?;
        }
        Ok(())
    }

    /// Downloads and verifies what the board lacks below the head.
    async fn catch_up(&mut self, url: &str, node: &Node, head: &SignedHead) -> Result<CaughtUp, Stop> {
        let (id, range) = (self.id(), self.board()?.mirror().len()..head.head.size);
        if range.is_empty() {
            return Ok(CaughtUp::Yes);
        }
        let (out, batches) = queue();
        let (downloaded, verified) = tokio::join!(download(node, id, range, out), self.verify_all(batches));
        let broken = verified?;
        self.store.save()?;
        match downloaded {
            _ if broken => Ok(CaughtUp::Broken),
            Ok(()) => Ok(CaughtUp::Yes),
            Err(error) => self.answer(url, error, Some(*head)).map(|()| CaughtUp::Malformed),
        }
    }

    /// Verifies batches as they come. Says whether an entry breaks a rule:
    /// none can follow it.
    async fn verify_all(&mut self, mut batches: mpsc::Receiver<Vec<BoardEntry>>) -> Result<bool, Error> {
        let mut saved = self.store.checkpoint.size;
        while let Some(batch) = batches.recv().await {
            if self.verify(batch).await? {
                return Ok(true);
            }
            if self.store.checkpoint.size - saved >= SAVE_EVERY {
                saved = self.store.checkpoint.size;
                self.store.save()?;
                tracing::info!(election = %self.id(), verified = saved, "catching up");
            }
        }
        Ok(false)
    }

    /// Verifies a batch on other threads. Says whether an entry breaks a rule.
    async fn verify(&mut self, entries: Vec<BoardEntry>) -> Result<bool, Error> {
        let mut board = self.board.take().ok_or(Error::Interrupted)?;
        let start = Instant::now();
        let (board, entries, extended) = tokio::task::spawn_blocking(move || {
            let extended = board.extend(&entries);
            (board, entries, extended)
        })
        .await?;
        let board = self.board.insert(board);
        self.slots = board.mirror().slots();
        self.store.append(&entries[..extended.taken])?;
        let checkpoint = &mut self.store.checkpoint;
        (checkpoint.size, checkpoint.root) = (board.mirror().len(), board.mirror().tree().root());
        checkpoint.invalid.extend(extended.invalid.iter().map(|(seq, _)| *seq));
        self.metrics.batch(self.election.id, extended.taken, start.elapsed());
        self.metrics.verified(self.election.id, self.store.checkpoint.size);
        Ok(extended.broken)
    }

    /// All entries below the head are verified and agree with it. Invalid
    /// ones among the new entries are proven under this head.
    fn anchor(&mut self, url: &str, head: SignedHead) -> Result<(), Error> {
        let before = self.store.checkpoint.anchor;
        let known = before.map_or(0, |h| h.head.size);
        let newer =
            |b: SignedHead| !b.head.closed && (b.head.size, b.head.time) < (head.head.size, head.head.time);
        if !before.is_none_or(|b| newer(b) || head.head.closed && !b.head.closed) {
            return Ok(());
        }
        let board = self.board.as_mut().ok_or(Error::Interrupted)?;
        // A conflict with an earlier head was judged before.
        if board.adopt(head).is_err() {
            return Ok(());
        }
        self.store.checkpoint.anchor = Some(head);
        self.store.save()?;
        let invalid: Vec<u32> = self
            .store
            .checkpoint
            .invalid
            .iter()
            .copied()
            .filter(|s| (known..head.head.size).contains(s))
            .collect();
        for seq in invalid {
            let proof = self.store.entry(seq)?.proof;
            let receipt = self.board()?.receipt(seq).ok_or(Error::Interrupted)?;
            let key = self.keys.ballot.key().to_bytes();
            let claim = Claim::InvalidProof { receipt: (&receipt).into(), proof, key };
            let detail = format!("signed a board whose entry {seq} has a proof that does not hold");
            self.keep(Finding { kind: Kind::InvalidEntry, node: url.into(), detail, claim })?;
        }
        Ok(())
    }

    /// The node's entries do not fit its head, or ours: its whole view is
    /// examined apart from ours. Says whether anything was found.
    async fn hold_inquest(
        &mut self,
        url: &str,
        node: &Node,
        head: &SignedHead,
        all_from_here: bool,
    ) -> Result<bool, Stop> {
        let entries = match client::record::fetch_entries(node, self.id(), head.head.size).await {
            Ok(entries) => entries,
            Err(error) => {
                self.compare_board(head, url)?;
                return self.answer(url, error, Some(*head)).map(|()| true);
            }
        };
        let board = self.board.take().ok_or(Error::Interrupted)?;
        let (source, head, keys) = (url.to_owned(), *head, self.keys.clone());
        let inquest = tokio::task::spawn_blocking(move || {
            let findings = inquire(&board, &keys, &source, &head, &entries);
            (board, findings)
        });
        let (board, mut findings) = inquest.await.map_err(Error::from)?;
        self.board = Some(board);
        if findings.is_empty() && all_from_here {
            let saw = "showed entries that are not those of its signed head, then others";
            findings.push(Finding::report(Kind::Withheld, url, saw, Some(head)));
        }
        // The split is better shown by the entry than by the roots.
        let named = findings.iter().any(|f| f.kind == Kind::SplitView);
        let found = !named && self.compare_board(&head, url)? || !findings.is_empty();
        for finding in findings {
            self.keep(finding)?;
        }
        self.forget_unanchored().await?;
        if found {
            self.settled.insert(url.to_owned(), head);
        }
        Ok(found)
    }

    /// Drops entries that no signed head covers: they came with a head of
    /// another view.
    async fn forget_unanchored(&mut self) -> Result<(), Error> {
        let anchor = self.store.checkpoint.anchor.map(|h| h.head);
        let size = self.anchored();
        if size == self.store.checkpoint.size {
            return Ok(());
        }
        let root = anchor.map_or_else(|| circuits::types::board_root(&[]), |h| h.root);
        self.store.forget(size, root)?;
        let entries = self.store.read(size)?;
        self.restore(entries).await
    }
}

/// Unix time in seconds; 0 on a clock before 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

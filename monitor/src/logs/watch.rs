//! One log under watch. spec: `monitor.logs`.

use super::{
    evidence::{Claim, Evidence},
    store::LogStore,
    view::View,
};
use crate::{
    Error,
    doubts::Doubts,
    evidence::{HeadConflict, head_conflict},
    finding::{Kind, Recorded},
    follow::is_refusal,
    metrics::Metrics,
    store::Directory,
    watch::{Stop, now},
};
use audit::{
    attestation::{AttestationProofs, NotProven, Status},
    log::{Entry, Event, Listed, Log, LogId, Parties, Receipt},
};
use circuits::types::SignedHead;
use client::{Node, attestation};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How far a log is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The log.
    pub log: LogId,
    /// Whose it is.
    pub parties: Parties,
    /// Events verified.
    pub verified: u32,
    /// Attestations among them.
    pub attestations: usize,
    /// Those that count now, and whose proofs hold.
    pub valid: usize,
    /// The newest head that agrees.
    pub head: Option<SignedHead>,
    /// Whether an attestation rests on development parameters: anyone can
    /// forge it.
    pub insecure: bool,
}

/// Something found, before its evidence is written.
pub(super) struct Found {
    pub kind: Kind,
    pub detail: String,
    pub claim: Claim,
}

/// Number, event, and why it is not found good.
type Verdicts = Vec<(u32, Entry, NotProven)>;

/// A log with everything known about it.
#[derive(Debug)]
pub struct LogWatch {
    log: Log,
    store: LogStore,
    directory: Arc<Directory>,
    metrics: Metrics,
    proofs: Arc<dyn AttestationProofs>,
    /// What looked wrong, and is not proven.
    pub(crate) doubts: Doubts,
}

impl LogWatch {
    /// Takes up a log where the directory has left it.
    ///
    /// # Errors
    /// If the directory cannot be read, or is damaged.
    pub(crate) fn open(
        parties: &Parties,
        directory: Arc<Directory>,
        metrics: Metrics,
        proofs: Arc<dyn AttestationProofs>,
        patience: Duration,
    ) -> Result<Self, Error> {
        let (store, log) = LogStore::open(directory.log(parties.log()), parties)?;
        store.checkpoint.findings.iter().for_each(|f| metrics.misbehaviour(f.kind));
        metrics.verified(parties.log().place(), store.checkpoint.size);
        Ok(Self { log, store, directory, metrics, proofs, doubts: Doubts::new(patience) })
    }

    /// Whose log it is.
    pub fn parties(&self) -> &Parties {
        self.log.parties()
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let (all, now, checkpoint) = (self.log.attestations(), now(), &self.store.checkpoint);
        let unproven = |seq: u32| checkpoint.invalid.contains(&seq) || checkpoint.unverified.contains(&seq);
        let counts = |a: &&Listed| self.log.status(a, now) == Status::Valid && !unproven(a.seq);
        Progress {
            log: self.log.id(),
            parties: self.log.parties().clone(),
            verified: checkpoint.size,
            attestations: all.len(),
            valid: all.iter().filter(counts).count(),
            head: checkpoint.anchor,
            insecure: all.iter().any(|a| a.claim.insecure),
        }
    }

    /// Whether asking again may settle something.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.doubts.are_open(Instant::now())
    }

    /// What was found so far.
    pub fn findings(&self) -> &[Recorded] {
        &self.store.checkpoint.findings
    }

    /// Looks at what a node shows of this log now.
    pub(crate) async fn visit(&mut self, url: &str, node: &Node) -> Result<(), Stop> {
        let id = self.log.id();
        let head = match attestation::head(node, id).await {
            Ok(head) => head,
            Err(error) => return self.answer(url, error),
        };
        if let Err(why) = self.log.parties().check_head(&head) {
            let detail = format!("showed a head that its operator did not sign for this log: {why}");
            return Ok(self.report(Kind::Malformed, url, detail, None)?);
        }
        let conflicts = self.compare(&head, url)?;
        self.remember(&head, url, conflicts)?;
        self.metrics.head(id.place(), url, &head.head, now());
        self.retry(url).await?;
        if head.head.size > self.log.tree().len() {
            self.follow(url, node, head).await?;
        } else if self.agrees(&head) {
            self.anchor(head)?;
        }
        self.metrics.lag(id.place(), url, head.head.size.saturating_sub(self.log.tree().len()));
        Ok(())
    }

    /// Compares a signed head with all that is known, whoever has shown it.
    /// Says whether they conflict. spec: `monitor.heads`
    pub(crate) fn compare(&mut self, head: &SignedHead, source: &str) -> Result<bool, Error> {
        let checkpoint = &self.store.checkpoint;
        let mut known = checkpoint.heads.values().chain(&checkpoint.anchor);
        let conflict = known.find_map(|k| Some((*k, head_conflict(&k.head, &head.head)?)));
        if let Some((known, conflict)) = conflict {
            let kind = if conflict == HeadConflict::Shrunk { Kind::Rollback } else { Kind::SplitView };
            let (a, b) = (known.head.size, head.head.size);
            let detail = format!("signed heads of {a} and {b} events: {conflict}");
            let claim = Claim::TwoHeads { first: known, second: *head };
            self.keep(source, Found { kind, detail, claim })?;
            return Ok(true);
        }
        let longer = checkpoint.anchor.filter(|a| a.head.size >= head.head.size && !self.agrees(head));
        let Some(longer) = longer else { return Ok(false) };
        let claim = Claim::other_prefix(self.log.tree(), longer, *head).ok_or(Error::Interrupted)?;
        let (m, n) = (head.head.size, longer.head.size);
        let detail = format!("signed two views, of {n} and {m} events: the first {m} events differ");
        self.keep(source, Found { kind: Kind::SplitView, detail, claim })?;
        Ok(true)
    }

    /// Whether the log had this root at the head's size.
    fn agrees(&self, head: &SignedHead) -> bool {
        self.log.tree().root_at(head.head.size) == Some(head.head.root)
    }

    /// Keeps the highest head of every node (A37); another node may lag.
    fn remember(&mut self, head: &SignedHead, url: &str, conflicts: bool) -> Result<(), Error> {
        let heads = &mut self.store.checkpoint.heads;
        let before = heads.get(url).copied();
        let (size, known) = (head.head.size, before.map_or(0, |b| b.head.size));
        if size < known {
            let detail = format!("shows {size} events, after it had shown {known}");
            return if conflicts { Ok(()) } else { self.report(Kind::Rollback, url, detail, before) };
        }
        if before != Some(*head) {
            heads.insert(url.to_owned(), *head);
            self.store.publish(head)?;
            self.store.save()?;
        }
        Ok(())
    }

    /// Brings the log up to a longer head of the node.
    async fn follow(&mut self, url: &str, node: &Node, head: SignedHead) -> Result<(), Stop> {
        let start = self.log.tree().len();
        let Some(entries) = self.download(url, node, start, head).await? else { return Ok(()) };
        let mut log = self.log.clone();
        let admitted = entries.iter().all(|entry| log.admit(entry).is_ok());
        if !admitted || log.tree().root_at(head.head.size) != Some(head.head.root) {
            return self.inquire(url, node, head).await;
        }
        let verdicts = self.verify(start, &entries).await?;
        self.store.append(&entries, &log)?;
        self.log = log;
        // On disk with the events: whoever is stopped here verifies them again.
        self.store.checkpoint.unverified.extend(verdicts.iter().map(|(seq, ..)| *seq));
        self.anchor(head)?;
        self.metrics.verified(self.log.id().place(), self.store.checkpoint.size);
        Ok(self.judge(url, head, verdicts)?)
    }

    /// The node's events from `start` up to the head; `None` if it does not
    /// show them, which was recorded.
    async fn download(
        &mut self,
        url: &str,
        node: &Node,
        start: u32,
        head: SignedHead,
    ) -> Result<Option<Vec<Entry>>, Stop> {
        match download(node, self.log.id(), start, head.head.size).await {
            Ok(Some(entries)) => return Ok(Some(entries)),
            Err(error) if !is_refusal(&error) => self.answer(url, error)?,
            Ok(None) | Err(_) => {
                let saw = format!("signed a head of {} events, and does not show them", head.head.size);
                self.report(Kind::Withheld, url, saw, Some(head))?;
            }
        }
        Ok(None)
    }

    /// Attestations whose key or proof is not found good, on other threads.
    async fn verify(&self, start: u32, entries: &[Entry]) -> Result<Verdicts, Error> {
        let attestations = entries.iter().zip(start..).filter_map(|(entry, seq)| match &entry.event {
            Event::Attestation(_) => Some((seq, entry.clone())),
            _ => None,
        });
        let (proofs, attestations) = (self.proofs.clone(), attestations.collect::<Vec<_>>());
        let verdict = move |(seq, entry): (u32, Entry)| {
            let Event::Attestation(attestation) = &entry.event else { return None };
            let why = proofs.verify(attestation).err()?;
            Some((seq, entry, why))
        };
        let work = move || attestations.into_iter().filter_map(verdict).collect();
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    /// Names what does not hold, of those that are remembered as unverified.
    /// Without a key it is nobody's fault.
    fn judge(&mut self, url: &str, head: SignedHead, verdicts: Verdicts) -> Result<(), Error> {
        for (seq, entry, why) in verdicts {
            match why {
                NotProven::NoKey(why) => {
                    tracing::warn!(log = %self.log.id(), seq, why, "an attestation cannot be verified");
                }
                why @ NotProven::Fails { .. } => {
                    self.store.checkpoint.unverified.retain(|s| *s != seq);
                    self.store.checkpoint.invalid.push(seq);
                    self.keep_invalid(url, head, seq, &entry, &why.to_string())?;
                    self.store.save()?;
                }
            }
        }
        Ok(())
    }

    /// Tries those again that there was no key for, say under other options.
    async fn retry(&mut self, url: &str) -> Result<(), Error> {
        let again = self.store.checkpoint.unverified.clone();
        let Some(head) = self.store.checkpoint.anchor.filter(|_| !again.is_empty()) else { return Ok(()) };
        let entries = self.store.entries()?;
        for seq in again {
            let entry = usize::try_from(seq).ok().and_then(|i| entries.get(i)).ok_or(Error::Interrupted)?;
            let verdicts = self.verify(seq, std::slice::from_ref(entry)).await?;
            if verdicts.is_empty() {
                self.store.checkpoint.unverified.retain(|s| *s != seq);
                self.store.save()?;
            }
            self.judge(url, head, verdicts)?;
        }
        Ok(())
    }

    /// Attestations that there is no key for.
    pub(crate) fn unverified(&self) -> &[u32] {
        &self.store.checkpoint.unverified
    }

    fn keep_invalid(
        &mut self,
        url: &str,
        head: SignedHead,
        seq: u32,
        entry: &Entry,
        why: &str,
    ) -> Result<(), Error> {
        let Event::Attestation(attestation) = &entry.event else { return Ok(()) };
        let path = self.log.tree().path_at(seq, head.head.size).ok_or(Error::Interrupted)?;
        let receipt = Receipt { row: entry.row(), head, path };
        let claim = Claim::InvalidAttestation { receipt: (&receipt).into(), file: attestation.to_bytes() };
        let id = hex::encode(attestation.id());
        let detail = format!("logged attestation 0x{id} as event {seq}, which is invalid: {why}");
        self.keep(url, Found { kind: Kind::InvalidAttestation, detail, claim })
    }

    /// Makes a head that agrees the newest.
    fn anchor(&mut self, head: SignedHead) -> Result<(), Error> {
        let newer = |a: &SignedHead| (a.head.size, a.head.time) < (head.head.size, head.head.time);
        if self.store.checkpoint.anchor.as_ref().is_none_or(newer) {
            self.store.checkpoint.anchor = Some(head);
        }
        Ok(self.store.save()?)
    }

    /// The node's events do not fit its head, or ours, or break a rule: its
    /// whole view is examined apart from ours. spec: `monitor.inquest`
    async fn inquire(&mut self, url: &str, node: &Node, head: SignedHead) -> Result<(), Stop> {
        let Some(entries) = self.download(url, node, 0, head).await? else { return Ok(()) };
        let Some(view) = View::new(head, &entries) else {
            let saw = format!("signed a head of {} events, and shows others instead", head.head.size);
            return Ok(self.report(Kind::Withheld, url, saw, Some(head))?);
        };
        let ours = self.store.entries()?;
        let split = self.store.checkpoint.anchor.and_then(|anchor| view.split(&ours, anchor));
        let broken = view.broken_rule(Log::new(self.log.parties().clone()));
        let nothing = split.is_none() && broken.is_none();
        for found in split.into_iter().chain(broken) {
            self.keep(url, found)?;
        }
        if nothing {
            let saw = "showed events that are not those of its signed head, then others";
            self.report(Kind::Withheld, url, saw.into(), Some(head))?;
        }
        Ok(())
    }

    /// A failed call is no misbehaviour, but a malformed answer is.
    fn answer(&mut self, url: &str, error: client::Error) -> Result<(), Stop> {
        match error {
            client::Error::Answer { .. } | client::Error::Incomplete { .. } => {
                Ok(self.report(Kind::Malformed, url, error.to_string(), None)?)
            }
            error => Err(Stop::Node(error)),
        }
    }

    fn report(
        &mut self,
        kind: Kind,
        url: &str,
        detail: String,
        head: Option<SignedHead>,
    ) -> Result<(), Error> {
        let claim = Claim::Report { node: url.to_owned(), saw: detail.clone(), head };
        self.keep(url, Found { kind, detail, claim })
    }

    /// Remembers what was found with its evidence, once; what is not proof
    /// only when it has lasted. spec: `monitor.doubt`
    fn keep(&mut self, node: &str, found: Found) -> Result<(), Error> {
        let Found { kind, detail, claim } = found;
        let known = |r: &Recorded| r.kind == kind && r.node == node && r.detail == detail;
        if self.store.checkpoint.findings.iter().any(known) {
            return Ok(());
        }
        let proof = claim.is_proof();
        if !proof && !self.doubts.has_lasted(node, kind, &detail, Instant::now()) {
            return Ok(());
        }
        let evidence = Evidence::new(self.log.parties().clone(), claim).to_json();
        let evidence = self.directory.keep(kind.name(), &evidence)?;
        tracing::error!(%kind, node, detail, evidence = %evidence.display(), "misbehaviour");
        self.metrics.misbehaviour(kind);
        let node = node.to_owned();
        self.store.checkpoint.findings.push(Recorded { kind, node, detail, evidence, proof });
        Ok(self.store.save()?)
    }
}

/// The events of a range, unchecked; `None` if the node has fewer.
async fn download(
    node: &Node,
    log: LogId,
    start: u32,
    end: u32,
) -> Result<Option<Vec<Entry>>, client::Error> {
    let (mut out, mut next) = (Vec::new(), start);
    while next < end {
        let mut page = attestation::events(node, log, next).await?;
        page.truncate((end - next) as usize);
        if page.is_empty() {
            return Ok(None);
        }
        next = next.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        out.extend(page);
    }
    Ok(Some(out))
}

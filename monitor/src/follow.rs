//! Bringing the board up to a node's head. spec: `monitor.board`,
//! `monitor.inquest`.

use crate::{
    Error,
    board::{download, download_all, queue},
    evidence::Claim,
    finding::{Finding, Kind},
    inquest::inquire,
    watch::{Stop, Watch},
};
use circuits::types::{BoardEntry, SignedHead};
use client::Node;
use std::time::Instant;
use tokio::sync::mpsc;

/// Whether the node says no, and would again: neither the network nor a full
/// house is held against it.
pub(crate) fn is_refusal(error: &client::Error) -> bool {
    matches!(error, client::Error::Refused { .. }) && !error.is_transient()
}

/// Entries after which progress is put on disk.
const SAVE_EVERY: u32 = 8192;

/// How the comparison of two views ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inquest {
    /// Something that counts was found.
    Found,
    /// What looks wrong has to be asked again.
    Open,
    /// The node's view is ours.
    Nothing,
}

/// How a download ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CaughtUp {
    /// All entries below the head are here.
    Yes,
    /// An entry breaks a rule.
    Broken,
    /// The node did not show the entries; that was recorded.
    No,
}

impl Watch {
    /// Brings the board up to a head of the node. Says whether the head is of
    /// another view than ours, which was recorded then.
    pub(crate) async fn follow(&mut self, url: &str, node: &Node, head: SignedHead) -> Result<bool, Stop> {
        // The second time there are no entries of another visit among ours.
        for _ in 0..2 {
            let all_from_here = self.board()?.mirror().len() == self.anchored();
            match self.catch_up(url, node, &head).await? {
                CaughtUp::Yes if self.board()?.agrees(&head) => {
                    self.anchor(url, head)?;
                    return Ok(false);
                }
                CaughtUp::No => return Ok(false),
                CaughtUp::Yes | CaughtUp::Broken => {}
            }
            let inquest = self.hold_inquest(url, node, head, all_from_here).await?;
            if inquest != Inquest::Nothing || all_from_here {
                return Ok(inquest == Inquest::Found);
            }
        }
        Ok(false)
    }

    /// Entries that a signed head covers.
    fn anchored(&self) -> u32 {
        self.store.checkpoint.anchor.map_or(0, |h| h.head.size)
    }

    /// Downloads and verifies what the board lacks below the head.
    async fn catch_up(&mut self, url: &str, node: &Node, head: &SignedHead) -> Result<CaughtUp, Stop> {
        let (id, start, end) = (self.id(), self.board()?.mirror().len(), head.head.size);
        if start >= end {
            return Ok(CaughtUp::Yes);
        }
        let (out, batches) = queue();
        let (downloaded, verified) =
            tokio::join!(download(node, id, start..end, out), self.verify_all(batches));
        let broken = verified?;
        self.store.save()?;
        let more = self.board()?.mirror().len() > start;
        self.broke_off |= more && !broken && !matches!(downloaded, Ok(true));
        match downloaded {
            _ if broken => Ok(CaughtUp::Broken),
            Ok(true) => Ok(CaughtUp::Yes),
            Ok(false) if more => Err(Stop::BrokenOff),
            Ok(false) => self.withholds(url, head).map(|_| CaughtUp::No),
            Err(error) if is_refusal(&error) && !more => self.withholds(url, head).map(|_| CaughtUp::No),
            Err(error) => self.answer(url, error).map(|()| CaughtUp::No),
        }
    }

    /// The node has signed entries and shows none of those that are asked
    /// for. Says whether that counts.
    fn withholds(&mut self, url: &str, head: &SignedHead) -> Result<bool, Stop> {
        let saw = format!("signed a head of {} entries, and does not show them", head.head.size);
        let counts = self.keep(Finding::report(Kind::Withheld, url, saw, Some(*head)))?;
        self.judge(head, url)?;
        Ok(counts)
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
        let place = |h: &SignedHead| (h.head.closed, h.head.size, h.head.time);
        if before.is_some_and(|b| b.head.closed || place(&b) >= place(&head) || b.head.size > head.head.size)
        {
            return Ok(());
        }
        let board = self.board.as_mut().ok_or(Error::Interrupted)?;
        // A conflict with an earlier head is recorded with the head.
        if board.adopt(head).is_err() {
            return Ok(());
        }
        let new = before.map_or(0, |h| h.head.size)..head.head.size;
        let invalid = self.store.checkpoint.invalid.clone();
        for seq in invalid.into_iter().filter(|seq| new.contains(seq)) {
            self.name_invalid(url, seq)?;
        }
        // Only now: a crash before finds them again.
        self.store.checkpoint.anchor = Some(head);
        Ok(self.store.save()?)
    }

    fn name_invalid(&mut self, url: &str, seq: u32) -> Result<(), Error> {
        let proof = self.store.entry(seq)?.proof;
        let receipt = self.board()?.receipt(seq).ok_or(Error::Interrupted)?;
        let key = self.keys.ballot.key().to_bytes();
        let claim = Claim::InvalidProof { receipt: (&receipt).into(), proof, key };
        let detail = format!("signed a board whose entry {seq} has a proof that does not hold");
        self.keep(Finding { kind: Kind::InvalidEntry, node: url.into(), detail, claim })?;
        Ok(())
    }

    /// The node's entries do not fit its head, or ours: its whole view is
    /// examined apart from ours.
    async fn hold_inquest(
        &mut self,
        url: &str,
        node: &Node,
        head: SignedHead,
        all_from_here: bool,
    ) -> Result<Inquest, Stop> {
        let counts = |counts| if counts { Inquest::Found } else { Inquest::Open };
        let entries = match download_all(node, self.id(), head.head.size).await {
            Ok(Some(entries)) => entries,
            Ok(None) => return self.withholds(url, &head).map(counts),
            Err(error) if is_refusal(&error) => return self.withholds(url, &head).map(counts),
            Err(error) => return self.answer(url, error).map(|()| Inquest::Open),
        };
        let board = self.board.take().ok_or(Error::Interrupted)?;
        let (source, keys) = (url.to_owned(), self.keys.clone());
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
        // A split is better shown by the entry than by the roots.
        let named = findings.iter().any(|f| f.kind == Kind::SplitView);
        let mut found = !named && self.judge(&head, url)?;
        let nothing = !found && findings.is_empty();
        for finding in findings {
            found |= self.keep(finding)?;
        }
        self.forget_unanchored().await?;
        Ok(if nothing { Inquest::Nothing } else { counts(found) })
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

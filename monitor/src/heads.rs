//! Signed heads, compared with one another and with the board. spec:
//! `monitor.heads`; A35, A37.

use crate::{
    Error,
    evidence::{Claim, HeadConflict, head_conflict},
    finding::{Finding, Kind},
    watch::Watch,
};
use circuits::types::SignedHead;

impl Watch {
    /// Compares a signed head with all that is known, whoever has shown it.
    /// Says whether it conflicts.
    pub(crate) fn judge(&mut self, head: &SignedHead, source: &str) -> Result<bool, Error> {
        Ok(self.compare_heads(head, source)? || self.compare_board(head, source)?)
    }

    /// Compares a head with every head known.
    pub(crate) fn compare_heads(&mut self, head: &SignedHead, source: &str) -> Result<bool, Error> {
        let checkpoint = &self.store.checkpoint;
        let mut known = checkpoint.heads.values().chain(&checkpoint.anchor);
        let conflict = known.find_map(|k| Some((*k, head_conflict(&k.head, &head.head)?)));
        let Some((known, conflict)) = conflict else { return Ok(false) };
        let kind = if conflict == HeadConflict::Shrunk { Kind::Rollback } else { Kind::SplitView };
        let (a, b) = (known.head.size, head.head.size);
        let detail = format!("signed heads of {a} and {b} entries: {conflict}");
        let claim = Claim::TwoHeads { first: known, second: *head };
        self.keep(Finding { kind, node: source.into(), detail, claim })?;
        Ok(true)
    }

    /// Compares a head with the root that the board had at its size.
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
    /// before was rolled back. Another node may lag. A head of another view
    /// is given to other monitors, and not compared with again.
    pub(crate) fn remember(&mut self, head: &SignedHead, url: &str, split: bool) -> Result<(), Error> {
        let before = self.store.checkpoint.heads.get(url).copied();
        if split || self.compare_heads(head, url)? {
            self.settled.insert(url.to_owned(), *head);
            return Ok(self.store.publish(head)?);
        }
        let (size, known) = (head.head.size, before.map_or(0, |b| b.head.size));
        if size < known {
            let detail = format!("shows {size} entries, after it had shown {known}");
            self.keep(Finding::report(Kind::Rollback, url, detail, before))?;
            return Ok(());
        }
        if before != Some(*head) {
            self.store.checkpoint.heads.insert(url.to_owned(), *head);
            self.store.publish(head)?;
            self.store.save()?;
        }
        Ok(())
    }
}

//! A node's whole view of a log, examined apart from what is verified: where
//! the two differ, and what is wrong with it. spec: `monitor.inquest`.

use super::evidence::{Claim, EventBytes};
use crate::{finding::Kind, logs::watch::Found};
use audit::log::{Entry, Event, Log, Receipt};
use circuits::{primitives::merkle::BoardTree, types::SignedHead};

/// All events below a node's signed head, as it shows them.
pub(super) struct View<'a> {
    pub head: SignedHead,
    pub entries: &'a [Entry],
    tree: BoardTree,
}

impl<'a> View<'a> {
    /// `None` if the events are not those of the head.
    pub fn new(head: SignedHead, entries: &'a [Entry]) -> Option<Self> {
        let mut tree = BoardTree::new();
        for entry in entries {
            tree.append(entry.row().leaf())?;
        }
        let is_whole = (tree.len(), tree.root()) == (head.head.size, head.head.root);
        is_whole.then_some(Self { head, entries, tree })
    }

    fn receipt(&self, seq: u32) -> Option<Receipt> {
        let entry = self.entries.get(usize::try_from(seq).ok()?)?;
        Some(Receipt {
            row: entry.row(),
            head: self.head,
            path: self.tree.path_at(seq, self.head.head.size)?,
        })
    }

    /// The first event that differs from ours, which `anchor` covers (A35).
    pub fn split(&self, ours: &[Entry], anchor: SignedHead) -> Option<Found> {
        let ours = View::new(anchor, &ours[..usize::try_from(anchor.head.size).ok()?])?;
        let pairs = ours.entries.iter().zip(self.entries);
        let seq = (0..).zip(pairs).find(|(_, (a, b))| a.row() != b.row()).map(|(seq, _)| seq)?;
        let (a, b) = (anchor.head.size, self.head.head.size);
        let detail = format!("signed two views, of {a} and {b} events, that differ in event {seq}");
        let (first, second) = (ours.receipt(seq)?, self.receipt(seq)?);
        let claim = Claim::TwoLeaves { first: (&first).into(), second: (&second).into() };
        Some(Found { kind: Kind::SplitView, detail, claim })
    }

    /// The first event that breaks a rule.
    pub fn broken_rule(&self, mut log: Log) -> Option<Found> {
        let broken = |(entry, seq): (&'a Entry, u32)| log.admit(entry).err().map(|why| (entry, seq, why));
        let (entry, seq, why) = self.entries.iter().zip(0..).find_map(broken)?;
        let kind = match entry.event {
            Event::Attestation(_) => Kind::InvalidAttestation,
            _ => Kind::InvalidEvent,
        };
        let detail = format!("signed a log whose event {seq} breaks a rule: {why}");
        let events = self.entries.iter().map(EventBytes::from).collect();
        Some(Found { kind, detail, claim: Claim::BrokenRule { head: self.head, events, seq } })
    }
}

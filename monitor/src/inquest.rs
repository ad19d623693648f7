//! A node's whole view, examined apart from the board that is followed:
//! where the two differ, and what is wrong with it. spec: `monitor.inquest`.

use crate::{
    board::Board,
    evidence::{Claim, ReceiptJson, row_conflict},
    finding::{Finding, Kind},
    keys::ElectionKeys,
};
use circuits::{
    primitives::merkle::BoardTree,
    types::{BoardEntry, BoardRow, Receipt, SignedHead},
};
use client::board::{EntryFault, InvalidBoard, Mirror};
use verifier::board::check_proofs;

/// What `entries`, all of a node's entries below a signed head, show.
/// Nothing, if they are as they must be.
pub fn inquire(
    board: &Board,
    keys: &ElectionKeys,
    node: &str,
    head: &SignedHead,
    entries: &[BoardEntry],
) -> Vec<Finding> {
    let view = View::new(node, *head, entries);
    if view.tree.root() != head.head.root {
        let (size, root) = (head.head.size, view.tree.root());
        let saw = format!("signed a head of {size} entries, and shows entries with root {root} instead");
        return vec![Finding::report(Kind::Withheld, node, saw, Some(*head))];
    }
    let difference = board.first_difference(&view.rows);
    let mut findings: Vec<Finding> = difference.and_then(|i| view.split(board, i)).into_iter().collect();
    let new = difference.unwrap_or_else(|| board.mirror().len().min(head.head.size));
    findings.extend(view.invalid_proofs(board, keys, new));
    findings.extend(view.broken_rule(board));
    findings
}

struct View<'a> {
    node: &'a str,
    head: SignedHead,
    entries: &'a [BoardEntry],
    rows: Vec<BoardRow>,
    tree: BoardTree,
}

impl<'a> View<'a> {
    fn new(node: &'a str, head: SignedHead, entries: &'a [BoardEntry]) -> Self {
        let rows: Vec<BoardRow> = entries.iter().map(BoardEntry::row).collect();
        let mut tree = BoardTree::new();
        for row in &rows {
            tree.append(row.leaf()).expect("a head's size has 32 bits");
        }
        Self { node, head, entries, rows, tree }
    }

    fn receipt(&self, seq: u32) -> Option<Receipt> {
        let path = self.tree.path_at(seq, self.head.head.size)?;
        Some(Receipt { row: self.rows[seq as usize], head: self.head, path })
    }

    fn found(&self, kind: Kind, detail: String, claim: Claim) -> Finding {
        Finding { kind, node: self.node.to_owned(), detail, claim }
    }

    /// The same entry, signed in two views (A35).
    fn split(&self, board: &Board, seq: u32) -> Option<Finding> {
        let (ours, theirs) = (board.receipt(seq)?, self.receipt(seq)?);
        let (a, b) = (ours.head.head.size, self.head.head.size);
        let detail = format!("signed two views, of {a} and {b} entries, that differ in entry {seq}");
        let claim = Claim::TwoLeaves { first: (&ours).into(), second: (&theirs).into() };
        Some(self.found(Kind::SplitView, detail, claim))
    }

    fn invalid_proofs(&self, board: &Board, keys: &ElectionKeys, start: u32) -> Vec<Finding> {
        let start = start as usize;
        let bad = check_proofs(&keys.ballot, &board.election().context(), &self.entries[start..]).err();
        let bad = bad.into_iter().flatten().filter_map(|(offset, why)| {
            let proof = self.entries[start + offset].proof;
            let seq = u32::try_from(start + offset).ok()?;
            let receipt = ReceiptJson::from(&self.receipt(seq)?);
            let detail = format!("signed a board whose entry {seq} is invalid: {why}");
            let claim = Claim::InvalidProof { receipt, proof, key: keys.ballot.key().to_bytes() };
            Some(self.found(Kind::InvalidEntry, detail, claim))
        });
        bad.collect()
    }

    /// The first entry that breaks a rule of the board.
    fn broken_rule(&self, board: &Board) -> Option<Finding> {
        let mut replay = Mirror::new(board.election());
        let Err(InvalidBoard::Entry { seq, fault }) = replay.extend(self.entries) else { return None };
        let detail = format!("signed a board whose entry {seq} is invalid: {fault}");
        let row = &self.rows[seq as usize];
        let earlier = (0..).zip(&self.rows[..seq as usize]).find(|(_, r)| row_conflict(r, row).is_some());
        let claim = match (earlier, fault) {
            (Some((i, _)), _) => {
                Claim::Conflict { first: (&self.receipt(i)?).into(), second: (&self.receipt(seq)?).into() }
            }
            (None, EntryFault::Chain) => Claim::Unfounded { head: self.head, rows: self.rows.clone(), seq },
            // The signed leaf does not bind what the node sent beside it.
            (None, _) => {
                return Some(Finding::report(Kind::InvalidEntry, self.node, detail, Some(self.head)));
            }
        };
        Some(self.found(Kind::InvalidEntry, detail, claim))
    }
}

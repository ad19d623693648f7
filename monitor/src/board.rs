//! The board as a monitor verifies it: every proof in batches, every rule.
//! spec: `monitor.board`, `board.replay`.

use circuits::types::{BoardEntry, BoardRow, ElectionId, Receipt, SignedHead};
use client::{
    Error, Node,
    board::{EntryPages, InvalidBoard, Mirror},
    election::Election,
};
use std::{ops::Range, sync::Arc};
use tokio::sync::mpsc;
use verifier::{PreparedVerifyingKey, VerifyError, board::check_proofs};

/// Entries verified together.
const BATCH: usize = 1024;
/// Batches that wait to be verified.
const WAITING: usize = 2;

/// A verified copy of a board. Entries whose proofs do not hold are in it,
/// since the operator has signed them; they are named.
#[derive(Debug)]
pub struct Board {
    election: Arc<Election>,
    key: Arc<PreparedVerifyingKey>,
    mirror: Mirror,
}

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extended {
    /// Entries taken in: all, unless one breaks a rule.
    pub taken: usize,
    /// Those whose proofs do not hold.
    pub invalid: Vec<(u32, VerifyError)>,
    /// Whether the entry after those breaks a rule.
    pub broken: bool,
}

impl Board {
    /// An empty board.
    pub fn new(election: Arc<Election>, key: Arc<PreparedVerifyingKey>) -> Self {
        Self { mirror: Mirror::new(&election), election, key }
    }

    /// Takes in entries that were verified before: rules are checked again,
    /// proofs are not.
    ///
    /// # Errors
    /// The entry that breaks a rule.
    pub fn restore(&mut self, entries: &[BoardEntry]) -> Result<(), InvalidBoard> {
        self.mirror.extend(entries)
    }

    /// Verifies entries and takes them in.
    pub fn extend(&mut self, entries: &[BoardEntry]) -> Extended {
        let start = self.mirror.len();
        let broken = self.mirror.extend(entries).is_err();
        let taken = (self.mirror.len() - start) as usize;
        let bad = check_proofs(&self.key, &self.election.context(), &entries[..taken]).err();
        let number = |(offset, why): (usize, VerifyError)| {
            (start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)), why)
        };
        Extended { taken, invalid: bad.into_iter().flatten().map(number).collect(), broken }
    }

    /// Whether the head is signed over a beginning of this board, which has
    /// all entries of it.
    pub fn agrees(&self, head: &SignedHead) -> bool {
        self.mirror.tree().root_at(head.head.size) == Some(head.head.root)
    }

    /// Makes a head that agrees the newest.
    ///
    /// # Errors
    /// If it does not agree.
    pub fn adopt(&mut self, head: SignedHead) -> Result<(), InvalidBoard> {
        self.mirror.adopt(head)
    }

    /// The copy.
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// The election.
    pub fn election(&self) -> &Arc<Election> {
        &self.election
    }

    /// A receipt for an entry under the newest head; `None` beyond it.
    pub fn receipt(&self, seq: u32) -> Option<Receipt> {
        self.mirror.receipt(seq)
    }

    /// First position, below both sizes, at which `rows` differ.
    pub fn first_difference(&self, rows: &[BoardRow]) -> Option<u32> {
        let pairs = self.mirror.rows().iter().zip(rows);
        (0..).zip(pairs).find(|(_, (a, b))| a != b).map(|(i, _)| i)
    }
}

/// Downloads entries in batches, into a queue: the next ones come while the
/// ones before are verified. `false` if the node ends before `range` does;
/// it may also end early because nobody takes the entries.
///
/// # Errors
/// If the node refuses or breaks off, or an entry is malformed; what came
/// before is in the queue.
pub async fn download(
    node: &Node,
    election: ElectionId,
    range: Range<u32>,
    out: mpsc::Sender<Vec<BoardEntry>>,
) -> Result<bool, Error> {
    let (mut pages, mut have) = (EntryPages::open(node, election, range.start, false).await?, range.start);
    let mut batch = Vec::new();
    let mut ended = Ok(true);
    while have < range.end && matches!(ended, Ok(true)) {
        match pages.next().await {
            Ok(Some(mut page)) => {
                page.truncate((range.end - have) as usize);
                have = have.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
                batch.extend(page);
            }
            Ok(None) => ended = Ok(false),
            Err(error) => ended = Err(error),
        }
        let full = batch.len() >= BATCH || have >= range.end || !matches!(ended, Ok(true));
        if full && out.send(std::mem::take(&mut batch)).await.is_err() {
            return Ok(true);
        }
    }
    ended
}

/// Downloads a whole view into memory; `None` if the node has fewer entries.
///
/// # Errors
/// As [`download`].
pub async fn download_all(
    node: &Node,
    election: ElectionId,
    size: u32,
) -> Result<Option<Vec<BoardEntry>>, Error> {
    let (out, mut batches) = queue();
    let gather = async {
        let mut all = Vec::new();
        while let Some(batch) = batches.recv().await {
            all.extend(batch);
        }
        all
    };
    let (downloaded, entries) = tokio::join!(download(node, election, 0..size, out), gather);
    Ok(downloaded?.then_some(entries))
}

/// A queue for [`download`].
pub fn queue() -> (mpsc::Sender<Vec<BoardEntry>>, mpsc::Receiver<Vec<BoardEntry>>) {
    mpsc::channel(WAITING)
}

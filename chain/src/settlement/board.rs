//! An election as the contract knows it.

use crate::abi;
use circuits::types::{BoardRoot, DraftId};
use serde::Serialize;

/// Where an election stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Heads are anchored.
    Open,
    /// Root and size are final.
    Closed,
    /// The result stands.
    Finalised,
    /// A deadline passed without it.
    Voided,
}

/// An election as the contract knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnChain {
    /// Where it stands.
    pub stage: Stage,
    /// The draft that it was opened from.
    pub draft_id: DraftId,
    /// Rows of one tally proof or chunk.
    pub rows: u32,
    /// Rows of one batch of ballots.
    pub batch_rows: u32,
    /// Entries under the last head.
    pub size: u32,
    /// Its root; `None` while the board is empty.
    pub root: Option<BoardRoot>,
    /// Its time; 0 before the first head.
    pub head_time: u64,
}

/// What an account has posted after closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Entries whose proofs were checked.
    pub ballots: u32,
    /// Tally chunks that were accepted.
    pub chunks: u32,
}

/// The result that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether the draft's pass rule holds.
    pub passed: bool,
    /// When it was finalised, by the block's clock.
    pub time: u64,
    /// Entries of the board.
    pub size: u32,
    /// Slots with at least one entry.
    pub slots: u32,
    /// Census units in option order.
    pub totals: Vec<u64>,
}

impl OnChain {
    /// `Some(None)` if there is no such election, `None` if it makes no sense.
    pub(super) fn read(found: abi::Election) -> Option<Option<Self>> {
        let stage = match found.stage {
            abi::Stage::None => return Some(None),
            abi::Stage::Open => Stage::Open,
            abi::Stage::Closed => Stage::Closed,
            abi::Stage::Finalised => Stage::Finalised,
            abi::Stage::Voided => Stage::Voided,
            _ => return None,
        };
        let root = (found.size > 0).then(|| BoardRoot::from_bytes(found.root.as_slice()));
        Some(Some(Self {
            stage,
            draft_id: DraftId::from_bytes(found.draftId.as_slice()).ok()?,
            rows: found.rows,
            batch_rows: found.batchRows,
            size: found.size,
            root: root.transpose().ok()?,
            head_time: found.headTime,
        }))
    }

    /// `open`, `closed`, `posted`, `finalised` or `voided`: closed, and all
    /// ballots posted by the account that `progress` is of, is `posted`.
    pub fn status(&self, progress: Progress) -> &'static str {
        match self.stage {
            Stage::Open => "open",
            Stage::Closed if progress.ballots == self.size => "posted",
            Stage::Closed => "closed",
            Stage::Finalised => "finalised",
            Stage::Voided => "voided",
        }
    }
}

//! Checking what trustees have decrypted, and when a board was closed.
//! spec: `decryption.partial`, `election.orders`.

use crate::tally::ClosedBoard;
use circuits::{
    decryption::{Invalid, Malformed, PartialDecryption, Statement},
    types::{Draft, ElectionKey, Head, InvalidTrusteeMessage, TrusteeMessage},
};
use std::collections::BTreeMap;

/// Why a partial decryption is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDecryption {
    /// See [`InvalidTrusteeMessage`].
    #[error(transparent)]
    Message(#[from] InvalidTrusteeMessage),
    /// See the message.
    #[error("trustee {from}: {cause}")]
    Malformed {
        /// The sender.
        from: u8,
        /// What is wrong.
        cause: Malformed,
    },
    /// See the message.
    #[error("trustee {from} sent the decryption of trustee {found}")]
    Index {
        /// The sender.
        from: u8,
        /// As the body says.
        found: u8,
    },
    /// See the message.
    #[error("trustee {from}: {cause}")]
    Proof {
        /// The sender.
        from: u8,
        /// What is wrong.
        cause: Invalid,
    },
}

/// Why a result has no quorum behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuorum {
    /// See the message.
    #[error("{slots} slots; the trustees must not decrypt fewer than {min}")]
    Slots {
        /// Of the board.
        slots: u32,
        /// Of the draft.
        min: u32,
    },
    /// See the message.
    #[error("the quorum {quorum:?} is not {needed} distinct trustees who decrypted")]
    Trustees {
        /// As the result says.
        quorum: Vec<u8>,
        /// The threshold.
        needed: usize,
    },
}

/// Checks a trustee's message of the decryption round against a closed
/// board: signature, form, and the proof under the trustee's own share.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_partial(
    draft: &Draft,
    key: &ElectionKey,
    board: &ClosedBoard,
    message: &TrusteeMessage,
) -> Result<PartialDecryption, InvalidDecryption> {
    message.check(draft)?;
    let from = message.from;
    let partial = PartialDecryption::from_bytes(draft.rule.shape(), &message.body)
        .map_err(|cause| InvalidDecryption::Malformed { from, cause })?;
    if partial.index != from {
        return Err(InvalidDecryption::Index { from, found: partial.index });
    }
    let statement = Statement {
        election_id: board.election_id,
        root: board.root,
        size: board.size(),
        verification_share: key.verification_shares[usize::from(from) - 1],
        sums: &board.sums,
    };
    partial.verify(&statement).map_err(|cause| InvalidDecryption::Proof { from, cause })?;
    Ok(partial)
}

/// The decryptions that a result says it combines, out of valid ones.
///
/// # Errors
/// If they are not exactly the threshold, in order of index, or the board
/// has too few slots to be decrypted at all.
pub fn check_quorum(
    draft: &Draft,
    slots: u32,
    valid: &BTreeMap<u8, PartialDecryption>,
    quorum: &[u8],
) -> Result<Vec<PartialDecryption>, InvalidQuorum> {
    if slots < draft.min_ballots {
        return Err(InvalidQuorum::Slots { slots, min: draft.min_ballots });
    }
    let needed = usize::from(draft.threshold);
    let chosen: Vec<_> = quorum.iter().filter_map(|i| valid.get(i).cloned()).collect();
    if quorum.len() == needed && chosen.len() == needed && quorum.is_sorted_by(|a, b| a < b) {
        Ok(chosen)
    } else {
        Err(InvalidQuorum::Trustees { quorum: quorum.to_vec(), needed })
    }
}

/// Why a board should not have been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClosing {
    /// See the message.
    #[error("closed by order, but the draft does not allow that")]
    Order,
    /// See the message.
    #[error("closed at {at}, before the closing time {closing}, without an order")]
    Early {
        /// Of the closed head.
        at: u64,
        /// Of the draft.
        closing: u64,
    },
}

/// Checks that a board was closed in time, or by an order that the draft
/// allows; the order's signature is checked elsewhere.
///
/// # Errors
/// If it was not.
pub fn check_closing(draft: &Draft, ordered: bool, last: &Head) -> Result<(), InvalidClosing> {
    match ordered {
        true if !draft.early_close => Err(InvalidClosing::Order),
        false if last.time < draft.times.closing => {
            Err(InvalidClosing::Early { at: last.time, closing: draft.times.closing })
        }
        _ => Ok(()),
    }
}

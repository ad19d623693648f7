//! What an election waits for, and for whom. spec: `client.status`.

use crate::trustees;
use circuits::types::{Draft, TrusteeMessage};
use proto::v1::Phase;
use std::collections::BTreeSet;

/// Round of a message that ends the key generation.
const ROUND_ABORT: u8 = 255;

/// What has to happen next. Trustees are named by index from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The node's answer is of another version.
    Unknown,
    /// Members register until the organiser freezes the census.
    Census,
    /// These trustees have not sent all of a round of the key generation.
    Key {
        /// 1 commit, 2 reveal, 3 shares, 4 signature over the key.
        round: u8,
        /// Whose messages are missing.
        missing: Vec<u8>,
    },
    /// The key generation has failed for good: a new draft is needed.
    NewDraft {
        /// Trustees who said so.
        aborted_by: Vec<u8>,
    },
    /// The organiser's order to open.
    Open,
    /// The opening time, Unix seconds.
    Opening(u64),
    /// Ballots, until the closing time, Unix seconds.
    Ballots(u64),
    /// The closing time has passed: anyone may ask the node to close.
    Close,
    /// Fewer trustees than the threshold have sent a partial decryption.
    Decryption {
        /// Who has sent one.
        sent: Vec<u8>,
        /// Who has not.
        missing: Vec<u8>,
        /// How many more are needed.
        needed: usize,
    },
    /// Enough trustees have decrypted: the node recovers and proves totals.
    Proof,
    /// Nothing: the result is there.
    Nothing,
}

impl Awaited {
    /// From the phase, the draft, the trustees' messages and the time. The
    /// bodies of messages are not judged: a trustee whose message is wrong
    /// counts as having sent it.
    pub fn of(phase: Phase, draft: &Draft, messages: &[TrusteeMessage], now: u64) -> Self {
        match phase {
            Phase::Unspecified => Self::Unknown,
            Phase::Draft => Self::Census,
            Phase::KeyGeneration => key(draft, messages),
            Phase::Keyed => Self::Open,
            Phase::Voting if now < draft.times.opening => Self::Opening(draft.times.opening),
            Phase::Voting if now < draft.times.closing => Self::Ballots(draft.times.closing),
            Phase::Voting => Self::Close,
            Phase::Closed => decryption(draft, messages),
            Phase::Tallied => Self::Nothing,
        }
    }

    /// The trustees whose messages are missing.
    pub fn missing(&self) -> &[u8] {
        match self {
            Self::Key { missing, .. } | Self::Decryption { missing, .. } => missing,
            _ => &[],
        }
    }
}

fn key(draft: &Draft, messages: &[TrusteeMessage]) -> Awaited {
    let signed = |m: &&TrusteeMessage| m.round == ROUND_ABORT && m.check(draft).is_ok();
    let aborted: BTreeSet<u8> = messages.iter().filter(signed).map(|m| m.from).collect();
    if !aborted.is_empty() {
        return Awaited::NewDraft { aborted_by: aborted.into_iter().collect() };
    }
    match trustees::waits_for(draft, messages) {
        Some((round, missing)) => Awaited::Key { round, missing },
        // All have sent everything and still there is no key: they disagree.
        None => Awaited::NewDraft { aborted_by: Vec::new() },
    }
}

fn decryption(draft: &Draft, messages: &[TrusteeMessage]) -> Awaited {
    let Some(missing) = trustees::too_few_decryptions(draft, messages) else { return Awaited::Proof };
    let indices = (1..=u8::MAX).take(draft.trustees.len());
    let sent: Vec<u8> = indices.filter(|i| !missing.contains(i)).collect();
    let needed = usize::from(draft.threshold) - sent.len();
    Awaited::Decryption { sent, missing, needed }
}

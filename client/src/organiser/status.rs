//! What an election waits for, and for whom. spec: `client.status`.

use circuits::types::{Draft, ROUND_DECRYPTION, ROUND_KEY, TrusteeMessage};
use proto::v1::Phase;
use std::collections::BTreeSet;

/// Round of the encrypted shares: one message to each other trustee.
const ROUND_SHARE: u8 = 3;
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

fn indices(draft: &Draft) -> impl Iterator<Item = u8> + use<> {
    1..=u8::try_from(draft.trustees.len()).expect("at most 16 trustees")
}

/// Number of messages to different recipients that a trustee sent in a round.
fn sent(messages: &[TrusteeMessage], round: u8, from: u8) -> usize {
    let of = messages.iter().filter(|m| m.round == round && m.from == from).map(|m| m.to);
    of.collect::<BTreeSet<u8>>().len()
}

fn key(draft: &Draft, messages: &[TrusteeMessage]) -> Awaited {
    let aborted_by: Vec<u8> = indices(draft).filter(|i| sent(messages, ROUND_ABORT, *i) > 0).collect();
    if !aborted_by.is_empty() {
        return Awaited::NewDraft { aborted_by };
    }
    let due = |round| if round == ROUND_SHARE { draft.trustees.len() - 1 } else { 1 };
    let missing =
        |round| -> Vec<u8> { indices(draft).filter(|i| sent(messages, round, *i) < due(round)).collect() };
    let rounds = (1..=ROUND_KEY).map(|round| (round, missing(round)));
    let (round, missing) = rounds.into_iter().find(|(_, m)| !m.is_empty()).unwrap_or_default();
    // All have sent everything and still there is no key: they disagree.
    if round == 0 { Awaited::NewDraft { aborted_by } } else { Awaited::Key { round, missing } }
}

fn decryption(draft: &Draft, messages: &[TrusteeMessage]) -> Awaited {
    let has = |i: &u8| sent(messages, ROUND_DECRYPTION, *i) > 0;
    let (sent, missing): (Vec<u8>, Vec<u8>) = indices(draft).partition(has);
    match usize::from(draft.threshold).saturating_sub(sent.len()) {
        0 => Awaited::Proof,
        needed => Awaited::Decryption { sent, missing, needed },
    }
}

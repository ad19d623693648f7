//! Why the log does not take an event: one variant per rule.

use crate::{attestation::CheckId, calendar::time};
use circuits::types::{Address, InvalidSignature};

fn hash(bytes: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A rule that an event breaks. spec: `audit.rules`
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// See the message.
    #[error("the log begins with the registration of an auditor; register one first")]
    NotBegun,
    /// See the message.
    #[error("the log has 2^32 - 1 events, the most there can be")]
    Full,
    /// See the message.
    #[error("it is the message of event {seq}, which is on the log once")]
    Repeated {
        /// Number of that event.
        seq: u32,
    },
    /// See the message.
    #[error("the event's time {} is before the last one's, {}", time(*.found), time(*.last))]
    Backwards {
        /// Of this event.
        found: u64,
        /// Of the last one.
        last: u64,
    },
    /// See the message.
    #[error("it names the organisation {found:?}; this log is that of {expected:?}")]
    Organisation {
        /// The log's.
        expected: String,
        /// The message's.
        found: String,
    },
    /// See the message.
    #[error(
        "it is signed for chain {chain_id} and contract {contract}; this log takes what is valid on no chain (0 and 0x0)"
    )]
    Domain {
        /// As signed.
        chain_id: u64,
        /// As signed.
        contract: Address,
    },
    /// See the message.
    #[error("{what} needs 1 to {max} bytes without line breaks")]
    Text {
        /// Which text.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// See the message.
    #[error("{0} ends before it starts")]
    Period(&'static str),
    /// See the message.
    #[error("{what}: {cause}; sign with the account that it names")]
    Signature {
        /// Which signature.
        what: &'static str,
        /// What is wrong with it.
        cause: InvalidSignature,
    },
    /// See the message.
    #[error("counter {found} is not above {highest}, this auditor's highest so far; sign with a higher one")]
    Counter {
        /// The highest so far.
        highest: u64,
        /// The message's.
        found: u64,
    },
    /// See the message.
    #[error("{auditor} was not registered by the organiser on {}; register the auditor first", time(*.at))]
    NotRegistered {
        /// The auditor.
        auditor: Address,
        /// When it was needed.
        at: u64,
    },
    /// See the message.
    #[error("the data root is anchored already, as event {seq}; a data root is anchored once")]
    AnchoredBefore {
        /// Number of that event.
        seq: u32,
    },
    /// See the message.
    #[error("the data root {} is not anchored on this log; anchor it before proving", hash(.0))]
    NotAnchored([u8; 32]),
    /// See the message.
    #[error(
        "the data root was anchored for another {0}: records are audited as what they were anchored as (A57)"
    )]
    Replayed(&'static str),
    /// See the message.
    #[error("it was signed on {}, before its data root was anchored on {}; prove again", time(*.issued), time(*.anchored))]
    BeforeAnchor {
        /// Time of signing.
        issued: u64,
        /// Time of anchoring.
        anchored: u64,
    },
    /// See the message.
    #[error("{what} lies in the future: {}, and it is {}; set the clock right", time(*.found), time(*.now))]
    Future {
        /// Which time.
        what: &'static str,
        /// As signed.
        found: u64,
        /// The node's clock.
        now: u64,
    },
    /// See the message.
    #[error("it expired on {}", time(*.0))]
    Expired(u64),
    /// See the message.
    #[error("{}: {why}", .check.line().id)]
    Attestation {
        /// The check that fails.
        check: CheckId,
        /// Why.
        why: String,
    },
    /// See the message.
    #[error("the data root has {0} attestations, the most that its commitment hides; commit anew")]
    Proofs(u32),
    /// See the message.
    #[error("there is no attestation {} on this log; check the id", hash(.0))]
    Unknown([u8; 32]),
    /// See the message.
    #[error("it cannot take the place of {}: {why}", hash(.old))]
    Supersedes {
        /// What it names.
        old: [u8; 32],
        /// Why not.
        why: &'static str,
    },
    /// See the message.
    #[error("{} has taken that place already; name that one", hash(.0))]
    SupersededBefore([u8; 32]),
    /// See the message.
    #[error("the attestation was revoked before, by event {seq}")]
    RevokedBefore {
        /// Number of that event.
        seq: u32,
    },
    /// See the message.
    #[error("neither the attestation's auditor nor the organiser signed the revocation")]
    Revoker,
}

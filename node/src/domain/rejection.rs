//! Why a command is refused: one variant per rule, each with what to do.

use super::{InvalidStatement, Phase};
use audit::log::{LogId, Refused};
use circuits::types::{
    Address, BallotShape, CensusRoot, CiphertextDigest, DraftId, ElectionId, InvalidCensus,
    InvalidElectionKey, InvalidSignature, InvalidSignedDraft, InvalidTrusteeMessage,
};
use verifier::VerifyError;

/// A rule that a command breaks. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// See the message.
    #[error("no draft {0}; check the id, or create the draft first")]
    UnknownDraft(DraftId),
    /// See the message.
    #[error("no election {0}; check the id, or open the election first")]
    UnknownElection(ElectionId),
    /// See the message.
    #[error(
        "no draft names an organisation {name:?} with registrations of chain {chain_id}; check both, or create the draft first"
    )]
    UnknownOrganisation {
        /// The name.
        name: String,
        /// Chain id of the registration.
        chain_id: u64,
    },
    /// The draft breaks a rule of its own.
    #[error("draft: {0}")]
    Draft(InvalidSignedDraft),
    /// See the message.
    #[error(
        "the draft names {found} as operator, but this node signs as {own}; make the draft with that address"
    )]
    Operator {
        /// This node's address.
        own: Address,
        /// As the draft says.
        found: Address,
    },
    /// See the message.
    #[error("{0} may not organise elections on this node; ask its operator to allow the address")]
    Organiser(Address),
    /// See the message.
    #[error("this node has no keys for ballots of {options} options and {threshold} deciding trustees; ask its operator which it has", options = .shape.options())]
    NoKeys {
        /// The ballots' shape.
        shape: BallotShape,
        /// The draft's threshold.
        threshold: u8,
    },
    /// See the message.
    #[error("the closing time {closing} is past (it is {now}); make a draft with later times")]
    ClosingPast {
        /// The draft's closing time.
        closing: u64,
        /// The node's clock.
        now: u64,
    },
    /// See the message.
    #[error("{what}: {cause}")]
    Signature {
        /// Which signature.
        what: &'static str,
        /// What is wrong with it.
        cause: InvalidSignature,
    },
    /// See the message.
    #[error(
        "the proof of knowledge of the identity's secret does not hold: {0}; prove again with this node's registration key, over this very message"
    )]
    RegistrationProof(VerifyError),
    /// See the message.
    #[error(
        "counter {found} is not above {highest}, the highest so far; sign a registration with a higher one (A69)"
    )]
    Counter {
        /// The highest counter of this account.
        highest: u64,
        /// As the message says.
        found: u64,
    },
    /// See the message.
    #[error("this identity is registered for another account; make a fresh secret")]
    IdentityTaken,
    /// See the message.
    #[error("the organisation has {0} registrations, the most this node takes")]
    OrganisationFull(usize),
    /// See the message.
    #[error("the election is {found}, and this needs one that is {needed}")]
    Phase {
        /// The election's phase.
        found: Phase,
        /// The phase that the command needs.
        needed: Phase,
    },
    /// See the message.
    #[error(
        "holder {row}, counted from 0: addresses must ascend without repetition, and weights be above zero"
    )]
    Holder {
        /// Number of the first row at fault, from 0.
        row: usize,
    },
    /// The holders do not make a census.
    #[error("census: {0}")]
    Census(InvalidCensus),
    /// See the message.
    #[error(
        "the registrations on this node give the census root {root} with {total} units in total; fetch them again, rebuild the census and sign that statement"
    )]
    CensusDiffers {
        /// Root as the node computes it.
        root: CensusRoot,
        /// Total as the node computes it.
        total: u64,
    },
    /// See the message.
    #[error("another census of this draft is frozen; a census is frozen once")]
    CensusFrozen,
    /// See the message.
    #[error("registrations arrived while the census was being computed; try again")]
    CensusMoved,
    /// The message is not its sender's, or wrongly addressed.
    #[error(transparent)]
    Trustee(InvalidTrusteeMessage),
    /// See the message.
    #[error("there is no round {0} of trustees; rounds are 1 to 5, and 255 to abort")]
    TrusteeRound(u8),
    /// See the message.
    #[error(
        "a message of round {round} does not go to {to}; a share goes to another trustee's index, everything else to 0"
    )]
    TrusteeRecipient {
        /// As it says.
        to: u8,
        /// The round.
        round: u8,
    },
    /// See the message.
    #[error("the key statement cannot be read: {0}")]
    KeyStatement(InvalidStatement),
    /// See the message.
    #[error("the key statement is over another census than the frozen one")]
    KeyCensus,
    /// See the message.
    #[error(
        "the key statement names other verifying keys than this node uses (A17); get the node's keys by their hashes"
    )]
    KeyVerifyingKeys,
    /// See the message.
    #[error(
        "trustee {from} has sent another message of round {round} to {to} before; both are kept as evidence"
    )]
    TrusteeConflict {
        /// The round.
        round: u8,
        /// The sender.
        from: u8,
        /// The recipient.
        to: u8,
    },
    /// See the message.
    #[error("the key is not complete; trustees {missing:?} have not signed it")]
    KeyIncomplete {
        /// Indices, from 1.
        missing: Vec<u8>,
    },
    /// See the message.
    #[error("trustee {0} signed another key than trustee 1; start again with a new draft")]
    KeyDisagrees(u8),
    /// See the message.
    #[error("key: {0}; start again with a new draft")]
    Key(InvalidElectionKey),
    /// See the message.
    #[error("voting begins at {opening} (it is {now}); submit then")]
    NotOpenYet {
        /// The opening time.
        opening: u64,
        /// The node's clock.
        now: u64,
    },
    /// See the message.
    #[error("voting ended at {closing} (it is {now})")]
    VotingOver {
        /// The closing time.
        closing: u64,
        /// The node's clock.
        now: u64,
    },
    /// See the message.
    #[error("voting ends at {closing} (it is {now}); before that, the organiser signs the order to close")]
    TooEarly {
        /// The closing time.
        closing: u64,
        /// The node's clock.
        now: u64,
    },
    /// See the message.
    #[error("the draft does not allow closing before {0}")]
    NoEarlyClose(u64),
    /// See the message.
    #[error("the election's ballots have {} ciphertexts, not {}", .expected.options(), .found.options())]
    Shape {
        /// The election's shape.
        expected: BallotShape,
        /// The entry's.
        found: BallotShape,
    },
    /// See the message.
    #[error("next_digest is not the digest of the ciphertexts")]
    Digest,
    /// See the message.
    #[error("prev_digest and next_digest are equal: the entry changes nothing")]
    Unchanged,
    /// See the message.
    #[error(
        "the slot now holds {current}; fetch its ciphertexts and prove again on them, with fresh randomness and the same ticket"
    )]
    Stale {
        /// The slot's digest.
        current: CiphertextDigest,
    },
    /// See the message.
    #[error("the ticket was spent by entry {seq}; take another")]
    TicketSpent {
        /// The entry that spent it.
        seq: u32,
    },
    /// See the message.
    #[error("the slot held next_digest before, at entry {seq}; encrypt with fresh randomness")]
    DigestRepeated {
        /// The entry that brought it.
        seq: u32,
    },
    /// See the message.
    #[error("the ballot's proof does not hold: {0}")]
    BallotProof(VerifyError),
    /// See the message.
    #[error("the board has 2^32 - 1 entries, the most there can be")]
    BoardFull,
    /// See the message.
    #[error("the election has a result already")]
    Tallied,
    /// See the message.
    #[error("no log of audits {0}; check organiser and organisation, or register an auditor first")]
    UnknownLog(LogId),
    /// See the message.
    #[error("this node has {0} logs of audits, the most it keeps")]
    LogsFull(usize),
    /// See the message.
    #[error("the log has {0} events, the most this node keeps of one log")]
    LogFull(u32),
    /// See [`Refused`].
    #[error(transparent)]
    Audit(#[from] Refused),
}

/// What a caller can do about a rejection; each has one gRPC code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command can never succeed as it is.
    Invalid,
    /// It names something that does not exist.
    NotFound,
    /// It may succeed in another phase or at another time.
    Precondition,
    /// Others were faster; build it anew.
    Aborted,
    /// Something else is there already.
    Exists,
    /// A limit is reached.
    Exhausted,
    /// The wrong account signed.
    Denied,
}

impl Rejection {
    /// See [`Kind`].
    pub fn kind(&self) -> Kind {
        use Rejection as R;
        match self {
            R::UnknownDraft(_) | R::UnknownElection(_) | R::UnknownOrganisation { .. } | R::UnknownLog(_) => {
                Kind::NotFound
            }
            R::Audit(refused) => kind_of(refused),
            R::Draft(InvalidSignedDraft::Signature(_))
            | R::Organiser(_)
            | R::Signature { .. }
            | R::Trustee(InvalidTrusteeMessage::Signature { .. }) => Kind::Denied,
            R::Draft(_)
            | R::RegistrationProof(_)
            | R::Holder { .. }
            | R::Census(_)
            | R::Trustee(_)
            | R::TrusteeRound(_)
            | R::TrusteeRecipient { .. }
            | R::KeyStatement(_)
            | R::Shape { .. }
            | R::Digest
            | R::Unchanged
            | R::BallotProof(_) => Kind::Invalid,
            R::Operator { .. }
            | R::NoKeys { .. }
            | R::ClosingPast { .. }
            | R::Counter { .. }
            | R::Phase { .. }
            | R::CensusDiffers { .. }
            | R::KeyCensus
            | R::KeyVerifyingKeys
            | R::KeyIncomplete { .. }
            | R::KeyDisagrees(_)
            | R::Key(_)
            | R::NotOpenYet { .. }
            | R::VotingOver { .. }
            | R::TooEarly { .. }
            | R::NoEarlyClose(_) => Kind::Precondition,
            R::Stale { .. } | R::CensusMoved => Kind::Aborted,
            R::IdentityTaken
            | R::CensusFrozen
            | R::TrusteeConflict { .. }
            | R::TicketSpent { .. }
            | R::DigestRepeated { .. }
            | R::Tallied => Kind::Exists,
            R::OrganisationFull(_) | R::BoardFull | R::LogsFull(_) | R::LogFull(_) => Kind::Exhausted,
        }
    }

    /// A stable name for programs: the variant's, in capitals.
    pub fn reason(&self) -> &'static str {
        use Rejection as R;
        match self {
            R::UnknownDraft(_) => "UNKNOWN_DRAFT",
            R::UnknownElection(_) => "UNKNOWN_ELECTION",
            R::UnknownOrganisation { .. } => "UNKNOWN_ORGANISATION",
            R::Draft(_) => "DRAFT",
            R::Operator { .. } => "OPERATOR",
            R::Organiser(_) => "ORGANISER",
            R::NoKeys { .. } => "NO_KEYS",
            R::ClosingPast { .. } => "CLOSING_PAST",
            R::Signature { .. } => "SIGNATURE",
            R::RegistrationProof(_) => "REGISTRATION_PROOF",
            R::Counter { .. } => "COUNTER",
            R::IdentityTaken => "IDENTITY_TAKEN",
            R::OrganisationFull(_) => "ORGANISATION_FULL",
            R::Phase { .. } => "PHASE",
            R::Holder { .. } => "HOLDER",
            R::Census(_) => "CENSUS",
            R::CensusDiffers { .. } => "CENSUS_DIFFERS",
            R::CensusFrozen => "CENSUS_FROZEN",
            R::CensusMoved => "CENSUS_MOVED",
            R::Trustee(_) => "TRUSTEE",
            R::TrusteeRound(_) => "TRUSTEE_ROUND",
            R::TrusteeRecipient { .. } => "TRUSTEE_RECIPIENT",
            R::KeyStatement(_) => "KEY_STATEMENT",
            R::KeyCensus => "KEY_CENSUS",
            R::KeyVerifyingKeys => "KEY_VERIFYING_KEYS",
            R::TrusteeConflict { .. } => "TRUSTEE_CONFLICT",
            R::KeyIncomplete { .. } => "KEY_INCOMPLETE",
            R::KeyDisagrees(_) => "KEY_DISAGREES",
            R::Key(_) => "KEY",
            R::NotOpenYet { .. } => "NOT_OPEN_YET",
            R::VotingOver { .. } => "VOTING_OVER",
            R::TooEarly { .. } => "TOO_EARLY",
            R::NoEarlyClose(_) => "NO_EARLY_CLOSE",
            R::Shape { .. } => "SHAPE",
            R::Digest => "DIGEST",
            R::Unchanged => "UNCHANGED",
            R::Stale { .. } => "STALE",
            R::TicketSpent { .. } => "TICKET_SPENT",
            R::DigestRepeated { .. } => "DIGEST_REPEATED",
            R::BallotProof(_) => "BALLOT_PROOF",
            R::BoardFull => "BOARD_FULL",
            R::Tallied => "TALLIED",
            R::UnknownLog(_) => "UNKNOWN_LOG",
            R::LogsFull(_) => "LOGS_FULL",
            R::LogFull(_) => "LOG_FULL",
            R::Audit(refused) => reason_of(refused),
        }
    }
}

fn kind_of(refused: &Refused) -> Kind {
    use Refused as R;
    match refused {
        R::Organisation { .. } | R::Domain { .. } | R::Text { .. } | R::Period(_) | R::Attestation { .. } => {
            Kind::Invalid
        }
        R::Signature { .. } | R::Revoker => Kind::Denied,
        R::Unknown(_) => Kind::NotFound,
        R::NotBegun
        | R::Backwards { .. }
        | R::Counter { .. }
        | R::NotRegistered { .. }
        | R::NotAnchored(_)
        | R::Replayed(_)
        | R::BeforeAnchor { .. }
        | R::Future { .. }
        | R::Expired(_)
        | R::Supersedes { .. } => Kind::Precondition,
        R::Repeated { .. } | R::AnchoredBefore { .. } | R::SupersededBefore(_) | R::RevokedBefore { .. } => {
            Kind::Exists
        }
        R::Full | R::Proofs(_) => Kind::Exhausted,
    }
}

fn reason_of(refused: &Refused) -> &'static str {
    use Refused as R;
    match refused {
        R::NotBegun => "NOT_BEGUN",
        R::Full => "LOG_FULL",
        R::Repeated { .. } => "REPEATED",
        R::Backwards { .. } => "BACKWARDS",
        R::Organisation { .. } => "ORGANISATION",
        R::Domain { .. } => "DOMAIN",
        R::Text { .. } => "TEXT",
        R::Period(_) => "PERIOD",
        R::Signature { .. } => "SIGNATURE",
        R::Counter { .. } => "COUNTER",
        R::NotRegistered { .. } => "NOT_REGISTERED",
        R::AnchoredBefore { .. } => "ANCHORED_BEFORE",
        R::NotAnchored(_) => "NOT_ANCHORED",
        R::Replayed(_) => "REPLAYED",
        R::BeforeAnchor { .. } => "BEFORE_ANCHOR",
        R::Future { .. } => "FUTURE",
        R::Expired(_) => "EXPIRED",
        R::Attestation { .. } => "ATTESTATION",
        R::Proofs(_) => "PROOFS",
        R::Unknown(_) => "UNKNOWN_ATTESTATION",
        R::Supersedes { .. } => "SUPERSEDES",
        R::SupersededBefore(_) => "SUPERSEDED_BEFORE",
        R::RevokedBefore { .. } => "REVOKED_BEFORE",
        R::Revoker => "REVOKER",
    }
}

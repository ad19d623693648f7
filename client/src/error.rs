//! What a node answered when it did not do what was asked.

use crate::{
    attestation::InvalidAnswer, board::InvalidBoard, census::CensusMismatch, choice::InvalidChoice,
    election::InvalidElection, organiser::InvalidOrder, registration::InvalidRegistrations,
    state::InvalidState, submission::InvalidSubmission, tickets::TicketError, vote::VoteError,
};
use circuits::types::InvalidReceipt;
use proto::convert::InvalidField;
use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Why a call of the client failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The node's address is unusable, or nobody listens there.
    #[error(
        "cannot connect to {address}: {}; check the address, that the node runs, and over https that its certificate is trusted",
        innermost(.cause)
    )]
    Connect {
        /// As given.
        address: String,
        /// Of the transport.
        cause: tonic::transport::Error,
    },
    /// The node refused a call.
    #[error("{call}: {refusal}")]
    Refused {
        /// The remote procedure.
        call: &'static str,
        /// What the node said.
        refusal: Box<Refusal>,
    },
    /// The node's answer is not in its one form.
    #[error("{call}: the node's answer is malformed: {cause}; the node is faulty or of another version")]
    Answer {
        /// The remote procedure.
        call: &'static str,
        /// Where and why.
        cause: InvalidField,
    },
    /// The node's answer breaks a limit or lacks a part.
    #[error("{call}: the node's answer {problem}; the node is faulty or of another version")]
    Incomplete {
        /// The remote procedure.
        call: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The node sent a verifying key that cannot be used.
    #[error("{call}: the node's verifying key is refused: {cause}")]
    Key {
        /// The remote procedure.
        call: &'static str,
        /// Why.
        cause: verifier::InvalidKey,
    },
    /// See [`InvalidState`].
    #[error("{path}: {cause}", path = path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: InvalidState,
    },
    /// See [`InvalidSubmission`].
    #[error(transparent)]
    Submission(#[from] InvalidSubmission),
    /// A background task was cancelled or panicked.
    #[error("proving was interrupted: {0}; try again")]
    Interrupted(#[from] tokio::task::JoinError),
    /// See [`InvalidElection`].
    #[error(transparent)]
    Election(#[from] InvalidElection),
    /// See [`CensusMismatch`].
    #[error(transparent)]
    Census(#[from] CensusMismatch),
    /// See [`InvalidRegistrations`].
    #[error(transparent)]
    Registrations(#[from] InvalidRegistrations),
    /// See [`InvalidBoard`].
    #[error(transparent)]
    Board(#[from] InvalidBoard),
    /// See [`InvalidReceipt`].
    #[error("the receipt is refused: {0}; keep it and tell the monitors")]
    Receipt(#[from] InvalidReceipt),
    /// See [`InvalidAnswer`].
    #[error(transparent)]
    Attestation(#[from] InvalidAnswer),
    /// See [`InvalidChoice`].
    #[error(transparent)]
    Choice(#[from] InvalidChoice),
    /// See [`TicketError`].
    #[error(transparent)]
    Tickets(#[from] TicketError),
    /// See [`VoteError`].
    #[error(transparent)]
    Vote(#[from] VoteError),
    /// See [`InvalidOrder`].
    #[error(transparent)]
    Order(#[from] InvalidOrder),
    /// See [`prover::ProveError`].
    #[error("no proof: {0}")]
    Prove(#[from] prover::ProveError),
}

/// tonic says "transport error" and leaves the cause to its sources.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

impl Error {
    /// Whether the same call may succeed later: nobody answers now, or the
    /// node asks to wait.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Connect { .. } => true,
            Error::Refused { refusal, .. } => refusal.is_transient(),
            _ => false,
        }
    }
}

/// A field of a request that the node refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// A gRPC status with its details, and advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub code: Code,
    /// The node's words.
    pub message: String,
    /// The node's stable name of the rule, e.g. `STALE`; empty if it gave none.
    pub reason: String,
    /// Fields at fault.
    pub violations: Vec<Violation>,
    /// Facts for programs, e.g. `current_digest` of a stale slot.
    pub facts: BTreeMap<String, String>,
    /// The node asks to wait this long.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self.code {
            Code::InvalidArgument | Code::OutOfRange => "mend the request; it can never succeed as it is",
            Code::NotFound => "check the identifier and that this is the right node",
            Code::FailedPrecondition => "look at the election's phase and times, and try again when they fit",
            Code::Aborted => "others were faster: fetch the present state and build the request anew",
            Code::AlreadyExists => "something else is there already; fetch it and compare",
            Code::PermissionDenied | Code::Unauthenticated => "sign with the account that the node expects",
            Code::ResourceExhausted => "wait and try again",
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                "the node did not answer in time; the same request may be sent again"
            }
            Code::Unimplemented => "the node is of another version; ask its operator",
            _ => "the node failed; if it happens again, tell its operator",
        }
    }

    /// Whether the node does not know the call: it is of another version.
    pub fn is_unknown_call(&self) -> bool {
        self.code == Code::Unimplemented
    }

    /// Whether the same bytes may be sent again with a chance of success.
    pub fn is_transient(&self) -> bool {
        let codes = [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::Cancelled,
            Code::ResourceExhausted,
            Code::Unknown,
        ];
        codes.contains(&self.code)
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let fields = details.bad_request().map(|b| &b.field_violations[..]).unwrap_or_default();
        let violation = |v: &tonic_types::FieldViolation| Violation {
            field: v.field.clone(),
            description: v.description.clone(),
        };
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: details.error_info().map(|i| i.reason.clone()).unwrap_or_default(),
            facts: details.error_info().map(|i| i.metadata.clone().into_iter().collect()).unwrap_or_default(),
            violations: fields.iter().map(violation).collect(),
            retry_after: details.retry_info().and_then(|r| r.retry_delay),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.message)?;
        for v in self.violations.iter().filter(|v| !self.message.contains(&v.description)) {
            write!(f, "; {}: {}", v.field, v.description)?;
        }
        write!(f, " ({})", self.advice())
    }
}

/// Names the call that a status or a malformed answer belongs to.
pub(crate) trait During<T> {
    fn during(self, call: &'static str) -> Result<T, Error>;
}

impl<T> During<T> for Result<T, Status> {
    fn during(self, call: &'static str) -> Result<T, Error> {
        self.map_err(|status| Error::Refused { call, refusal: Box::new(status.into()) })
    }
}

impl<T> During<T> for Result<T, InvalidField> {
    fn during(self, call: &'static str) -> Result<T, Error> {
        self.map_err(|cause| Error::Answer { call, cause })
    }
}

impl<T> During<T> for Option<T> {
    fn during(self, call: &'static str) -> Result<T, Error> {
        self.ok_or(Error::Incomplete { call, problem: "lacks a part" })
    }
}

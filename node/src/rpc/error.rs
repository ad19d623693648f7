//! How refusals look on the wire: a code, a sentence, and details for
//! programs (`ErrorInfo` of domain "tabella", `BadRequest`, `RetryInfo`).
//! spec: `node.errors`

use crate::{
    domain::{Kind, Rejection},
    jobs::verification::QueueError,
    ledger::{ReadError, Refusal},
};
use audit::log::Refused;
use circuits::types::NonCanonical;
use proto::convert::{Cause, InvalidField};
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Domain of the reasons in `ErrorInfo`.
const DOMAIN: &str = "tabella";
/// Advised wait when a queue is full.
const QUEUE_RETRY: Duration = Duration::from_millis(500);

/// Advised wait when too many transfers are under way.
const TRANSFER_RETRY: Duration = Duration::from_secs(5);

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is not in its one form.
    #[error(transparent)]
    Field(#[from] InvalidField),
    /// A rule is broken.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// See the message.
    #[error("{0}")]
    NotFound(&'static str),
    /// See the message.
    #[error("the slot takes votes and masks at a limited rate; try again in {} s", .0.as_secs_f32().ceil())]
    SlotLimit(Duration),
    /// See the message.
    #[error("an account registers at a limited rate; try again in {} s", .0.as_secs_f32().ceil())]
    RegistrationLimit(Duration),
    /// See the message.
    #[error("this node takes drafts at a limited rate; try again in {} s", .0.as_secs_f32().ceil())]
    DraftLimit(Duration),
    /// See the message.
    #[error("an account signs for logs of audits at a limited rate; try again in {} s", .0.as_secs_f32().ceil())]
    AttestationLimit(Duration),
    /// See the message.
    #[error("the attestation's circuit has 2^{found} rows; this node verifies up to 2^{max}")]
    ShapeLimit {
        /// log2 of its rows.
        found: u32,
        /// The limit.
        max: u32,
    },
    /// See the message.
    #[error("too many downloads are under way on this node; try again shortly")]
    Downloads,
    /// See the message.
    #[error(
        "too many drafts, tables of holders, trustees' messages and attestations are being received; try again shortly"
    )]
    Uploads,
    /// See the message.
    #[error("the node is at its limit of requests; try again shortly")]
    Busy,
    /// See the message.
    #[error("the request took more than {} s; what it began may still be done: ask, then try again", .0.as_secs_f32())]
    Timeout(Duration),
    /// See the message.
    #[error("the node is shutting down; connect again, and go on from the last entry that you have")]
    ShuttingDown,
    /// See the message.
    #[error("too many streams follow boards on this node; try again later, or ask without following")]
    Followers,
    /// See [`QueueError`].
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The node can no longer write.
    #[error(transparent)]
    Unavailable(Refusal),
    /// See [`ReadError`].
    #[error(transparent)]
    Read(#[from] ReadError),
    /// See the message.
    #[error("the node failed on this request; it was logged")]
    Internal,
    /// The caller broke its stream off.
    #[error("{0}")]
    Stream(Status),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => Error::Rejected(rejection),
            other => Error::Unavailable(other),
        }
    }
}

impl Error {
    /// A field that is missing.
    pub fn missing(field: &str) -> Self {
        Error::Field(InvalidField { field: field.into(), cause: Cause::Missing })
    }

    fn code(&self) -> Code {
        match self {
            Error::Field(_) => Code::InvalidArgument,
            Error::Rejected(rejection) => code(rejection.kind()),
            Error::NotFound(_) => Code::NotFound,
            Error::SlotLimit(_)
            | Error::RegistrationLimit(_)
            | Error::DraftLimit(_)
            | Error::AttestationLimit(_)
            | Error::Followers
            | Error::Downloads
            | Error::Uploads
            | Error::Busy
            | Error::Queue(QueueError::Full) => Code::ResourceExhausted,
            Error::ShapeLimit { .. } => Code::InvalidArgument,
            Error::Timeout(_) => Code::DeadlineExceeded,
            Error::Unavailable(_) | Error::ShuttingDown | Error::Queue(QueueError::Failed) => {
                Code::Unavailable
            }
            Error::Read(_) | Error::Internal => Code::Internal,
            Error::Stream(status) => status.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Error::Field(_) => "FIELD",
            Error::Rejected(rejection) => rejection.reason(),
            Error::NotFound(_) => "NOT_FOUND",
            Error::SlotLimit(_) => "SLOT_LIMIT",
            Error::RegistrationLimit(_) => "REGISTRATION_LIMIT",
            Error::DraftLimit(_) => "DRAFT_LIMIT",
            Error::AttestationLimit(_) => "ATTESTATION_LIMIT",
            Error::ShapeLimit { .. } => "SHAPE_LIMIT",
            Error::Followers => "FOLLOWERS",
            Error::Downloads => "DOWNLOADS",
            Error::Uploads => "UPLOADS",
            Error::Busy => "BUSY",
            Error::Timeout(_) => "TIMEOUT",
            Error::ShuttingDown => "SHUTTING_DOWN",
            Error::Queue(QueueError::Full) => "QUEUE_FULL",
            Error::Queue(QueueError::Failed) => "VERIFIER_FAILED",
            Error::Unavailable(_) => "STOPPED",
            Error::Read(_) => "READ",
            Error::Internal => "INTERNAL",
            Error::Stream(_) => "STREAM",
        }
    }

    /// Facts that a program needs to go on.
    fn metadata(&self) -> HashMap<String, String> {
        let pairs = match self {
            Error::Rejected(Rejection::Stale { current }) => vec![("current_digest", current.to_string())],
            Error::Rejected(Rejection::Counter { highest, .. }) => vec![("highest", highest.to_string())],
            Error::Rejected(Rejection::CensusDiffers { root, total }) => {
                vec![("root", root.to_string()), ("total", total.to_string())]
            }
            Error::Rejected(Rejection::TicketSpent { seq } | Rejection::DigestRepeated { seq }) => {
                vec![("seq", seq.to_string())]
            }
            Error::Rejected(Rejection::Audit(refused)) => audit_facts(refused),
            _ => Vec::new(),
        };
        pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
    }

    fn retry(&self) -> Option<Duration> {
        match self {
            Error::SlotLimit(wait)
            | Error::RegistrationLimit(wait)
            | Error::DraftLimit(wait)
            | Error::AttestationLimit(wait) => Some(*wait),
            Error::Queue(_) | Error::Busy => Some(QUEUE_RETRY),
            Error::Downloads | Error::Uploads => Some(TRANSFER_RETRY),
            _ => None,
        }
    }
}

fn audit_facts(refused: &Refused) -> Vec<(&'static str, String)> {
    match refused {
        Refused::Attestation { check, why } => vec![("check", check.line().id.into()), ("why", why.clone())],
        Refused::Counter { highest, .. } => vec![("highest", highest.to_string())],
        Refused::AnchoredBefore { seq } | Refused::RevokedBefore { seq } => vec![("seq", seq.to_string())],
        Refused::SupersededBefore(id) => vec![("successor", format!("0x{}", hex::encode(id)))],
        Refused::Replayed(what) => vec![("differs", (*what).into())],
        _ => Vec::new(),
    }
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::Exists => Code::AlreadyExists,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Denied => Code::PermissionDenied,
    }
}

/// The field that a rejected rule is about, for `BadRequest`.
fn field_of(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::Shape { .. } => "entry.ciphertexts",
        Rejection::Digest | Rejection::Unchanged => "entry.next_digest",
        Rejection::BallotProof(_) => "entry.proof",
        Rejection::RegistrationProof(_) => "registration.proof",
        Rejection::Draft(_) => "draft",
        Rejection::Census(_) | Rejection::Holder { .. } => "holders",
        Rejection::TrusteeRound(_) => "message.round",
        Rejection::KeyStatement(_) => "message.body",
        Rejection::Audit(Refused::Attestation { .. } | Refused::Domain { .. }) => "attestation",
        _ => "message",
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        if let Error::Stream(status) = error {
            return status;
        }
        match &error {
            Error::Read(_) => tracing::error!(%error, "the log cannot be read"),
            Error::Internal => tracing::error!("a call failed through a fault of this node"),
            _ => {}
        }
        let mut details = ErrorDetails::with_error_info(error.reason(), DOMAIN, error.metadata());
        match &error {
            Error::Field(e) => {
                details.add_bad_request_violation(&e.field, e.cause.to_string());
            }
            Error::Rejected(r) if r.kind() == Kind::Invalid => {
                details.add_bad_request_violation(field_of(r), r.to_string());
            }
            _ => {}
        }
        if let Some(wait) = error.retry() {
            details.set_retry_info(Some(wait));
        }
        Status::with_error_details(error.code(), error.to_string(), details)
    }
}

/// An id or hash of a request.
pub fn id<T>(
    field: &'static str,
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, NonCanonical>,
) -> Result<T, Error> {
    read(bytes).map_err(|e| Error::Field(InvalidField { field: field.into(), cause: e.into() }))
}

/// A sub-message that must be there.
pub fn required<M, T: TryFrom<M, Error = InvalidField>>(field: &str, message: Option<M>) -> Result<T, Error> {
    let message = message.ok_or_else(|| Error::missing(field))?;
    T::try_from(message).map_err(|e| Error::Field(e.within(field)))
}

/// A signature of a request.
pub fn signature(field: &'static str, bytes: &[u8]) -> Result<circuits::types::Signature, Error> {
    let read = circuits::types::Signature::from_bytes(bytes);
    read.map_err(|e| Error::Field(InvalidField { field: field.into(), cause: e.into() }))
}

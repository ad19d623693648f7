//! Attestations on a node's logs: what is signed is sent, and what comes back
//! is believed only under the operator's signed heads. spec: `audit.service`.

use crate::{Error, Node, error::During};
use audit::{
    attestation::{Attestation, Claim, SignedRegistration, SignedRevocation, Status},
    log::{Entry, Event, InvalidReceipt, LogId, Parties, Receipt, SignedAnchor},
};
use circuits::types::{Address, Signature, SignedHead, TypedData};
use proto::{
    convert::{Cause, InvalidField},
    v1,
};

/// Pages read at most, of 100 each.
const PAGES_MAX: usize = 1024;

/// Why an answer about a log is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// See [`InvalidReceipt`].
    #[error("the receipt is refused: {0}; keep it and tell the monitors")]
    Receipt(#[from] InvalidReceipt),
    /// See the message.
    #[error("the receipt is for something else than was sent; keep it and tell the monitors")]
    OtherEvent,
    /// See the message.
    #[error("the node answers about another log than it was asked about")]
    OtherLog,
    /// See the message.
    #[error("the node shows another attestation than it was asked for")]
    OtherAttestation,
    /// See the message.
    #[error("the node answers for Unix time {0}, which is not the time that it was asked about")]
    OtherTime(u64),
    /// See the message.
    #[error("the node says {said}, and what it shows makes it {found}")]
    Status {
        /// The node's word.
        said: Status,
        /// From registration, revocation and expiry.
        found: Status,
    },
    /// See the message.
    #[error("the node shows an attestation that its auditor {0} did not sign; tell the monitors")]
    Unsigned(Address),
    /// See the message.
    #[error("the node shows the anchor of another {0} than the attestation's; tell the monitors")]
    OtherAnchor(&'static str),
    /// See the message.
    #[error("the node shows an anchor that the auditor {0} did not sign; tell the monitors")]
    UnsignedAnchor(Address),
    /// See the message.
    #[error("the node shows a revocation that does not withdraw the attestation; tell the monitors")]
    OtherRevocation,
}

/// A receipt that the operator signed for this log.
fn signed(parties: &Parties, receipt: Option<v1::LogReceipt>, call: &'static str) -> Result<Receipt, Error> {
    let receipt = Receipt::try_from(receipt.during(call)?).during(call)?;
    receipt.check(parties).map_err(InvalidAnswer::from)?;
    Ok(receipt)
}

/// Checks a receipt for a message that was sent. Of a repeated message the
/// signature may be another one.
fn checked(
    parties: &Parties,
    event: &Event,
    receipt: Option<v1::LogReceipt>,
    call: &'static str,
) -> Result<Receipt, Error> {
    let receipt = signed(parties, receipt, call)?;
    let same = (event.kind(), event.id()) == (receipt.row.kind, receipt.row.id);
    if same { Ok(receipt) } else { Err(InvalidAnswer::OtherEvent.into()) }
}

/// Checks a receipt for an event that is shown, the signature included.
fn exact(
    parties: &Parties,
    event: &Event,
    receipt: Option<v1::LogReceipt>,
    call: &'static str,
) -> Result<Receipt, Error> {
    let receipt = signed(parties, receipt, call)?;
    let same = event.row(receipt.row.time) == receipt.row;
    if same { Ok(receipt) } else { Err(InvalidAnswer::OtherEvent.into()) }
}

/// Names an auditor; begins the log if there is none.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub async fn register_auditor(
    node: &Node,
    parties: &Parties,
    signed: &SignedRegistration,
) -> Result<Receipt, Error> {
    const CALL: &str = "AttestationService.RegisterAuditor";
    let organiser = parties.organiser.0.to_vec();
    let request = v1::RegisterAuditorRequest { organiser, registration: Some(signed.into()) };
    let answer = node.attestations().register_auditor(request).await.during(CALL)?.into_inner();
    if answer.log_id != parties.log().to_bytes() {
        return Err(InvalidAnswer::OtherLog.into());
    }
    checked(parties, &Event::Auditor(signed.clone()), answer.receipt, CALL)
}

/// Anchors a data root.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub async fn anchor(node: &Node, parties: &Parties, signed: &SignedAnchor) -> Result<Receipt, Error> {
    const CALL: &str = "AttestationService.Anchor";
    let request = v1::AnchorRequest { log_id: log_id(parties.log()), anchor: Some(signed.into()) };
    let answer = node.attestations().anchor(request).await.during(CALL)?.into_inner();
    checked(parties, &Event::Anchor(signed.clone()), answer.receipt, CALL)
}

/// Submits an attestation.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub async fn submit(node: &Node, parties: &Parties, attestation: &Attestation) -> Result<Receipt, Error> {
    const CALL: &str = "AttestationService.Submit";
    let log_id = log_id(parties.log());
    let request = v1::SubmitAttestationRequest { log_id, attestation: attestation.to_bytes() };
    let answer = node.attestations().submit(request).await.during(CALL)?.into_inner();
    checked(parties, &Event::Attestation(Box::new(attestation.clone())), answer.receipt, CALL)
}

/// Withdraws an attestation.
///
/// # Errors
/// If the node refuses, or its receipt does not hold.
pub async fn revoke(node: &Node, parties: &Parties, signed: &SignedRevocation) -> Result<Receipt, Error> {
    const CALL: &str = "AttestationService.Revoke";
    let request =
        v1::RevokeAttestationRequest { log_id: log_id(parties.log()), revocation: Some(signed.into()) };
    let answer = node.attestations().revoke(request).await.during(CALL)?.into_inner();
    checked(parties, &Event::Revocation(signed.clone()), answer.receipt, CALL)
}

/// An attestation with what its status follows from, each under a signed
/// head. That nothing newer was left out, monitors see.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The attestation. Its proof is not checked here.
    pub attestation: Attestation,
    /// Its receipt.
    pub receipt: Receipt,
    /// The status at `time`.
    pub status: Status,
    /// Unix time of the status.
    pub time: u64,
    /// The auditor's registration.
    pub registration: SignedRegistration,
    /// The anchor of its data root, and its receipt.
    pub anchor: (SignedAnchor, Receipt),
    /// What withdrew it.
    pub revocation: Option<SignedRevocation>,
    /// Id of what has taken its place.
    pub successor: Option<[u8; 32]>,
}

/// Fetches an attestation, and checks receipts, signatures, that anchor and
/// revocation are the attestation's, and that the status is what they say. A
/// `time` of `None` is now, by the node's clock.
///
/// # Errors
/// If the node refuses or its answer does not hold.
pub async fn fetch(node: &Node, parties: &Parties, id: [u8; 32], time: Option<u64>) -> Result<Shown, Error> {
    let log_id = log_id(parties.log());
    let request = v1::GetAttestationRequest { log_id, id: id.to_vec(), time: time.unwrap_or(0) };
    let answer = node.attestations().get(request).await.during(GET)?.into_inner();
    Shown::read(parties, id, time, answer)
}

const GET: &str = "AttestationService.Get";

impl Shown {
    /// Checks an answer about an attestation.
    pub(crate) fn read(
        parties: &Parties,
        id: [u8; 32],
        asked: Option<u64>,
        answer: v1::GetAttestationResponse,
    ) -> Result<Self, Error> {
        let time = answer.time;
        if asked.is_some_and(|asked| asked != 0 && asked != time) {
            return Err(InvalidAnswer::OtherTime(time).into());
        }
        let status = Status::try_from(answer.status()).during(GET)?;
        let attestation = Attestation::from_bytes(&answer.attestation);
        let malformed = |e| InvalidField { field: "attestation".into(), cause: Cause::from(Box::new(e)) };
        let attestation = attestation.map_err(malformed).during(GET)?;
        if attestation.id() != id {
            return Err(InvalidAnswer::OtherAttestation.into());
        }
        let whole = |event: &Event, receipt| exact(parties, event, receipt, GET);
        let receipt = whole(&Event::Attestation(Box::new(attestation.clone())), answer.receipt)?;
        let registration = SignedRegistration::try_from(answer.registration.during(GET)?).during(GET)?;
        whole(&Event::Auditor(registration.clone()), answer.registration_receipt)?;
        let anchor = SignedAnchor::try_from(answer.anchor.during(GET)?).during(GET)?;
        let anchored = whole(&Event::Anchor(anchor.clone()), answer.anchor_receipt)?;
        let revocation = answer.revocation.map(SignedRevocation::try_from).transpose().during(GET)?;
        if let Some(signed) = &revocation {
            whole(&Event::Revocation(signed.clone()), answer.revocation_receipt)?;
        }
        let successor = optional_hash("successor", &answer.successor).during(GET)?;
        let anchor = (anchor, anchored);
        let shown = Self { attestation, receipt, status, time, registration, anchor, revocation, successor };
        shown.check_parts(parties)?;
        shown.check_status(parties)?;
        Ok(shown)
    }

    /// What is shown belongs together, and is signed by whom it binds.
    fn check_parts(&self, parties: &Parties) -> Result<(), InvalidAnswer> {
        let (attestation, anchor) = (&self.attestation, &self.anchor.0);
        let auditor = attestation.claim.auditor;
        if attestation.claim.organisation != parties.organisation {
            return Err(InvalidAnswer::OtherLog);
        }
        attestation.check_signature_alone().map_err(|_| InvalidAnswer::Unsigned(auditor))?;
        if let Some(what) = anchor.anchor.differs(&attestation.claim) {
            return Err(InvalidAnswer::OtherAnchor(what));
        }
        anchor.check().map_err(|_| InvalidAnswer::UnsignedAnchor(auditor))?;
        match &self.revocation {
            Some(signed) if !signed.withdraws(attestation, parties.organiser) => {
                Err(InvalidAnswer::OtherRevocation)
            }
            _ => Ok(()),
        }
    }

    /// The node's word against what it shows. Whether a successor stands is
    /// its word alone.
    fn check_status(&self, parties: &Parties) -> Result<(), InvalidAnswer> {
        let domain = self.attestation.domain;
        let registered = self.registration.check(&domain, parties.organiser).is_ok();
        let registrations = if registered { std::slice::from_ref(&self.registration) } else { &[] };
        let revocations = self.revocation.as_slice();
        let found = self.attestation.status(self.time, parties.organiser, registrations, revocations, &[]);
        let standing = matches!(found, Status::Valid | Status::Expired);
        let found = if self.successor.is_some() && standing { Status::Superseded } else { found };
        if found == self.status { Ok(()) } else { Err(InvalidAnswer::Status { said: self.status, found }) }
    }
}

/// What a list is asked for; each filter may be off.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Commitment to the model.
    pub model_commitment: Option<[u8; 32]>,
    /// Name of the system.
    pub system: Option<String>,
    /// The auditor.
    pub auditor: Option<Address>,
    /// The anchored root.
    pub data_root: Option<[u8; 32]>,
    /// The status.
    pub status: Option<Status>,
    /// Unix time at which they should count; by default now.
    pub time: Option<u64>,
}

/// One line of a list. The claim is signed by its auditor; all else is the
/// node's word.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The attestation's id.
    pub id: [u8; 32],
    /// What its auditor signed.
    pub claim: Claim,
    /// Its status.
    pub status: Status,
    /// Number of its event.
    pub seq: u32,
    /// When the node took it.
    pub logged: u64,
    /// What withdrew it.
    pub revocation: Option<SignedRevocation>,
    /// Id of what has taken its place.
    pub successor: Option<[u8; 32]>,
}

/// Lists attestations in log order, and the time of their status.
///
/// # Errors
/// If the node refuses, or a claim is not signed by its auditor.
pub async fn list(node: &Node, log: LogId, filter: &Filter) -> Result<(Vec<Summary>, u64), Error> {
    const CALL: &str = "AttestationService.List";
    let (mut out, mut page_token, mut time) = (Vec::new(), String::new(), filter.time.unwrap_or(0));
    for _ in 0..PAGES_MAX {
        let request = v1::ListAttestationsRequest {
            log_id: log_id(log),
            model_commitment: filter.model_commitment.map(|m| m.to_vec()).unwrap_or_default(),
            system: filter.system.clone().unwrap_or_default(),
            auditor: filter.auditor.map(|a| a.0.to_vec()).unwrap_or_default(),
            data_root: filter.data_root.map(|r| r.to_vec()).unwrap_or_default(),
            status: filter.status.map_or(v1::AttestationStatus::Unspecified, Into::into).into(),
            // The same time for all pages.
            time,
            page_size: 0,
            page_token,
        };
        let page = node.attestations().list(request).await.during(CALL)?.into_inner();
        time = page.time;
        for line in page.attestations {
            out.push(summary(line, CALL)?);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok((out, time));
        }
    }
    Err(Error::Incomplete { call: CALL, problem: "does not end" })
}

fn summary(line: v1::AttestationSummary, call: &'static str) -> Result<Summary, Error> {
    let status = Status::try_from(line.status()).during(call)?;
    let claim = Claim::try_from(line.claim.during(call)?).during(call)?;
    let signature = Signature::from_bytes(&line.signature);
    let signed = signature.and_then(|s| s.verify(claim.signing_hash(&Default::default()), claim.auditor));
    signed.map_err(|_| InvalidAnswer::Unsigned(claim.auditor))?;
    let id = optional_hash("id", &line.id).during(call)?;
    if id != Some(claim.struct_hash()) {
        return Err(InvalidAnswer::OtherAttestation.into());
    }
    Ok(Summary {
        id: claim.struct_hash(),
        claim,
        status,
        seq: line.seq,
        logged: line.logged,
        revocation: line.revocation.map(SignedRevocation::try_from).transpose().during(call)?,
        successor: optional_hash("successor", &line.successor).during(call)?,
    })
}

/// Organiser and organisation of each log of a node.
///
/// # Errors
/// If the node refuses.
pub async fn logs(node: &Node) -> Result<Vec<(Address, String)>, Error> {
    const CALL: &str = "AttestationService.ListLogs";
    let (mut out, mut page_token) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let request = v1::ListLogsRequest { page_size: 0, page_token };
        let page = node.attestations().list_logs(request).await.during(CALL)?.into_inner();
        for log in page.logs {
            let organiser = Address::try_from(&log.organiser[..]);
            let malformed = |e| InvalidField { field: "organiser".into(), cause: Cause::from(e) };
            out.push((organiser.map_err(malformed).during(CALL)?, log.organisation));
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(out);
        }
    }
    Err(Error::Incomplete { call: CALL, problem: "does not end" })
}

/// The newest signed head, unchecked.
///
/// # Errors
/// If the node refuses.
pub async fn head(node: &Node, log: LogId) -> Result<SignedHead, Error> {
    const CALL: &str = "AttestationService.GetHead";
    let request = v1::GetLogHeadRequest { log_id: log_id(log) };
    let head = node.attestations().get_head(request).await.during(CALL)?.into_inner().head;
    SignedHead::try_from(head.during(CALL)?).during(CALL)
}

/// Events from `start` on, unchecked: at least one if there is one.
///
/// # Errors
/// If the node refuses, or an event is malformed.
pub async fn events(node: &Node, log: LogId, start: u32) -> Result<Vec<Entry>, Error> {
    const CALL: &str = "AttestationService.ListEvents";
    let request = v1::ListEventsRequest { log_id: log_id(log), start, limit: 0 };
    let answer = node.attestations().list_events(request).await.during(CALL)?.into_inner();
    answer.events.into_iter().map(Entry::try_from).collect::<Result<_, _>>().during(CALL)
}

fn log_id(log: LogId) -> Vec<u8> {
    log.to_bytes().to_vec()
}

fn optional_hash(field: &str, bytes: &[u8]) -> Result<Option<[u8; 32]>, InvalidField> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let cause = Cause::Length { expected: 32, found: bytes.len() };
    bytes.try_into().map(Some).map_err(|_| InvalidField { field: field.into(), cause })
}

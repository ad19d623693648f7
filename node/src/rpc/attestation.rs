//! `AttestationService`. spec: `audit.service`

use super::{
    blocking,
    error::{Error, id, required},
    list::Page,
};
use crate::{
    domain::{AuditLog, Rejection},
    jobs::{attestation::AttestationQueue, rate_limit::RateLimit},
    ledger::{Command, Ledger, Outcome},
};
use audit::{
    attestation::{Attestation, CheckId, NotProven, Status as Standing},
    log::{Event, Listed, LogId, Parties, Receipt, Refused},
};
use circuits::{
    primitives::merkle::BoardPath,
    types::{Address, Domain, SignedHead, TypedData, field_to_bytes},
};
use proto::{
    convert::{Cause, InvalidField},
    v1::{self, attestation_service_server::AttestationService},
};
use std::{sync::Arc, time::Instant};
use tonic::{Request, Response, Status};

/// Attestations, auditors or logs of one page.
const PAGE_MAX: usize = 100;
/// Events of one answer.
const EVENTS_MAX: u32 = 256;
/// Bytes of events after which an answer is full.
const ANSWER_BYTES: usize = 2 << 20;

/// Takes what is signed about audits, and serves the logs.
#[derive(Clone, Debug)]
pub struct Attestations {
    /// The log.
    pub ledger: Arc<Ledger>,
    /// The queue before the verifier.
    pub queue: AttestationQueue,
    /// The rate limit of each signer.
    pub limit: Arc<RateLimit<Address>>,
    /// The rate limit of new logs, shared with drafts.
    pub drafts: Arc<RateLimit<()>>,
    /// log2 of the rows of the largest circuit.
    pub k_max: u32,
}

fn log_id(bytes: &[u8]) -> Result<LogId, Error> {
    id("log_id", bytes, LogId::from_bytes)
}

fn field(field: &str, cause: Cause) -> Error {
    Error::Field(InvalidField { field: field.into(), cause })
}

fn address(name: &str, bytes: &[u8]) -> Result<Address, Error> {
    Address::try_from(bytes).map_err(|e| field(name, e.into()))
}

fn hash(name: &str, bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| field(name, Cause::Length { expected: 32, found: bytes.len() }))
}

/// Reads a filter that may be off.
fn filter<T>(bytes: &[u8], read: impl Fn(&[u8]) -> Result<T, Error>) -> Result<Option<T>, Error> {
    if bytes.is_empty() { Ok(None) } else { read(bytes).map(Some) }
}

/// Whose turns an event takes: nobody else's, since it is signed.
fn signer(parties: &Parties, event: &Event) -> Address {
    match event {
        Event::Auditor(_) => parties.organiser,
        Event::Anchor(signed) => signed.anchor.auditor,
        Event::Attestation(attestation) => attestation.claim.auditor,
        Event::Revocation(signed) => {
            let signer = signed.signature.recover(signed.revocation.signing_hash(&Domain::default()));
            signer.unwrap_or(parties.organiser)
        }
    }
}

impl Attestations {
    fn parties(&self, id: LogId) -> Result<Parties, Error> {
        Ok(self.ledger.state().log(id)?.log.parties().clone())
    }

    /// Cheap checks, limits, the proof, the writer, the receipt. A caller that
    /// hangs up does not undo what may already be written.
    async fn enter(&self, parties: Parties, event: Event) -> Result<v1::LogReceipt, Error> {
        let service = self.clone();
        let entered = tokio::spawn(async move { service.take(parties, event).await }).await;
        entered.unwrap_or(Err(Error::Internal))
    }

    async fn take(&self, parties: Parties, event: Event) -> Result<v1::LogReceipt, Error> {
        let id = parties.log();
        let (event, repeated, signer) = self.check(parties.clone(), event).await?;
        if let Some(seq) = repeated {
            return self.receipt(id, seq).await;
        }
        let is_new = self.ledger.state().log(id).is_err();
        self.wait_turn(signer, is_new)?;
        let event = self.verify(event).await?;
        let command = Command::Log { parties, event: Box::new(event) };
        match self.ledger.submit(command).await? {
            Outcome::Entered { seq, .. } => {
                if is_new {
                    self.drafts.count((), Instant::now());
                }
                self.receipt(id, seq).await
            }
            Outcome::Done => Err(Error::Internal),
        }
    }

    /// Off the async threads: signatures and hashes of up to 1 MiB.
    async fn check(&self, parties: Parties, event: Event) -> Result<(Event, Option<u32>, Address), Error> {
        blocking(&self.ledger, move |ledger| {
            let state = ledger.state();
            let repeated = state.check_event(ledger.rules(), &parties, ledger.now(), &event)?;
            drop(state);
            let signer = signer(&parties, &event);
            Ok((event, repeated, signer))
        })
        .await
    }

    /// What got here is signed, so that each signer spends turns of its own.
    fn wait_turn(&self, signer: Address, is_new: bool) -> Result<(), Error> {
        let now = Instant::now();
        if let Some(wait) = self.drafts.wait(&(), now).filter(|_| is_new) {
            return Err(Error::DraftLimit(wait));
        }
        if let Some(wait) = self.limit.wait(&signer, now) {
            return Err(Error::AttestationLimit(wait));
        }
        self.limit.count(signer, now);
        Ok(())
    }

    async fn verify(&self, event: Event) -> Result<Event, Error> {
        let Event::Attestation(attestation) = event else { return Ok(event) };
        let k = attestation.data.shape.k();
        if k > self.k_max {
            return Err(Error::ShapeLimit { found: k, max: self.k_max });
        }
        let (attestation, verdict) = self.queue.verify(attestation).await?;
        verdict.map_err(not_proven)?;
        Ok(Event::Attestation(attestation))
    }

    async fn receipt(&self, id: LogId, seq: u32) -> Result<v1::LogReceipt, Error> {
        let receipt = blocking(&self.ledger, move |l| Ok(l.log_receipt(id, seq)?)).await?;
        Ok((&receipt.ok_or(Error::NotFound("the log has no event of this number yet"))?).into())
    }
}

fn not_proven(why: NotProven) -> Rejection {
    let (check, why) = match why {
        NotProven::NoKey(why) => (CheckId::Key, why),
        NotProven::Fails { check, why } => (check, why),
    };
    Refused::Attestation { check, why }.into()
}

/// What a list shows of an attestation.
fn summary(log: &AuditLog, listed: &Listed, at: u64) -> v1::AttestationSummary {
    v1::AttestationSummary {
        id: listed.id.to_vec(),
        claim: Some((&listed.claim).into()),
        signature: listed.signature.to_bytes().to_vec(),
        status: v1::AttestationStatus::from(log.log.status(listed, at)).into(),
        seq: listed.seq,
        logged: listed.time,
        revocation: listed.revocation.as_ref().map(|(_, signed)| signed.into()),
        successor: log.log.successor(listed, at).map(|new| new.id.to_vec()).unwrap_or_default(),
    }
}

/// What a list is asked for.
struct Wanted {
    model: Option<[u8; 32]>,
    system: String,
    auditor: Option<Address>,
    data_root: Option<[u8; 32]>,
    status: Option<Standing>,
    at: u64,
}

impl Wanted {
    fn read(m: &v1::ListAttestationsRequest, now: u64) -> Result<Self, Error> {
        let status = v1::AttestationStatus::try_from(m.status);
        let status = status.map_err(|e| field("status", Cause::Code(e.0.unsigned_abs())))?;
        Ok(Self {
            model: filter(&m.model_commitment, |b| hash("model_commitment", b))?,
            system: m.system.clone(),
            auditor: filter(&m.auditor, |b| address("auditor", b))?,
            data_root: filter(&m.data_root, |b| hash("data_root", b))?,
            status: status.try_into().ok(),
            at: if m.time == 0 { now } else { m.time },
        })
    }

    fn is(&self, log: &AuditLog, listed: &Listed) -> bool {
        let claim = &listed.claim;
        self.model.is_none_or(|model| model == claim.model_commitment)
            && (self.system.is_empty() || self.system == claim.system)
            && self.auditor.is_none_or(|auditor| auditor == claim.auditor)
            && self.data_root.is_none_or(|root| root == claim.data_root)
            && self.status.is_none_or(|status| status == log.log.status(listed, self.at))
    }
}

/// Events of one log under one head.
struct Paths {
    head: SignedHead,
    paths: Vec<BoardPath>,
}

impl Paths {
    fn of(log: &AuditLog, seqs: &[u32]) -> Option<Self> {
        let path = |seq: &u32| log.log.tree().path_at(*seq, log.size());
        Some(Self { head: log.head?, paths: seqs.iter().map(path).collect::<Option<_>>()? })
    }

    /// Entry and receipt for each path, in order; blocks on the disk.
    fn read(self, ledger: &Ledger, id: LogId) -> Result<Vec<(Event, v1::LogReceipt)>, Error> {
        let head = self.head;
        let entry = |path: BoardPath| {
            let entry = ledger.logged(id, path.index)?.ok_or(Error::Internal)?;
            let receipt = Receipt { row: entry.row(), head, path };
            Ok((entry.event, (&receipt).into()))
        };
        self.paths.into_iter().map(entry).collect()
    }
}

/// An attestation with everything that its status follows from, all under
/// one head.
fn describe(
    ledger: &Ledger,
    id: LogId,
    attestation: [u8; 32],
    time: u64,
) -> Result<v1::GetAttestationResponse, Error> {
    let time = if time == 0 { ledger.now() } else { time };
    let mut answer = v1::GetAttestationResponse { time, ..Default::default() };
    let paths = {
        let state = ledger.state();
        let log = state.log(id)?;
        let unknown = || Rejection::from(Refused::Unknown(attestation));
        let listed = log.log.attestation(&attestation).ok_or_else(unknown)?;
        answer.status = v1::AttestationStatus::from(log.log.status(listed, time)).into();
        answer.successor = log.log.successor(listed, time).map(|new| new.id.to_vec()).unwrap_or_default();
        let registration = log.log.auditor(listed.claim.auditor).ok_or(Error::Internal)?;
        let anchor = log.log.anchored(&listed.claim.data_root).ok_or(Error::Internal)?;
        let mut seqs = vec![listed.seq, registration.seq, anchor.seq];
        seqs.extend(listed.revocation.as_ref().map(|(seq, _)| *seq));
        Paths::of(log, &seqs).ok_or(Error::Internal)?
    };
    for (event, receipt) in paths.read(ledger, id)? {
        let receipt = Some(receipt);
        match event {
            Event::Auditor(signed) => {
                (answer.registration, answer.registration_receipt) = (Some((&signed).into()), receipt);
            }
            Event::Anchor(signed) => {
                (answer.anchor, answer.anchor_receipt) = (Some((&signed).into()), receipt)
            }
            Event::Attestation(found) => (answer.attestation, answer.receipt) = (found.to_bytes(), receipt),
            Event::Revocation(signed) => {
                (answer.revocation, answer.revocation_receipt) = (Some((&signed).into()), receipt);
            }
        }
    }
    Ok(answer)
}

/// Acknowledged events from `start` on, as many as fit.
fn events(ledger: &Ledger, id: LogId, start: u32, limit: u32) -> Result<Vec<v1::LogEvent>, Error> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    for seq in start..start.saturating_add(limit) {
        let Some(entry) = ledger.logged(id, seq)? else { break };
        let event = v1::LogEvent::from(&entry);
        bytes += prost::Message::encoded_len(&event);
        if !events.is_empty() && bytes > ANSWER_BYTES {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

#[tonic::async_trait]
impl AttestationService for Attestations {
    async fn register_auditor(
        &self,
        request: Request<v1::RegisterAuditorRequest>,
    ) -> Result<Response<v1::RegisterAuditorResponse>, Status> {
        let m = request.into_inner();
        let organiser = address("organiser", &m.organiser)?;
        let signed: audit::attestation::SignedRegistration = required("registration", m.registration)?;
        let organisation = signed.registration.organisation.clone();
        let parties = Parties { operator: self.ledger.rules().operator, organiser, organisation };
        let log_id = parties.log().to_bytes().to_vec();
        let receipt = Some(self.enter(parties, Event::Auditor(signed)).await?);
        Ok(Response::new(v1::RegisterAuditorResponse { log_id, receipt }))
    }

    async fn anchor(
        &self,
        request: Request<v1::AnchorRequest>,
    ) -> Result<Response<v1::AnchorResponse>, Status> {
        let m = request.into_inner();
        let (parties, signed) = (self.parties(log_id(&m.log_id)?)?, required("anchor", m.anchor)?);
        let receipt = Some(self.enter(parties, Event::Anchor(signed)).await?);
        Ok(Response::new(v1::AnchorResponse { receipt }))
    }

    async fn submit(
        &self,
        request: Request<v1::SubmitAttestationRequest>,
    ) -> Result<Response<v1::SubmitAttestationResponse>, Status> {
        let m = request.into_inner();
        let parties = self.parties(log_id(&m.log_id)?)?;
        let attestation = blocking(&self.ledger, move |_| {
            let read = Attestation::from_bytes(&m.attestation);
            read.map_err(|e| field("attestation", Box::new(e).into()))
        });
        let event = Event::Attestation(Box::new(attestation.await?));
        let receipt = Some(self.enter(parties, event).await?);
        Ok(Response::new(v1::SubmitAttestationResponse { receipt }))
    }

    async fn revoke(
        &self,
        request: Request<v1::RevokeAttestationRequest>,
    ) -> Result<Response<v1::RevokeAttestationResponse>, Status> {
        let m = request.into_inner();
        let (parties, signed) = (self.parties(log_id(&m.log_id)?)?, required("revocation", m.revocation)?);
        let receipt = Some(self.enter(parties, Event::Revocation(signed)).await?);
        Ok(Response::new(v1::RevokeAttestationResponse { receipt }))
    }

    async fn get(
        &self,
        request: Request<v1::GetAttestationRequest>,
    ) -> Result<Response<v1::GetAttestationResponse>, Status> {
        let m = request.into_inner();
        let (log, attestation) = (log_id(&m.log_id)?, hash("id", &m.id)?);
        let answer = blocking(&self.ledger, move |l| describe(l, log, attestation, m.time)).await?;
        Ok(Response::new(answer))
    }

    async fn list(
        &self,
        request: Request<v1::ListAttestationsRequest>,
    ) -> Result<Response<v1::ListAttestationsResponse>, Status> {
        let m = request.into_inner();
        let (id, wanted) = (log_id(&m.log_id)?, Wanted::read(&m, self.ledger.now())?);
        let page = Page::read(m.page_size, &m.page_token, PAGE_MAX)?;
        let state = self.ledger.state();
        let log = state.log(id).map_err(Error::from)?;
        let (found, next_page_token) = page.of(log.log.attestations().iter(), |l| wanted.is(log, l));
        let attestations = found.into_iter().map(|listed| summary(log, listed, wanted.at)).collect();
        Ok(Response::new(v1::ListAttestationsResponse { attestations, next_page_token, time: wanted.at }))
    }

    async fn list_auditors(
        &self,
        request: Request<v1::ListAuditorsRequest>,
    ) -> Result<Response<v1::ListAuditorsResponse>, Status> {
        let m = request.into_inner();
        let page = Page::read(m.page_size, &m.page_token, PAGE_MAX)?;
        let state = self.ledger.state();
        let log = state.log(log_id(&m.log_id)?).map_err(Error::from)?;
        let (found, next_page_token) = page.of(log.log.auditors().iter(), |_| true);
        let auditors = found.into_iter().map(|named| (&named.signed).into()).collect();
        Ok(Response::new(v1::ListAuditorsResponse { auditors, next_page_token }))
    }

    async fn list_logs(
        &self,
        request: Request<v1::ListLogsRequest>,
    ) -> Result<Response<v1::ListLogsResponse>, Status> {
        let m = request.into_inner();
        let page = Page::read(m.page_size, &m.page_token, PAGE_MAX)?;
        let state = self.ledger.state();
        let (found, next_page_token) = page.of(state.logs(), |_| true);
        let summary = |l: &AuditLog| v1::LogSummary {
            log_id: l.log.id().to_bytes().to_vec(),
            organiser: l.log.parties().organiser.0.to_vec(),
            organisation: l.log.parties().organisation.clone(),
            size: l.size(),
        };
        let logs = found.into_iter().map(summary).collect();
        Ok(Response::new(v1::ListLogsResponse { logs, next_page_token }))
    }

    async fn get_head(
        &self,
        request: Request<v1::GetLogHeadRequest>,
    ) -> Result<Response<v1::GetHeadResponse>, Status> {
        let id = log_id(&request.into_inner().log_id)?;
        let head = self.ledger.state().log(id).map_err(Error::from)?.head;
        Ok(Response::new(v1::GetHeadResponse { head: head.as_ref().map(Into::into) }))
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        let m = request.into_inner();
        let id = log_id(&m.log_id)?;
        self.ledger.state().log(id).map_err(Error::from)?;
        let limit = if m.limit == 0 { EVENTS_MAX } else { m.limit.min(EVENTS_MAX) };
        let events = blocking(&self.ledger, move |l| events(l, id, m.start, limit)).await?;
        Ok(Response::new(v1::ListEventsResponse { events }))
    }

    async fn prove_inclusion(
        &self,
        request: Request<v1::ProveEventRequest>,
    ) -> Result<Response<v1::ProveEventResponse>, Status> {
        let m = request.into_inner();
        let id = log_id(&m.log_id)?;
        self.ledger.state().log(id).map_err(Error::from)?;
        let receipt = Some(self.receipt(id, m.seq).await?);
        Ok(Response::new(v1::ProveEventResponse { receipt }))
    }

    async fn prove_consistency(
        &self,
        request: Request<v1::ProveLogRequest>,
    ) -> Result<Response<v1::ProveConsistencyResponse>, Status> {
        let v1::ProveLogRequest { log_id: id, first_size, second_size } = request.into_inner();
        let proof = {
            let state = self.ledger.state();
            let log = state.log(log_id(&id)?).map_err(Error::from)?;
            let acknowledged = second_size <= log.size();
            acknowledged.then(|| log.log.tree().prove_consistency(first_size, second_size)).flatten()
        };
        let proof = proof.ok_or(Error::NotFound(
            "sizes must rise and be at most the newest head's; ask for that head first",
        ))?;
        let bytes = |nodes: &[_]| nodes.iter().map(|x| field_to_bytes(*x).to_vec()).collect();
        let (first_subtrees, siblings) = (bytes(&proof.first_subtrees), bytes(&proof.siblings));
        Ok(Response::new(v1::ProveConsistencyResponse { first_subtrees, siblings }))
    }
}

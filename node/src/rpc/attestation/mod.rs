//! `AttestationService`. spec: `audit.service`

mod list;
mod show;

use self::{
    list::{Wanted, summary},
    show::{describe, events},
};
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
    attestation::{Attestation, CheckId, NotProven},
    log::{Event, LogId, Parties, Refused},
};
use circuits::types::{Address, Domain, TypedData};
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
        Ok(Response::new((&proof).into()))
    }
}

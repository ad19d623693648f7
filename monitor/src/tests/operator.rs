//! A test operator: nodes that show what they are told to, over the real
//! services, signed with one operator's key.

use super::fixture::{Fixture, ballot_key, registration_key};
use audit::{log::Entry, testing};
use circuits::types::*;
use proto::v1::{
    self, attestation_service_server as attestation, board_service_server as board,
    election_service_server as election, registry_service_server as registry,
    trustee_service_server as trustee,
};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::{Stream, wrappers::TcpListenerStream};
use tonic::{Request, Response, Status, transport::Server};

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Answer<T> = Result<Response<T>, Status>;

/// What a node shows.
pub struct View {
    pub entries: Vec<BoardEntry>,
    /// Shown instead of the head over `entries`.
    pub head: Option<SignedHead>,
    pub time: u64,
    pub closed: bool,
    pub registrations: Vec<Registration>,
    pub messages: Vec<TrusteeMessage>,
    pub conflicts: Vec<TrusteeMessage>,
    pub tally: Option<Tally>,
    pub close_signature: Vec<u8>,
    /// Starts of the streams that were asked for.
    pub starts: Vec<u32>,
    /// Every stream of entries ends after so many pages, as if nothing was
    /// wrong or with a status.
    pub ends: Option<(usize, Option<Status>)>,
    /// A log of audits; without any, the node knows no calls about logs.
    pub log: Vec<Entry>,
    /// Its head.
    pub log_head: Option<SignedHead>,
    /// What is said instead of events.
    pub log_refusal: Option<Status>,
}

/// A server with its connections, all of which end when it is dropped.
pub struct Serving(Option<Runtime>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

/// Clones share one view.
#[derive(Clone)]
pub struct FakeNode {
    fixture: Arc<Fixture>,
    view: Arc<Mutex<View>>,
    pub url: String,
}

impl FakeNode {
    /// Serves on a free port of loopback until the handle is dropped.
    pub async fn start(fixture: &Arc<Fixture>, entries: &[BoardEntry]) -> (Self, Serving) {
        let view = View {
            entries: entries.to_vec(),
            head: None,
            time: 10,
            closed: false,
            registrations: fixture.registrations.clone(),
            messages: Vec::new(),
            conflicts: Vec::new(),
            tally: None,
            close_signature: Vec::new(),
            starts: Vec::new(),
            ends: None,
            log: Vec::new(),
            log_head: None,
            log_refusal: None,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let node = Self { fixture: fixture.clone(), view: Arc::new(Mutex::new(view)), url };
        let handle = node.serve(listener);
        (node, handle)
    }

    /// Serves the same view again, at the same address.
    pub async fn restart(&self) -> Serving {
        let address = self.url.trim_start_matches("http://");
        loop {
            if let Ok(listener) = TcpListener::bind(address).await {
                return self.serve(listener);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    fn serve(&self, listener: TcpListener) -> Serving {
        let server = Server::builder()
            .add_service(attestation::AttestationServiceServer::new(self.clone()))
            .add_service(board::BoardServiceServer::new(self.clone()))
            .add_service(election::ElectionServiceServer::new(self.clone()))
            .add_service(registry::RegistryServiceServer::new(self.clone()))
            .add_service(trustee::TrusteeServiceServer::new(self.clone()));
        let runtime = Runtime::new().unwrap();
        let listener = listener.into_std().unwrap();
        runtime.spawn(async move {
            let incoming = TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
            server.serve_with_incoming(incoming).await.unwrap();
        });
        Serving(Some(runtime))
    }

    pub fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap()
    }

    pub fn head(&self) -> SignedHead {
        let view = self.view();
        view.head.unwrap_or_else(|| self.fixture.head(&view.entries, view.time, view.closed))
    }

    fn phase(&self) -> v1::Phase {
        let view = self.view();
        match (view.closed, &view.tally) {
            (false, _) => v1::Phase::Voting,
            (true, None) => v1::Phase::Closed,
            (true, Some(_)) => v1::Phase::Tallied,
        }
    }
}

fn streamed<T: Send + 'static>(pages: Vec<T>) -> Response<Streamed<T>> {
    Response::new(Box::pin(tokio_stream::iter(pages.into_iter().map(Ok))))
}

fn unused<T>() -> Answer<T> {
    Err(Status::unimplemented("not needed"))
}

#[tonic::async_trait]
impl attestation::AttestationService for FakeNode {
    async fn list_logs(&self, _: Request<v1::ListLogsRequest>) -> Answer<v1::ListLogsResponse> {
        if self.view().log.is_empty() {
            return unused();
        }
        let (organiser, organisation) = (self.fixture.organiser.address(), testing::ORGANISATION.to_owned());
        let log = v1::LogSummary { organiser: organiser.0.to_vec(), organisation, ..Default::default() };
        Ok(Response::new(v1::ListLogsResponse { logs: vec![log], ..Default::default() }))
    }

    async fn get_head(&self, _: Request<v1::GetLogHeadRequest>) -> Answer<v1::GetHeadResponse> {
        Ok(Response::new(v1::GetHeadResponse { head: self.view().log_head.as_ref().map(Into::into) }))
    }

    async fn list_events(&self, request: Request<v1::ListEventsRequest>) -> Answer<v1::ListEventsResponse> {
        let view = self.view();
        if let Some(refusal) = &view.log_refusal {
            return Err(refusal.clone());
        }
        let events = view.log.iter().skip(request.get_ref().start as usize).map(Into::into).collect();
        Ok(Response::new(v1::ListEventsResponse { events }))
    }

    async fn register_auditor(
        &self,
        _: Request<v1::RegisterAuditorRequest>,
    ) -> Answer<v1::RegisterAuditorResponse> {
        unused()
    }

    async fn anchor(&self, _: Request<v1::AnchorRequest>) -> Answer<v1::AnchorResponse> {
        unused()
    }

    async fn submit(
        &self,
        _: Request<v1::SubmitAttestationRequest>,
    ) -> Answer<v1::SubmitAttestationResponse> {
        unused()
    }

    async fn revoke(
        &self,
        _: Request<v1::RevokeAttestationRequest>,
    ) -> Answer<v1::RevokeAttestationResponse> {
        unused()
    }

    async fn get(&self, _: Request<v1::GetAttestationRequest>) -> Answer<v1::GetAttestationResponse> {
        unused()
    }

    async fn list(&self, _: Request<v1::ListAttestationsRequest>) -> Answer<v1::ListAttestationsResponse> {
        unused()
    }

    async fn list_auditors(&self, _: Request<v1::ListAuditorsRequest>) -> Answer<v1::ListAuditorsResponse> {
        unused()
    }

    async fn prove_inclusion(&self, _: Request<v1::ProveEventRequest>) -> Answer<v1::ProveEventResponse> {
        unused()
    }

    async fn prove_consistency(
        &self,
        _: Request<v1::ProveLogRequest>,
    ) -> Answer<v1::ProveConsistencyResponse> {
        unused()
    }
}

#[tonic::async_trait]
impl board::BoardService for FakeNode {
    type StreamEntriesStream = Streamed<v1::StreamEntriesResponse>;

    async fn get_head(&self, _: Request<v1::GetHeadRequest>) -> Answer<v1::GetHeadResponse> {
        Ok(Response::new(v1::GetHeadResponse { head: Some((&self.head()).into()) }))
    }

    async fn stream_entries(
        &self,
        request: Request<v1::StreamEntriesRequest>,
    ) -> Answer<Self::StreamEntriesStream> {
        let start = request.get_ref().start;
        let mut view = self.view();
        view.starts.push(start);
        let rest = view.entries.get(start as usize..).unwrap_or_default();
        let pages = rest.chunks(2).zip((start..).step_by(2)).map(|(page, start)| v1::StreamEntriesResponse {
            start,
            entries: page.iter().map(Into::into).collect(),
        });
        let Some((count, status)) = view.ends.clone() else { return Ok(streamed(pages.collect())) };
        let pages: Vec<_> = pages.take(count).map(Ok).chain(status.map(Err)).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(pages))))
    }

    async fn list_entries(&self, _: Request<v1::ListEntriesRequest>) -> Answer<v1::ListEntriesResponse> {
        unused()
    }

    async fn prove_inclusion(
        &self,
        _: Request<v1::ProveInclusionRequest>,
    ) -> Answer<v1::ProveInclusionResponse> {
        unused()
    }

    async fn prove_consistency(
        &self,
        _: Request<v1::ProveConsistencyRequest>,
    ) -> Answer<v1::ProveConsistencyResponse> {
        unused()
    }
}

#[tonic::async_trait]
impl election::ElectionService for FakeNode {
    type GetRecordStream = Streamed<v1::GetRecordResponse>;

    async fn get_election(&self, _: Request<v1::GetElectionRequest>) -> Answer<v1::GetElectionResponse> {
        let mut answer = self.fixture.answer(self.phase());
        answer.close_signature = self.view().close_signature.clone();
        Ok(Response::new(answer))
    }

    async fn list_elections(
        &self,
        _: Request<v1::ListElectionsRequest>,
    ) -> Answer<v1::ListElectionsResponse> {
        let e = &self.fixture.election;
        let summary = v1::ElectionSummary {
            draft_id: e.draft().id().to_bytes().to_vec(),
            election_id: e.id.to_bytes().to_vec(),
            phase: self.phase().into(),
            organisation: e.draft().organisation.clone(),
            opening: 1,
            closing: 1_000,
        };
        let elections = vec![summary];
        Ok(Response::new(v1::ListElectionsResponse { elections, next_page_token: String::new() }))
    }

    async fn get_verifying_key(
        &self,
        request: Request<v1::GetVerifyingKeyRequest>,
    ) -> Answer<v1::GetVerifyingKeyResponse> {
        let keys = [registration_key(), ballot_key()];
        let key = keys.iter().map(|k| k.verifying_key()).find(|k| k.hash().0[..] == request.get_ref().hash);
        let key = key.ok_or(Status::not_found("no such key"))?.to_bytes();
        Ok(Response::new(v1::GetVerifyingKeyResponse { key }))
    }

    async fn get_tally(&self, _: Request<v1::GetTallyRequest>) -> Answer<v1::GetTallyResponse> {
        let view = self.view();
        let tally = view.tally.as_ref().ok_or(Status::not_found("not proven yet"))?;
        Ok(Response::new(v1::GetTallyResponse { tally: Some(tally.into()) }))
    }

    async fn create_draft(&self, _: Request<v1::CreateDraftRequest>) -> Answer<v1::CreateDraftResponse> {
        unused()
    }

    async fn freeze_census(
        &self,
        _: Request<tonic::Streaming<v1::FreezeCensusRequest>>,
    ) -> Answer<v1::FreezeCensusResponse> {
        unused()
    }

    async fn open_election(&self, _: Request<v1::OpenElectionRequest>) -> Answer<v1::OpenElectionResponse> {
        unused()
    }

    async fn close_election(
        &self,
        _: Request<v1::CloseElectionRequest>,
    ) -> Answer<v1::CloseElectionResponse> {
        unused()
    }

    async fn get_record(&self, _: Request<v1::GetRecordRequest>) -> Answer<Self::GetRecordStream> {
        unused()
    }
}

#[tonic::async_trait]
impl registry::RegistryService for FakeNode {
    type ListRegistrationsStream = Streamed<v1::ListRegistrationsResponse>;
    type GetCensusStream = Streamed<v1::GetCensusResponse>;
    type GetHoldersStream = Streamed<v1::GetHoldersResponse>;

    async fn register(&self, _: Request<v1::RegisterRequest>) -> Answer<v1::RegisterResponse> {
        unused()
    }

    async fn list_registrations(
        &self,
        _: Request<v1::ListRegistrationsRequest>,
    ) -> Answer<Self::ListRegistrationsStream> {
        let registrations = self.view().registrations.iter().map(Into::into).collect();
        Ok(streamed(vec![v1::ListRegistrationsResponse { registrations }]))
    }

    async fn get_census(&self, _: Request<v1::GetCensusRequest>) -> Answer<Self::GetCensusStream> {
        let entries = self.fixture.census.entries().iter().map(Into::into).collect();
        Ok(streamed(vec![v1::GetCensusResponse { entries }]))
    }

    async fn get_holders(&self, _: Request<v1::GetHoldersRequest>) -> Answer<Self::GetHoldersStream> {
        let holders = self.fixture.holders.iter().map(Into::into).collect();
        Ok(streamed(vec![v1::GetHoldersResponse { holders }]))
    }
}

#[tonic::async_trait]
impl trustee::TrusteeService for FakeNode {
    async fn post(&self, _: Request<v1::PostRequest>) -> Answer<v1::PostResponse> {
        unused()
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Answer<v1::ListResponse> {
        let (view, start) = (self.view(), request.get_ref().start as usize);
        let messages = view.messages.iter().skip(start).map(Into::into).collect();
        let conflicts = if start == 0 { view.conflicts.iter().map(Into::into).collect() } else { Vec::new() };
        Ok(Response::new(v1::ListResponse { messages, conflicts }))
    }
}

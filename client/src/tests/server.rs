//! A node that follows a script and records what it is asked.

use super::fixture::{Fixture, entry};
use circuits::types::*;
use prost::Message;
use proto::v1::{
    self, ballot_service_server as ballot, board_service_server as board,
    election_service_server as election, registry_service_server as registry,
};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio_stream::{Stream, wrappers::TcpListenerStream};
use tonic::{Code, Request, Response, Status, transport::Server};
use tonic_types::{ErrorDetails, StatusExt};

type Streamed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the node does with the next entry. Without a script it accepts.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Somebody else's entry on the same slot comes first.
    Overtake,
    /// The entry is on the board, the answer is lost.
    AcceptAndLose,
    /// As before, and then somebody overwrites the slot.
    AcceptLoseAndOvertake,
    /// A relay changed the proof's bytes.
    Rerandomise,
    /// The slot's rate limit.
    Limit,
    /// Not reachable, nothing stored.
    Unreachable,
    /// Somebody spends this entry's ticket on another slot.
    CopyTicket,
    /// Accepts, but gives the receipt of entry 0.
    OtherReceipt,
    /// Refused for good, with a field.
    Refuse,
    /// Accepts and closes the board under a later entry.
    OvertakeAndClose,
}

/// A request: the method and its encoded length.
pub type Call = (&'static str, usize);

#[derive(Default)]
pub struct State {
    pub entries: Vec<BoardEntry>,
    pub closed: bool,
    pub script: VecDeque<Act>,
    pub calls: Vec<Call>,
    pub submitted: Vec<BoardEntry>,
    strangers: u64,
}

/// Clones share one state.
#[derive(Clone)]
pub struct FakeNode {
    pub fixture: Arc<Fixture>,
    state: Arc<Mutex<State>>,
}

impl FakeNode {
    /// Serves on a port of loopback; returns a connected client too.
    pub async fn start(fixture: Arc<Fixture>) -> (Self, crate::Node) {
        let node = Self { fixture, state: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder()
            .add_service(ballot::BallotServiceServer::new(node.clone()))
            .add_service(board::BoardServiceServer::new(node.clone()))
            .add_service(election::ElectionServiceServer::new(node.clone()))
            .add_service(registry::RegistryServiceServer::new(node.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (node, crate::Node::connect(&address).await.unwrap())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn script(&self, acts: impl IntoIterator<Item = Act>) {
        self.state().script = acts.into_iter().collect();
    }

    /// The requests since the last time.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    fn log(&self, method: &'static str, request: &impl Message) {
        self.state().calls.push((method, request.encoded_len()));
    }

    fn mirror(&self, state: &State) -> crate::board::Mirror {
        let mut mirror = crate::board::Mirror::new(&self.fixture.election);
        mirror.extend(&state.entries).unwrap();
        mirror.adopt(self.head(state)).unwrap();
        mirror
    }

    fn head(&self, state: &State) -> SignedHead {
        let rows: Vec<BoardRow> = state.entries.iter().map(BoardEntry::row).collect();
        self.fixture.head(rows.len() as u32, board_root(&rows), state.closed)
    }

    fn receipt(&self, state: &State, seq: u32) -> v1::SubmitBallotResponse {
        let receipt = self.mirror(state).receipt(seq).unwrap();
        v1::SubmitBallotResponse { receipt: Some((&receipt).into()) }
    }

    /// Compare-and-set, as a node does it, without the proof.
    fn accept(&self, state: &mut State, new: BoardEntry) -> Result<u32, Status> {
        let same = |e: &BoardEntry| {
            (e.slot, e.prev_digest, e.next_digest) == (new.slot, new.prev_digest, new.next_digest)
        };
        if let Some(seq) = state.entries.iter().position(same) {
            return Ok(seq as u32);
        }
        let mirror = self.mirror(state);
        let current = mirror.digest(new.slot);
        if state.closed {
            return Err(Status::failed_precondition("voting ended"));
        }
        if current != new.prev_digest {
            let facts = [("current_digest".to_owned(), current.to_string())];
            let details = ErrorDetails::with_error_info("STALE", "tabella", facts);
            return Err(Status::with_error_details(Code::Aborted, "the slot has moved on", details));
        }
        if mirror.spent(new.ticket).is_some() {
            return Err(Status::already_exists("the ticket was spent"));
        }
        state.entries.push(new);
        Ok(mirror.len())
    }

    /// An entry of somebody else.
    fn stranger(&self, state: &mut State, slot: Slot, ticket: Option<Ticket>) {
        state.strangers += 1;
        let mut new = entry(0, self.mirror(state).digest(slot), 1_000_000 + state.strangers);
        new.slot = slot;
        new.ticket = ticket.unwrap_or(new.ticket);
        state.entries.push(new);
    }

    fn act(&self, state: &mut State, act: Option<Act>, new: BoardEntry) -> Result<u32, Status> {
        let lost = Status::unavailable("connection lost");
        match act {
            None => self.accept(state, new),
            Some(Act::Overtake) => {
                self.stranger(state, new.slot, None);
                self.accept(state, new)
            }
            Some(Act::AcceptAndLose) => self.accept(state, new).and(Err(lost)),
            Some(Act::AcceptLoseAndOvertake) => {
                let slot = new.slot;
                self.accept(state, new)?;
                self.stranger(state, slot, None);
                Err(Status::aborted("the slot has moved on"))
            }
            Some(Act::Rerandomise) => self.accept(state, BoardEntry { proof: ProofBytes([7; 256]), ..new }),
            Some(Act::Limit) => {
                let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(5)));
                Err(Status::with_error_details(Code::ResourceExhausted, "too fast", details))
            }
            Some(Act::Unreachable) => Err(lost),
            Some(Act::CopyTicket) => {
                self.stranger(state, Slot::from_field(77u64.into()), Some(new.ticket));
                self.accept(state, new)
            }
            Some(Act::OtherReceipt) => self.accept(state, new).and(Ok(0)),
            Some(Act::Refuse) => {
                let details = ErrorDetails::with_bad_request_violation("entry.slot", "it is ugly");
                Err(Status::with_error_details(Code::InvalidArgument, "refused", details))
            }
            Some(Act::OvertakeAndClose) => {
                self.stranger(state, new.slot, None);
                state.closed = true;
                Err(Status::aborted("the slot has moved on"))
            }
        }
    }
}

#[tonic::async_trait]
impl ballot::BallotService for FakeNode {
    async fn submit(
        &self,
        request: Request<v1::SubmitBallotRequest>,
    ) -> Result<Response<v1::SubmitBallotResponse>, Status> {
        let request = request.into_inner();
        self.log("Submit", &request);
        let new = BoardEntry::try_from(request.entry.unwrap()).unwrap();
        let mut state = self.state();
        state.submitted.push(new.clone());
        let act = state.script.pop_front();
        let seq = self.act(&mut state, act, new)?;
        Ok(Response::new(self.receipt(&state, seq)))
    }
}

#[tonic::async_trait]
impl board::BoardService for FakeNode {
    async fn get_head(
        &self,
        request: Request<v1::GetHeadRequest>,
    ) -> Result<Response<v1::GetHeadResponse>, Status> {
        self.log("GetHead", request.get_ref());
        let head = self.head(&self.state());
        Ok(Response::new(v1::GetHeadResponse { head: Some((&head).into()) }))
    }

    async fn list_entries(
        &self,
        request: Request<v1::ListEntriesRequest>,
    ) -> Result<Response<v1::ListEntriesResponse>, Status> {
        self.log("ListEntries", request.get_ref());
        Err(Status::unimplemented("not needed"))
    }

    type StreamEntriesStream = Streamed<v1::StreamEntriesResponse>;

    async fn stream_entries(
        &self,
        request: Request<v1::StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        self.log("StreamEntries", request.get_ref());
        let start = request.get_ref().start;
        let state = self.state();
        // Two entries a page.
        let pages: Vec<_> = state.entries[start as usize..]
            .chunks(2)
            .zip((start..).step_by(2))
            .map(|(page, start)| {
                Ok(v1::StreamEntriesResponse { start, entries: page.iter().map(Into::into).collect() })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(pages))))
    }

    async fn prove_inclusion(
        &self,
        request: Request<v1::ProveInclusionRequest>,
    ) -> Result<Response<v1::ProveInclusionResponse>, Status> {
        self.log("ProveInclusion", request.get_ref());
        Err(Status::unimplemented("not needed"))
    }

    async fn prove_consistency(
        &self,
        request: Request<v1::ProveConsistencyRequest>,
    ) -> Result<Response<v1::ProveConsistencyResponse>, Status> {
        self.log("ProveConsistency", request.get_ref());
        Err(Status::unimplemented("not needed"))
    }
}

#[tonic::async_trait]
impl registry::RegistryService for FakeNode {
    async fn register(
        &self,
        request: Request<v1::RegisterRequest>,
    ) -> Result<Response<v1::RegisterResponse>, Status> {
        self.log("Register", request.get_ref());
        Err(Status::unimplemented("not needed"))
    }

    type ListRegistrationsStream = Streamed<v1::ListRegistrationsResponse>;

    async fn list_registrations(
        &self,
        request: Request<v1::ListRegistrationsRequest>,
    ) -> Result<Response<Self::ListRegistrationsStream>, Status> {
        self.log("ListRegistrations", request.get_ref());
        Err(Status::unimplemented("not needed"))
    }

    type GetCensusStream = Streamed<v1::GetCensusResponse>;

    async fn get_census(
        &self,
        request: Request<v1::GetCensusRequest>,
    ) -> Result<Response<Self::GetCensusStream>, Status> {
        self.log("GetCensus", request.get_ref());
        let page = |page: &[CensusEntry]| {
            Ok(v1::GetCensusResponse { entries: page.iter().map(Into::into).collect() })
        };
        let pages: Vec<_> = self.fixture.census.entries().chunks(3).map(page).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(pages))))
    }

    type GetHoldersStream = Streamed<v1::GetHoldersResponse>;

    async fn get_holders(
        &self,
        request: Request<v1::GetHoldersRequest>,
    ) -> Result<Response<Self::GetHoldersStream>, Status> {
        self.log("GetHolders", request.get_ref());
        let holders = self.fixture.holders.iter().map(Into::into).collect();
        let pages = [Ok(v1::GetHoldersResponse { holders })];
        Ok(Response::new(Box::pin(tokio_stream::iter(pages))))
    }
}

#[tonic::async_trait]
impl election::ElectionService for FakeNode {
    async fn create_draft(
        &self,
        request: Request<v1::CreateDraftRequest>,
    ) -> Result<Response<v1::CreateDraftResponse>, Status> {
        let draft = SignedDraft::try_from(request.into_inner().draft.unwrap()).unwrap();
        Ok(Response::new(v1::CreateDraftResponse { draft_id: draft.draft.id().to_bytes().to_vec() }))
    }

    /// Says what a dishonest node would: any statement is fine.
    async fn freeze_census(
        &self,
        request: Request<tonic::Streaming<v1::FreezeCensusRequest>>,
    ) -> Result<Response<v1::FreezeCensusResponse>, Status> {
        let (mut stream, mut statement, mut holders) = (request.into_inner(), None, 0);
        while let Some(part) = stream.message().await? {
            match part.part.unwrap() {
                v1::freeze_census_request::Part::Header(h) => statement = h.statement,
                v1::freeze_census_request::Part::Holders(h) => holders += h.holders.len(),
            }
        }
        assert_eq!(holders, self.fixture.holders.len());
        Ok(Response::new(v1::FreezeCensusResponse { statement }))
    }

    async fn open_election(
        &self,
        _: Request<v1::OpenElectionRequest>,
    ) -> Result<Response<v1::OpenElectionResponse>, Status> {
        let election_id = self.fixture.election.id.to_bytes().to_vec();
        Ok(Response::new(v1::OpenElectionResponse { election_id }))
    }

    async fn close_election(
        &self,
        _: Request<v1::CloseElectionRequest>,
    ) -> Result<Response<v1::CloseElectionResponse>, Status> {
        let mut state = self.state();
        state.closed = true;
        let head = Some((&self.head(&state)).into());
        Ok(Response::new(v1::CloseElectionResponse { head }))
    }

    async fn get_election(
        &self,
        request: Request<v1::GetElectionRequest>,
    ) -> Result<Response<v1::GetElectionResponse>, Status> {
        self.log("GetElection", request.get_ref());
        Ok(Response::new(self.fixture.answer()))
    }

    type GetRecordStream = Streamed<v1::GetRecordResponse>;

    async fn get_record(
        &self,
        _: Request<v1::GetRecordRequest>,
    ) -> Result<Response<Self::GetRecordStream>, Status> {
        let part =
            |path: &str, data: &str| Ok(v1::GetRecordResponse { path: path.into(), data: data.into() });
        let parts = [part("a", "1"), part("a", "2"), part("b/c", "3")];
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }

    async fn list_elections(
        &self,
        _: Request<v1::ListElectionsRequest>,
    ) -> Result<Response<v1::ListElectionsResponse>, Status> {
        Err(Status::unimplemented("not needed"))
    }

    async fn get_verifying_key(
        &self,
        _: Request<v1::GetVerifyingKeyRequest>,
    ) -> Result<Response<v1::GetVerifyingKeyResponse>, Status> {
        let key = super::fixture::ballot_key().verifying_key().to_bytes();
        Ok(Response::new(v1::GetVerifyingKeyResponse { key }))
    }

    async fn get_tally(
        &self,
        _: Request<v1::GetTallyRequest>,
    ) -> Result<Response<v1::GetTallyResponse>, Status> {
        Err(Status::not_found("not proven yet"))
    }
}

//! `BoardService`. spec: `board`

use super::{
    AllPlaces, Answers, Place, STREAM_BUFFER, blocking,
    error::{Error, id},
};
use crate::ledger::Ledger;
use circuits::types::ElectionId;
use proto::v1::{
    GetHeadRequest, GetHeadResponse, ListEntriesRequest, ListEntriesResponse, ProveConsistencyRequest,
    ProveConsistencyResponse, ProveInclusionRequest, ProveInclusionResponse, StreamEntriesRequest,
    StreamEntriesResponse, board_service_server::BoardService,
};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

/// Entries of one list.
const LIST_MAX: u32 = 1024;
/// Entries of one message of a stream.
const STREAM_MAX: u32 = 256;

/// Serves the boards.
#[derive(Clone, Debug)]
pub struct Boards {
    /// The log.
    pub ledger: Arc<Ledger>,
    /// For streams.
    pub places: AllPlaces,
    /// Turns to true when the node shuts down: streams that follow a board
    /// would never end by themselves.
    pub ended: watch::Receiver<bool>,
}

fn election(bytes: &[u8]) -> Result<ElectionId, Error> {
    id("election_id", bytes, ElectionId::from_bytes)
}

/// A stream of entries on its way to one reader.
struct Follower {
    ledger: Arc<Ledger>,
    id: ElectionId,
    start: u32,
    follow: bool,
    answers: mpsc::Sender<Result<StreamEntriesResponse, Status>>,
    ended: watch::Receiver<bool>,
    _place: Place,
}

impl Follower {
    async fn run(mut self) {
        let mut changes = self.ledger.changes();
        loop {
            changes.mark_unchanged();
            // The head is read before the entries: none of a closed board is missed.
            let last = !self.follow || self.is_closed();
            if !self.send_all().await || last {
                return;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.answers.closed() => return,
                () = ended(&mut self.ended) => break,
            }
        }
        // A reader that has gone away needs no reason.
        let _ = self.answers.send(Err(Error::ShuttingDown.into())).await;
    }

    fn is_closed(&self) -> bool {
        let state = self.ledger.state();
        state.election(self.id).is_ok_and(|e| e.board.head.is_some_and(|h| h.head.closed))
    }

    /// `false` when the reader is gone or the log cannot be read.
    async fn send_all(&mut self) -> bool {
        loop {
            let (id, start) = (self.id, self.start);
            let entries = blocking(&self.ledger, move |l| Ok(l.entries(id, start, STREAM_MAX)?)).await;
            let entries = match entries {
                Ok(entries) => entries,
                Err(error) => {
                    // A reader that has gone away needs no reason.
                    let _ = self.answers.send(Err(error.into())).await;
                    return false;
                }
            };
            if entries.is_empty() {
                return true;
            }
            self.start = start.saturating_add(u32::try_from(entries.len()).unwrap_or(u32::MAX));
            let entries = entries.iter().map(Into::into).collect();
            if self.answers.send(Ok(StreamEntriesResponse { start, entries })).await.is_err() {
                return false;
            }
        }
    }
}

/// Returns when the node shuts down, or is gone.
async fn ended(ended: &mut watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

#[tonic::async_trait]
impl BoardService for Boards {
    type StreamEntriesStream = Answers<StreamEntriesResponse>;

    async fn get_head(&self, request: Request<GetHeadRequest>) -> Result<Response<GetHeadResponse>, Status> {
        let id = election(&request.into_inner().election_id)?;
        let head = self.ledger.state().election(id).map_err(Error::from)?.board.head;
        let head = head.ok_or(Error::NotFound("the election is not open yet, so its board has no head"))?;
        Ok(Response::new(GetHeadResponse { head: Some((&head).into()) }))
    }

    async fn list_entries(
        &self,
        request: Request<ListEntriesRequest>,
    ) -> Result<Response<ListEntriesResponse>, Status> {
        let ListEntriesRequest { election_id, start, limit } = request.into_inner();
        let id = election(&election_id)?;
        self.ledger.state().election(id).map_err(Error::from)?;
        let limit = if limit == 0 { LIST_MAX } else { limit.min(LIST_MAX) };
        let entries = blocking(&self.ledger, move |l| Ok(l.entries(id, start, limit)?)).await?;
        Ok(Response::new(ListEntriesResponse { entries: entries.iter().map(Into::into).collect() }))
    }

    async fn stream_entries(
        &self,
        request: Request<StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        let StreamEntriesRequest { election_id, start, follow } = request.into_inner();
        let id = election(&election_id)?;
        self.ledger.state().election(id).map_err(Error::from)?;
        let place = match follow {
            true => self.places.followers.take().ok_or(Error::Followers)?,
            false => self.places.download()?,
        };
        let (answers, receiver) = mpsc::channel(STREAM_BUFFER);
        let (ledger, ended) = (self.ledger.clone(), self.ended.clone());
        let follower = Follower { ledger, id, start, follow, answers, ended, _place: place };
        tokio::spawn(follower.run());
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn prove_inclusion(
        &self,
        request: Request<ProveInclusionRequest>,
    ) -> Result<Response<ProveInclusionResponse>, Status> {
        let ProveInclusionRequest { election_id, seq } = request.into_inner();
        let id = election(&election_id)?;
        self.ledger.state().election(id).map_err(Error::from)?;
        let receipt = blocking(&self.ledger, move |l| Ok(l.receipt(id, seq)?)).await?;
        let receipt = receipt.ok_or(Error::NotFound("the board has no entry of this number yet"))?;
        Ok(Response::new(ProveInclusionResponse { receipt: Some((&receipt).into()) }))
    }

    async fn prove_consistency(
        &self,
        request: Request<ProveConsistencyRequest>,
    ) -> Result<Response<ProveConsistencyResponse>, Status> {
        let ProveConsistencyRequest { election_id, first_size, second_size } = request.into_inner();
        let id = election(&election_id)?;
        let proof = {
            let state = self.ledger.state();
            let board = &state.election(id).map_err(Error::from)?.board;
            let acknowledged = second_size <= board.size();
            acknowledged.then(|| board.tree.prove_consistency(first_size, second_size)).flatten()
        };
        let proof = proof.ok_or(Error::NotFound(
            "sizes must rise and be at most the newest head's; ask for that head first",
        ))?;
        Ok(Response::new((&proof).into()))
    }
}

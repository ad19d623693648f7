//! `TrusteeService`. spec: `trustee.message`

use super::{
    error::{Error, id, required},
    submit,
};
use crate::ledger::{Command, Ledger};
use circuits::types::DraftId;
use proto::v1::{
    ListRequest, ListResponse, PostRequest, PostResponse, trustee_service_server::TrusteeService,
};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Bytes of bodies in one answer, after which it is full: with the 64 KiB of
/// one more body an answer stays below a client's usual limit of 4 MiB.
const ANSWER_BYTES: usize = 2 << 20;
/// Messages in one answer.
const MESSAGES: usize = 256;

/// Carries the trustees' messages.
#[derive(Clone, Debug)]
pub struct Trustees {
    /// The log.
    pub ledger: Arc<Ledger>,
}

#[tonic::async_trait]
impl TrusteeService for Trustees {
    async fn post(&self, request: Request<PostRequest>) -> Result<Response<PostResponse>, Status> {
        let message = required("message", request.into_inner().message)?;
        submit(&self.ledger, Command::Post(message)).await?;
        Ok(Response::new(PostResponse {}))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let ListRequest { draft_id, start } = request.into_inner();
        let id = id("draft_id", &draft_id, DraftId::from_bytes)?;
        let state = self.ledger.state();
        let election = state.draft(id).map_err(Error::from)?;
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let fits = |m: &&circuits::types::TrusteeMessage| {
            let room = bytes < ANSWER_BYTES;
            bytes += m.body.len();
            room
        };
        let messages = election.messages().iter().skip(start).take(MESSAGES).take_while(fits);
        let messages = messages.map(Into::into).collect();
        let conflicts = election.conflicts().filter(|_| start == 0).take(MESSAGES).map(Into::into).collect();
        Ok(Response::new(ListResponse { messages, conflicts }))
    }
}

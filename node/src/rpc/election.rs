//! `ElectionService`. spec: `election`

use super::{
    AllPlaces, Answers, blocking,
    error::{Error, id, required, signature},
    list::Page,
    parts, record, submit,
};
use crate::{
    domain::{Election, Phase, Rejection},
    jobs::rate_limit::RateLimit,
    ledger::{Command, Freeze, Ledger},
};
use circuits::types::{AccountKey, Census, CensusStatement, DraftId, ElectionId, Holder, Signature};
use proto::{
    convert::{Cause, InvalidField},
    v1::{
        self, CloseElectionRequest, CloseElectionResponse, CreateDraftRequest, CreateDraftResponse,
        ElectionSummary, FreezeCensusRequest, FreezeCensusResponse, GetElectionRequest, GetElectionResponse,
        GetRecordRequest, GetRecordResponse, GetTallyRequest, GetTallyResponse, GetVerifyingKeyRequest,
        GetVerifyingKeyResponse, ListElectionsRequest, ListElectionsResponse, OpenElectionRequest,
        OpenElectionResponse, election_service_server::ElectionService, freeze_census_request::Part,
        get_election_request::Id,
    },
};
use std::{sync::Arc, time::Instant};
use tonic::{Request, Response, Status, Streaming};

/// Elections of one page.
const PAGE_MAX: usize = 100;
/// Holders of one batch.
const BATCH_MAX: usize = 4096;
/// Times that a census is built anew because registrations arrived meanwhile.
const FREEZE_ATTEMPTS: usize = 5;

/// Drafts, elections and results.
#[derive(Clone, Debug)]
pub struct Elections {
    /// The log.
    pub ledger: Arc<Ledger>,
    /// Most holders of one census.
    pub holders_max: usize,
    /// Signs records.
    pub operator: AccountKey,
    /// The rate limit of drafts.
    pub drafts: Arc<RateLimit<()>>,
    /// For downloads.
    pub places: AllPlaces,
}

/// A request to freeze a census, as received.
#[derive(Clone)]
struct Requested {
    statement: CensusStatement,
    signature: Signature,
    holders: Vec<Holder>,
}

impl Elections {
    async fn receive(&self, mut stream: Streaming<FreezeCensusRequest>) -> Result<Requested, Error> {
        let first = stream.message().await.map_err(Error::Stream)?;
        let Some(Part::Header(header)) = first.and_then(|m| m.part) else {
            return Err(Error::missing("header"));
        };
        let statement = required("header.statement", header.statement)?;
        let signature = signature("header.signature", &header.signature)?;
        // Before memory is spent on a table that only the organiser may send.
        self.ledger.state().check_freeze(&statement, signature)?;
        let mut holders: Vec<Holder> = Vec::new();
        while let Some(message) = stream.message().await.map_err(Error::Stream)? {
            let Some(Part::Holders(batch)) = message.part else { return Err(Error::missing("holders")) };
            let (max, found) = (self.holders_max, holders.len() + batch.holders.len());
            if batch.holders.len() > BATCH_MAX {
                return Err(too_many(BATCH_MAX, batch.holders.len()));
            }
            if found > max {
                return Err(too_many(max, found));
            }
            for holder in batch.holders {
                let row = format!("holders[{}]", holders.len());
                holders.push(holder.try_into().map_err(|e: InvalidField| e.within(&row))?);
            }
        }
        Ok(Requested { statement, signature, holders })
    }

    async fn freeze(&self, requested: Requested) -> Result<CensusStatement, Error> {
        let statement = requested.statement;
        for _ in 0..FREEZE_ATTEMPTS {
            let request = requested.clone();
            let Some(freeze) = blocking(&self.ledger, move |l| build(l, request)).await? else {
                return Ok(statement);
            };
            match self.ledger.submit(Command::Freeze(Box::new(freeze))).await.map_err(Error::from) {
                Err(Error::Rejected(Rejection::CensusMoved)) => {}
                Err(other) => return Err(other),
                Ok(_) => return Ok(statement),
            }
        }
        Err(Rejection::CensusMoved.into())
    }
}

fn too_many(max: usize, found: usize) -> Error {
    Error::Field(InvalidField { field: "holders".into(), cause: Cause::TooMany { max, found } })
}

/// Builds the census with its tree, which takes time, off the writer.
/// `None`: it is frozen already.
fn build(ledger: &Ledger, request: Requested) -> Result<Option<Freeze>, Error> {
    let Requested { statement, signature, holders } = request;
    let (entries, definition, seen) = {
        let state = ledger.state();
        let Some(seen) = state.check_holders(&statement, signature, &holders)? else { return Ok(None) };
        let draft = state.draft(statement.draft_id)?.draft();
        let organisation = state.organisation(&draft.organisation).ok_or(Error::Internal)?;
        (organisation.census_entries(draft, &holders), draft.census.clone(), seen)
    };
    let census = Census::new(&definition, entries).map_err(Rejection::Census)?;
    Ok(Some(Freeze { statement, signature, holders, census, seen }))
}

fn phase(phase: Phase) -> v1::Phase {
    match phase {
        Phase::Draft => v1::Phase::Draft,
        Phase::KeyGeneration => v1::Phase::KeyGeneration,
        Phase::Keyed => v1::Phase::Keyed,
        Phase::Voting => v1::Phase::Voting,
        Phase::Closed => v1::Phase::Closed,
        Phase::Tallied => v1::Phase::Tallied,
    }
}

fn bytes(signature: Option<&Signature>) -> Vec<u8> {
    signature.map(|s| s.to_bytes().to_vec()).unwrap_or_default()
}

fn describe(ledger: &Ledger, election: &Election) -> GetElectionResponse {
    let keys = &ledger.rules().keys;
    let draft = election.draft();
    let pinned = election.key.as_ref().map(|k| k.key.verifying_keys);
    let used = pinned.or_else(|| keys.election(draft.rule.shape(), draft.threshold));
    GetElectionResponse {
        phase: phase(election.phase()).into(),
        draft: Some(election.signed_draft().into()),
        census: election.census.as_ref().map(|c| (&c.statement).into()),
        census_signature: bytes(election.census.as_ref().map(|c| &c.signature)),
        key: election.key.as_ref().map(Into::into),
        election_id: election.election_id().map(|id| id.to_bytes().to_vec()).unwrap_or_default(),
        open_signature: bytes(election.opened.as_ref()),
        close_signature: bytes(election.close_signature.as_ref()),
        insecure_development_keys: keys.is_development(),
        verifying_keys: used.iter().flatten().map(|h| h.to_vec()).collect(),
    }
}

fn summary(election: &Election) -> ElectionSummary {
    let draft = election.draft();
    ElectionSummary {
        draft_id: election.id().to_bytes().to_vec(),
        election_id: election.election_id().map(|id| id.to_bytes().to_vec()).unwrap_or_default(),
        phase: phase(election.phase()).into(),
        organisation: draft.organisation.clone(),
        opening: draft.times.opening,
        closing: draft.times.closing,
    }
}

#[tonic::async_trait]
impl ElectionService for Elections {
    type GetRecordStream = Answers<GetRecordResponse>;

    async fn create_draft(
        &self,
        request: Request<CreateDraftRequest>,
    ) -> Result<Response<CreateDraftResponse>, Status> {
        let signed: circuits::types::SignedDraft = required("draft", request.into_inner().draft)?;
        let draft_id = signed.draft.id();
        let known = self.ledger.state().draft(draft_id).is_ok();
        if let Some(wait) = self.drafts.wait(&(), Instant::now()).filter(|_| !known) {
            return Err(Error::DraftLimit(wait).into());
        }
        submit(&self.ledger, Command::Draft(Box::new(signed))).await?;
        if !known {
            self.drafts.count((), Instant::now());
        }
        Ok(Response::new(CreateDraftResponse { draft_id: draft_id.to_bytes().to_vec() }))
    }

    async fn freeze_census(
        &self,
        request: Request<Streaming<FreezeCensusRequest>>,
    ) -> Result<Response<FreezeCensusResponse>, Status> {
        let requested = self.receive(request.into_inner()).await?;
        // A caller that hangs up, or whose time is over, finds it done later.
        let elections = self.clone();
        let freeze = tokio::spawn(async move { elections.freeze(requested).await });
        let statement = freeze.await.unwrap_or(Err(Error::Internal))?;
        Ok(Response::new(FreezeCensusResponse { statement: Some((&statement).into()) }))
    }

    async fn open_election(
        &self,
        request: Request<OpenElectionRequest>,
    ) -> Result<Response<OpenElectionResponse>, Status> {
        let m = request.into_inner();
        let draft_id = id("draft_id", &m.draft_id, DraftId::from_bytes)?;
        let signature = signature("signature", &m.signature)?;
        submit(&self.ledger, Command::Open { draft_id, signature }).await?;
        let opened = self.ledger.state().draft(draft_id).map_err(Error::from)?.election_id();
        let election_id = opened.ok_or(Error::Internal)?.to_bytes().to_vec();
        Ok(Response::new(OpenElectionResponse { election_id }))
    }

    async fn close_election(
        &self,
        request: Request<CloseElectionRequest>,
    ) -> Result<Response<CloseElectionResponse>, Status> {
        let m = request.into_inner();
        let election_id = id("election_id", &m.election_id, ElectionId::from_bytes)?;
        let signature = match &m.signature[..] {
            [] => None,
            bytes => Some(signature("signature", bytes)?),
        };
        submit(&self.ledger, Command::Close { election_id, signature }).await?;
        let head = self.ledger.state().election(election_id).map_err(Error::from)?.board.head;
        Ok(Response::new(CloseElectionResponse { head: head.as_ref().map(Into::into) }))
    }

    async fn get_election(
        &self,
        request: Request<GetElectionRequest>,
    ) -> Result<Response<GetElectionResponse>, Status> {
        let asked = request.into_inner().id.ok_or_else(|| Error::missing("id"))?;
        let state = self.ledger.state();
        let election = match asked {
            Id::DraftId(b) => state.draft(id("draft_id", &b, DraftId::from_bytes)?),
            Id::ElectionId(b) => state.election(id("election_id", &b, ElectionId::from_bytes)?),
        };
        Ok(Response::new(describe(&self.ledger, election.map_err(Error::from)?)))
    }

    async fn list_elections(
        &self,
        request: Request<ListElectionsRequest>,
    ) -> Result<Response<ListElectionsResponse>, Status> {
        let ListElectionsRequest { page_size, page_token } = request.into_inner();
        let page = Page::read(page_size, &page_token, PAGE_MAX)?;
        let state = self.ledger.state();
        let (found, next_page_token) = page.of(state.elections(), |_| true);
        let elections = found.into_iter().map(summary).collect();
        Ok(Response::new(ListElectionsResponse { elections, next_page_token }))
    }

    async fn get_verifying_key(
        &self,
        request: Request<GetVerifyingKeyRequest>,
    ) -> Result<Response<GetVerifyingKeyResponse>, Status> {
        let hash = request.into_inner().hash;
        let (expected, found) = (32, hash.len());
        let wrong = InvalidField { field: "hash".into(), cause: Cause::Length { expected, found } };
        let hash: [u8; 32] = hash.try_into().map_err(|_| Error::Field(wrong))?;
        let unknown = Error::NotFound("this node has no verifying key with this hash");
        let key = self.ledger.rules().keys.by_hash(hash).ok_or(unknown)?.key().to_bytes();
        Ok(Response::new(GetVerifyingKeyResponse { key }))
    }

    async fn get_tally(
        &self,
        request: Request<GetTallyRequest>,
    ) -> Result<Response<GetTallyResponse>, Status> {
        let id = id("election_id", &request.into_inner().election_id, ElectionId::from_bytes)?;
        let tally = self.ledger.state().election(id).map_err(Error::from)?.tally.clone();
        let tally = tally.ok_or(Error::NotFound("the election has no result yet; ask again later"))?;
        Ok(Response::new(GetTallyResponse { tally: Some(tally.as_ref().into()) }))
    }

    async fn get_record(
        &self,
        request: Request<GetRecordRequest>,
    ) -> Result<Response<Self::GetRecordStream>, Status> {
        let id = id("election_id", &request.into_inner().election_id, ElectionId::from_bytes)?;
        let (operator, place) = (self.operator.clone(), self.places.download()?);
        let answers = blocking(&self.ledger, move |l| record::parts(l, &operator, id)).await?;
        Ok(Response::new(parts(place, move |n| Ok(answers.get(n).cloned()))))
    }
}

//! `RegistryService`. spec: `registration`, `census.frozen`

use super::{
    AllPlaces, Answers,
    error::{Error, id, required},
    parts,
};
use crate::{
    domain::Rejection,
    jobs::{rate_limit::RateLimit, verification::Verification},
    ledger::{Command, Ledger},
};
use circuits::types::{Address, DraftId, Registration};
use proto::v1::{
    GetCensusRequest, GetCensusResponse, GetHoldersRequest, GetHoldersResponse, ListRegistrationsRequest,
    ListRegistrationsResponse, RegisterRequest, RegisterResponse, registry_service_server::RegistryService,
};
use std::{sync::Arc, time::Instant};
use tonic::{Request, Response, Status};
use verifier::Claim;

/// Registrations in one answer.
const REGISTRATIONS: usize = 1024;
/// Leaves or holders in one answer.
const LEAVES: usize = 4096;

/// Takes registrations, and serves them and the censuses.
#[derive(Clone, Debug)]
pub struct Registries {
    /// The log.
    pub ledger: Arc<Ledger>,
    /// The queue before the verifier.
    pub verification: Verification,
    /// The rate limit of each account.
    pub limit: Arc<RateLimit<Account>>,
    /// For downloads.
    pub places: AllPlaces,
}

/// An account as an organisation knows it: chain, organisation, address.
pub type Account = (u64, String, Address);

impl Registries {
    async fn add(&self, registration: Registration) -> Result<(), Error> {
        let ledger = &self.ledger;
        if ledger.state().check_registration(ledger.rules(), &registration)?.is_empty() {
            return Ok(());
        }
        let message = &registration.message;
        let account = (message.chain_id, message.organisation.clone(), message.address);
        if let Some(wait) = self.limit.wait(&account, Instant::now()) {
            return Err(Error::RegistrationLimit(wait));
        }
        let key = ledger.rules().keys.registration().hash();
        let claim = Claim { inputs: registration.public_inputs().to_vec(), proof: registration.proof };
        self.verification.verify(key, claim).await?.map_err(Rejection::RegistrationProof)?;
        ledger.submit(Command::Register(Box::new(registration))).await?;
        self.limit.count(account, Instant::now());
        Ok(())
    }
}

#[tonic::async_trait]
impl RegistryService for Registries {
    type ListRegistrationsStream = Answers<ListRegistrationsResponse>;
    type GetCensusStream = Answers<GetCensusResponse>;
    type GetHoldersStream = Answers<GetHoldersResponse>;

    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let registration = required("registration", request.into_inner().registration)?;
        // A caller that hangs up does not undo what may already be written.
        let registries = self.clone();
        let added = tokio::spawn(async move { registries.add(registration).await }).await;
        added.unwrap_or(Err(Error::Internal))?;
        Ok(Response::new(RegisterResponse {}))
    }

    async fn list_registrations(
        &self,
        request: Request<ListRegistrationsRequest>,
    ) -> Result<Response<Self::ListRegistrationsStream>, Status> {
        let ListRegistrationsRequest { organisation, start } = request.into_inner();
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        if self.ledger.state().organisation(&organisation).is_none() {
            return Err(Error::NotFound("no draft names this organisation; check its spelling").into());
        }
        let (ledger, place) = (self.ledger.clone(), self.places.download()?);
        Ok(Response::new(parts(place, move |n| {
            let state = ledger.state();
            let all = state.organisation(&organisation).map_or(&[][..], |o| o.registrations());
            let part = all.iter().skip(start.saturating_add(n * REGISTRATIONS)).take(REGISTRATIONS);
            let registrations: Vec<_> = part.map(Into::into).collect();
            Ok((!registrations.is_empty()).then_some(ListRegistrationsResponse { registrations }))
        })))
    }

    async fn get_census(
        &self,
        request: Request<GetCensusRequest>,
    ) -> Result<Response<Self::GetCensusStream>, Status> {
        let id = id("draft_id", &request.into_inner().draft_id, DraftId::from_bytes)?;
        let census = self.ledger.state().draft(id).map_err(Error::from)?.census.clone();
        let entries = census.ok_or(NOT_FROZEN)?.entries;
        Ok(Response::new(parts(self.places.download()?, move |n| {
            let entries: Vec<_> = entries.iter().skip(n * LEAVES).take(LEAVES).map(Into::into).collect();
            Ok((!entries.is_empty()).then_some(GetCensusResponse { entries }))
        })))
    }

    async fn get_holders(
        &self,
        request: Request<GetHoldersRequest>,
    ) -> Result<Response<Self::GetHoldersStream>, Status> {
        let id = id("draft_id", &request.into_inner().draft_id, DraftId::from_bytes)?;
        let census = self.ledger.state().draft(id).map_err(Error::from)?.census.clone();
        let holders = census.ok_or(NOT_FROZEN)?.holders;
        Ok(Response::new(parts(self.places.download()?, move |n| {
            let holders: Vec<_> = holders.iter().skip(n * LEAVES).take(LEAVES).map(Into::into).collect();
            Ok((!holders.is_empty()).then_some(GetHoldersResponse { holders }))
        })))
    }
}

const NOT_FROZEN: Error = Error::NotFound("the census of this draft is not frozen yet; ask again later");

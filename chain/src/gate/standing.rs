//! What gates and executors say.

use super::{Demand, Mandate, Objection};
use crate::{
    abi::{
        IExecutor::{self, Standing as ExecutorCode},
        IFixed,
        IModelGate::{self, Standing as GateCode},
    },
    artifact::Artifact,
    backend::Backend,
    convert,
    deployed::{Deployed, Error},
    elections::id,
};
use alloy::primitives::B256;
use circuits::types::{Address, ElectionId};
use serde::Serialize;

/// The contract `ModelGate` on a chain.
#[derive(Clone, Debug)]
pub struct Gate<'c, B>(Deployed<'c, B>);

/// Why a model may be used or not. spec: `gate.approved`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateStanding {
    /// It may.
    Approved,
    /// No vote on it has been enacted.
    NoVote,
    /// The last vote sanctioned it.
    Sanctioned,
    /// No attestation with the vote's terms is recorded.
    NoAttestation,
    /// There is one, and it does not count (any more).
    AttestationNotValid,
    /// There is one, and its verdicts are not what the vote demands.
    VerdictsNotMet,
}

/// What the last vote on a model decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The vote.
    pub election: ElectionId,
    /// False after a sanction.
    pub approved: bool,
    /// What it demands of the verdicts.
    pub demand: Demand,
}

impl<'c, B: Backend> Gate<'c, B> {
    /// The contract at an address, if it is the committed one (A55).
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, contract: Address) -> Result<Self, Error> {
        Ok(Self(Deployed::at(chain, contract, &Artifact::gate()?).await?))
    }

    /// Whether it lets a model be used now.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn is_approved(&self, model: [u8; 32]) -> Result<bool, Error> {
        self.0.ask(IModelGate::isApprovedCall { model: B256::new(model) }).await
    }

    /// Why it does or does not, and the attestation that was looked at.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn standing(&self, model: [u8; 32]) -> Result<(GateStanding, Option<[u8; 32]>), Error> {
        let found = self.0.ask(IModelGate::standingCall { model: B256::new(model) }).await?;
        let standing = match found.standing_ {
            GateCode::Approved => GateStanding::Approved,
            GateCode::NoVote => GateStanding::NoVote,
            GateCode::Sanctioned => GateStanding::Sanctioned,
            GateCode::NoAttestation => GateStanding::NoAttestation,
            GateCode::AttestationNotValid => GateStanding::AttestationNotValid,
            GateCode::VerdictsNotMet => GateStanding::VerdictsNotMet,
            GateCode::__Invalid => return Err(Error::Answer("standing")),
        };
        Ok((standing, (!found.attestation.is_zero()).then_some(found.attestation.0)))
    }

    /// The last decision on a model.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn decision(&self, model: [u8; 32]) -> Result<Option<Decision>, Error> {
        let found = self.0.ask(IModelGate::decisionCall { model: B256::new(model) }).await?;
        if found.electionId.is_zero() {
            return Ok(None);
        }
        let election = ElectionId::from_bytes(found.electionId.as_slice());
        let demand = Demand::read(found.demand);
        let (Ok(election), Some(demand)) = (election, demand) else { return Err(Error::Answer("decision")) };
        Ok(Some(Decision { election, approved: found.approved, demand }))
    }

    /// The contract of attestations that it asks.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn attestations(&self) -> Result<Address, Error> {
        Ok(convert::address(self.0.ask(IFixed::attestationsCall {}).await?))
    }

    /// Why it would not obey votes of this kind; nothing if it would.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn objections(&self, mandate: &Mandate) -> Result<Vec<Objection>, Error> {
        mandate.objections(&self.0).await
    }
}

/// The contract `Executor` on a chain.
#[derive(Clone, Debug)]
pub struct Executor<'c, B>(Deployed<'c, B>);

/// Where an election's calls stand. spec: `gate.executor`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorStanding {
    /// Not queued.
    None,
    /// The delay runs.
    Waiting,
    /// Anybody may execute them.
    Ready,
    /// They ran.
    Done,
}

impl<'c, B: Backend> Executor<'c, B> {
    /// The contract at an address, if it is the committed one (A55).
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, contract: Address) -> Result<Self, Error> {
        Ok(Self(Deployed::at(chain, contract, &Artifact::executor()?).await?))
    }

    /// Where the calls of an election stand.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn standing(&self, election: ElectionId) -> Result<ExecutorStanding, Error> {
        match self.0.ask(IExecutor::standingCall { electionId: id(election) }).await? {
            ExecutorCode::None => Ok(ExecutorStanding::None),
            ExecutorCode::Waiting => Ok(ExecutorStanding::Waiting),
            ExecutorCode::Ready => Ok(ExecutorStanding::Ready),
            ExecutorCode::Done => Ok(ExecutorStanding::Done),
            ExecutorCode::__Invalid => Err(Error::Answer("standing")),
        }
    }

    /// The timelock that makes the calls: what is to obey the members gives
    /// its rights to this address.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn timelock(&self) -> Result<Address, Error> {
        Ok(convert::address(self.0.ask(IFixed::timelockCall {}).await?))
    }

    /// When the delay of an election's calls ends, in Unix seconds; `None` if
    /// they are not queued, or done.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn ready_at(&self, election: ElectionId) -> Result<Option<u64>, Error> {
        let operation = self.0.ask(IExecutor::operationOfCall { electionId: id(election) }).await?;
        let timelock = Deployed::known(self.0.chain(), self.timelock().await?);
        let time = timelock.ask(IFixed::getTimestampCall { id: operation }).await?;
        // 0 for unknown operations, 1 for those that are done.
        Ok(u64::try_from(time).ok().filter(|time| *time > 1))
    }

    /// Why it would not obey votes of this kind; nothing if it would.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn objections(&self, mandate: &Mandate) -> Result<Vec<Objection>, Error> {
        mandate.objections(&self.0).await
    }
}

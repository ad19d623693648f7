//! An election on a chain: what is to be posted for it, and what the chain
//! says about it. spec: `settlement`, `chain.settlement`.

mod board;
mod postings;
mod run;

pub use crate::deployed::Error;
pub use board::{OnChain, Outcome, Progress, Stage};
pub use postings::Case;
pub use run::{Error as SettlementError, Settlement};

use crate::{
    abi::{IElections, IGroth16Verifiers},
    artifact::Artifact,
    backend::Backend,
    deployed::Deployed,
    elections,
};
use circuits::types::{Address, DraftId, ElectionId};
use verifier::KeyHash;

/// The address of the contract that a contract created first.
fn first_created_by(contract: Address) -> Address {
    crate::convert::address(elections::address(contract).create(1))
}

/// The contract `Elections` on a chain.
#[derive(Debug)]
pub struct Elections<'c, B>(Deployed<'c, B>);

impl<B> Clone for Elections<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Elections<'_, B> {}

impl<'c, B: Backend> Elections<'c, B> {
    /// The contract at an address, if it and the verifiers that it created have
    /// the committed code (A55). How it came to be, code does not show:
    /// [`crate::origin`] does.
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, contract: Address) -> Result<Self, Error> {
        let elections = Self(Deployed::at(chain, contract, &Artifact::elections()?).await?);
        let (verifiers, artifact) = (elections.verifiers().await?, Artifact::verifiers()?);
        if verifiers != first_created_by(contract) {
            return Err(Error::OtherContract { contract: verifiers, name: artifact.name });
        }
        Deployed::at(chain, verifiers, &artifact).await?;
        Ok(elections)
    }

    /// The contract whose code was compared before.
    fn known(chain: &'c B, contract: Address) -> Self {
        Self(Deployed::known(chain, contract))
    }

    /// The contract that a draft names, on the chain that it names.
    ///
    /// # Errors
    /// If the draft is not settled, or this is another chain or contract.
    pub async fn of_draft(chain: &'c B, draft: &circuits::types::Draft) -> Result<Self, Error> {
        if draft.settlement != circuits::types::SettlementMode::Validity {
            return Err(Error::NotSettled);
        }
        let found = chain.chain_id().await?;
        if found != draft.chain_id {
            return Err(Error::OtherChain { draft: draft.chain_id, found, chain: chain.name() });
        }
        Self::at(chain, draft.contract).await
    }

    /// What the chain knows of an election; `None` before it is opened.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn election(&self, election: ElectionId) -> Result<Option<OnChain>, Error> {
        let call = IElections::electionCall { electionId: elections::id(election) };
        OnChain::read(self.0.ask(call).await?).ok_or(Error::Answer("election"))
    }

    /// The election that a draft was opened as.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn election_of(&self, draft: DraftId) -> Result<Option<ElectionId>, Error> {
        let call = IElections::electionOfCall { draft: draft.to_bytes().into() };
        let answer = self.0.ask(call).await?;
        if answer.is_zero() {
            return Ok(None);
        }
        ElectionId::from_bytes(answer.as_slice()).map(Some).map_err(|_| Error::Answer("electionOf"))
    }

    /// What an account has posted of an election after closing.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn progress(&self, election: ElectionId, poster: Address) -> Result<Progress, Error> {
        let call = IElections::postingCall {
            electionId: elections::id(election),
            poster: elections::address(poster),
        };
        let posting = self.0.ask(call).await?;
        Ok(Progress { ballots: posting.ballots, chunks: posting.chunks })
    }

    /// The result; `None` before the election is finalised.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn outcome(&self, election: ElectionId) -> Result<Option<Outcome>, Error> {
        let finalised = self.election(election).await?.is_some_and(|e| e.stage == Stage::Finalised);
        if !finalised {
            return Ok(None);
        }
        let call = IElections::resultCall { electionId: elections::id(election) };
        let found = self.0.ask(call).await?;
        Ok(Some(Outcome {
            passed: found.passed,
            time: found.time,
            size: found.size,
            slots: found.slots,
            totals: found.totals,
        }))
    }

    /// Where the verifying keys are.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn verifiers(&self) -> Result<Address, Error> {
        let answer = self.0.ask(IElections::verifiersCall {}).await?;
        Ok(crate::convert::address(answer))
    }

    /// Whether a verifying key has been added.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn has_key(&self, verifiers: Address, key: KeyHash) -> Result<bool, Error> {
        let call = IGroth16Verifiers::circuitCall { keyHash: key.0.into() };
        let verifiers = Deployed::known(self.0.chain(), verifiers);
        Ok(verifiers.ask(call).await?.kind != crate::abi::Kind::None)
    }
}

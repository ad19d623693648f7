//! What the contract says.

use crate::{
    abi::{
        IAttestations::{self, Status as StatusCode},
        IFixed,
    },
    artifact::Artifact,
    backend::Backend,
    convert,
    deployed::{Deployed, Error},
};
use alloy::primitives::B256;
use circuits::types::Address;
use serde::Serialize;

/// The contract `Attestations` on a chain.
#[derive(Clone, Debug)]
pub struct Attestations<'c, B>(Deployed<'c, B>);

/// Whether an attestation counts in the newest block. spec: `gate.status`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Never recorded there.
    Unknown,
    /// It counts.
    Valid,
    /// Its time has passed.
    Expired,
    /// Withdrawn by its auditor or the organiser.
    Revoked,
    /// A newer one took its place.
    Superseded,
    /// The organiser has ended the auditor's registration before it was signed.
    Unregistered,
}

impl Status {
    /// In words of one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::Unregistered => "unregistered",
        }
    }
}

/// What is kept of an attestation. spec: `gate.record`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The model commitment.
    pub model: [u8; 32],
    /// What the audit was over.
    pub data_root: [u8; 32],
    /// Of the policy.
    pub policy_hash: [u8; 32],
    /// Who signed it.
    pub auditor: Address,
    /// When it was signed, as the auditor says.
    pub issued: u64,
    /// When it no longer counts.
    pub expires: u64,
}

impl<'c, B: Backend> Attestations<'c, B> {
    /// The contract at an address, if it is the committed one (A55).
    ///
    /// # Errors
    /// If there is none or another one.
    pub async fn at(chain: &'c B, contract: Address) -> Result<Self, Error> {
        Ok(Self(Deployed::at(chain, contract, &Artifact::attestations()?).await?))
    }

    /// Whether an attestation counts.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn status(&self, attestation: [u8; 32]) -> Result<Status, Error> {
        let call = IAttestations::statusOfCall { attestation: B256::new(attestation) };
        match self.0.ask(call).await? {
            StatusCode::Unknown => Ok(Status::Unknown),
            StatusCode::Valid => Ok(Status::Valid),
            StatusCode::Expired => Ok(Status::Expired),
            StatusCode::Revoked => Ok(Status::Revoked),
            StatusCode::Superseded => Ok(Status::Superseded),
            StatusCode::Unregistered => Ok(Status::Unregistered),
            StatusCode::__Invalid => Err(Error::Answer("statusOf")),
        }
    }

    /// What is kept of an attestation; `None` if it is unknown.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn record(&self, attestation: [u8; 32]) -> Result<Option<Recorded>, Error> {
        let found = self.0.ask(IAttestations::recordCall { attestation: B256::new(attestation) }).await?;
        Ok((!found.auditor.is_zero()).then(|| Recorded {
            model: found.subject.0,
            data_root: found.dataRoot.0,
            policy_hash: found.policyHash.0,
            auditor: convert::address(found.auditor),
            issued: found.issued,
            expires: found.expires,
        }))
    }

    /// The block in which a data root was anchored.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn anchored_at(&self, data_root: [u8; 32]) -> Result<Option<u64>, Error> {
        let block = self.0.ask(IAttestations::anchoredAtCall { dataRoot: B256::new(data_root) }).await?;
        Ok(u64::try_from(block).ok().filter(|block| *block != 0))
    }

    /// keccak256 of the organisation's name, and the organiser's account.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn organisation(&self) -> Result<([u8; 32], Address), Error> {
        let name = self.0.ask(IFixed::organisationHashCall {}).await?;
        let organiser = self.0.ask(IFixed::organiserCall {}).await?;
        Ok((name.0, convert::address(organiser)))
    }

    /// Whether its parameters are INSECURE development parameters.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn insecure(&self) -> Result<bool, Error> {
        self.0.ask(IFixed::insecureCall {}).await
    }
}

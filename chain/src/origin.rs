//! How a contract came to be. The code at an address does not convict whoever
//! created it: a constructor of their own can leave the same code over a
//! storage in which something stands already. The transaction that created it
//! does. spec: `settlement.creation`

use crate::{
    abi::Terms,
    artifact::Artifact,
    backend::{Backend, Hash},
    convert::address,
    deployed::Error as ContractError,
    gate::Mandate,
};
use alloy::{
    primitives::{Address as AbiAddress, U256},
    sol_types::SolValue,
};
use circuits::types::Address;

/// Why a contract is not known to be what it looks like.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See the message.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// See the message.
    #[error("{chain} has no transaction {transaction} in a block that created a contract and succeeded")]
    NoCreation {
        /// Which.
        transaction: Hash,
        /// The chain.
        chain: String,
    },
    /// See the message.
    #[error("the transaction {transaction} created {created}, not {contract}")]
    OtherAddress {
        /// Which.
        transaction: Hash,
        /// What it created.
        created: Address,
        /// What was asked about.
        contract: Address,
    },
    /// See the message.
    #[error(
        "the transaction {0} created it by another code than those of this version's contracts: what stands in it \
         may have been there from the beginning"
    )]
    OtherCode(Hash),
}

/// A contract of this version, and what it was created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `Elections`, with its own `Groth16Verifiers`.
    Elections,
    /// `Attestations`, which has compared its verifier's code.
    Attestations {
        /// The organisation.
        organisation: String,
        /// Who names auditors.
        organiser: Address,
    },
    /// `ModelGate`.
    Gate {
        /// Whose votes it obeys; check the creation of its elections, too.
        mandate: Mandate,
        /// Where it looks for audits; check its creation, too.
        attestations: Address,
    },
    /// `Executor`, with its own timelock.
    Executor {
        /// Whose votes it obeys; check the creation of its elections, too.
        mandate: Mandate,
        /// How long calls wait, in seconds.
        delay: u64,
    },
}

impl Origin {
    /// What a transaction created at `contract`.
    ///
    /// # Errors
    /// If it is no such transaction, created another contract, or by another
    /// code.
    pub async fn of<B: Backend>(chain: &B, contract: Address, transaction: Hash) -> Result<Self, Error> {
        let receipt = chain.receipt(transaction).await.map_err(ContractError::Chain)?;
        let created = receipt.filter(|receipt| receipt.succeeded).and_then(|receipt| receipt.created);
        let code = chain.creation(transaction).await.map_err(ContractError::Chain)?;
        let (Some(created), Some(code)) = (created, code) else {
            return Err(Error::NoCreation { transaction, chain: chain.name() });
        };
        if created != contract {
            return Err(Error::OtherAddress { transaction, created, contract });
        }
        Self::read(&code).map_err(ContractError::Artifact)?.ok_or(Error::OtherCode(transaction))
    }

    /// What a contract's creation says; `None` if it is none of ours.
    fn read(code: &[u8]) -> Result<Option<Self>, crate::InvalidArtifact> {
        if let Some(arguments) = Artifact::elections()?.creation_arguments(code) {
            return Ok(arguments.is_empty().then_some(Self::Elections));
        }
        if let Some(arguments) = Artifact::attestations()?.creation_arguments(code) {
            let read = <(AbiAddress, String, AbiAddress)>::abi_decode_params(arguments).ok();
            return Ok(read.map(|(_, organisation, organiser)| Self::Attestations {
                organisation,
                organiser: address(organiser),
            }));
        }
        if let Some(arguments) = Artifact::gate()?.creation_arguments(code) {
            let read = <(Terms, AbiAddress)>::abi_decode_params(arguments).ok();
            return Ok(read.map(|(terms, attestations)| Self::Gate {
                mandate: terms.into(),
                attestations: address(attestations),
            }));
        }
        if let Some(arguments) = Artifact::executor()?.creation_arguments(code) {
            let read = <(Terms, U256)>::abi_decode_params(arguments).ok();
            let read = read.and_then(|(terms, delay)| Some((terms, u64::try_from(delay).ok()?)));
            return Ok(read.map(|(terms, delay)| Self::Executor { mandate: terms.into(), delay }));
        }
        Ok(None)
    }
}

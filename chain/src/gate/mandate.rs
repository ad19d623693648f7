//! Whose votes count. spec: `gate.mandate`

use crate::{
    abi::{self, IFixed},
    backend::Backend,
    convert,
    deployed::{Deployed, Error},
    elections::address,
};
use alloy::{primitives::U256, sol_types::SolValue};
use circuits::types::{Address, Draft, PassRule, keccak256};
use std::fmt;

/// Whose votes a gate or an executor obeys. spec: `gate.mandate`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mandate {
    /// The contract in which elections are settled.
    pub elections: Address,
    /// The organisation's name, as in drafts.
    pub organisation: String,
    /// The account that signs drafts.
    pub organiser: Address,
    /// The trustees' accounts in the draft's order.
    pub trustees: Vec<Address>,
    /// Trustees that decrypt together.
    pub threshold: u8,
    /// Fewest units over all options together.
    pub quorum: u64,
    /// A draft's fraction must be at least this one ..
    pub majority_numerator: u32,
    /// .. of the units over all options.
    pub majority_denominator: u32,
}

impl Mandate {
    /// A mandate that obeys votes like this draft's: its organisation,
    /// organiser, trustees, and its own pass rule as the least one.
    pub fn like(draft: &Draft) -> Self {
        let PassRule { quorum, majority_numerator, majority_denominator, .. } = draft.pass_rule;
        Self {
            elections: draft.contract,
            organisation: draft.organisation.clone(),
            organiser: draft.organiser,
            trustees: draft.trustees.iter().map(|trustee| trustee.signer).collect(),
            threshold: draft.threshold,
            quorum,
            majority_numerator,
            majority_denominator,
        }
    }

    pub(super) fn terms(&self) -> abi::Terms {
        abi::Terms {
            elections: address(self.elections),
            organisation: self.organisation.clone(),
            organiser: address(self.organiser),
            trustees: self.trustees.iter().copied().map(address).collect(),
            threshold: self.threshold,
            quorum: self.quorum,
            majorityNumerator: self.majority_numerator,
            majorityDenominator: self.majority_denominator,
        }
    }
}

impl From<abi::Terms> for Mandate {
    fn from(terms: abi::Terms) -> Self {
        Self {
            elections: convert::address(terms.elections),
            organisation: terms.organisation,
            organiser: convert::address(terms.organiser),
            trustees: terms.trustees.into_iter().map(convert::address).collect(),
            threshold: terms.threshold,
            quorum: terms.quorum,
            majority_numerator: terms.majorityNumerator,
            majority_denominator: terms.majorityDenominator,
        }
    }
}

/// Why a contract would not obey a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It is settled in another contract.
    Elections(Address),
    /// It is another organisation's.
    Organisation,
    /// Another account signs its drafts.
    Organiser(Address),
    /// Other trustees, in another order, or another threshold.
    Trustees,
    /// Its pass rule is weaker than this quorum and fraction.
    PassRule {
        /// Least quorum.
        quorum: u64,
        /// Least fraction: numerator.
        numerator: u32,
        /// Least fraction: denominator.
        denominator: u32,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elections(expected) => write!(f, "it obeys elections of the contract {expected}"),
            Self::Organisation => f.write_str("it obeys another organisation"),
            Self::Organiser(expected) => write!(f, "it obeys drafts that {expected} has signed"),
            Self::Trustees => f.write_str("it obeys other trustees, in another order, or another threshold"),
            Self::PassRule { quorum, numerator, denominator } => write!(
                f,
                "it asks for a pass rule of at least {numerator}/{denominator} and a quorum of {quorum} units"
            ),
        }
    }
}

impl Mandate {
    /// Why a gate or an executor would not obey a vote of this kind; nothing
    /// if it would.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub(super) async fn objections<B: Backend>(
        &self,
        contract: &Deployed<'_, B>,
    ) -> Result<Vec<Objection>, Error> {
        let mut out = Vec::new();
        let elections = convert::address(contract.ask(IFixed::electionsCall {}).await?);
        if elections != self.elections {
            out.push(Objection::Elections(elections));
        }
        if contract.ask(IFixed::organisationHashCall {}).await? != keccak256(self.organisation.as_bytes()) {
            out.push(Objection::Organisation);
        }
        let organiser = convert::address(contract.ask(IFixed::organiserCall {}).await?);
        if organiser != self.organiser {
            out.push(Objection::Organiser(organiser));
        }
        if contract.ask(IFixed::trusteeSetHashCall {}).await? != self.trustee_set() {
            out.push(Objection::Trustees);
        }
        let quorum = contract.ask(IFixed::quorumCall {}).await?;
        let numerator = contract.ask(IFixed::majorityNumeratorCall {}).await?;
        let denominator = contract.ask(IFixed::majorityDenominatorCall {}).await?;
        let ours = u64::from(self.majority_numerator) * u64::from(denominator);
        let least = u64::from(numerator) * u64::from(self.majority_denominator);
        if self.quorum < quorum || ours < least {
            out.push(Objection::PassRule { quorum, numerator, denominator });
        }
        Ok(out)
    }

    /// As `Mandate.trusteeSet` of the contracts.
    fn trustee_set(&self) -> [u8; 32] {
        let signers: Vec<_> = self.trustees.iter().copied().map(address).collect();
        keccak256((signers, U256::from(self.threshold)).abi_encode_params())
    }
}

//! Drafts of elections, settled on a chain or not.

use circuits::types::{
    AccountKey, Address, Call, CensusDefinition, Domain, Draft, InvalidDraft, InvalidRule,
    InvalidSignedDraft, PROPOSAL_TEXT_MAX, PassRule, ProposalKind, Rule, RuleKind, SettlementMode,
    SignedDraft, Times, TrusteeIdentity, TypedData, keccak256,
};
use rand_core::{OsRng, RngCore};

/// What the organiser decides about a resolution.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The organisation that members registered with.
    pub organisation: String,
    /// Chain id in the members' registrations.
    pub registration_chain_id: u64,
    /// The proposal's text.
    pub proposal: String,
    /// Names of the options.
    pub options: Vec<String>,
    /// How weight may be spread.
    pub rule: RuleKind,
    /// When it has passed.
    pub pass_rule: PassRule,
    /// Where the census comes from.
    pub census: CensusDefinition,
    /// When what happens.
    pub times: Times,
    /// Whether the organiser may close before the closing time.
    pub early_close: bool,
    /// The trustees, by index from 1.
    pub trustees: Vec<TrusteeIdentity>,
    /// Trustees that decrypt together.
    pub threshold: u8,
    /// Trustees refuse to decrypt fewer slots.
    pub min_ballots: u32,
    /// Account that signs heads.
    pub operator: Address,
}

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResolution {
    /// See [`InvalidRule`].
    #[error(transparent)]
    Rule(#[from] InvalidRule),
    /// See [`InvalidSignedDraft`].
    #[error(transparent)]
    Draft(#[from] InvalidSignedDraft),
}

impl From<InvalidDraft> for InvalidResolution {
    fn from(e: InvalidDraft) -> Self {
        Self::Draft(e.into())
    }
}

impl Resolution {
    /// A draft with a fresh nonce, signed by the organiser.
    ///
    /// # Errors
    /// The first rule of drafts that it breaks.
    pub fn sign(self, organiser: &AccountKey) -> Result<SignedDraft, InvalidResolution> {
        let (draft, proposal) = self.draft(organiser.address(), fresh_nonce())?;
        sign(draft, proposal, organiser)
    }

    /// The draft and the proposal's text, checked, not signed.
    ///
    /// # Errors
    /// The first rule of drafts that it breaks.
    pub fn draft(self, organiser: Address, nonce: [u8; 32]) -> Result<(Draft, String), InvalidResolution> {
        let rule = Rule::new(self.rule, self.options.len())?;
        let length = self.proposal.len();
        if length > PROPOSAL_TEXT_MAX {
            return Err(InvalidSignedDraft::ProposalLength(length).into());
        }
        let draft = Draft {
            chain_id: 0,
            contract: Address::default(),
            organisation: self.organisation,
            registration_chain_id: self.registration_chain_id,
            proposal_digest: keccak256(&self.proposal),
            kind: ProposalKind::Resolution,
            calls: Vec::new(),
            options: self.options,
            rule,
            pass_rule: self.pass_rule,
            census: self.census,
            times: self.times,
            early_close: self.early_close,
            trustees: self.trustees,
            threshold: self.threshold,
            min_ballots: self.min_ballots,
            settlement: SettlementMode::None,
            operator: self.operator,
            organiser,
            nonce,
        };
        draft.check()?;
        Ok((draft, self.proposal))
    }
}

/// Where an outcome is settled, and what it then does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Chain and contract.
    pub domain: Domain,
    /// Calls that a passed proposal runs; without any it is a resolution.
    pub calls: Vec<Call>,
}

impl Settlement {
    /// The same draft, settled there.
    ///
    /// # Errors
    /// The first rule of drafts that it then breaks.
    pub fn of(self, draft: Draft) -> Result<Draft, InvalidDraft> {
        let kind = if self.calls.is_empty() { ProposalKind::Resolution } else { ProposalKind::Action };
        let draft = Draft {
            chain_id: self.domain.chain_id,
            contract: self.domain.contract,
            kind,
            calls: self.calls,
            settlement: SettlementMode::Validity,
            ..draft
        };
        draft.check()?;
        Ok(draft)
    }
}

/// A nonce from the operating system's randomness.
pub fn fresh_nonce() -> [u8; 32] {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    nonce
}

/// Signs any draft with its text, once it obeys every rule.
///
/// # Errors
/// The first rule that it breaks.
pub fn sign(
    draft: Draft,
    proposal: String,
    organiser: &AccountKey,
) -> Result<SignedDraft, InvalidResolution> {
    let signature = organiser.sign(draft.signing_hash(&draft.domain()));
    let signed = SignedDraft { draft, proposal, signature };
    signed.check()?;
    Ok(signed)
}

//! Drafts.

use super::error::{At, Cause, InvalidField, array, at_most, byte, each, messages, required};
use crate::v1;
use circuits::{
    params::TRUSTEES_MAX,
    types::{
        Address, Call, CensusDefinition, Draft, LIST_MAX, PassRule, ProposalKind, Rule, SettlementMode,
        Signature, SignedDraft, Times, TrusteeIdentity,
    },
};

/// Most options of the largest shape.
const OPTIONS_MAX: usize = 16;

impl TryFrom<v1::Call> for Call {
    type Error = InvalidField;
    fn try_from(m: v1::Call) -> Result<Self, InvalidField> {
        let target = Address::try_from(&m.target[..]).at("target")?;
        Ok(Self { target, value: array(&m.value).at("value")?, data: m.data })
    }
}

impl From<&Call> for v1::Call {
    fn from(c: &Call) -> Self {
        Self { target: c.target.0.to_vec(), value: c.value.to_vec(), data: c.data.clone() }
    }
}

impl TryFrom<v1::PassRule> for PassRule {
    type Error = InvalidField;
    fn try_from(m: v1::PassRule) -> Result<Self, InvalidField> {
        Ok(Self {
            winning_option: byte(m.winning_option).at("winning_option")?,
            quorum: m.quorum,
            majority_numerator: m.majority_numerator,
            majority_denominator: m.majority_denominator,
        })
    }
}

impl From<&PassRule> for v1::PassRule {
    fn from(p: &PassRule) -> Self {
        Self {
            winning_option: p.winning_option.into(),
            quorum: p.quorum,
            majority_numerator: p.majority_numerator,
            majority_denominator: p.majority_denominator,
        }
    }
}

impl TryFrom<v1::CensusDefinition> for CensusDefinition {
    type Error = InvalidField;
    fn try_from(m: v1::CensusDefinition) -> Result<Self, InvalidField> {
        at_most(LIST_MAX, &m.maskers).at("maskers")?;
        Ok(Self {
            source: array(&m.source).at("source")?,
            snapshot: m.snapshot,
            decimals: byte(m.decimals).at("decimals")?,
            maskers: each("maskers", &m.maskers, |a| Address::try_from(&a[..]))?,
        })
    }
}

impl From<&CensusDefinition> for v1::CensusDefinition {
    fn from(c: &CensusDefinition) -> Self {
        Self {
            source: c.source.to_vec(),
            snapshot: c.snapshot.clone(),
            decimals: c.decimals.into(),
            maskers: c.maskers.iter().map(|a| a.0.to_vec()).collect(),
        }
    }
}

impl TryFrom<v1::Times> for Times {
    type Error = InvalidField;
    fn try_from(m: v1::Times) -> Result<Self, InvalidField> {
        let v1::Times { opening, closing, root_deadline, tally_deadline } = m;
        Ok(Self { opening, closing, root_deadline, tally_deadline })
    }
}

impl From<&Times> for v1::Times {
    fn from(t: &Times) -> Self {
        let Times { opening, closing, root_deadline, tally_deadline } = *t;
        Self { opening, closing, root_deadline, tally_deadline }
    }
}

impl TryFrom<v1::TrusteeIdentity> for TrusteeIdentity {
    type Error = InvalidField;
    fn try_from(m: v1::TrusteeIdentity) -> Result<Self, InvalidField> {
        let signer = Address::try_from(&m.signer[..]).at("signer")?;
        Ok(Self { signer, encryption_key: array(&m.encryption_key).at("encryption_key")? })
    }
}

impl From<&TrusteeIdentity> for v1::TrusteeIdentity {
    fn from(t: &TrusteeIdentity) -> Self {
        Self { signer: t.signer.0.to_vec(), encryption_key: t.encryption_key.to_vec() }
    }
}

impl TryFrom<v1::Draft> for Draft {
    type Error = InvalidField;
    fn try_from(m: v1::Draft) -> Result<Self, InvalidField> {
        at_most(LIST_MAX, &m.calls).at("calls")?;
        at_most(OPTIONS_MAX, &m.options).at("options")?;
        at_most(TRUSTEES_MAX, &m.trustees).at("trustees")?;
        let settlement = SettlementMode::from_code(m.settlement).ok_or(Cause::Code(m.settlement));
        Ok(Self {
            chain_id: m.chain_id,
            contract: Address::try_from(&m.contract[..]).at("contract")?,
            organisation: m.organisation,
            registration_chain_id: m.registration_chain_id,
            proposal_digest: array(&m.proposal_digest).at("proposal_digest")?,
            kind: ProposalKind::from_code(m.kind).ok_or(Cause::Code(m.kind)).at("kind")?,
            calls: messages("calls", m.calls)?,
            options: m.options,
            rule: Rule::from_code(m.rule).at("rule")?,
            pass_rule: required("pass_rule", m.pass_rule)?,
            census: required("census", m.census)?,
            times: required("times", m.times)?,
            early_close: m.early_close,
            trustees: messages("trustees", m.trustees)?,
            threshold: byte(m.threshold).at("threshold")?,
            min_ballots: m.min_ballots,
            settlement: settlement.at("settlement")?,
            operator: Address::try_from(&m.operator[..]).at("operator")?,
            organiser: Address::try_from(&m.organiser[..]).at("organiser")?,
            nonce: array(&m.nonce).at("nonce")?,
        })
    }
}

impl From<&Draft> for v1::Draft {
    fn from(d: &Draft) -> Self {
        Self {
            chain_id: d.chain_id,
            contract: d.contract.0.to_vec(),
            organisation: d.organisation.clone(),
            registration_chain_id: d.registration_chain_id,
            proposal_digest: d.proposal_digest.to_vec(),
            kind: d.kind.code().into(),
            calls: d.calls.iter().map(Into::into).collect(),
            options: d.options.clone(),
            rule: d.rule.code(),
            pass_rule: Some((&d.pass_rule).into()),
            census: Some((&d.census).into()),
            times: Some((&d.times).into()),
            early_close: d.early_close,
            trustees: d.trustees.iter().map(Into::into).collect(),
            threshold: d.threshold.into(),
            min_ballots: d.min_ballots,
            settlement: d.settlement.code().into(),
            operator: d.operator.0.to_vec(),
            organiser: d.organiser.0.to_vec(),
            nonce: d.nonce.to_vec(),
        }
    }
}

impl TryFrom<v1::SignedDraft> for SignedDraft {
    type Error = InvalidField;
    fn try_from(m: v1::SignedDraft) -> Result<Self, InvalidField> {
        let draft = required("draft", m.draft)?;
        let signature = Signature::from_bytes(&m.signature).at("signature")?;
        Ok(Self { draft, proposal: m.proposal, signature })
    }
}

impl From<&SignedDraft> for v1::SignedDraft {
    fn from(d: &SignedDraft) -> Self {
        Self {
            draft: Some((&d.draft).into()),
            proposal: d.proposal.clone(),
            signature: d.signature.to_bytes().to_vec(),
        }
    }
}

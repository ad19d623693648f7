//! Drafts of votes.

use super::world::account;
use chain::gate::Mandate;
use circuits::types::{
    Call, CensusDefinition, Draft, PassRule, ProposalKind, Rule, RuleKind, SettlementMode, Times,
    TrusteeIdentity, keccak256,
};

/// A draft that this mandate accepts.
pub fn draft(mandate: &Mandate, closing: u64, calls: Vec<Call>) -> Draft {
    let trustee = |(at, signer): (u8, &_)| TrusteeIdentity { signer: *signer, encryption_key: [at; 32] };
    let draft = Draft {
        chain_id: super::world::CHAIN_ID,
        contract: mandate.elections,
        organisation: mandate.organisation.clone(),
        registration_chain_id: 1,
        proposal_digest: keccak256("Shall the model be used?"),
        kind: if calls.is_empty() { ProposalKind::Resolution } else { ProposalKind::Action },
        calls,
        options: ["yes", "no"].map(String::from).to_vec(),
        rule: Rule::new(RuleKind::SingleChoice, 2).unwrap(),
        pass_rule: PassRule {
            winning_option: 0,
            quorum: mandate.quorum,
            majority_numerator: mandate.majority_numerator,
            majority_denominator: mandate.majority_denominator,
        },
        census: CensusDefinition {
            source: [6; 32],
            snapshot: "a snapshot".into(),
            decimals: 0,
            maskers: Vec::new(),
        },
        times: Times {
            opening: closing - 100,
            closing,
            root_deadline: closing + 100,
            tally_deadline: closing + 200,
        },
        early_close: false,
        trustees: (1u8..).zip(&mandate.trustees).map(trustee).collect(),
        threshold: mandate.threshold,
        min_ballots: 1,
        settlement: SettlementMode::Validity,
        operator: account(20).address(),
        organiser: mandate.organiser,
        nonce: keccak256(closing.to_be_bytes()),
    };
    draft.check().unwrap();
    draft
}

//! Hashes of what is proven. spec: `audit.outcome_hash`.

use crate::abi::Value;
use circuits::attestation::{Disclosed, GroupSet, Metric, ViewOutcome};

/// `keccak256(abi.encode(outcome))`: per view the number of unknowns, the
/// compared groups for each denominator, and for each metric verdict and
/// failing groups.
pub fn outcome_hash(outcome: &[ViewOutcome]) -> [u8; 32] {
    let set = |set: &GroupSet| Value::uint(set.bits());
    let view = |view: &ViewOutcome| {
        let verdicts = Metric::ALL.map(|m| Value::uint(view.verdict(m).map_or(0, |v| v.code())));
        Value::Tuple(vec![
            Value::uint(view.unknown),
            Value::Array(view.compared.iter().map(set).collect()),
            Value::Array(verdicts.into()),
            Value::Array(view.failing.iter().map(set).collect()),
            set(&view.unassessed),
        ])
    };
    Value::Array(outcome.iter().map(view).collect()).hash()
}

/// `keccak256(abi.encode(edge, counts))` of the disclosed counts, or zero.
pub fn table_hash(disclosed: Option<&Disclosed>) -> [u8; 32] {
    let Some(disclosed) = disclosed else { return [0; 32] };
    Value::Array(disclosed.values().map(Value::uint).collect()).hash()
}

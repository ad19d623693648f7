//! Results with their proofs.

use super::error::{At, InvalidField, at_most, byte, bytes_at_most, each, messages};
use crate::v1;
use circuits::{
    params::TRUSTEES_MAX,
    types::{ProofBytes, Tally, TallyProof, field_from_bytes, field_to_bytes},
};

/// Longest name of a circuit, in bytes.
pub const CIRCUIT_NAME_MAX: usize = 128;
/// Most proofs of one result: enough for four million entries of `Shape4`.
pub const TALLY_PROOFS_MAX: usize = 1 << 14;
/// Most public inputs of one proof.
const INPUTS_MAX: usize = 64;
/// Most totals.
const TOTALS_MAX: usize = 16;

impl TryFrom<v1::TallyProof> for TallyProof {
    type Error = InvalidField;
    fn try_from(m: v1::TallyProof) -> Result<Self, InvalidField> {
        bytes_at_most(CIRCUIT_NAME_MAX, &m.circuit, "circuit")?;
        at_most(INPUTS_MAX, &m.inputs).at("inputs")?;
        let inputs = each("inputs", &m.inputs, |x| field_from_bytes(x))?;
        Ok(Self { circuit: m.circuit, inputs, proof: ProofBytes::try_from(&m.proof[..]).at("proof")? })
    }
}

impl From<&TallyProof> for v1::TallyProof {
    fn from(p: &TallyProof) -> Self {
        Self {
            circuit: p.circuit.clone(),
            inputs: p.inputs.iter().map(|x| field_to_bytes(*x).to_vec()).collect(),
            proof: p.proof.0.to_vec(),
        }
    }
}

impl TryFrom<v1::Tally> for Tally {
    type Error = InvalidField;
    fn try_from(m: v1::Tally) -> Result<Self, InvalidField> {
        at_most(TOTALS_MAX, &m.totals).at("totals")?;
        at_most(TRUSTEES_MAX, &m.quorum).at("quorum")?;
        at_most(TALLY_PROOFS_MAX, &m.proofs).at("proofs")?;
        Ok(Self {
            totals: m.totals,
            slots: m.slots,
            quorum: each("quorum", m.quorum, byte)?,
            proofs: messages("proofs", m.proofs)?,
        })
    }
}

impl From<&Tally> for v1::Tally {
    fn from(t: &Tally) -> Self {
        Self {
            totals: t.totals.clone(),
            slots: t.slots,
            quorum: t.quorum.iter().map(|i| u32::from(*i)).collect(),
            proofs: t.proofs.iter().map(Into::into).collect(),
        }
    }
}

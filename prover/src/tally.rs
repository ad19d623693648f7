//! Proving a result, chunk by chunk if need be. spec: `tally.forms`.

use crate::{engine::ProveError, key::ProvingKey, prove};
use circuits::{
    curve::Fr,
    r1cs::Circuit,
    tally::{Board, ChunkCircuit, FinalCircuit, Layout, Opened, Plan, TallyCircuit, Unsatisfied, plan},
    types::{Tally, TallyProof},
};
use rand_core::{CryptoRng, RngCore};
use std::sync::Arc;
use verifier::CircuitId;

/// Why a result cannot be proven.
#[derive(Debug, thiserror::Error)]
pub enum TallyError<E: std::error::Error> {
    /// A condition of the statement does not hold.
    #[error("the tally is not provable: {0}")]
    Unsatisfied(#[from] Unsatisfied),
    /// See [`ProveError`].
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A proving key cannot be had.
    #[error("proving key: {0}")]
    Key(E),
}

/// The circuits whose keys a board of `entries` entries needs.
pub fn circuits_for(layout: Layout, t: usize, entries: usize) -> Vec<CircuitId> {
    let (shape, rows) = (layout.shape(), layout.rows());
    if entries <= rows {
        return vec![CircuitId::Tally { shape, rows, t }];
    }
    vec![CircuitId::TallyChunk { shape, rows }, CircuitId::TallyFinal { shape, rows, t }]
}

/// A result to be proven.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// Size of the circuits.
    pub layout: Layout,
    /// The closed board.
    pub board: &'a Board,
    /// Options of the rule.
    pub options: usize,
    /// What the trustees opened.
    pub opened: Opened,
    /// The settlement's points z, one per batch in order; none without
    /// settlement. spec: `settlement.point`
    pub points: &'a [Fr],
}

/// Proves a result: one proof, or chunk proofs and the final one. Memory is
/// bounded by one chunk, whatever the size of the board. `key` gives proving
/// keys; `progress` hears of every finished proof (done, all).
///
/// # Errors
/// If the board or the decryption breaks a condition, or a key is missing.
pub fn prove_tally<E: std::error::Error>(
    job: Job<'_>,
    mut key: impl FnMut(CircuitId) -> Result<Arc<ProvingKey>, E>,
    rng: &mut (impl RngCore + CryptoRng),
    mut progress: impl FnMut(usize, usize),
) -> Result<Tally, TallyError<E>> {
    let Job { layout, board, options, opened, points } = job;
    let t = opened.decryption.trustees.len();
    let circuits = circuits_for(layout, t, board.rows().len());
    let mut tally = Tally {
        totals: opened.totals[..options].to_vec(),
        slots: board.slots(),
        quorum: opened.decryption.trustees.iter().map(|t| t.partial.index).collect(),
        proofs: Vec::new(),
    };
    match plan(layout, board, opened, points) {
        Plan::One(one) => {
            let key = key(circuits[0]).map_err(TallyError::Key)?;
            let circuit = TallyCircuit::new(layout, one.statement, one.witness)?;
            tally.proofs.push(proof(&key, &circuit, rng)?);
            progress(1, 1);
        }
        Plan::Chunked(mut chunks) => {
            let all = chunks.count_all() + 1;
            let chunk_key = key(circuits[0]).map_err(TallyError::Key)?;
            for chunk in chunks.by_ref() {
                let chunk = chunk?;
                let circuit = ChunkCircuit::new(layout, chunk.statement, chunk.witness)?;
                tally.proofs.push(proof(&chunk_key, &circuit, rng)?);
                progress(tally.proofs.len(), all);
            }
            drop(chunk_key);
            let key = key(circuits[1]).map_err(TallyError::Key)?;
            let last = chunks.finish()?;
            let circuit = FinalCircuit::new(layout, last.statement, last.witness)?;
            tally.proofs.push(proof(&key, &circuit, rng)?);
            progress(all, all);
        }
    }
    Ok(tally)
}

fn proof(
    key: &ProvingKey,
    circuit: &impl Circuit,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<TallyProof, ProveError> {
    let inputs = circuit.public_inputs();
    Ok(TallyProof { circuit: circuit.id(), inputs, proof: prove(key, circuit, rng)? })
}

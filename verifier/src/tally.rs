//! Checking a result and its proofs against a board. spec: `tally.check`.

use crate::{
    circuit_id::CircuitId,
    key::PreparedVerifyingKey,
    proof::Proof,
    verify::{VerifyError, verify},
};
use circuits::{
    curve::Fr,
    decryption::{self, PartialDecryption},
    params::TOTAL_BITS,
    tally::{
        BatchBinding, BrokenChain, ChunkStatement, FinalStatement, Layout, Outcome, StateDigest, Statement,
        check_chain,
    },
    types::{BoardRoot, BoardRow, Ciphertexts, ElectionId, GroupElement, Tally},
};

/// A closed board, as the tally is about it.
#[derive(Clone, Debug)]
pub struct ClosedBoard {
    /// The election.
    pub election_id: ElectionId,
    /// The election's public key.
    pub public_key: GroupElement,
    /// The final root.
    pub root: BoardRoot,
    /// The rows, in log order.
    pub rows: Vec<BoardRow>,
    /// Slots with at least one entry.
    pub slots: u32,
    /// The sums over all slots.
    pub sums: Ciphertexts,
}

impl ClosedBoard {
    /// Number of entries.
    ///
    /// # Panics
    /// Never: boards have fewer than 2^32 entries.
    pub fn size(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("boards are below 2^32 entries")
    }
}

/// Why a result is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidTally {
    /// See the message.
    #[error("{found} totals for {expected} options")]
    Options {
        /// Options of the election.
        expected: usize,
        /// Totals given.
        found: usize,
    },
    /// See the message.
    #[error("the tally counts {found} slots, the board has {expected}")]
    Slots {
        /// Slots of the board.
        expected: u32,
        /// Slots given.
        found: u32,
    },
    /// See the message.
    #[error("option {0}: the total is not below 2^44 units")]
    Range(usize),
    /// See the message.
    #[error("partial decryptions: {0}")]
    Quorum(#[from] decryption::InvalidQuorum),
    /// See the message.
    #[error("option {0}: the total is not what the trustees decrypted")]
    Total(usize),
    /// See the message.
    #[error("{expected} proofs are needed for this board, {found} are given")]
    Count {
        /// Proofs of the board's form.
        expected: usize,
        /// Proofs given.
        found: usize,
    },
    /// See the message.
    #[error("proof {index} is of circuit {found}; {expected} is needed")]
    Circuit {
        /// Position of the proof.
        index: usize,
        /// The circuit of the board's form.
        expected: CircuitId,
        /// The circuit named.
        found: String,
    },
    /// See the message.
    #[error("there is no key for circuit {0}")]
    NoKey(CircuitId),
    /// See the message.
    #[error("proof {0} is about another board, key or result: its public inputs differ")]
    Inputs(usize),
    /// See the message.
    #[error(transparent)]
    Chain(#[from] BrokenChain),
    /// See the message.
    #[error("proof {index}: {cause}")]
    Proof {
        /// Position of the proof.
        index: usize,
        /// What is wrong.
        cause: VerifyError,
    },
}

/// Checks that `totals` are what valid partial decryptions of distinct
/// trustees say, by `total * G = C2 - sum lambda D`, without a discrete
/// logarithm. The caller has verified every partial decryption.
///
/// # Errors
/// The first total that differs.
pub fn check_totals(
    sums: &Ciphertexts,
    partials: &[PartialDecryption],
    quorum: usize,
    totals: &[u64],
) -> Result<(), InvalidTally> {
    use ark_ec::CurveGroup;
    use circuits::curve::{GENERATOR, Scalar};
    let masks = decryption::combine(partials, quorum)?;
    let opened = decryption::unmask(sums, &masks);
    let padded = totals.iter().copied().chain(std::iter::repeat(0));
    match opened
        .iter()
        .zip(padded)
        .position(|(m, t)| m.affine() != (GENERATOR * Scalar::from(t)).into_affine())
    {
        Some(option) => Err(InvalidTally::Total(option)),
        None => Ok(()),
    }
}

/// Checks all proofs of a tally against a board. `key` finds the election's
/// key for a circuit.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_proofs<'k>(
    layout: Layout,
    threshold: usize,
    options: usize,
    board: &ClosedBoard,
    tally: &Tally,
    key: impl Fn(CircuitId) -> Option<&'k PreparedVerifyingKey>,
) -> Result<(), InvalidTally> {
    let outcome = outcome(layout, options, board, tally)?;
    let statements = statements(layout, threshold, board, tally, outcome)?;
    for (index, ((circuit, inputs), proof)) in statements.iter().zip(&tally.proofs).enumerate() {
        if proof.inputs != *inputs {
            return Err(InvalidTally::Inputs(index));
        }
        let key = key(*circuit).ok_or(InvalidTally::NoKey(*circuit))?;
        let decoded = Proof::from_bytes(&proof.proof).map_err(VerifyError::from);
        let result = decoded.and_then(|p| verify(key, inputs, &p));
        result.map_err(|cause| InvalidTally::Proof { index, cause })?;
    }
    Ok(())
}

fn outcome(
    layout: Layout,
    options: usize,
    board: &ClosedBoard,
    tally: &Tally,
) -> Result<Outcome, InvalidTally> {
    if tally.totals.len() != options {
        return Err(InvalidTally::Options { expected: options, found: tally.totals.len() });
    }
    if tally.slots != board.slots {
        return Err(InvalidTally::Slots { expected: board.slots, found: tally.slots });
    }
    // The packing of the public inputs is injective on 44-bit totals only.
    if let Some(option) = tally.totals.iter().position(|t| t >> TOTAL_BITS != 0) {
        return Err(InvalidTally::Range(option));
    }
    let mut totals = tally.totals.clone();
    totals.resize(layout.options(), 0);
    Ok(Outcome { size: board.size(), slots: board.slots, totals })
}

/// Circuit and public inputs of every proof that the board needs, in order.
fn statements(
    layout: Layout,
    t: usize,
    board: &ClosedBoard,
    tally: &Tally,
    outcome: Outcome,
) -> Result<Vec<(CircuitId, Vec<Fr>)>, InvalidTally> {
    let (shape, rows) = (layout.shape(), layout.rows());
    let (election_id, root, public_key) = (board.election_id, board.root, board.public_key);
    if board.rows.len() <= rows {
        let batches = BatchBinding::of_segment(layout, &board.rows, &[]);
        let statement = Statement { election_id, root, outcome, public_key, batches };
        let circuit = CircuitId::Tally { shape, rows, t };
        require_circuits(tally, &[circuit])?;
        return Ok(vec![(circuit, statement.encode())]);
    }
    let chunks = board.rows.len().div_ceil(rows);
    let mut circuits = vec![CircuitId::TallyChunk { shape, rows }; chunks];
    circuits.push(CircuitId::TallyFinal { shape, rows, t });
    require_circuits(tally, &circuits)?;
    let mut statements = Vec::new();
    for (index, (segment, proof)) in board.rows.chunks(rows).zip(&tally.proofs).enumerate() {
        let state = |i: usize| proof.inputs.get(i).copied().map(StateDigest::from_field);
        let (Some(state_in), Some(state_out)) = (state(4), state(5)) else {
            return Err(InvalidTally::Inputs(index));
        };
        let start = u32::try_from(index * rows).expect("boards are below 2^32 entries");
        let batches = BatchBinding::of_segment(layout, segment, &[]);
        let size = board.size();
        statements.push(ChunkStatement { election_id, root, size, start, state_in, state_out, batches });
    }
    let state_in = statements.last().expect("more rows than one chunk").state_out;
    let last = FinalStatement { election_id, root, outcome, public_key, state_in };
    check_chain(layout, &statements, &last)?;
    let inputs = statements.iter().map(ChunkStatement::encode).chain([last.encode()]);
    Ok(circuits.into_iter().zip(inputs).collect())
}

fn require_circuits(tally: &Tally, expected: &[CircuitId]) -> Result<(), InvalidTally> {
    if tally.proofs.len() != expected.len() {
        return Err(InvalidTally::Count { expected: expected.len(), found: tally.proofs.len() });
    }
    let mut pairs = tally.proofs.iter().zip(expected).enumerate();
    match pairs.find(|(_, (proof, circuit))| proof.circuit != circuit.to_string()) {
        Some((index, (proof, circuit))) => {
            Err(InvalidTally::Circuit { index, expected: *circuit, found: proof.circuit.clone() })
        }
        None => Ok(()),
    }
}

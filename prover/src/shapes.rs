//! The rows of every circuit that a key can be made for.

use circuits::{
    ballot::BallotCircuit,
    r1cs::{Cs, Shape},
    registration::RegistrationCircuit,
    tally::{ChunkCircuit, FinalCircuit, InvalidLayout, Layout, TallyCircuit},
};
use verifier::CircuitId;

/// The rows of a circuit.
///
/// # Errors
/// If the id names a number of rows that no tally has.
pub fn shape(id: CircuitId) -> Result<Shape, InvalidLayout> {
    Ok(match id {
        CircuitId::Registration => Cs::shape(&RegistrationCircuit::dummy()),
        CircuitId::Ballot(shape) => Cs::shape(&BallotCircuit::dummy(shape)),
        CircuitId::Tally { shape, rows, t } => Cs::shape(&TallyCircuit::dummy(Layout::new(shape, rows)?, t)),
        CircuitId::TallyChunk { shape, rows } => Cs::shape(&ChunkCircuit::dummy(Layout::new(shape, rows)?)),
        CircuitId::TallyFinal { shape, rows, t } => {
            Cs::shape(&FinalCircuit::dummy(Layout::new(shape, rows)?, t))
        }
    })
}

/// The committed snapshots; tests of `circuits` compare each with its circuit.
const SNAPSHOTS: [&str; 3] = [
    include_str!("../../circuits/src/registration/shape.snap"),
    include_str!("../../circuits/src/ballot/shape.snap"),
    include_str!("../../circuits/src/tally/shape.snap"),
];

/// The digest of a circuit's shape, without building the circuit, which
/// takes seconds for a tally; `None` if there is no snapshot of it.
pub fn snapshot_digest(id: CircuitId) -> Option<[u8; 32]> {
    let name = id.to_string();
    let mut lines = SNAPSHOTS.iter().flat_map(|snapshot| snapshot.lines());
    let line = lines.find(|line| line.split(' ').next() == Some(&name))?;
    let digest = line.split(' ').find_map(|part| part.strip_prefix("sha256="))?;
    hex::decode(digest).ok()?.try_into().ok()
}

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

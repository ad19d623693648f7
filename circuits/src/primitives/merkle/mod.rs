//! The census tree and the board tree. spec: `census.tree`, `board.tree`.

mod board;
mod census;
mod consistency;
#[cfg(feature = "r1cs")]
pub mod gadget;
#[cfg(test)]
mod tests;

pub use board::{BoardPath, BoardTree, board_zeros};
pub use census::{CensusPath, CensusTree, census_leaf};
pub use consistency::{ConsistencyProof, Inconsistent};

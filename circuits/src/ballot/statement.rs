//! The public inputs.

use crate::{
    curve::Fr,
    types::{BallotShape, CensusRoot, CiphertextDigest, ElectionId, GroupElement, Rule, Slot, Ticket},
};

/// A member of the census replaced or masked the content of a slot.
/// spec: `ballot.statement`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The election's census.
    pub census_root: CensusRoot,
    /// The election.
    pub election_id: ElectionId,
    /// Kind of rule, number of options and shape.
    pub rule: Rule,
    /// The election's public key.
    pub pk: GroupElement,
    /// Where the entry goes.
    pub slot: Slot,
    /// The slot's digest before.
    pub prev_digest: CiphertextDigest,
    /// The slot's digest after.
    pub next_digest: CiphertextDigest,
    /// Spent by the entry.
    pub ticket: Ticket,
}

impl Statement {
    /// Number of public inputs.
    pub const LEN: usize = 9;

    /// The shape, which picks circuit and key.
    pub fn shape(&self) -> BallotShape {
        self.rule.shape()
    }

    /// The public inputs, in the one order.
    pub fn encode(&self) -> [Fr; Self::LEN] {
        let (pk_x, pk_y) = self.pk.xy();
        [
            self.census_root.field(),
            self.election_id.field(),
            self.rule.field(),
            pk_x,
            pk_y,
            self.slot.field(),
            self.prev_digest.field(),
            self.next_digest.field(),
            self.ticket.field(),
        ]
    }
}

//! The names of the circuits that keys exist for. spec: `setup.circuit_id`.

use circuits::{
    params::{TRUSTEES_MAX, TRUSTEES_MIN},
    types::{BallotShape, VERIFYING_KEYS},
};
use std::{fmt, str::FromStr};

/// Most rows of one tally proof or chunk that a name may state.
pub const MAX_ROWS: usize = 1 << 16;

/// A circuit with its parameters. Each has its own key; the text form is
/// the circuit's own id, and part of key hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CircuitId {
    /// `registration/1`: knowledge of `sk` behind an identity.
    Registration,
    /// `ballot/4`: B1 to B8.
    Ballot(BallotShape),
    /// `tally/4/rows=256/t=2`: Y1 to Y8 in one proof.
    Tally {
        /// Room for options.
        shape: BallotShape,
        /// Most rows.
        rows: usize,
        /// Trustees that decrypt.
        t: usize,
    },
    /// `tally-chunk/4/rows=256`: one chunk of a longer tally.
    TallyChunk {
        /// Room for options.
        shape: BallotShape,
        /// Rows per chunk.
        rows: usize,
    },
    /// `tally-final/4/rows=256/t=2`: the end of a chunked tally.
    TallyFinal {
        /// Room for options.
        shape: BallotShape,
        /// Rows per chunk.
        rows: usize,
        /// Trustees that decrypt.
        t: usize,
    },
}

impl CircuitId {
    /// The circuits of an election, in the order in which its key names the
    /// hashes of their verifying keys. spec: `election.verifying_keys`
    pub fn of_election(shape: BallotShape, t: usize) -> [CircuitId; VERIFYING_KEYS] {
        let rows = shape.tally_rows();
        [
            CircuitId::Registration,
            CircuitId::Ballot(shape),
            CircuitId::Tally { shape, rows, t },
            CircuitId::TallyChunk { shape, rows },
            CircuitId::TallyFinal { shape, rows, t },
        ]
    }
}

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CircuitId::Registration => f.write_str("registration/1"),
            CircuitId::Ballot(shape) => write!(f, "ballot/{}", shape.options()),
            CircuitId::Tally { shape, rows, t } => write!(f, "tally/{}/rows={rows}/t={t}", shape.options()),
            CircuitId::TallyChunk { shape, rows } => {
                write!(f, "tally-chunk/{}/rows={rows}", shape.options())
            }
            CircuitId::TallyFinal { shape, rows, t } => {
                write!(f, "tally-final/{}/rows={rows}/t={t}", shape.options())
            }
        }
    }
}

/// No circuit has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown circuit {0:?}; known are registration/1, ballot/<4|16>, tally/<4|16>/rows=<n>/t=<t>, \
     tally-chunk/<4|16>/rows=<n> and tally-final/<4|16>/rows=<n>/t=<t>"
)]
pub struct UnknownCircuit(pub String);

impl FromStr for CircuitId {
    type Err = UnknownCircuit;
    fn from_str(s: &str) -> Result<Self, UnknownCircuit> {
        // Numbers parse leniently (`+4`, `04`); the comparison refuses these.
        parse(s).filter(|id| id.to_string() == s).ok_or_else(|| UnknownCircuit(s.chars().take(64).collect()))
    }
}

fn parse(s: &str) -> Option<CircuitId> {
    let parts: Vec<&str> = s.split('/').collect();
    match parts[..] {
        ["registration", "1"] => Some(CircuitId::Registration),
        ["ballot", shape] => Some(CircuitId::Ballot(parse_shape(shape)?)),
        ["tally", shape, rows, t] => {
            Some(CircuitId::Tally { shape: parse_shape(shape)?, rows: parse_rows(rows)?, t: parse_t(t)? })
        }
        ["tally-chunk", shape, rows] => {
            Some(CircuitId::TallyChunk { shape: parse_shape(shape)?, rows: parse_rows(rows)? })
        }
        ["tally-final", shape, rows, t] => Some(CircuitId::TallyFinal {
            shape: parse_shape(shape)?,
            rows: parse_rows(rows)?,
            t: parse_t(t)?,
        }),
        _ => None,
    }
}

fn parse_shape(s: &str) -> Option<BallotShape> {
    BallotShape::ALL.into_iter().find(|shape| shape.options().to_string() == s)
}

fn parse_rows(s: &str) -> Option<usize> {
    s.strip_prefix("rows=")?.parse().ok().filter(|n| (1..=MAX_ROWS).contains(n))
}

fn parse_t(s: &str) -> Option<usize> {
    s.strip_prefix("t=")?.parse().ok().filter(|t| (TRUSTEES_MIN..=TRUSTEES_MAX).contains(t))
}

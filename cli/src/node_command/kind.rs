//! Kinds of elections, as an operator names them: `4/2`.

use circuits::types::BallotShape;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Trustees that decrypt, fewest and most. spec: `limits`
const THRESHOLDS: std::ops::RangeInclusive<u8> = 2..=16;

/// Room for options and number of trustees that decrypt: what the circuits
/// of an election depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Kind {
    /// Room for options.
    pub shape: BallotShape,
    /// Trustees that decrypt.
    pub threshold: u8,
}

/// See the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of election; write room for options (4 or 16) and trustees that decrypt (2 to 16), as in 4/2"
)]
pub struct InvalidKind(String);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.shape.options(), self.threshold)
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        let parse = || {
            let (options, threshold) = text.split_once('/')?;
            let options: usize = options.parse().ok()?;
            let shape = BallotShape::ALL.into_iter().find(|s| s.options() == options)?;
            let threshold = threshold.parse().ok().filter(|t| THRESHOLDS.contains(t))?;
            Some(Self { shape, threshold })
        };
        parse().ok_or_else(|| InvalidKind(text.to_owned()))
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> String {
        kind.to_string()
    }
}

impl TryFrom<String> for Kind {
    type Error = InvalidKind;

    fn try_from(text: String) -> Result<Self, InvalidKind> {
        text.parse()
    }
}

//! The rule of an election: how weight may be spread over options.
//! spec: `ballot.rule`.

use crate::curve::Fr;
use std::fmt;

/// How many options a ballot has room for: wire size tells nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BallotShape {
    /// Up to 4 options.
    Shape4,
    /// Up to 16 options.
    Shape16,
}

impl BallotShape {
    /// Both shapes.
    pub const ALL: [BallotShape; 2] = [BallotShape::Shape4, BallotShape::Shape16];

    /// Number of option positions, used or not.
    pub const fn options(self) -> usize {
        match self {
            BallotShape::Shape4 => 4,
            BallotShape::Shape16 => 16,
        }
    }

    /// The smallest shape with room for `options`.
    pub fn for_options(options: usize) -> Option<BallotShape> {
        Self::ALL.into_iter().find(|s| options <= s.options())
    }

    /// Entries that one tally proof covers; also the rows of a chunk.
    /// spec: `tally.forms`
    pub const fn tally_rows(self) -> usize {
        match self {
            BallotShape::Shape4 => 256,
            BallotShape::Shape16 => 128,
        }
    }
}

/// What a ballot may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    /// Exactly one option gets the whole weight.
    SingleChoice,
    /// Each option gets the whole weight or nothing.
    Approval,
    /// The weight is split: the votes sum to at most the weight.
    Split,
    /// Quadratic: the squares of the votes sum to at most the weight.
    Quadratic,
}

impl RuleKind {
    /// All kinds, by code.
    pub const ALL: [RuleKind; 4] =
        [RuleKind::SingleChoice, RuleKind::Approval, RuleKind::Split, RuleKind::Quadratic];

    /// The code, 0 to 3.
    pub const fn code(self) -> u8 {
        match self {
            RuleKind::SingleChoice => 0,
            RuleKind::Approval => 1,
            RuleKind::Split => 2,
            RuleKind::Quadratic => 3,
        }
    }

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            RuleKind::SingleChoice => "single",
            RuleKind::Approval => "approval",
            RuleKind::Split => "split",
            RuleKind::Quadratic => "quadratic",
        }
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// No or too many options.
    #[error("an election has 1 to 16 options, not {0}")]
    Options(usize),
    /// The encoded integer is not one of a rule.
    #[error("{0:#x} does not encode a rule")]
    Code(u32),
    /// Not the name of a rule.
    #[error("unknown rule; use single, approval, split or quadratic")]
    Name,
}

impl std::str::FromStr for RuleKind {
    type Err = InvalidRule;
    fn from_str(s: &str) -> Result<Self, InvalidRule> {
        Self::ALL.into_iter().find(|k| k.name() == s).ok_or(InvalidRule::Name)
    }
}

/// Kind, number of options, and the shape that follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    kind: RuleKind,
    options: u8,
}

impl Rule {
    /// A rule over `options` options.
    ///
    /// # Errors
    /// If there are none or more than 16.
    pub fn new(kind: RuleKind, options: usize) -> Result<Self, InvalidRule> {
        match (BallotShape::for_options(options), u8::try_from(options)) {
            (Some(_), Ok(n)) if n > 0 => Ok(Self { kind, options: n }),
            _ => Err(InvalidRule::Options(options)),
        }
    }

    /// The kind.
    pub fn kind(self) -> RuleKind {
        self.kind
    }

    /// Number of options, 1 to 16.
    pub fn options(self) -> usize {
        usize::from(self.options)
    }

    /// The ballot's shape.
    pub fn shape(self) -> BallotShape {
        BallotShape::for_options(self.options()).expect("checked when made")
    }

    /// `kind + 2^8 * options + 2^16 * (room of the shape)`.
    pub fn code(self) -> u32 {
        let room = u32::try_from(self.shape().options()).expect("4 or 16");
        u32::from(self.kind.code()) + (u32::from(self.options) << 8) + (room << 16)
    }

    /// The inverse of [`Rule::code`].
    ///
    /// # Errors
    /// If no rule has this code.
    pub fn from_code(code: u32) -> Result<Self, InvalidRule> {
        let kind = RuleKind::ALL.into_iter().find(|k| u32::from(k.code()) == code & 0xff);
        let options = ((code >> 8) & 0xff) as usize;
        let rule = Self::new(kind.ok_or(InvalidRule::Code(code))?, options)?;
        if rule.code() == code { Ok(rule) } else { Err(InvalidRule::Code(code)) }
    }

    /// The code as a public input.
    pub fn field(self) -> Fr {
        Fr::from(self.code())
    }
}

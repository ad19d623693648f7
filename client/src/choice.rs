//! What a member wants to say, and the numbers that say it under the
//! election's rule. spec: `ballot.b3`.

use circuits::types::{Rule, RuleKind};

/// A vote in the voter's terms. Options count from 0; units are the census's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The whole weight for one option.
    Single(usize),
    /// The whole weight for each of these options; none is allowed.
    Approval(Vec<usize>),
    /// Units per option, in sum at most the weight.
    Split(Vec<(usize, u64)>),
    /// Votes per option, whose squares sum to at most the weight.
    Quadratic(Vec<(usize, u64)>),
}

/// Why a choice cannot be cast. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChoice {
    /// See the message.
    #[error("the election's rule is {expected}, the choice is {found}; write it in the form of the rule")]
    Rule {
        /// The election's.
        expected: RuleKind,
        /// The choice's.
        found: RuleKind,
    },
    /// See the message.
    #[error("there is no option {option}; the election has {options}, counted from 0")]
    UnknownOption {
        /// As given.
        option: usize,
        /// Options of the election.
        options: usize,
    },
    /// See the message.
    #[error("no option is called {name:?}; the options are {options:?}")]
    UnknownName {
        /// As given.
        name: String,
        /// Names of the options.
        options: Vec<String>,
    },
    /// See the message.
    #[error("option {0} is named twice; name each option once")]
    Repeated(usize),
    /// See the message.
    #[error("{spent} units are spread, but your weight is {weight}; spread at most that")]
    OverWeight {
        /// Sum of the units.
        spent: u128,
        /// The member's weight.
        weight: u64,
    },
    /// See the message.
    #[error("the squares of the votes sum to {spent}, but your weight is {weight}; give fewer votes")]
    OverCredits {
        /// Sum of the squares.
        spent: u128,
        /// The member's weight.
        weight: u64,
    },
    /// See the message.
    #[error("your row of the census has no weight: it can mask slots, not vote")]
    NoWeight,
    /// See the message.
    #[error("{0:?} is not of the form {1}")]
    Syntax(String, &'static str),
}

impl Choice {
    /// Reads a choice: `yes` (single), `a,b` (approval, may be empty), or
    /// `a=10,b=20` (split and quadratic), with the names of the options.
    ///
    /// # Errors
    /// If a name is unknown or a number malformed.
    pub fn parse(kind: RuleKind, options: &[String], text: &str) -> Result<Self, InvalidChoice> {
        let parts = || text.split(',').map(str::trim).filter(|p| !p.is_empty());
        Ok(match kind {
            RuleKind::SingleChoice => Choice::Single(position(options, text.trim())?),
            RuleKind::Approval => {
                Choice::Approval(parts().map(|p| position(options, p)).collect::<Result<_, _>>()?)
            }
            RuleKind::Split => Choice::Split(parts().map(|p| amount(options, p)).collect::<Result<_, _>>()?),
            RuleKind::Quadratic => {
                Choice::Quadratic(parts().map(|p| amount(options, p)).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The rule that the choice is written for.
    pub fn kind(&self) -> RuleKind {
        match self {
            Choice::Single(_) => RuleKind::SingleChoice,
            Choice::Approval(_) => RuleKind::Approval,
            Choice::Split(_) => RuleKind::Split,
            Choice::Quadratic(_) => RuleKind::Quadratic,
        }
    }

    /// One number per option of the election, as the ballot encrypts them.
    ///
    /// # Errors
    /// The rule that the choice breaks.
    pub fn votes(&self, rule: Rule, weight: u64) -> Result<Vec<u64>, InvalidChoice> {
        let (expected, found) = (rule.kind(), self.kind());
        if expected != found {
            return Err(InvalidChoice::Rule { expected, found });
        }
        if weight == 0 {
            return Err(InvalidChoice::NoWeight);
        }
        let votes = spread(rule.options(), &self.amounts(weight))?;
        let sum = |power: u32| votes.iter().map(|v| u128::from(*v).pow(power)).fold(0, u128::saturating_add);
        match self {
            Choice::Split(_) if sum(1) > weight.into() => {
                Err(InvalidChoice::OverWeight { spent: sum(1), weight })
            }
            Choice::Quadratic(_) if sum(2) > weight.into() => {
                Err(InvalidChoice::OverCredits { spent: sum(2), weight })
            }
            _ => Ok(votes),
        }
    }

    fn amounts(&self, weight: u64) -> Vec<(usize, u64)> {
        match self {
            Choice::Single(option) => vec![(*option, weight)],
            Choice::Approval(options) => options.iter().map(|o| (*o, weight)).collect(),
            Choice::Split(amounts) | Choice::Quadratic(amounts) => amounts.clone(),
        }
    }
}

fn spread(options: usize, amounts: &[(usize, u64)]) -> Result<Vec<u64>, InvalidChoice> {
    let mut votes = vec![0; options];
    for (i, (option, amount)) in amounts.iter().enumerate() {
        let place = votes.get_mut(*option);
        let place = place.ok_or(InvalidChoice::UnknownOption { option: *option, options })?;
        if amounts[..i].iter().any(|(o, _)| o == option) {
            return Err(InvalidChoice::Repeated(*option));
        }
        *place = *amount;
    }
    Ok(votes)
}

fn position(options: &[String], name: &str) -> Result<usize, InvalidChoice> {
    let unknown = || InvalidChoice::UnknownName { name: name.to_owned(), options: options.to_vec() };
    options.iter().position(|o| o == name).ok_or_else(unknown)
}

fn amount(options: &[String], part: &str) -> Result<(usize, u64), InvalidChoice> {
    let malformed = || InvalidChoice::Syntax(part.to_owned(), "option=number");
    // The last `=`: a name may hold one.
    let (name, number) = part.rsplit_once('=').ok_or_else(malformed)?;
    let number = number.trim().parse().map_err(|_| malformed())?;
    Ok((position(options, name.trim())?, number))
}

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
    #[error("no option is called {name:?}; the options are {options:?}, or 1 to {}", .options.len())]
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
    #[error("{number:?} is no amount with at most {decimals} decimals below 2^64; write it like 20 or 20.5")]
    Amount {
        /// As given.
        number: String,
        /// Decimals of a unit.
        decimals: u8,
    },
    /// See the message.
    #[error("{0:?} is not of the form {1}")]
    Syntax(String, &'static str),
}

impl Choice {
    /// Reads a choice in a member's words. spec: `client.choice`
    ///
    /// The forms: `yes` (single), `a,b` (approval; empty for none), `a=10,b=20.5` (split:
    /// tokens of `decimals` decimals), `a=3,b=2` (quadratic: votes). Options
    /// go by name or, where no name is the same, by number from 1.
    ///
    /// # Errors
    /// If an option is unknown or an amount malformed.
    pub fn parse(
        kind: RuleKind,
        options: &[String],
        decimals: u8,
        text: &str,
    ) -> Result<Self, InvalidChoice> {
        let parts = || text.split(',').map(str::trim).filter(|p| !p.is_empty());
        let amounts = |decimals| parts().map(|p| amount(options, decimals, p)).collect::<Result<_, _>>();
        Ok(match kind {
            RuleKind::SingleChoice => Choice::Single(position(options, text.trim())?),
            RuleKind::Approval => {
                Choice::Approval(parts().map(|p| position(options, p)).collect::<Result<_, _>>()?)
            }
            RuleKind::Split => Choice::Split(amounts(decimals)?),
            RuleKind::Quadratic => Choice::Quadratic(amounts(0)?),
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
    let numbered = || {
        let number = name.parse::<usize>().ok().filter(|n| n.to_string() == name)?;
        number.checked_sub(1).filter(|i| *i < options.len())
    };
    options.iter().position(|o| o == name).or_else(numbered).ok_or_else(unknown)
}

fn amount(options: &[String], decimals: u8, part: &str) -> Result<(usize, u64), InvalidChoice> {
    // The last `=`: a name may hold one.
    let (name, number) =
        part.rsplit_once('=').ok_or_else(|| InvalidChoice::Syntax(part.to_owned(), "option=amount"))?;
    Ok((position(options, name.trim())?, units(number.trim(), decimals)?))
}

/// `12.5` of a unit with 2 decimals is 1250.
fn units(number: &str, decimals: u8) -> Result<u64, InvalidChoice> {
    let refuse = || InvalidChoice::Amount { number: number.to_owned(), decimals };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = match number.split_once('.') {
        Some((_, "")) => return Err(refuse()),
        Some(parts) => parts,
        None => (number, ""),
    };
    let width = usize::from(decimals);
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > width {
        return Err(refuse());
    }
    format!("{whole}{part:0<width$}").parse().map_err(|_| refuse())
}

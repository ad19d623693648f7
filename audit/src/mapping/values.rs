//! Which texts of a column mean one thing: a list of texts, or a range of
//! numbers. spec: `audit.mapping`.

use crate::{
    abi::Value,
    decimal::{Decimal, InvalidDecimal},
};
use serde::de::{
    self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use std::fmt;

/// Texts or numbers that mean one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Exactly these texts, letter by letter.
    Texts(Vec<String>),
    /// All numbers between two bounds.
    Range(Range),
}

/// Numbers between two bounds; one of them may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// x >= this
    pub at_least: Option<Decimal>,
    /// x > this
    pub above: Option<Decimal>,
    /// x < this
    pub below: Option<Decimal>,
    /// x <= this
    pub at_most: Option<Decimal>,
}

/// Why values mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValues {
    /// See the message.
    #[error("the list is empty; name at least one value")]
    Empty,
    /// See the message.
    #[error("a range needs a bound: at_least, above, below or at_most")]
    Unbounded,
    /// See the message.
    #[error("a range has one lower bound (at_least or above) and one upper (below or at_most) at most")]
    TwoBounds,
    /// See the message.
    #[error("no number lies in this range; exchange its bounds")]
    NoNumber,
}

impl Range {
    /// One number.
    pub fn exactly(x: Decimal) -> Self {
        Self { at_least: Some(x), at_most: Some(x), ..Self::default() }
    }

    /// From `low` up to `high`, which is included or not.
    pub fn between(low: Decimal, high: Decimal, including: bool) -> Self {
        let (below, at_most) = if including { (None, Some(high)) } else { (Some(high), None) };
        Self { at_least: Some(low), above: None, below, at_most }
    }

    /// The least and the greatest number, in billionths.
    fn interval(&self) -> (i128, i128) {
        let low = match (self.at_least, self.above) {
            (Some(x), _) => x.billionths(),
            (None, Some(x)) => x.billionths() + 1,
            (None, None) => i128::MIN,
        };
        let high = match (self.at_most, self.below) {
            (Some(x), _) => x.billionths(),
            (None, Some(x)) => x.billionths() - 1,
            (None, None) => i128::MAX,
        };
        (low, high)
    }

    /// Whether a number lies between the bounds.
    pub fn contains(&self, x: Decimal) -> bool {
        let (low, high) = self.interval();
        (low..=high).contains(&x.billionths())
    }

    fn overlaps(&self, other: &Self) -> bool {
        let ((a, b), (c, d)) = (self.interval(), other.interval());
        a.max(c) <= b.min(d)
    }

    fn check(&self) -> Result<(), InvalidValues> {
        let (low, high) = self.interval();
        match self {
            Range { at_least: None, above: None, below: None, at_most: None } => {
                Err(InvalidValues::Unbounded)
            }
            Range { at_least: Some(_), above: Some(_), .. } => Err(InvalidValues::TwoBounds),
            Range { below: Some(_), at_most: Some(_), .. } => Err(InvalidValues::TwoBounds),
            _ if low > high => Err(InvalidValues::NoNumber),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bounds = [
            ("at least", self.at_least),
            ("above", self.above),
            ("below", self.below),
            ("at most", self.at_most),
        ];
        if let Range { at_least: Some(x), at_most: Some(y), .. } = self
            && x == y
        {
            return write!(f, "{x}");
        }
        let shown: Vec<_> =
            bounds.iter().filter_map(|(word, bound)| Some(format!("{word} {}", (*bound)?))).collect();
        f.write_str(&shown.join(" and "))
    }
}

impl Values {
    /// Checks the values by themselves.
    ///
    /// # Errors
    /// If they mean nothing.
    pub fn check(&self) -> Result<(), InvalidValues> {
        match self {
            Values::Texts(texts) if texts.is_empty() => Err(InvalidValues::Empty),
            Values::Texts(_) => Ok(()),
            Values::Range(range) => range.check(),
        }
    }

    /// Whether a text of the column is meant.
    ///
    /// # Errors
    /// If a number is needed and it is none.
    pub fn contains(&self, text: &str) -> Result<bool, InvalidDecimal> {
        match self {
            Values::Texts(texts) => Ok(texts.iter().any(|t| t == text)),
            Values::Range(range) => Ok(range.contains(text.parse()?)),
        }
    }

    /// A text or number that both mean, if there is one.
    pub fn common(&self, other: &Self) -> Option<String> {
        match (self, other) {
            (Values::Texts(a), b) => a.iter().find(|t| b.contains(t) == Ok(true)).cloned(),
            (a, Values::Texts(_)) => other.common(a),
            (Values::Range(a), Values::Range(b)) => {
                a.overlaps(b).then(|| format!("a number {a} and also {b}"))
            }
        }
    }

    /// For hashes: kind, texts, and the least and greatest number in
    /// billionths.
    pub(super) fn abi(&self) -> Value {
        let (kind, texts, (low, high)) = match self {
            Values::Texts(texts) => (0u8, texts.as_slice(), (0, 0)),
            Values::Range(range) => (1, &[][..], range.interval()),
        };
        Value::Tuple(vec![Value::uint(kind), Value::strings(texts), Value::int(low), Value::int(high)])
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Values::Texts(texts) => {
                let quoted: Vec<_> = texts.iter().map(|t| format!("{t:?}")).collect();
                f.write_str(&quoted.join(", "))
            }
            Values::Range(range) => write!(f, "{range}"),
        }
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ValuesVisitor)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of values such as [\"yes\", \"y\"], or a range such as { at_least = 0, below = 5 }",
        )
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = list.next_element()? {
            texts.push(text);
        }
        Ok(Values::Texts(texts))
    }
    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Values, A::Error> {
        Range::deserialize(MapAccessDeserializer::new(table)).map(Values::Range)
    }
}

/// A text of a column; integers may be written without quotes.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an integer, written as in the file of records")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.into()))
    }
    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Text, E> {
        Ok(Text(x.to_string()))
    }
}

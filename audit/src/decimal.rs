//! Decimal numbers as people write them, exactly. spec: `audit.mapping`.

use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::{fmt, str::FromStr};

/// Most digits behind the point.
const FRACTION_DIGITS: usize = 9;
/// Most digits before the point.
const WHOLE_DIGITS: usize = 18;
/// 10^9
const SCALE: i128 = 1_000_000_000;

/// A decimal number, kept as an integer of billionths: `5` and `5.0` are
/// equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i128);

/// Not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number is written as an optional minus, at most 18 digits and optionally a point with at most 9 digits"
)]
pub struct InvalidDecimal;

impl Decimal {
    /// The number in billionths.
    pub fn billionths(self) -> i128 {
        self.0
    }
}

impl From<i64> for Decimal {
    fn from(x: i64) -> Self {
        Self(i128::from(x) * SCALE)
    }
}

impl FromStr for Decimal {
    type Err = InvalidDecimal;
    fn from_str(text: &str) -> Result<Self, InvalidDecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(InvalidDecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let plain = |s: &str, most: usize| s.len() <= most && s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole, WHOLE_DIGITS) || !plain(fraction, FRACTION_DIGITS) {
            return Err(InvalidDecimal);
        }
        let magnitude: i128 =
            format!("{whole}{fraction:0<FRACTION_DIGITS$}").parse().map_err(|_| InvalidDecimal)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.abs() / SCALE, self.0.abs() % SCALE);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{fraction:0FRACTION_DIGITS$}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Decimal;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number such as 5 or 0.25")
    }
    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Decimal, E> {
        Ok(x.into())
    }
    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Decimal, E> {
        // The shortest form that reads back as x: what the file says.
        x.to_string().parse().map_err(E::custom)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_number_has_many_texts_and_one_value() {
        for (text, shown) in [("5", "5"), ("5.0", "5"), ("-0.25", "-0.25"), ("007.50", "7.5"), ("-0", "0")] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), shown);
        }
        assert!("4.999999999".parse::<Decimal>().unwrap() < Decimal::from(5));
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in
            ["", " 5", "5 ", "+5", "1e3", "NaN", "inf", ".5", "5.", "1,000", "0.0000000001", "٣", "--1"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(InvalidDecimal), "{text:?}");
        }
        assert!("999999999999999999.999999999".parse::<Decimal>().is_ok());
        assert!("1000000000000000000".parse::<Decimal>().is_err());
    }
}

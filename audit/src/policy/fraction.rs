//! Thresholds as exact fractions. spec: `audit.policy`.

use circuits::attestation::Ratio;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::{fmt, str::FromStr};

/// A fraction in lowest terms, both numbers below 2^16. Its text is `4/5`;
/// `0.8` is read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction(Ratio);

/// Not a fraction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFraction {
    /// See the message.
    #[error("{0:?} is not a fraction; write it as \"4/5\" or \"0.8\", without a sign")]
    Form(String),
    /// See the message.
    #[error("{0:?} has a denominator of 0")]
    Zero(String),
    /// See the message.
    #[error("{0:?} needs numbers of 2^16 or more in lowest terms; choose a rounder fraction")]
    Large(String),
}

impl Fraction {
    /// The numbers.
    pub fn ratio(self) -> Ratio {
        self.0
    }
}

impl From<Ratio> for Fraction {
    /// Reduces.
    fn from(ratio: Ratio) -> Self {
        let divisor = gcd(ratio.num.into(), ratio.den.into()).max(1);
        let reduced = |x: u16| u16::try_from(u64::from(x) / divisor).expect("a quotient is no larger");
        Self(Ratio::new(reduced(ratio.num), reduced(ratio.den)))
    }
}

impl FromStr for Fraction {
    type Err = InvalidFraction;
    fn from_str(text: &str) -> Result<Self, InvalidFraction> {
        let (num, den) = match text.split_once('/') {
            Some((num, den)) => (digits(num), digits(den)),
            None => decimal(text),
        };
        let (Some(num), Some(den)) = (num, den) else { return Err(InvalidFraction::Form(text.into())) };
        if den == 0 {
            return Err(InvalidFraction::Zero(text.into()));
        }
        let divisor = gcd(num, den);
        match (u16::try_from(num / divisor), u16::try_from(den / divisor)) {
            (Ok(num), Ok(den)) => Ok(Self(Ratio::new(num, den))),
            _ => Err(InvalidFraction::Large(text.into())),
        }
    }
}

fn decimal(text: &str) -> (Option<u64>, Option<u64>) {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return (None, None),
        Some(parts) => parts,
        None => (text, ""),
    };
    let places = u32::try_from(fraction.len()).ok();
    let num = if whole.is_empty() { None } else { digits(&format!("{whole}{fraction}")) };
    (num, places.and_then(|places| 10u64.checked_pow(places)))
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0.num, self.0.den)
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(FractionVisitor)
    }
}

struct FractionVisitor;

impl Visitor<'_> for FractionVisitor {
    type Value = Fraction;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fraction such as \"4/5\" or 0.8")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Fraction, E> {
        text.parse().map_err(E::custom)
    }
    fn visit_i64<E: de::Error>(self, x: i64) -> Result<Fraction, E> {
        x.to_string().parse().map_err(E::custom)
    }
    fn visit_u64<E: de::Error>(self, x: u64) -> Result<Fraction, E> {
        x.to_string().parse().map_err(E::custom)
    }
    fn visit_f64<E: de::Error>(self, x: f64) -> Result<Fraction, E> {
        // The shortest decimal that reads back as x: what the file says.
        x.to_string().parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_fraction_has_one_form() {
        for (text, shown) in [("4/5", "4/5"), ("8/10", "4/5"), ("0.8", "4/5"), ("0", "0/1"), ("2", "2/1")] {
            assert_eq!(text.parse::<Fraction>().unwrap().to_string(), shown);
        }
        assert_eq!(Fraction::from(Ratio::new(8, 10)), "4/5".parse().unwrap());
    }

    #[test]
    fn what_is_no_exact_fraction_is_refused() {
        for text in ["", "4/", "/5", "-4/5", "4 / 5", "80%", "1e-1", "0.", ".8", "4/5/6"] {
            assert_eq!(text.parse::<Fraction>(), Err(InvalidFraction::Form(text.into())));
        }
        assert!(matches!("1/0".parse::<Fraction>(), Err(InvalidFraction::Zero(_))));
        assert!(matches!("0.123456789".parse::<Fraction>(), Err(InvalidFraction::Large(_))));
        assert!("65535/65534".parse::<Fraction>().is_ok());
        assert!("1/65536".parse::<Fraction>().is_err());
    }
}

//! Times as people write them: RFC 3339, or relative. spec: `cli.times`

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer, de};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A point in time, or a duration after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Unix seconds.
    At(u64),
    /// Seconds after whatever comes before.
    After(u64),
}

/// How times are written.
const FORMS: &str = "write 2026-12-01T12:00:00Z, or +2h (units d, h, m, s, as in +1d12h), or now";

impl When {
    /// Reads `2026-12-01T12:00:00Z`, `+1d12h` or `now`.
    ///
    /// # Errors
    /// If it is none of these, or before 1970.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "now" {
            return Ok(Self::After(0));
        }
        if let Some(duration) = text.strip_prefix('+') {
            return Ok(Self::After(seconds(duration).with_context(|| malformed(text))?));
        }
        let time = OffsetDateTime::parse(text, &Rfc3339).ok().with_context(|| malformed(text))?;
        Ok(Self::At(u64::try_from(time.unix_timestamp()).context("the time is before 1970")?))
    }

    /// The time, if this one is counted from `before`.
    ///
    /// # Errors
    /// If it is beyond all times.
    pub fn from(self, before: u64) -> Result<u64> {
        match self {
            Self::At(time) => Ok(time),
            Self::After(seconds) => before.checked_add(seconds).context("the time is too far away"),
        }
    }
}

fn malformed(text: &str) -> String {
    format!("{text:?} is not a time: {FORMS}")
}

/// Reads `1d12h` and the like, each unit once, largest first.
///
/// # Errors
/// If it is something else.
pub fn seconds(text: &str) -> Result<u64> {
    let (mut rest, mut sum) = (text, 0u64);
    for (unit, length) in [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let number: u64 = number.parse().context("the number is too large")?;
        sum = number.checked_mul(length).and_then(|n| sum.checked_add(n)).context("the time is too long")?;
        rest = after;
    }
    if text.is_empty() || !rest.is_empty() {
        bail!("{text:?} is not a duration: write 1d12h, 90m or 30s");
    }
    Ok(sum)
}

impl<'de> Deserialize<'de> for When {
    /// From a string, or from TOML's own date and time with an offset.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = When;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time, such as \"2026-12-01T12:00:00Z\" or \"+2h\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<When, E> {
                When::parse(text).map_err(|e| E::custom(format!("{e:#}")))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
                let time = toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
                self.visit_str(&time.to_string())
            }
        }
        d.deserialize_any(Visitor)
    }
}

/// Unix seconds as RFC 3339 in UTC.
pub fn show(time: u64) -> String {
    let moment = i64::try_from(time).ok().and_then(|t| OffsetDateTime::from_unix_timestamp(t).ok());
    moment.and_then(|m| m.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{time} s after 1970"))
}

/// This machine's clock, Unix seconds.
///
/// # Errors
/// If it is before 1970.
pub fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970; set it")?.as_secs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read_in_each_form() {
        assert_eq!(When::parse("2026-12-01T12:00:00Z").unwrap(), When::At(1_796_126_400));
        assert_eq!(When::parse("2026-12-01T13:00:00+01:00").unwrap(), When::At(1_796_126_400));
        assert_eq!(When::parse("now").unwrap(), When::After(0));
        assert_eq!(When::parse("+1d12h").unwrap(), When::After(129_600));
        assert_eq!(When::parse("+90m30s").unwrap(), When::After(5_430));
        assert_eq!(show(1_796_126_400), "2026-12-01T12:00:00Z");
    }

    #[test]
    fn other_times_are_refused_with_the_forms() {
        for bad in [
            "",
            "+",
            "2h",
            "+2",
            "+h",
            "+2x",
            "+1h1d",
            "+1h1h",
            "+-1h",
            "tomorrow",
            "2026-12-01",
            "2026-12-01T12:00:00",
            "2026-13-01T12:00:00Z",
            "1969-01-01T00:00:00Z",
            "+99999999999999999999d",
            "+999999999999999999d",
        ] {
            assert!(When::parse(bad).is_err(), "{bad}");
        }
        assert!(format!("{:#}", When::parse("tomorrow").unwrap_err()).contains("+1d12h"));
        assert!(When::After(u64::MAX).from(1).is_err());
    }

    #[test]
    fn toml_has_times_of_its_own() {
        #[derive(Deserialize)]
        struct File {
            at: When,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|f| f.at);
        assert_eq!(read("at = 2026-12-01T12:00:00Z").unwrap(), When::At(1_796_126_400));
        assert_eq!(read("at = \"+5m\"").unwrap(), When::After(300));
        assert!(read("at = 2026-12-01").unwrap_err().to_string().contains("line 1"));
        assert!(read("at = 5").is_err());
    }
}

//! Days and times as people write them, in UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};
use time::{Date, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
/// 1970-01-01
const FIRST: Date = time::macros::date!(1970 - 01 - 01);
/// Seconds of a day.
const SECONDS: u64 = 24 * 60 * 60;

/// A day from 1970 on, as a number of days since then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

/// Not a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a day from 1970 to 9999; write it as 2026-01-31")]
pub struct InvalidDay(String);

impl Day {
    /// Days since 1970-01-01.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The day of a Unix time in seconds.
    pub fn of(time: u64) -> Option<Self> {
        u32::try_from(time / SECONDS).ok().filter(|days| date(*days).is_some()).map(Self)
    }

    /// Unix time of its first second.
    pub fn start(self) -> u64 {
        u64::from(self.0) * SECONDS
    }

    /// Unix time of the next day's first second.
    pub fn end(self) -> u64 {
        self.start() + SECONDS
    }

    /// The same day twelve months later; 28 February after a 29th.
    pub fn plus_year(self) -> Option<Self> {
        let date = date(self.0)?;
        let next = date
            .replace_year(date.year() + 1)
            .or_else(|_| date.replace_day(28).and_then(|date| date.replace_year(date.year() + 1)));
        from_date(next.ok()?)
    }
}

fn date(days: u32) -> Option<Date> {
    FIRST.checked_add(time::Duration::days(days.into()))
}

fn from_date(date: Date) -> Option<Day> {
    u32::try_from((date - FIRST).whole_days()).ok().map(Day)
}

impl FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let day = Date::parse(text, DAY).ok().and_then(from_date);
        day.filter(|day| day.to_string() == text).ok_or_else(|| InvalidDay(text.into()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = date(self.0).and_then(|date| date.format(DAY).ok());
        f.write_str(text.as_deref().unwrap_or("beyond the calendar"))
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// A Unix time in seconds in words.
pub fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
    let text = time.and_then(|time| time.format(TIME).ok());
    text.unwrap_or_else(|| format!("second {seconds} after 1970"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_have_one_text() {
        let day: Day = "2026-01-31".parse().unwrap();
        assert_eq!((day.to_string().as_str(), day.end() - day.start()), ("2026-01-31", 86_400));
        assert_eq!(Day::of(day.start()), Some(day));
        for text in ["2026-02-30", "1969-12-31", "2026-1-31", "31.1.2026", "", "+2026-01-31"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_year_later_exists_after_a_leap_day_too() {
        let later = |text: &str| text.parse::<Day>().unwrap().plus_year().unwrap().to_string();
        assert_eq!(later("2026-01-31"), "2027-01-31");
        assert_eq!(later("2028-02-29"), "2029-02-28");
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(time(0), "1970-01-01 00:00 UTC");
        assert_eq!(time(1_767_225_600), "2026-01-01 00:00 UTC");
    }
}

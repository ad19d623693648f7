//! Amounts of tokens as people write them. spec: `cli.amounts`

use anyhow::{Context, Result, ensure};

/// Reads `1000`, `1,000` or `20.5` as units of `decimals`.
///
/// # Errors
/// If it is no amount, too large, or finer than a unit.
pub fn units(text: &str, decimals: u8) -> Result<u64> {
    let malformed = || format!("{text:?} is not an amount of tokens: write 1000 or 20.5");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let grouped = whole.contains(',');
    let groups: Vec<&str> = whole.split(',').collect();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    ensure!(groups.iter().all(|g| digits(g)), malformed());
    let even = groups[0].len() <= 3 && groups[1..].iter().all(|g| g.len() == 3);
    ensure!(!grouped || even, malformed());
    ensure!(!text.contains('.') || digits(fraction), malformed());
    let kept = fraction.trim_end_matches('0');
    ensure!(
        kept.len() <= usize::from(decimals),
        "{text:?} is finer than a unit of the census, which has {decimals} decimals"
    );
    let all = format!("{}{kept:0<width$}", groups.concat(), width = usize::from(decimals));
    all.parse().with_context(|| format!("{text:?} is too large"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_become_units() {
        assert_eq!(units("1000", 2).unwrap(), 100_000);
        assert_eq!(units("1,234,567.8", 2).unwrap(), 123_456_780);
        assert_eq!(units("0.05", 2).unwrap(), 5);
        assert_eq!(units("7.500", 1).unwrap(), 75);
        assert_eq!(units("7", 0).unwrap(), 7);
    }

    #[test]
    fn other_amounts_are_refused() {
        let bad = ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,00", "1000,000", ",1", "1.2.3", "1.001", "x"];
        for text in bad.into_iter().chain(["99999999999999999999"]) {
            assert!(units(text, 2).is_err(), "{text}");
        }
    }
}

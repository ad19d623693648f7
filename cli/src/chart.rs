//! Totals as bars in the terminal.

use std::fmt::Write;

/// Columns of the longest bar.
const WIDTH: u64 = 40;

/// One line per option: name, bar, units with decimals, share.
pub fn bars(options: &[String], totals: &[u64], decimals: u8) -> String {
    let name = options.iter().map(|o| o.chars().count()).max().unwrap_or(0);
    let largest = totals.iter().copied().max().unwrap_or(0).max(1);
    let all: u128 = totals.iter().map(|t| u128::from(*t)).sum::<u128>().max(1);
    let mut out = String::new();
    for (option, total) in options.iter().zip(totals) {
        let eighths = u128::from(*total) * u128::from(WIDTH) * 8 / u128::from(largest);
        let share = u128::from(*total) * 1000 / all;
        let bar = bar(usize::try_from(eighths).expect("at most the width"));
        let units = units(*total, decimals);
        writeln!(out, "    {option:<name$}  {bar:<40}  {units:>18}  {:>3}.{} %", share / 10, share % 10)
            .expect("strings can be written");
    }
    out
}

fn bar(eighths: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

/// Units as a decimal number with thousands separated.
pub fn units(total: u64, decimals: u8) -> String {
    let scale = 10u64.pow(decimals.into());
    let whole = (total / scale).to_string();
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|c| std::str::from_utf8(c).expect("digits are ASCII"))
        .collect();
    let whole = groups.join(",");
    if decimals == 0 { whole } else { format!("{whole}.{:0width$}", total % scale, width = decimals.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_separators_and_decimals() {
        assert_eq!(units(123_456_789, 2), "1,234,567.89");
        assert_eq!(units(5, 2), "0.05");
        assert_eq!(units(1000, 0), "1,000");
    }

    #[test]
    fn the_largest_bar_is_full_and_zero_is_empty() {
        let chart = bars(&["a".into(), "bb".into()], &[10, 0], 0);
        assert!(chart.contains(&"█".repeat(40)) && chart.contains("100.0 %"));
        assert!(bars(&["a".into()], &[0], 0).contains("0.0 %"));
    }
}

//! Others' words in the terminal, and questions to the user.

use anyhow::{Context, Result};
use std::io::{IsTerminal, Write};

/// A text of somebody else's, fit for a terminal: control characters, which
/// could move the cursor or recolour, become a visible mark; line breaks and
/// tabs stay.
pub fn plain(text: &str) -> String {
    let mark =
        |c: char| if (c.is_control() && c != '\n' && c != '\t') || is_bidi(c) { '\u{fffd}' } else { c };
    text.chars().map(mark).collect()
}

/// [`plain`] on one line.
pub fn line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

/// Characters that reverse the order in which others are shown.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Asks at the terminal; `None` if there is none. Only `yes` means yes.
///
/// # Errors
/// If the terminal cannot be read.
pub fn confirm(question: &str) -> Result<Option<bool>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    eprint!("{question} Type yes to go on: ");
    std::io::stderr().flush().context("cannot write to the terminal")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read from the terminal")?;
    Ok(Some(answer.trim() == "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_of_others_do_not_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\td\u{202e}"), "a\u{fffd}[2Jb\u{fffd}\nc\td\u{fffd}");
        assert_eq!(line("two\nlines"), "two lines");
    }
}

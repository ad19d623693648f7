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

/// A word as a POSIX shell reads it back, quoted if it has to be.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
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

    /// By the shell itself.
    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for word in ["", "plain-1.2/x", "Voters' \"own\" DAO", "$HOME `id` \\n", "!x", "a\nb", "*", "~", "#x"]
        {
            let script = format!("printf %s {}", shell(word));
            let said = std::process::Command::new("sh").args(["-c", &script]).output();
            assert_eq!(said.ok().map(|s| s.stdout), Some(word.as_bytes().to_vec()), "{script}");
        }
        assert_eq!(shell("node/node.toml"), "node/node.toml");
    }
}

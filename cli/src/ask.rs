//! Questions before something that cannot be undone.

use crate::text;
use anyhow::{Context, Result, bail, ensure};
use std::io::{IsTerminal, Write};

/// Goes on only if the user says so, or said so with `--yes`.
///
/// # Errors
/// If the user declines, or cannot be asked.
pub fn agree(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    match text::confirm(question)? {
        Some(true) => Ok(()),
        Some(false) => bail!("you did not say yes; nothing was done"),
        None => bail!("there is no terminal to ask at; look at the above and use --yes"),
    }
}

/// Waits for Enter.
///
/// # Errors
/// If the terminal cannot be read.
pub fn pause(message: &str) -> Result<()> {
    line(&format!("{message} ")).map(drop)
}

/// One line from the terminal.
///
/// # Errors
/// If there is no terminal.
pub fn line(prompt: &str) -> Result<String> {
    ensure!(std::io::stdin().is_terminal(), "there is no terminal to ask at");
    eprint!("{prompt}");
    std::io::stderr().flush().context("cannot write to the terminal")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("cannot read from the terminal")?;
    Ok(answer.trim().to_owned())
}

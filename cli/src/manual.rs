//! `tabella completions` and `tabella man`: the command line described to
//! shells and to readers. spec: `cli.manual`

use crate::{args::Args, examples};
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

/// `tabella completions`
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct CompletionsOptions {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// `tabella man`
#[derive(Clone, Debug, clap::Args)]
pub struct ManOptions {
    /// Directory to write; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Prints the completions of a shell.
///
/// # Errors
/// If they cannot be written.
pub fn completions(options: CompletionsOptions) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Args::command(), "tabella", &mut text);
    io::stdout().write_all(&text).context("cannot write to standard output")
}

/// Writes one manual page per command.
///
/// # Errors
/// If they cannot be written.
pub fn man(options: &ManOptions) -> Result<()> {
    let out = &options.out;
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    clap_mangen::generate_to(examples::add(Args::command()), out)
        .with_context(|| format!("cannot write to {}", out.display()))?;
    eprintln!("manual pages written to {}", out.display());
    Ok(())
}

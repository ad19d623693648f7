//! What long-running commands write to their log, on standard error.

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt};

/// Names the variable with the filter, as in `info,node=debug`.
pub const VARIABLE: &str = "TABELLA_LOG";

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts the log of this process; `default` is the filter unless
/// `TABELLA_LOG` holds another. Call it once.
///
/// # Errors
/// If the filter is malformed, or the log was started before.
pub fn init(default: &str, format: Format) -> Result<()> {
    let filter = std::env::var(VARIABLE).unwrap_or_else(|_| default.to_owned());
    let filter = EnvFilter::try_new(&filter).with_context(|| {
        format!("{VARIABLE}: {filter:?} is no filter; write e.g. info, or info,node=debug")
    })?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|e| anyhow!("the log was started before: {e}"))
}

//! The directory in which a party keeps what it must not lose. spec: `cli.home`.

use anyhow::{Context, Result};
use circuits::types::{Address, ElectionId};
use clap::Args;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where secrets, tickets, copies of boards and receipts are kept.
#[derive(Clone, Debug, Default, Args)]
pub struct HomeOptions {
    /// Directory of your identity, tickets, copies of boards and receipts;
    /// `tabella` in the platform's directory for data if not given.
    #[arg(long, env = "TABELLA_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
}

impl HomeOptions {
    /// The directory, made if it is not there, and its parts.
    ///
    /// # Errors
    /// If there is no place for it, or it cannot be made.
    pub fn open(&self) -> Result<Home> {
        let directory = match &self.home {
            Some(directory) => directory.clone(),
            None => data_directory()
                .context("no directory for your data: use --home DIR, or set TABELLA_HOME or HOME")?
                .join("tabella"),
        };
        private_directory(&directory)?;
        Ok(Home { directory })
    }
}

/// An opened home.
#[derive(Clone, Debug)]
pub struct Home {
    directory: PathBuf,
}

impl Home {
    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The sealed identity.
    pub fn identity(&self) -> PathBuf {
        self.directory.join("identity.json")
    }

    /// Tickets that were or may have been sent. spec: `client.tickets`
    pub fn tickets(&self) -> PathBuf {
        self.directory.join("tickets.json")
    }

    /// The copy of an election's census and board. spec: `client.state`
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn mirror(&self, election: ElectionId) -> Result<PathBuf> {
        Ok(self.part("mirrors")?.join(format!("{election}.state")))
    }

    /// The directory of receipts. spec: `client.receipt_file`
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn receipts(&self) -> Result<PathBuf> {
        self.part("receipts")
    }

    /// The embedded chain. spec: `chain.embedded`
    pub fn chain(&self) -> PathBuf {
        self.directory.join("chain")
    }

    /// The outbox of an account on a chain. spec: `chain.outbox`
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn outbox(&self, chain_id: u64, account: Address) -> Result<PathBuf> {
        Ok(self.part("outbox")?.join(format!("{chain_id}-{account}.jsonl")))
    }

    fn part(&self, name: &str) -> Result<PathBuf> {
        let directory = self.directory.join(name);
        private_directory(&directory)?;
        Ok(directory)
    }
}

/// A directory that only its owner enters.
fn private_directory(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make the directory {}", path.display()))
}

/// The platform's directory for a user's data.
fn data_directory() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = || variable("HOME");
    if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        Some(home()?.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| Some(home()?.join(".local/share")))
    }
}

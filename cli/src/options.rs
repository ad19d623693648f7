//! Options that many commands share.

use anyhow::{Context, Result, bail};
use circuits::types::Address;
use clap::Args;
use client::Node;
use keyfile::Passphrase;
use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// How to reach a node.
#[derive(Clone, Debug, Args)]
pub struct NodeOptions {
    /// Address of the node: http://host:port, or https://host:port.
    #[arg(long = "node", env = "TABELLA_NODE", value_name = "URL")]
    pub url: String,
    /// Certificate (PEM) of the authority that vouches for the node, instead
    /// of the public ones.
    #[arg(long, env = "TABELLA_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

impl NodeOptions {
    /// Connects.
    ///
    /// # Errors
    /// If the certificate cannot be read or nobody answers.
    pub async fn connect(&self) -> Result<Node> {
        let ca = self.ca.as_deref().map(read_text).transpose()?;
        Ok(Node::connect_trusting(&self.url, ca.as_deref()).await?)
    }
}

/// What a party knows without asking a node. The verifying keys are those of
/// this machine ([`crate::keys::ElectionKeys`]).
#[derive(Clone, Debug, Args)]
pub struct TrustOptions {
    /// The organiser's account, as the organisation publishes it.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    pub organiser: Address,
}

/// Where the passphrase of a sealed file comes from.
#[derive(Clone, Debug, Args)]
pub struct PassphraseOptions {
    /// File whose first line is the passphrase; without it, it is asked for.
    #[arg(long, env = "TABELLA_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseOptions {
    /// The passphrase of an existing secret.
    ///
    /// # Errors
    /// If it cannot be read or asked for, or is none.
    pub fn get(&self, whose: &str) -> Result<Passphrase> {
        match &self.passphrase_file {
            Some(path) => from_file(path),
            None => ask(&format!("Passphrase of {whose}: ")),
        }
    }

    /// The passphrase of a new secret; asked for twice.
    ///
    /// # Errors
    /// As [`PassphraseOptions::get`], or if the two differ.
    pub fn choose(&self, whose: &str) -> Result<Passphrase> {
        let Some(path) = &self.passphrase_file else {
            let first = ask(&format!("Choose a passphrase for {whose}: "))?;
            if first != ask("Once more: ")? {
                bail!("the two passphrases differ; nothing was written");
            }
            return Ok(first);
        };
        from_file(path)
    }
}

fn from_file(path: &Path) -> Result<Passphrase> {
    let text = Zeroizing::new(read_text(path)?);
    Passphrase::new(text).with_context(|| path.display().to_string())
}

fn ask(prompt: &str) -> Result<Passphrase> {
    if !std::io::stdin().is_terminal() {
        bail!("a passphrase is needed and there is no terminal to ask at; use --passphrase-file");
    }
    let text = rpassword::prompt_password(prompt).context("cannot read the passphrase")?;
    Ok(Passphrase::new(Zeroizing::new(text))?)
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

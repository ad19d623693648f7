//! `tabella node init`: the files of a new node.

use super::settings::SAMPLE;
use crate::{account, options::PassphraseOptions, text};
use anyhow::{Context, Result, ensure};
use circuits::types::AccountKey;
use clap::Args;
use rand_core::OsRng;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The section of the sample that a certificate fills in.
const NO_TLS: &str = "# [tls]\n# Chain of certificates, PEM, the node's own first.\n# certificate = \"tls.pem\"\n# Private key of the first one, PEM.\n# key = \"tls-key.pem\"\n";

/// `tabella node init`
#[derive(Clone, Debug, Args)]
pub struct InitOptions {
    /// Directory for node.toml and the keys; created if missing.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Also make a certificate for this host name or IP address, which
    /// clients trust by --ca DIR/tls.pem; may be given more than once.
    #[arg(long, value_name = "HOST")]
    self_signed: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Print {operator, config} as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// If a file exists already or cannot be written.
pub fn run(options: &InitOptions) -> Result<()> {
    let dir = &options.dir;
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let (config, key) = (dir.join("node.toml"), dir.join("operator.json"));
    for file in [&config, &key] {
        ensure!(!file.exists(), "{} exists; this directory has a node already", file.display());
    }
    let operator = AccountKey::random(&mut OsRng);
    let text = match &options.self_signed[..] {
        [] => SAMPLE.to_owned(),
        hosts => certify(dir, hosts)?,
    };
    account::create(&key, &operator, &options.passphrase)?;
    keyfile::create(&config, text.as_bytes())?;
    if options.json {
        let line = json!({ "operator": operator.address().to_string(), "config": config });
        println!("{}", serde_json::to_string(&line)?);
    } else {
        println!("{}", operator.address());
        eprintln!(
            "Drafts name this account as operator. Read {}, then: tabella node run --config {}",
            config.display(),
            text::shell(&config.display().to_string())
        );
    }
    Ok(())
}

/// Writes a certificate with its key; the configuration that names both.
fn certify(dir: &Path, hosts: &[String]) -> Result<String> {
    let made =
        rcgen::generate_simple_self_signed(hosts).context("cannot make a certificate for these hosts")?;
    keyfile::create(&dir.join("tls-key.pem"), made.signing_key.serialize_pem().as_bytes())?;
    let file = dir.join("tls.pem");
    fs::write(&file, made.cert.pem()).with_context(|| format!("cannot write {}", file.display()))?;
    ensure!(SAMPLE.contains(NO_TLS), "the sample configuration has no section for TLS");
    Ok(SAMPLE.replace(
        NO_TLS,
        &NO_TLS.replace("# [", "[").replace("# certificate", "certificate").replace("# key", "key"),
    ))
}

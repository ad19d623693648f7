//! A node's configuration: file, environment and flags. spec: `node.config`

use super::{ConfigOptions, kind::Kind};
use crate::{account, log, options::PassphraseOptions};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::Address;
use node::{Config, Limits, Tls};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The sample, which is the documentation of every key.
pub const SAMPLE: &str = include_str!("../../../examples/node.toml");
/// Begins the names of environment variables.
const PREFIX: &str = "TABELLA_NODE_";
/// Names the file; no key of it.
pub const FILE_VARIABLE: &str = "TABELLA_NODE_CONFIG";
/// Port of a node unless another is chosen.
const PORT: u16 = 7417;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Journal and index.
    pub data_dir: PathBuf,
    /// Highest signed heads.
    pub second_head_dir: PathBuf,
    /// Sealed account of the operator.
    pub operator: PathBuf,
    /// File with its passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Who may create drafts; empty: anyone.
    #[serde(with = "addresses")]
    pub organisers: Vec<Address>,
    /// Kinds of elections.
    pub elections: Vec<Kind>,
    /// Directory of the keys.
    pub keys_dir: Option<PathBuf>,
    /// Powers of tau of a ceremony, for attestations.
    pub ptau: Option<PathBuf>,
    /// Address for metrics.
    pub metrics: Option<SocketAddr>,
    /// Web origins.
    pub origins: Vec<String>,
    /// See [`Log`].
    pub log: Log,
    /// See [`TlsFiles`].
    pub tls: Option<TlsFiles>,
    /// See [`Limits`].
    pub limits: Limits,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// The filter, unless `TABELLA_LOG` holds another.
    pub filter: String,
    /// How lines look.
    pub format: log::Format,
}

/// Files of a TLS server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Chain of certificates.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, PORT).into(),
            data_dir: "data".into(),
            second_head_dir: "heads".into(),
            operator: "operator.json".into(),
            passphrase_file: None,
            organisers: Vec::new(),
            elections: vec![Kind { shape: circuits::types::BallotShape::Shape4, threshold: 2 }],
            keys_dir: None,
            ptau: None,
            metrics: None,
            origins: Vec::new(),
            log: Log::default(),
            tls: None,
            limits: Limits::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), format: log::Format::Text }
    }
}

/// Settings and where their relative paths start.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    directory: PathBuf,
}

impl Settings {
    /// Settings with a value for every key, so that all keys are known.
    pub(super) fn full() -> Self {
        Self {
            passphrase_file: Some("passphrase".into()),
            keys_dir: Some("keys".into()),
            ptau: Some("ceremony.ptau".into()),
            metrics: Some((Ipv4Addr::LOCALHOST, PORT + 2000).into()),
            tls: Some(TlsFiles { certificate: "tls.pem".into(), key: "tls-key.pem".into() }),
            ..Self::default()
        }
    }

    /// Reads a file's text; errors name the line.
    ///
    /// # Errors
    /// If it is no TOML, or a key is unknown or has a wrong value.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }
}

/// Paths of all keys, as in `limits.slot_burst`.
///
/// # Errors
/// Never, for the settings of this version.
pub(super) fn keys() -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for (name, value) in Table::try_from(Settings::full())? {
        match value {
            Value::Table(section) => keys.extend(section.keys().map(|key| format!("{name}.{key}"))),
            _ => keys.push(name),
        }
    }
    Ok(keys)
}

/// Reads the file, then lets environment and flags come before it.
///
/// # Errors
/// If the file cannot be read or is malformed, or an override is.
pub fn load(options: &ConfigOptions, environment: impl Iterator<Item = (String, String)>) -> Result<Loaded> {
    let file = &options.config;
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read {}; `tabella node init` writes one", file.display()))?;
    Settings::parse(&text).with_context(|| format!("{}", file.display()))?;
    let mut table: Table = toml::from_str(&text)?;
    for (name, key, value) in variables(environment)? {
        set(&mut table, &key, &value).with_context(|| format!("environment variable {name}"))?;
    }
    for flag in &options.set {
        let (key, value) = flag.split_once('=').with_context(|| format!("--set {flag}: write KEY=VALUE"))?;
        ensure!(
            keys()?.iter().any(|k| k == key),
            "--set {flag}: no key is named {key}; see examples/node.toml"
        );
        set(&mut table, key, value).with_context(|| format!("--set {flag}"))?;
    }
    let settings: Settings = table.try_into()?;
    let directory = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let loaded = Loaded { settings, directory };
    loaded.check()?;
    Ok(loaded)
}

/// Name, key and value of each variable that is meant for a node.
fn variables(environment: impl Iterator<Item = (String, String)>) -> Result<Vec<(String, String, String)>> {
    let keys = keys()?;
    let mut found = Vec::new();
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || name == FILE_VARIABLE {
            continue;
        }
        let key = keys.iter().find(|key| variable(key) == name);
        let key = key.with_context(|| {
            format!("environment variable {name} names no key of the configuration; see examples/node.toml, or unset it")
        })?;
        found.push((name, key.clone(), value));
    }
    Ok(found)
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Sets a key to a value in TOML, or to a text that is none, and sees that
/// the settings still make sense.
fn set(table: &mut Table, key: &str, value: &str) -> Result<()> {
    let value = match toml::from_str::<Table>(&format!("value = {value}")) {
        Ok(mut parsed) if parsed.len() == 1 => parsed.remove("value").context("it has a value")?,
        _ => Value::String(value.to_owned()),
    };
    let section = match key.split_once('.') {
        None => &mut *table,
        Some((section, _)) => {
            let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            section.as_table_mut().context("it is a section")?
        }
    };
    section.insert(key.rsplit('.').next().unwrap_or(key).to_owned(), value);
    // Half of the two keys of [tls] is no fault yet: the other may follow.
    let mut whole = table.clone();
    if key.starts_with("tls.") {
        whole.remove("tls");
    }
    whole.try_into::<Settings>().map(|_| ()).map_err(|e| anyhow::anyhow!("{}", e.message()))
}

impl Loaded {
    fn check(&self) -> Result<()> {
        let (data, heads) = (self.path(&self.settings.data_dir), self.path(&self.settings.second_head_dir));
        if data.starts_with(&heads) || heads.starts_with(&data) {
            bail!(
                "second_head_dir ({}) and data_dir ({}) must not be in one another: a restored copy of the data would bring its old heads along",
                heads.display(),
                data.display()
            );
        }
        ensure!(
            !self.settings.elections.is_empty(),
            "elections is empty: name at least one kind, as in [\"4/2\"]"
        );
        Ok(())
    }

    /// A path of the settings, from the directory of their file.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// The node's configuration; opens the operator's account.
    ///
    /// # Errors
    /// If the account cannot be opened.
    pub fn config(&self, passphrase: &PassphraseOptions) -> Result<Config> {
        let settings = &self.settings;
        let asked = passphrase.passphrase_file.clone();
        let named = settings.passphrase_file.as_deref().map(|file| self.path(file));
        let passphrase = PassphraseOptions { passphrase_file: asked.or(named) };
        let operator = account::load(&self.path(&settings.operator), &passphrase)?;
        let (data, heads) = (self.path(&settings.data_dir), self.path(&settings.second_head_dir));
        let mut config = Config::new(data, heads, settings.listen, operator);
        config.organisers = settings.organisers.clone();
        config.origins = settings.origins.clone();
        config.limits = settings.limits.clone();
        config.tls = settings.tls.as_ref().map(|files| self.tls(files));
        Ok(config)
    }

    fn tls(&self, files: &TlsFiles) -> Tls {
        Tls { certificate: self.path(&files.certificate), key: self.path(&files.key) }
    }
}

/// Addresses as text.
mod addresses {
    use circuits::types::Address;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(addresses: &[Address], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(addresses.iter().map(Address::to_string))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Address>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let address = |text: String| {
            text.parse().map_err(|e| D::Error::custom(format!("{text:?} is no account's address: {e}")))
        };
        texts.into_iter().map(address).collect()
    }
}

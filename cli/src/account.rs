//! `tabella account`: keys of Ethereum accounts, sealed. Members sign their
//! registrations with one, organisers their orders, operators their heads.

use crate::options::PassphraseOptions;
use anyhow::{Context, Result};
use circuits::types::AccountKey;
use clap::{Args, Subcommand};
use keyfile::{Cost, Label};
use rand_core::OsRng;
use serde_json::json;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Kind of these files.
const KIND: &str = "account";

/// `tabella account ..`
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make a fresh account and seal its key.
    New(NewOptions),
    /// Seal the key of an account that you have.
    Import(ImportOptions),
    /// Print the address of a sealed account.
    Show(ShowOptions),
}

/// `tabella account new`
#[derive(Clone, Debug, Args)]
pub struct NewOptions {
    /// File to write; must not exist.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Print {address, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella account import`
#[derive(Clone, Debug, Args)]
pub struct ImportOptions {
    /// File to write; must not exist.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// File that holds the private key, 64 hexadecimal digits with or
    /// without 0x. Delete it afterwards.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Print {address, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella account show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    /// A sealed account.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print {address, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the family.
///
/// # Errors
/// If a file cannot be read or written.
pub fn run(command: AccountCommand) -> Result<()> {
    match command {
        AccountCommand::New(o) => {
            let account = AccountKey::random(&mut OsRng);
            create(&o.file, &account, &o.passphrase)?;
            print(&account.address().to_string(), &o.file, o.json)
        }
        AccountCommand::Import(o) => {
            let account = read_plain(&o.key_file)?;
            create(&o.file, &account, &o.passphrase)?;
            print(&account.address().to_string(), &o.file, o.json)
        }
        AccountCommand::Show(o) => print(&address(&o.file)?, &o.file, o.json),
    }
}

fn print(address: &str, file: &Path, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(&json!({ "address": address, "file": file }))?);
    } else {
        println!("{address}");
    }
    Ok(())
}

/// Seals an account in a new file.
///
/// # Errors
/// If the file exists or cannot be written.
pub fn create(file: &Path, account: &AccountKey, passphrase: &PassphraseOptions) -> Result<()> {
    let address = account.address().to_string();
    let passphrase = passphrase.choose(&format!("account {address}"))?;
    let label = Label { kind: KIND.into(), public: address };
    let secret = Zeroizing::new(account.to_bytes());
    Ok(keyfile::create(file, &keyfile::seal(&label, secret.as_slice(), &passphrase, Cost::STANDARD))?)
}

/// Opens a sealed account.
///
/// # Errors
/// If the file cannot be read, or the passphrase is wrong.
pub fn load(file: &Path, passphrase: &PassphraseOptions) -> Result<AccountKey> {
    let text = keyfile::read(file)?;
    let name = file.display().to_string();
    let (_, secret, _) = keyfile::open(KIND, &text, &passphrase.get(&name)?).with_context(|| name.clone())?;
    account(&secret).with_context(|| name)
}

/// The address that a file says it holds; needs no passphrase.
fn address(file: &Path) -> Result<String> {
    let label = keyfile::label(&keyfile::read(file)?).with_context(|| file.display().to_string())?;
    anyhow::ensure!(label.kind == KIND, "{}: it holds a secret of kind {:?}", file.display(), label.kind);
    Ok(label.public)
}

fn read_plain(file: &Path) -> Result<AccountKey> {
    let text = keyfile::read(file)?;
    let text = std::str::from_utf8(&text).context("the key file is not text")?.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).map(Zeroizing::new);
    let bytes = bytes.with_context(|| format!("{}: not 64 hexadecimal digits", file.display()))?;
    account(&bytes).with_context(|| file.display().to_string())
}

fn account(bytes: &[u8]) -> Result<AccountKey> {
    let bytes = bytes.try_into().map(Zeroizing::new);
    let bytes = bytes.ok().with_context(|| "a private key has 32 bytes")?;
    AccountKey::from_bytes(&bytes)
        .context("the bytes are no private key: zero, or not below the group's order")
}

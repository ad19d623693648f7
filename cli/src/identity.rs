//! `tabella identity`: a member's secret, sealed. spec: `identity.words`,
//! `cli.identity`.

use crate::{
    ask,
    home::{Home, HomeOptions},
    options::PassphraseOptions,
};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::IdentityCommitment;
use clap::{Args, Subcommand};
use client::{identity::Identity, words::Words};
use keyfile::{Cost, Label};
use serde_json::json;
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Kind of these files.
const KIND: &str = "identity";

/// `tabella identity ..`
#[derive(Debug, Subcommand)]
pub enum IdentityCommand {
    /// Make a fresh identity, show its words once, and seal it.
    New(NewOptions),
    /// Seal the identity of words that were written down.
    Restore(RestoreOptions),
    /// Print the public commitment; needs no passphrase.
    Show(ShowOptions),
    /// Show the words again, to write them down.
    Backup(BackupOptions),
}

/// `tabella identity new`
#[derive(Clone, Debug, Args)]
pub struct NewOptions {
    #[command(flatten)]
    home: HomeOptions,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// Write the words to this new file instead of showing them; print it or
    /// move it off this machine, then delete it.
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Print {identity, file} as JSON; the words go to standard error.
    #[arg(long)]
    json: bool,
}

/// `tabella identity restore`
#[derive(Clone, Debug, Args)]
pub struct RestoreOptions {
    #[command(flatten)]
    home: HomeOptions,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    /// File that holds the 24 words; without it, they are asked for.
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// Print {identity, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella identity show`
#[derive(Clone, Debug, Args)]
pub struct ShowOptions {
    #[command(flatten)]
    home: HomeOptions,
    /// Print {identity, file} as JSON.
    #[arg(long)]
    json: bool,
}

/// `tabella identity backup`
#[derive(Clone, Debug, Args)]
pub struct BackupOptions {
    #[command(flatten)]
    home: HomeOptions,
    #[command(flatten)]
    passphrase: PassphraseOptions,
}

/// Runs a command of the family.
///
/// # Errors
/// If a file cannot be read or written, or the words are wrong.
pub fn run(command: IdentityCommand) -> Result<()> {
    match command {
        IdentityCommand::New(o) => new(&o),
        IdentityCommand::Restore(o) => restore(&o),
        IdentityCommand::Show(o) => {
            let home = o.home.open()?;
            print(commitment(&home)?, &home.identity(), o.json)
        }
        IdentityCommand::Backup(o) => {
            println!("{}", numbered(&unseal(&o.home.open()?, &o.passphrase)?).as_str());
            Ok(())
        }
    }
}

fn new(options: &NewOptions) -> Result<()> {
    let home = options.home.open()?;
    require_none(&home)?;
    let words = Words::generate();
    if let Some(file) = &options.words_file {
        keyfile::create(file, format!("{}\n", words.text().as_str()).as_bytes())?;
    }
    let identity = seal(&home, &words, &options.passphrase)?;
    if options.words_file.is_none() {
        show_once(&words, options.json)?;
    }
    print(identity, &home.identity(), options.json)
}

fn show_once(words: &Words, to_stderr: bool) -> Result<()> {
    let text = numbered(words);
    let advice = "Write these words down on paper, in order. They are the only way to get this identity\n\
                  back, and whoever has them can vote for you and recognise your votes:\n";
    if to_stderr {
        eprintln!("{advice}\n{}", text.as_str());
    } else {
        println!("{advice}\n{}", text.as_str());
    }
    if std::io::stdin().is_terminal() {
        ask::pause("Press Enter once they are on paper.")?;
    }
    Ok(())
}

/// Six lines of four words with their numbers.
fn numbered(words: &Words) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(24 * 16));
    for (i, word) in words.iter().enumerate() {
        text.push_str(&format!("{:>4}. {word:<8}", i + 1));
        if i % 4 == 3 {
            text.push('\n');
        }
    }
    text
}

fn restore(options: &RestoreOptions) -> Result<()> {
    let home = options.home.open()?;
    require_none(&home)?;
    let text = match &options.words_file {
        Some(file) => read_words(file)?,
        None => ask_words()?,
    };
    let words = Words::parse(&text)?;
    let identity = seal(&home, &words, &options.passphrase)?;
    print(identity, &home.identity(), options.json)
}

fn read_words(file: &Path) -> Result<Zeroizing<String>> {
    let bytes = keyfile::read(file)?;
    let text = std::str::from_utf8(&bytes).with_context(|| format!("{} is not text", file.display()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn ask_words() -> Result<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        bail!("the words are needed and there is no terminal to ask at; use --words-file");
    }
    let words = rpassword::prompt_password("The 24 words, on one line (not shown): ");
    words.map(Zeroizing::new).context("cannot read the words")
}

fn require_none(home: &Home) -> Result<()> {
    let file = home.identity();
    ensure!(
        !file.exists(),
        "{} holds an identity already; use another --home, or move the file away if you mean to replace it",
        file.display()
    );
    Ok(())
}

fn seal(home: &Home, words: &Words, passphrase: &PassphraseOptions) -> Result<IdentityCommitment> {
    let identity = words.identity().commitment();
    let label = Label { kind: KIND.into(), public: identity.to_string() };
    let passphrase = passphrase.choose("your identity")?;
    let sealed = keyfile::seal(&label, words.entropy().as_slice(), &passphrase, Cost::STANDARD);
    keyfile::create(&home.identity(), &sealed)?;
    Ok(identity)
}

fn print(identity: IdentityCommitment, file: &Path, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(&json!({ "identity": identity, "file": file }))?);
    } else {
        println!("{identity}");
    }
    Ok(())
}

/// Opens the sealed identity of a home.
///
/// # Errors
/// If there is none, or the passphrase is wrong.
pub fn load(home: &Home, passphrase: &PassphraseOptions) -> Result<Identity> {
    Ok(unseal(home, passphrase)?.identity())
}

fn unseal(home: &Home, passphrase: &PassphraseOptions) -> Result<Words> {
    let (name, sealed) = (home.identity().display().to_string(), read(home)?);
    let (label, secret, _) =
        keyfile::open(KIND, &sealed, &passphrase.get("your identity")?).with_context(|| name.clone())?;
    let entropy: &[u8; 32] = secret[..].try_into().with_context(|| format!("{name}: not 32 bytes"))?;
    let words = Words::from_entropy(entropy);
    ensure!(
        words.identity().commitment().to_string() == label.public,
        "{name}: the label is of another secret"
    );
    Ok(words)
}

/// What the file says without its passphrase.
///
/// # Errors
/// If there is no identity.
pub fn commitment(home: &Home) -> Result<IdentityCommitment> {
    let name = home.identity().display().to_string();
    let label = keyfile::label(&read(home)?).with_context(|| name.clone())?;
    ensure!(label.kind == KIND, "{name}: it holds a secret of kind {:?}", label.kind);
    let identity = serde_json::from_value(json!(label.public));
    identity.with_context(|| format!("{name}: the label is no commitment"))
}

fn read(home: &Home) -> Result<Zeroizing<Vec<u8>>> {
    let file = home.identity();
    ensure!(
        file.exists(),
        "no identity in {}: make one with `tabella identity new`, get one back with `tabella identity restore`, \
         or name its directory with --home",
        home.directory().display()
    );
    Ok(keyfile::read(&file)?)
}

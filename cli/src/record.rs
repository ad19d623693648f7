//! Records on disk and from nodes.

use crate::{election::which::ElectionOptions, options::NodeOptions, verify};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::ElectionId;
use clap::{Args, Subcommand};
use client::Node;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use verifier::record::{Files, Record};

/// `tabella record ..`
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// Download the record of a tallied election and verify it.
    Export(RecordOptions),
}

/// `tabella record export`
#[derive(Clone, Debug, Args)]
pub struct RecordOptions {
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    election: ElectionOptions,
    /// Directory to write; must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print the verification as JSON: {ok, checks: [{id, name, ok, detail}], warnings}.
    #[arg(long)]
    json: bool,
}

/// Largest file of a record that is read, in bytes.
const FILE_MAX: u64 = 8 << 30;

/// Runs a command of the family.
///
/// # Errors
/// As the command says.
pub fn run(command: RecordCommand) -> Result<()> {
    match command {
        RecordCommand::Export(options) => export(&options),
    }
}

/// The record in a directory, as it stands there: nothing is verified.
///
/// # Errors
/// If it cannot be read.
pub fn open(directory: &Path) -> Result<Record> {
    Record::from_files(&read(directory)?).with_context(|| directory.display().to_string())
}

/// Reads every file below a directory.
///
/// # Errors
/// If something cannot be read, or is neither file nor directory.
pub fn read(directory: &Path) -> Result<Files> {
    ensure!(directory.is_dir(), "{} is not a directory", directory.display());
    let mut files = Files::new();
    collect(directory, "", &mut files)?;
    Ok(files)
}

fn collect(directory: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", directory.display()))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            bail!("{}: a name that is not UTF-8", path.display());
        };
        let kind = entry.file_type()?;
        let name = format!("{prefix}{name}");
        if kind.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else {
            ensure!(kind.is_file(), "{}: neither a file nor a directory", path.display());
            ensure!(entry.metadata()?.len() <= FILE_MAX, "{}: larger than 8 GiB", path.display());
            files.insert(name, fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(())
}

/// Reads and decodes a record; its checks are another matter.
///
/// # Errors
/// If it cannot be read or is not in its one byte form.
pub fn load(directory: &Path) -> Result<Record> {
    let files = read(directory)?;
    Record::from_files(&files).with_context(|| format!("{} is not a record", directory.display()))
}

/// Writes files below a new or empty directory.
///
/// # Errors
/// If the directory holds something, or a file cannot be written.
pub fn write(directory: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    prepare(directory)?;
    for (name, bytes) in files {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Makes a directory, or accepts an empty one.
///
/// # Errors
/// If it holds something already.
pub fn prepare(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let empty = fs::read_dir(directory)?.next().is_none();
    ensure!(empty, "{} is not empty; name a new directory", directory.display());
    Ok(())
}

/// `tabella record export`
///
/// # Errors
/// If the node does not give the record, or the record does not verify.
pub fn export(options: &RecordOptions) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let files = runtime.block_on(async {
        let node = options.node.connect().await?;
        let id = options.election.find(&node).await?.require_id()?;
        download(&node, id).await
    })?;
    write(&options.out, &files)?;
    let report = verify::check(&files);
    verify::print(&report, options.json);
    ensure!(report.ok, "the record in {} does not verify", options.out.display());
    eprintln!("record written to {}", options.out.display());
    Ok(())
}

/// Downloads the files of a record.
///
/// # Errors
/// If the node has no record of the election, or names files outside it.
pub async fn download(node: &Node, election: ElectionId) -> Result<Files> {
    let files = client::record::fetch_files(node, election).await?;
    let outside =
        |path: &str| path.split('/').any(|s| s.is_empty() || s == "." || s == ".." || s.contains('\\'));
    match files.keys().find(|path| outside(path)) {
        Some(path) => bail!("the node names a file {path:?} outside the record"),
        None => Ok(files),
    }
}

//! Receipts in the home: one file per entry, so that a repeat shows the same.
//! spec: `client.receipt_file`

use crate::home::Home;
use anyhow::{Context, Result, bail};
use circuits::types::{Draft, ElectionId, Receipt};
use client::receipt::Document;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Longest file that is read as a receipt, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// A receipt and where it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// What is in it.
    pub document: Document,
}

/// Keeps a checked receipt; if there is one of the same entry already, that
/// one stays and is returned.
///
/// # Errors
/// If the file cannot be written, or another receipt with the same number is
/// there: proof of misbehaviour, which is kept beside it.
pub fn keep(home: &Home, election: ElectionId, draft: &Draft, receipt: Receipt) -> Result<Kept> {
    let path = home.receipts()?.join(format!("{election}-{}.json", receipt.path.index));
    let document = Document::new(draft, receipt);
    if !path.exists() {
        keyfile::create(&path, &document.to_json())?;
        return Ok(Kept { path, document });
    }
    let kept = read(&path)?;
    if kept.receipt.contradicts(&document.receipt) {
        let other = path.with_extension("contradiction.json");
        keyfile::replace(&other, &document.to_json())?;
        bail!(
            "the operator signed two entries with one number (A35): {} and {} prove it to anyone; tell the monitors",
            path.display(),
            other.display()
        );
    }
    Ok(Kept { path, document: kept })
}

/// Reads and checks a receipt.
///
/// # Errors
/// If the file is no receipt, or proves nothing.
pub fn read(path: &Path) -> Result<Document> {
    let name = || path.display().to_string();
    let length = fs::metadata(path).with_context(name)?.len();
    if length > FILE_MAX {
        bail!("{}: it has {length} bytes, too many for a receipt", path.display());
    }
    Document::from_json(&fs::read(path).with_context(name)?).with_context(name)
}

impl Kept {
    /// Prints the receipt; with `json` as one line with where it is kept.
    ///
    /// # Errors
    /// If standard output is gone.
    pub fn print(&self, json: bool, more: &[(&str, Value)]) -> Result<()> {
        let (text, seq) = (self.document.to_json(), self.document.receipt.path.index);
        if !json {
            eprintln!("Entry {seq} is on the board. The receipt is kept in {}:", self.path.display());
            print!("{}", String::from_utf8_lossy(&text));
            return Ok(());
        }
        let receipt: Value = serde_json::from_slice(&text)?;
        let election = self.document.election();
        let mut object = json!({ "election": election, "seq": seq, "file": self.path, "receipt": receipt });
        for (key, value) in more {
            object[*key] = value.clone();
        }
        println!("{}", serde_json::to_string(&object)?);
        Ok(())
    }
}

//! Receipts and heads that others have given to the monitor: promises of the
//! operator that the board must keep. spec: `monitor.promises`; A35, A36.

use crate::{
    Error,
    evidence::Claim,
    finding::{Finding, Kind},
    watch::Watch,
};
use circuits::types::{Receipt, SignedHead};
use client::receipt::{self, Document, Receipts, Verdict};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Promises with the files that they come from.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    /// Receipts of any elections.
    pub receipts: Vec<(PathBuf, Receipt)>,
    /// Heads of any elections.
    pub heads: Vec<(PathBuf, SignedHead)>,
    /// Files that could not be used, and why.
    pub unusable: Vec<(PathBuf, String)>,
}

impl Promises {
    /// Reads every file of a directory of receipts, and files of heads.
    pub fn read(receipts: Option<&Path>, heads: &[PathBuf]) -> Self {
        let mut out = Self::default();
        if let Some(directory) = receipts {
            match files(directory) {
                Ok(paths) => paths.into_iter().for_each(|path| out.add_receipts(path)),
                Err(e) => out.unusable.push((directory.to_owned(), e.to_string())),
            }
        }
        heads.iter().for_each(|path| out.add_heads(path));
        out
    }

    /// A receipt as a JSON document, or many in protobuf.
    fn add_receipts(&mut self, path: PathBuf) {
        match read_receipts(&path) {
            Ok(found) => self.receipts.extend(found.into_iter().map(|r| (path.clone(), r))),
            Err(why) => self.unusable.push((path, why)),
        }
    }

    /// One JSON object per line, as another monitor's `heads.jsonl`.
    fn add_heads(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => return self.unusable.push((path.to_owned(), e.to_string())),
        };
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(head) => self.heads.push((path.to_owned(), head)),
                Err(e) => self.unusable.push((path.to_owned(), format!("line {number}: {e}"))),
            }
        }
    }
}

fn read_receipts(path: &Path) -> Result<Vec<Receipt>, String> {
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    if bytes.starts_with(b"{") {
        return Document::from_json(&bytes).map(|d| vec![d.receipt]).map_err(|e| e.to_string());
    }
    Receipts::load(path).map(|r| r.as_slice().to_vec()).map_err(|e| e.to_string())
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).filter(|p| p.is_file()).collect();
    paths.sort();
    Ok(paths)
}

impl Watch {
    /// Compares all promises of this election with the board. Those that
    /// nobody signed are named as unusable.
    pub(crate) fn check_promises(&mut self, promises: &Promises) -> Result<Vec<(PathBuf, String)>, Error> {
        let mut unusable = Vec::new();
        let (id, domain, operator) = (self.id(), self.election.domain(), self.election.draft().operator);
        for (path, head) in promises.heads.iter().filter(|(_, h)| h.head.election_id == id) {
            if let Err(e) = head.check(&domain, operator) {
                unusable.push((path.clone(), format!("a head that its operator did not sign: {e}")));
                continue;
            }
            self.judge(head, &path.display().to_string())?;
        }
        for (path, receipt) in promises.receipts.iter().filter(|(_, r)| r.head.head.election_id == id) {
            match receipt.check(id, &domain, operator) {
                Ok(()) => self.check_receipt(path, receipt)?,
                Err(e) => unusable.push((path.clone(), e.to_string())),
            }
        }
        Ok(unusable)
    }

    fn check_receipt(&mut self, path: &Path, receipt: &Receipt) -> Result<(), Error> {
        let source = path.display().to_string();
        let Some(Verdict::Broken(evidence)) = receipt::verdict(receipt, self.board()?.mirror()) else {
            self.judge(&receipt.head, &source)?;
            return Ok(());
        };
        let seq = receipt.path.index;
        let (detail, claim) = match evidence {
            receipt::Evidence::Contradiction(pair) => (
                format!("gave a receipt for entry {seq}, and signed a board with another entry there"),
                Claim::TwoLeaves { first: (&pair[0]).into(), second: (&pair[1]).into() },
            ),
            receipt::Evidence::Dropped(both) => (
                format!("gave a receipt for entry {seq}, and closed the board below it"),
                Claim::Dropped { receipt: (&both.0).into(), last: both.1 },
            ),
        };
        self.keep(Finding { kind: Kind::BrokenReceipt, node: source, detail, claim })?;
        Ok(())
    }
}

//! `tabella trustee status`: what a trustee has done, from its own directory.

use super::{
    DirectoryOptions,
    directory::{Directory, is_running},
    session::{name, trustees_named},
};
use anyhow::{Context, Result};
use circuits::types::{Address, BoardRoot, Draft, DraftId, ElectionId, SignedDraft};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trustee::{Abort, Phase, Round, Storage, Trustee};

/// `tabella trustee status`
#[derive(Clone, Debug, Args)]
pub struct StatusOptions {
    #[command(flatten)]
    directory: DirectoryOptions,
    /// Print {signer, encryption_key, running, drafts} as JSON.
    #[arg(long)]
    json: bool,
}

/// A trustee and its drafts.
#[derive(Debug, Serialize)]
pub struct Status {
    signer: Address,
    encryption_key: String,
    /// Whether a trustee runs in the directory now.
    running: bool,
    drafts: Vec<DraftStatus>,
}

/// What a trustee has done under one draft.
#[derive(Debug, Serialize)]
struct DraftStatus {
    draft: DraftId,
    organisation: String,
    proposal: String,
    /// Its index, from 1.
    index: u8,
    trustees: usize,
    threshold: u8,
    phase: &'static str,
    /// Those whose messages it waits for.
    missing: Vec<Named>,
    /// The key that it has signed, and whether all have.
    signed: Option<Signed>,
    /// The board that it has decrypted.
    decrypted: Option<Board>,
    aborts: Vec<Accusation>,
    /// What comes next.
    next: String,
}

/// A trustee of a draft.
#[derive(Debug, Serialize)]
pub struct Named {
    /// From 1.
    index: u8,
    signer: Address,
}

#[derive(Debug, Serialize)]
struct Signed {
    election: ElectionId,
    by_all: bool,
}

#[derive(Debug, Serialize)]
struct Board {
    root: BoardRoot,
    entries: u32,
}

/// An abort with what it says.
#[derive(Debug, Serialize)]
pub struct Accusation {
    by: u8,
    culprit: u8,
    reason: String,
    /// Whether the evidence in it shows it.
    proven: bool,
}

/// Prints the status.
///
/// # Errors
/// If the directory cannot be read, or the passphrase is wrong.
pub fn run(options: &StatusOptions) -> Result<()> {
    let directory = Directory::look(&options.directory)?;
    let status = of(&directory, is_running(&options.directory.dir)?)?;
    if options.json {
        println!("{}", serde_json::to_string(&status)?);
    } else {
        print(&status);
    }
    Ok(())
}

/// The status of an open directory.
///
/// # Errors
/// If a draft or its state cannot be read.
pub fn of(directory: &Directory, running: bool) -> Result<Status> {
    let identity = directory.keys.identity();
    let drafts = directory.drafts()?;
    let drafts =
        drafts.iter().map(|d| of_draft(directory, d).with_context(|| format!("draft {}", d.draft.id())));
    Ok(Status {
        signer: identity.signer,
        encryption_key: format!("0x{}", hex::encode(identity.encryption_key)),
        running,
        drafts: drafts.filter_map(Result::transpose).collect::<Result<_>>()?,
    })
}

/// `None` if it has no state yet.
fn of_draft(directory: &Directory, signed: &SignedDraft) -> Result<Option<DraftStatus>> {
    let (draft, store) = (&signed.draft, directory.store.clone());
    if store.load(draft.id())?.is_none() {
        return Ok(None);
    }
    let trustee = Trustee::new(directory.keys.clone(), signed, store)?;
    let phase = trustee.phase();
    let (phase_name, missing, next) = describe(&phase);
    let aborts = match &phase {
        Phase::Aborted(aborts) => aborts.iter().map(|a| accusation(a, draft)).collect(),
        _ => Vec::new(),
    };
    let by_all = trustee.election_key().is_some();
    Ok(Some(DraftStatus {
        draft: draft.id(),
        organisation: draft.organisation.clone(),
        proposal: signed.proposal.clone(),
        index: trustee.index(),
        trustees: draft.trustees.len(),
        threshold: draft.threshold,
        phase: phase_name,
        missing: named(draft, &missing),
        signed: trustee.signed_key().map(|key| Signed { election: key.election_id(), by_all }),
        decrypted: trustee.decrypted().map(|(root, entries)| Board { root, entries }),
        aborts,
        next,
    }))
}

/// Name of a phase, who is missing, and what comes next.
fn describe(phase: &Phase) -> (&'static str, Vec<u8>, String) {
    match phase {
        Phase::Waiting(round, missing) => {
            let next = format!("needs the {} of {}", name(*round), trustees_named(missing));
            (waiting(*round), missing.clone(), next)
        }
        Phase::Census => ("census", Vec::new(), "rebuild the census and sign the key: trustee run".into()),
        Phase::Ready => ("ready", Vec::new(), "decrypt after the closing: trustee run".into()),
        Phase::Decrypted => ("decrypted", Vec::new(), "nothing".into()),
        Phase::Aborted(_) => ("aborted", Vec::new(), "the organiser makes a new draft".into()),
    }
}

fn waiting(round: Round) -> &'static str {
    match round {
        Round::Commit => "commit",
        Round::Reveal => "reveal",
        Round::Share => "share",
        Round::Key => "key",
        Round::Decryption => "decryption",
        Round::Abort => "abort",
    }
}

/// Trustees with their accounts.
pub fn named(draft: &Draft, indices: &[u8]) -> Vec<Named> {
    let signer = |i: u8| draft.trustees.get(usize::from(i).checked_sub(1)?).map(|t| t.signer);
    indices.iter().filter_map(|i| Some(Named { index: *i, signer: signer(*i)? })).collect()
}

impl Named {
    /// From 1.
    pub fn index(&self) -> u8 {
        self.index
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trustee {}: {}", self.index, self.signer)
    }
}

/// An abort in words.
pub fn accusation(abort: &Abort, draft: &Draft) -> Accusation {
    let (by, culprit, reason) = (abort.by, abort.culprit, abort.reason.to_string());
    Accusation { by, culprit, reason, proven: abort.is_proven(draft) }
}

fn print(status: &Status) {
    println!("trustee {}{}", status.signer, if status.running { " (running)" } else { "" });
    println!("  encryption key {}", status.encryption_key);
    if status.drafts.is_empty() {
        println!("  no drafts yet: tabella trustee run");
    }
    for d in &status.drafts {
        println!("\ndraft {}", d.draft);
        println!("  {}: {}", d.organisation, d.proposal.lines().next().unwrap_or_default());
        println!("  trustee {} of {}, {} decrypt; phase {}", d.index, d.trustees, d.threshold, d.phase);
        if let Some(signed) = &d.signed {
            let all = if signed.by_all { ", and so have all others" } else { "" };
            println!("  has signed the key of election {}{all}", signed.election);
        }
        if let Some(board) = &d.decrypted {
            println!("  has decrypted {} entries under root {}", board.entries, board.root);
        }
        d.aborts.iter().for_each(|a| println!("  {a}"));
        println!("  next: {}", d.next);
    }
}

impl fmt::Display for Accusation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Accusation { by, culprit, reason, proven } = self;
        write!(f, "trustee {by} aborts: trustee {culprit} {reason}{}", if *proven { " (proven)" } else { "" })
    }
}

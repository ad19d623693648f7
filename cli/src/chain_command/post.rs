//! `tabella chain post`: a record on the chain that its draft names.

use super::{
    gate::{Obeyed, obey},
    options::PosterOptions,
};
use crate::{
    progress, record,
    tally::{Closed, Prover},
    text, verify,
};
use anyhow::{Context, Result, ensure};
use chain::{
    Backend,
    elections::ClosedOn,
    poster::Posted,
    settlement::{Elections, Outcome, Settlement, Stage},
};
use circuits::{
    params::BATCH_ROWS,
    types::{
        BoardEntry, ElectionId, ROUND_DECRYPTION, SignedDraft, SignedElectionKey, SignedHead, Tally,
        TrusteeMessage,
    },
};
use clap::Args;
use prover::KeyStore;
use serde::Serialize;
use std::{path::PathBuf, sync::Arc};
use verifier::record::Record;

/// `tabella chain post`
#[derive(Clone, Debug, Args)]
pub struct PostOptions {
    /// Directory of the record.
    #[arg(value_name = "RECORD")]
    record: PathBuf,
    #[command(flatten)]
    poster: PosterOptions,
    /// Print one JSON object: {election_id, chain_id, contract, status, passed, totals, gas, gates}.
    #[arg(long)]
    json: bool,
}

/// Gas of whole transactions of this account; what others have posted costs
/// it nothing and is not there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Gas {
    /// Verifying keys that were missing, all together.
    pub keys: u64,
    /// Opening.
    pub open: u64,
    /// Closing.
    pub close: u64,
    /// Batches of ballots, one by one.
    pub batches: Vec<u64>,
    /// Tally proofs, one by one.
    pub tally: Vec<u64>,
}

/// Posts what is missing.
///
/// # Errors
/// If the record does not verify, or something cannot be posted.
pub async fn run(options: &PostOptions) -> Result<()> {
    let files = record::read(&options.record)?;
    let report = verify::check(&files);
    if !report.ok {
        eprint!("{report}");
    }
    ensure!(report.ok, "the record does not verify; a chain would not take it");
    let record = Record::from_files(&files)?;
    let mut poster = options.poster.open().await?;
    let draft = &record.election.draft.draft;
    let id = record.election.key.key.election_id();
    let gas = post(&mut poster, &record).await?;
    let outcome = Elections::of_draft(poster.chain(), draft).await?.outcome(id).await?;
    let outcome = outcome.with_context(|| {
        format!("the chain has no result of {id} although all was posted; look at `chain status`")
    })?;
    let gates = if outcome.passed { obey(&mut poster, draft, id).await? } else { Vec::new() };
    if options.json {
        print_json(id, &record, &outcome, &gas, &gates);
    } else {
        print(&record, &outcome, &gas);
    }
    Ok(())
}

/// Posts what is missing of a record, and waits until it is final.
///
/// # Errors
/// If something cannot be posted.
pub async fn post<B: Backend>(poster: &mut chain::Poster<B>, record: &Record) -> Result<Gas> {
    let election = &record.election;
    let (signed, key) = (&election.draft, &election.key);
    let mut settlement = Settlement::new(poster, &signed.draft, key.key.election_id()).await?;
    let keys = settlement.keys(&record.keys).await?;
    let open = settlement.open(signed, key).await?;
    let close = settlement.close(&election.head, election.close_signature.as_ref()).await?;
    let mut batches = Vec::new();
    let mut tally = Vec::new();
    if settlement.on_chain().await?.stage != Stage::Finalised {
        batches = settlement.ballots(&record.entries).await?;
        let proven = prove(signed, key, &record.entries, &election.head, &record.messages)?;
        tally = settlement.result(&proven).await?;
    }
    settlement.finish().await?;
    let one = |posted: &Posted| posted.gas().unwrap_or_default();
    let each = |posted: &[Posted]| posted.iter().filter_map(Posted::gas).collect::<Vec<u64>>();
    Ok(Gas {
        keys: each(&keys).iter().sum(),
        open: one(&open),
        close: one(&close),
        batches: each(&batches),
        tally: each(&tally),
    })
}

/// The result's proof for the chain: over the points that bind it to the
/// ballots there. The record's own proof has none.
///
/// # Errors
/// If it cannot be made.
pub fn prove(
    signed: &SignedDraft,
    key: &SignedElectionKey,
    entries: &[BoardEntry],
    head: &SignedHead,
    messages: &[TrusteeMessage],
) -> Result<Tally> {
    let (draft, head) = (&signed.draft, &head.head);
    let closed =
        ClosedOn { domain: draft.domain(), election_id: head.election_id, root: head.root, size: head.size };
    let points = closed.points(entries, BATCH_ROWS);
    let decryptions: Vec<TrusteeMessage> =
        messages.iter().filter(|m| m.round == ROUND_DECRYPTION).cloned().collect();
    let store = KeyStore::of_circuits(KeyStore::default_directory().context("keys")?);
    let line = progress::spinner("proving the result for the chain");
    let said = line.clone();
    let report = Arc::new(move |what: &str, _, _| said.set_message(format!("{what} for the chain")));
    let proven = tokio::task::block_in_place(|| {
        Prover::new(Arc::new(store), report).result(Closed {
            draft,
            key,
            election_id: head.election_id,
            entries: entries.to_vec(),
            decryptions: &decryptions,
            points: &points,
        })
    });
    line.finish_and_clear();
    proven.context("the result cannot be proven for the chain")
}

fn print(record: &Record, outcome: &Outcome, gas: &Gas) {
    let draft = &record.election.draft.draft;
    println!("Finalised on chain {} by contract {}", draft.chain_id, draft.contract);
    for (option, total) in draft.options.iter().zip(&outcome.totals) {
        println!("    {}: {total} units", text::line(option));
    }
    println!("{}", if outcome.passed { "PASSED" } else { "NOT PASSED" });
    let all = gas.keys + gas.open + gas.close + gas.batches.iter().chain(&gas.tally).sum::<u64>();
    println!("{all} gas in all.");
}

fn print_json(id: ElectionId, record: &Record, outcome: &Outcome, gas: &Gas, gates: &[Obeyed]) {
    let draft = &record.election.draft.draft;
    let object = serde_json::json!({
        "election_id": id,
        "chain_id": draft.chain_id,
        "contract": draft.contract,
        "status": "finalised",
        "passed": outcome.passed,
        "totals": outcome.totals,
        "gas": gas,
        "gates": gates,
    });
    println!("{object}");
}

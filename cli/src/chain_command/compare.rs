//! `tabella verify --chain`: a record against what the chain finalised.
//! spec: `cli.verify_chain`

use super::ChainOptions;
use anyhow::{Context, Result, bail, ensure};
use chain::{
    Backend,
    settlement::{Elections, OnChain, Outcome, Stage},
};
use verifier::record::{Check, Record};

/// The check's line: `ok` only if the chain finalised exactly this result
/// from exactly this board.
pub fn compare(options: &ChainOptions, record: &Record) -> Check {
    let outcome = tokio::runtime::Runtime::new()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(finalised(options, record)));
    let (ok, detail) = match outcome {
        Ok(detail) => (true, detail),
        Err(e) => (false, format!("{e:#}")),
    };
    Check { id: "cli.verify_chain", name: "the chain finalised this result of this board", ok, detail }
}

async fn finalised(options: &ChainOptions, record: &Record) -> Result<String> {
    let chain = options.open()?;
    let draft = &record.election.draft.draft;
    let id = record.election.key.key.election_id();
    let elections = Elections::of_draft(&chain, draft).await?;
    let Some(found) = elections.election(id).await? else {
        bail!("the election {id} is not opened at {} on {}", draft.contract, chain.name());
    };
    same_election(record, &found)?;
    let outcome = elections.outcome(id).await?.context("the chain has no result")?;
    same_outcome(record, &outcome)?;
    let block = chain.latest().await?.number;
    Ok(format!("finalised at {} on chain {}, as of block {block}", draft.contract, draft.chain_id))
}

fn same_election(record: &Record, found: &OnChain) -> Result<()> {
    let (draft, head) = (&record.election.draft.draft, &record.election.head.head);
    ensure!(found.draft_id == draft.id(), "the chain opened it from another draft");
    match found.stage {
        Stage::Finalised => {}
        Stage::Voided => bail!("the chain has voided it: a deadline passed"),
        Stage::Open | Stage::Closed => bail!("the chain has not finalised it yet"),
    }
    let same = (found.size, found.root) == (head.size, Some(head.root));
    ensure!(same, "the chain closed it with {} entries under another root than the record's", found.size);
    Ok(())
}

fn same_outcome(record: &Record, outcome: &Outcome) -> Result<()> {
    let tally = &record.tally;
    ensure!(
        outcome.totals == tally.totals,
        "the chain finalised totals {:?}, the record says {:?}",
        outcome.totals,
        tally.totals
    );
    ensure!(
        outcome.slots == tally.slots,
        "the chain counted {} slots, the record {}",
        outcome.slots,
        tally.slots
    );
    let passed = record.election.draft.draft.pass_rule.passed(&tally.totals);
    ensure!(outcome.passed == passed, "chain and record differ on whether it has passed");
    Ok(())
}

//! `tabella chain executor queue | execute`.

use crate::{
    audit::now,
    chain_command::{
        options::PosterOptions,
        posting::{OneOptions, settle},
    },
    record, times,
};
use anyhow::{Result, bail, ensure};
use chain::{
    Chain, Poster,
    gate::{Executor, ExecutorStanding, Passed},
    settlement::Elections,
};
use circuits::types::{Address, Draft, ElectionId};
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// Time between two looks at the chain.
const POLL: Duration = Duration::from_secs(1);

/// Which vote, and which executor.
#[derive(Clone, Debug, Args)]
struct VoteOptions {
    /// Directory of the vote's record.
    #[arg(value_name = "RECORD")]
    record: PathBuf,
    /// The executor.
    #[arg(long, env = "TABELLA_EXECUTOR", value_name = "ADDRESS")]
    executor: Address,
}

/// `tabella chain executor queue`
#[derive(Clone, Debug, Args)]
pub struct QueueOptions {
    #[command(flatten)]
    vote: VoteOptions,
    #[command(flatten)]
    one: OneOptions,
}

/// `tabella chain executor execute`
#[derive(Clone, Debug, Args)]
pub struct ExecuteOptions {
    #[command(flatten)]
    vote: VoteOptions,
    /// Wait until the delay is over.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    one: OneOptions,
}

/// A vote that passed on the poster's chain.
struct Vote {
    poster: Poster<Chain>,
    draft: Draft,
    id: ElectionId,
    executor: Address,
}

impl Vote {
    async fn open(options: &VoteOptions, poster: &PosterOptions) -> Result<Self> {
        let election = record::open(&options.record)?.election;
        let (draft, id) = (election.draft.draft, election.key.key.election_id());
        let poster = poster.open().await?;
        match Elections::of_draft(poster.chain(), &draft).await?.outcome(id).await? {
            None => bail!("the chain has no result of {id}; post it first"),
            Some(outcome) => ensure!(outcome.passed, "the vote has not passed; its calls are not made"),
        }
        Executor::at(poster.chain(), options.executor).await?;
        Ok(Self { poster, draft, id, executor: options.executor })
    }

    async fn executor(&self) -> Result<Executor<'_, Chain>> {
        Ok(Executor::at(self.poster.chain(), self.executor).await?)
    }

    /// Waits until the delay is over, if it may.
    async fn wait(&self, wait: bool) -> Result<()> {
        let executor = self.executor().await?;
        let mut said = false;
        loop {
            match executor.standing(self.id).await? {
                ExecutorStanding::Ready | ExecutorStanding::Done => return Ok(()),
                ExecutorStanding::None => bail!("the calls of {} are not queued; run `queue` first", self.id),
                ExecutorStanding::Waiting => {}
            }
            let end = executor.ready_at(self.id).await?.unwrap_or_default();
            // The newest block may be old, and the next one late enough.
            if now()? >= end {
                return Ok(());
            }
            ensure!(wait, "the delay ends at {}; --wait waits for it", times::show(end));
            if !said {
                eprintln!("    waiting for the delay to end, at {}", times::show(end));
                said = true;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn passed(&self) -> Passed<'_> {
        Passed { election: self.id, draft: &self.draft }
    }
}

/// Queues the calls.
///
/// # Errors
/// If the vote has not passed, or the executor refuses it.
pub async fn queue(options: &QueueOptions) -> Result<()> {
    let mut vote = Vote::open(&options.vote, &options.one.poster).await?;
    let posting = vote.passed().queue(vote.executor);
    let posted = settle(&mut vote.poster, posting).await?;
    let object = json!({
        "election_id": vote.id, "chain_id": vote.poster.chain_id(), "contract": vote.executor,
    });
    options.one.tell(posted, &format!("queued; calls: {}", vote.draft.calls.len()), object);
    Ok(())
}

/// Makes the calls.
///
/// # Errors
/// If they are not queued, the delay is not over, or one of them reverts.
pub async fn execute(options: &ExecuteOptions) -> Result<()> {
    let mut vote = Vote::open(&options.vote, &options.one.poster).await?;
    vote.wait(options.wait).await?;
    let posting = vote.passed().execute(vote.executor);
    let posted = settle(&mut vote.poster, posting).await?;
    let object = json!({
        "election_id": vote.id, "chain_id": vote.poster.chain_id(), "contract": vote.executor,
    });
    options.one.tell(posted, &format!("made; calls: {}", vote.draft.calls.len()), object);
    Ok(())
}

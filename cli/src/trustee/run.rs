//! `tabella trustee run`

use super::{
    DirectoryOptions,
    directory::Directory,
    draft_id,
    session::{Session, Step, is_transient},
    status,
};
use crate::{
    chain_command::ChainOptions,
    log,
    options::{NodeOptions, TrustOptions},
};
use anyhow::{Context, Result, bail};
use circuits::types::{Address, DraftId};
use clap::Args;
use std::{collections::BTreeSet, io::Read, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::JoinSet,
};

/// First wait after something has happened.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// `tabella trustee run`
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    directory: DirectoryOptions,
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    trust: TrustOptions,
    #[command(flatten)]
    chain: ChainOptions,
    /// Id of a draft, 0x and 64 hexadecimal digits; may be repeated. Ends when
    /// all are decrypted.
    #[arg(long = "draft", value_name = "ID", value_parser = draft_id, required_unless_present = "all")]
    drafts: Vec<DraftId>,
    /// Follow every draft of the organiser that names this trustee, those to
    /// come as well; until ctrl-c.
    #[arg(long, conflicts_with = "drafts")]
    all: bool,
    /// Longest wait between two looks at the node, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    longest_wait: u64,
    /// Form of the log on standard error.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log: log::Format,
    /// End when standard input does: for a parent that must leave nothing
    /// running behind.
    #[arg(long)]
    until_stdin_ends: bool,
    /// Print {signer, encryption_key, running, drafts} as JSON at the end.
    #[arg(long)]
    json: bool,
}

/// Runs a trustee.
///
/// # Errors
/// If a draft could not be brought to its decryption; the others were.
pub fn run(options: &RunOptions) -> Result<()> {
    log::init("warn,tabella=info", options.log)?;
    let directory = Arc::new(Directory::open(&options.directory)?);
    tracing::info!(signer = %directory.keys.address(), "trustee; INSECURE development keys of the proofs");
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = follow_all(options, &directory) => outcome,
            stopped = stop(options) => stopped,
        }
    });
    if options.json {
        println!("{}", serde_json::to_string(&status::of(&directory, false)?)?);
    }
    outcome
}

async fn follow_all(options: &RunOptions, directory: &Arc<Directory>) -> Result<()> {
    let mut followed = Followed::new(options, directory);
    if options.all {
        return followed.all().await;
    }
    let drafts: BTreeSet<DraftId> = options.drafts.iter().copied().collect();
    drafts.into_iter().for_each(|id| followed.add(id));
    let mut failed = Vec::new();
    while let Some((id, outcome)) = followed.next().await {
        if outcome.is_err() {
            failed.push(id.to_string());
        }
    }
    match &failed[..] {
        [] => Ok(()),
        _ => bail!("not decrypted: {}; the log says why", failed.join(", ")),
    }
}

/// Returns when the process is asked to end. States are on disk at any time,
/// so that nothing has to be finished.
async fn stop(options: &RunOptions) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let stdin = async {
        match options.until_stdin_ends {
            true => end_of_stdin().await,
            false => std::future::pending().await,
        }
    };
    let why = tokio::select! {
        _ = tokio::signal::ctrl_c() => "ctrl-c",
        _ = terminate.recv() => "SIGTERM",
        () = stdin => "standard input has ended",
    };
    if options.all {
        tracing::info!("stopped: {why}");
        return Ok(());
    }
    bail!("stopped before the end ({why}); the same command goes on from here")
}

/// On a thread of its own, which does not keep the process alive.
async fn end_of_stdin() {
    let (ended, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while std::io::stdin().read(&mut buffer).is_ok_and(|n| n > 0) {}
        // Nobody listens when the process ends anyway.
        let _ = ended.send(());
    });
    let _ = wait.await;
}

/// The drafts at work, each in a task of its own.
struct Followed<'a> {
    options: &'a RunOptions,
    directory: &'a Arc<Directory>,
    tasks: JoinSet<(DraftId, Result<()>)>,
    known: BTreeSet<DraftId>,
}

impl<'a> Followed<'a> {
    fn new(options: &'a RunOptions, directory: &'a Arc<Directory>) -> Self {
        Self { options, directory, tasks: JoinSet::new(), known: BTreeSet::new() }
    }

    fn add(&mut self, id: DraftId) {
        self.known.insert(id);
        let (options, directory) = (self.options.clone(), self.directory.clone());
        self.tasks.spawn(async move {
            let outcome = follow(&options, &directory, id).await;
            if let Err(why) = &outcome {
                tracing::error!(draft = %id, "{why:#}");
            }
            (id, outcome)
        });
    }

    async fn next(&mut self) -> Option<(DraftId, Result<()>)> {
        // A panic of one draft's task is that draft's failure, and a bug.
        self.tasks.join_next().await.map(|joined| match joined {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        })
    }

    /// Follows drafts as they appear; does not end by itself.
    async fn all(&mut self) -> Result<()> {
        let mut patience = Patience::new(self.options);
        loop {
            match self.discover().await {
                Ok(()) => patience.answered(),
                Err(why) if is_transient(&why) => patience.away(&why),
                Err(why) => return Err(why),
            }
            tokio::select! {
                () = patience.pause() => {}
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    async fn discover(&mut self) -> Result<()> {
        let node = self.options.node.connect().await?;
        let identity = self.directory.keys.identity();
        for id in client::trustees::drafts(&node).await? {
            if !self.known.contains(&id) {
                let named = names(&node, id, self.options.trust.organiser, &identity).await?;
                self.known.insert(id);
                if named {
                    self.add(id);
                }
            }
        }
        Ok(())
    }
}

/// Whether a draft is the organiser's and names a trustee.
async fn names(
    node: &client::Node,
    id: DraftId,
    organiser: Address,
    identity: &circuits::types::TrusteeIdentity,
) -> Result<bool> {
    match client::election::fetch_draft(node, id, organiser).await {
        Ok(signed) => Ok(signed.draft.trustees.contains(identity)),
        // Another organiser's, or none at all.
        Err(client::Error::Election(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// One draft to its end.
async fn follow(options: &RunOptions, directory: &Directory, id: DraftId) -> Result<()> {
    let mut patience = Patience::new(options);
    let mut session = None;
    loop {
        let step = match &mut session {
            Some(open) => Session::step(open).await,
            None => {
                let open =
                    Session::open(&options.node, &options.chain, options.trust.organiser, directory, id)
                        .await;
                open.map(|open| {
                    session = Some(open);
                    Step::Again
                })
            }
        };
        match step {
            Ok(Step::Done) => return Ok(()),
            Ok(Step::Again) => patience.answered(),
            Ok(Step::Wait) => {
                patience.answered_nothing_new();
                patience.pause().await;
            }
            Err(why) if is_transient(&why) => {
                patience.away(&why);
                patience.pause().await;
            }
            Err(why) => return Err(why),
        }
    }
}

/// Waits longer and longer, up to a limit, while nothing happens.
struct Patience {
    wait: Duration,
    longest: Duration,
    away: bool,
}

impl Patience {
    fn new(options: &RunOptions) -> Self {
        Self { wait: SHORTEST_WAIT, longest: Duration::from_secs(options.longest_wait), away: false }
    }

    fn answered(&mut self) {
        self.answered_nothing_new();
        self.wait = SHORTEST_WAIT;
    }

    fn answered_nothing_new(&mut self) {
        if std::mem::take(&mut self.away) {
            tracing::info!("the node answers again");
        }
    }

    fn away(&mut self, why: &anyhow::Error) {
        if !std::mem::replace(&mut self.away, true) {
            tracing::warn!("{why:#}; tries again until the node answers");
        }
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(self.longest);
    }
}

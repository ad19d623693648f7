//! `tabella monitor`: follows elections, verifies everything, keeps evidence.
//! spec: `cli.monitor`

mod evidence;
mod watch;

use crate::{log, options::read_text, times, vote::options::election_id};
use anyhow::{Context, Result};
use circuits::types::{Address, ElectionId};
use clap::{ArgGroup, Args, Subcommand};
use evidence::EvidenceCommand;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// `tabella monitor ..`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct MonitorOptions {
    #[command(subcommand)]
    command: Option<MonitorCommand>,
    #[command(flatten)]
    watch: Option<WatchOptions>,
}

/// `tabella monitor ..`
#[derive(Debug, Subcommand)]
pub enum MonitorCommand {
    /// Look at evidence that a monitor kept.
    #[command(subcommand)]
    Evidence(EvidenceCommand),
}

/// `tabella monitor`
#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).multiple(true).args(["elections", "organiser"])))]
pub struct WatchOptions {
    /// A node of the operator, http://host:port or https://host:port; name
    /// several to compare what they show.
    #[arg(long = "node", env = "TABELLA_NODE", value_name = "URL", required = true, value_delimiter = ',')]
    nodes: Vec<String>,
    /// Certificate (PEM) of the authority that vouches for the nodes,
    /// instead of the public ones.
    #[arg(long, env = "TABELLA_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// An election to follow, 0x and 64 hexadecimal digits; may be repeated.
    /// Without it, all of the organiser's are followed, new ones too.
    #[arg(long = "election", env = "TABELLA_ELECTION", value_name = "ID", value_parser = election_id)]
    elections: Vec<ElectionId>,
    /// The organiser's account, as the organisation publishes it; not needed
    /// if the elections' ids come from the organisation.
    #[arg(long, env = "TABELLA_ORGANISER", value_name = "ADDRESS")]
    organiser: Option<Address>,
    /// Directory of this monitor: verified entries, checkpoints, evidence.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Directory of receipts to compare with the board.
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
    /// Heads that another monitor has seen (its heads.jsonl); may be repeated.
    #[arg(long, value_name = "FILE")]
    peer_heads: Vec<PathBuf>,
    /// The operator's account, which signs the heads of the organiser's logs
    /// of audits; without it, the first node's word is taken.
    #[arg(long, env = "TABELLA_OPERATOR", value_name = "ADDRESS")]
    operator: Option<Address>,
    /// Powers of tau of a ceremony, to verify attestations with; without it,
    /// the INSECURE development parameters.
    #[arg(long, value_name = "FILE")]
    ptau: Option<PathBuf>,
    /// Verify what there is now, and end; what looks wrong or breaks off is
    /// asked for again for as long as --patience says.
    #[arg(long)]
    once: bool,
    /// Go on after misbehaviour; the exit code tells of it in the end.
    #[arg(long)]
    keep_going: bool,
    /// Longest time between two looks; new entries are looked at sooner.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = interval)]
    interval: Duration,
    /// How long something has to look wrong before it is held against a node
    /// without proof; what is proven counts at once. 0s: no time at all.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = interval)]
    patience: Duration,
    /// Serve metrics for Prometheus on this address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// How lines of the log look.
    #[arg(long, value_enum, default_value = "text")]
    log_format: log::Format,
    /// Print one JSON object in the end: {ok, elections, logs, waiting,
    /// misbehaviours, problems}.
    #[arg(long)]
    json: bool,
}

fn interval(text: &str) -> Result<Duration> {
    times::seconds(text).map(Duration::from_secs)
}

/// Runs the monitor, or a command about its evidence.
///
/// # Errors
/// If anybody misbehaved, something could not be verified, or the monitor
/// cannot go on.
pub fn run(options: MonitorOptions) -> Result<()> {
    match (options.command, options.watch) {
        (Some(MonitorCommand::Evidence(command)), _) => evidence::run(command),
        (None, watch) => watch::run(&watch.context("nothing to watch; see tabella monitor --help")?),
    }
}

impl WatchOptions {
    fn authority(&self) -> Result<Option<String>> {
        self.ca.as_deref().map(read_text).transpose()
    }
}

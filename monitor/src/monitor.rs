//! All elections under watch. spec: `monitor.pass`.

use crate::{
    Error,
    doubts::Doubts,
    endpoint::Endpoint,
    finding::{Finding, Kind, Recorded},
    keys::ElectionKeys,
    logs::{self, LogWatch},
    metrics::Metrics,
    promises::Promises,
    store::Directory,
    watch::{Progress, Stop, Watch, now},
};
use audit::{
    attestation::AttestationProofs,
    log::{LogId, Parties},
};
use circuits::types::{Address, ElectionId, SignedDraft};
use client::{
    Node,
    board::EntryPages,
    election::{self, Expected, InvalidElection, Reference, Trust},
};
use prometheus_client::registry::Registry;
use proto::v1::Phase;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Shortest time between two passes.
const MOMENT: Duration = Duration::from_millis(300);

/// What is said of a stream that ended early.
const BROKEN_OFF: &str = "the stream of entries ended early; the rest is asked for again";

/// What a monitor is told.
#[derive(Debug)]
pub struct Config {
    /// Holds state and evidence; of this monitor alone.
    pub directory: PathBuf,
    /// Nodes of one operator: their views are compared.
    pub nodes: Vec<Endpoint>,
    /// What is known without any node. Elections that are named by their
    /// identifiers need no organiser.
    pub trust: Trust,
    /// Elections to watch; all of the organiser's that the nodes list, if
    /// empty.
    pub elections: Vec<ElectionId>,
    /// Directory of receipts to check.
    pub receipts: Option<PathBuf>,
    /// Files of heads that other monitors have seen.
    pub peer_heads: Vec<PathBuf>,
    /// How long what is not proven has to last before it is held against a
    /// node; zero: not at all. spec: `monitor.doubt`
    pub patience: Duration,
    /// Who signs the heads of logs of audits; `None`: whom the first node
    /// names. Elections' drafts name their operators.
    pub operator: Option<Address>,
    /// Verifies attestations.
    pub attestations: Arc<dyn AttestationProofs>,
}

/// Something that kept the monitor from verifying; nobody's misbehaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A node's address, or a file.
    pub source: String,
    /// The election, if it is about one.
    pub election: Option<ElectionId>,
    /// What and why.
    pub what: String,
}

/// What is known after a pass.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// Elections under watch.
    pub elections: Vec<Progress>,
    /// Logs of audits under watch.
    pub logs: Vec<logs::Progress>,
    /// Elections that are not open yet.
    pub waiting: Vec<ElectionId>,
    /// All misbehaviour, found now or before.
    pub findings: Vec<Recorded>,
    /// What could not be verified.
    pub problems: Vec<Problem>,
    /// Whether something looked wrong or broke off, that another pass may
    /// settle.
    pub unsettled: bool,
}

impl Pass {
    /// Whether everything that there is was verified.
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty() && self.problems.is_empty()
    }
}

/// Follows elections on the nodes of one operator.
#[derive(Debug)]
pub struct Monitor {
    config: Config,
    directory: Arc<Directory>,
    metrics: Metrics,
    watches: BTreeMap<ElectionId, Watch>,
    logs: BTreeMap<LogId, LogWatch>,
    /// Asked for, or listed, and not open yet.
    waiting: BTreeSet<ElectionId>,
    /// Elections of other organisers.
    foreign: BTreeSet<ElectionId>,
    /// About elections that cannot be taken up at all.
    refused: BTreeMap<ElectionId, Recorded>,
    /// About elections that may have to be refused.
    doubts: Doubts,
    /// Passes in a row that met a problem with a node.
    troubled: u32,
}

impl Monitor {
    /// Takes hold of the directory.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn open(config: Config, registry: &mut Registry) -> Result<Self, Error> {
        let directory = Arc::new(Directory::open(&config.directory)?);
        Ok(Self {
            directory,
            metrics: Metrics::new(registry),
            watches: BTreeMap::new(),
            logs: BTreeMap::new(),
            waiting: config.elections.iter().copied().collect(),
            foreign: BTreeSet::new(),
            refused: BTreeMap::new(),
            doubts: Doubts::new(config.patience),
            troubled: 0,
            config,
        })
    }

    /// Looks once at every node and every election, and verifies what is new.
    ///
    /// # Errors
    /// If the monitor cannot go on. What nodes do is in the result.
    pub async fn pass(&mut self) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        self.watches.values_mut().for_each(|watch| watch.broke_off = false);
        let promises = Promises::read(self.config.receipts.as_deref(), &self.config.peer_heads);
        for i in 0..self.config.nodes.len() {
            let url = self.config.nodes[i].url.clone();
            match self.config.nodes[i].connect().await {
                Ok(node) => {
                    let problems = self.visit(i, &node).await?;
                    self.metrics.node(&url, !problems.iter().any(|p| p.election.is_none()));
                    pass.problems.extend(problems);
                }
                Err(e) => {
                    self.metrics.node(&url, false);
                    pass.problems.push(Problem { source: url, election: None, what: e.to_string() });
                }
            }
        }
        self.troubled = if pass.problems.is_empty() { 0 } else { self.troubled.saturating_add(1) };
        let unusable = promises.unusable.iter().cloned();
        pass.problems.extend(unusable.map(|(path, what)| file_problem(path, None, what)));
        for (id, watch) in &mut self.watches {
            let unusable = watch.check_promises(&promises)?.into_iter();
            pass.problems.extend(unusable.map(|(path, what)| file_problem(path, Some(*id), what)));
        }
        pass.problems.extend(self.check_log_heads(&promises)?);
        self.metrics.pass(now());
        Ok(Pass { problems: pass.problems, ..self.known() })
    }

    /// What is known without asking any node.
    pub fn known(&self) -> Pass {
        let watches = || self.watches.values();
        let refused = self.refused.values().cloned();
        Pass {
            elections: watches().map(Watch::progress).collect(),
            waiting: self.waiting.iter().copied().collect(),
            logs: self.logs.values().map(LogWatch::progress).collect(),
            findings: watches()
                .flat_map(Watch::findings)
                .chain(self.logs.values().flat_map(LogWatch::findings))
                .cloned()
                .chain(refused)
                .collect(),
            problems: Vec::new(),
            unsettled: self.doubts.are_open(Instant::now())
                || watches().any(Watch::is_unsettled)
                || self.logs.values().any(LogWatch::is_unsettled),
        }
    }

    /// Whether every election that was asked for is at its end.
    pub fn is_done(&self) -> bool {
        let watched = |id: &ElectionId| self.watches.get(id).is_some_and(Watch::is_done);
        !self.config.elections.is_empty() && self.config.elections.iter().all(watched)
    }

    /// Waits until a node shows a new entry, at most `longest`, and a moment
    /// in any case, so that entries gather to batches. After a pass that met
    /// problems the moment is longer, twice as long with each.
    pub async fn wait(&self, longest: Duration) {
        let shortest = self.pause(longest);
        tokio::time::sleep(shortest).await;
        let mut news = JoinSet::new();
        for node in self.config.nodes.iter().filter_map(Endpoint::connected) {
            for watch in self.watches.values().filter(|w| !w.is_done()) {
                let Ok(board) = watch.board() else { continue };
                if board.mirror().is_closed() {
                    continue;
                }
                let (node, id, start) = (node.clone(), watch.id(), board.mirror().len());
                news.spawn(async move { new_entries(&node, id, start).await });
            }
        }
        let any = async {
            match news.join_next().await {
                Some(_) => {}
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = any => {}
            () = tokio::time::sleep(longest - shortest) => {}
        }
    }

    /// The shortest time until the next pass.
    pub(crate) fn pause(&self, longest: Duration) -> Duration {
        MOMENT.saturating_mul(1 << self.troubled.min(16)).min(longest)
    }

    async fn visit(&mut self, i: usize, node: &Node) -> Result<Vec<Problem>, Error> {
        let url = self.config.nodes[i].url.clone();
        let problem = |election, what| Problem { source: url.clone(), election, what };
        let mut problems = Vec::new();
        if self.config.elections.is_empty()
            && let Err(e) = self.list(node).await
        {
            return Ok(vec![problem(None, e.to_string())]);
        }
        for id in self.waiting.clone() {
            let subject = subject(&url, id);
            self.doubts.begin(&subject);
            match self.take_up(&url, node, id).await? {
                Ok(()) => self.doubts.end(&subject),
                Err(e) => problems.push(problem(Some(id), e.to_string())),
            }
            problems.extend(self.doubts.take_problems().into_iter().map(|what| problem(Some(id), what)));
        }
        for (id, watch) in &mut self.watches {
            watch.doubts.begin(&url);
            match visit(watch, &self.config.nodes[i], node).await {
                Ok(()) => watch.doubts.end(&url),
                Err(Stop::Fatal(e)) => return Err(e),
                Err(Stop::Node(e)) => problems.push(problem(Some(*id), e.to_string())),
                Err(Stop::BrokenOff) => problems.push(problem(Some(*id), BROKEN_OFF.to_owned())),
            }
            problems.extend(watch.doubts.take_problems().into_iter().map(|what| problem(Some(*id), what)));
        }
        problems.extend(self.visit_logs(&url, node).await?);
        Ok(problems)
    }

    /// Every log of audits of the organiser. Who watches elections by their
    /// ids alone watches no logs.
    async fn visit_logs(&mut self, url: &str, node: &Node) -> Result<Vec<Problem>, Error> {
        let Some(organiser) = self.config.trust.organiser.filter(|_| self.config.elections.is_empty()) else {
            return Ok(Vec::new());
        };
        let problem = |what| Problem { source: url.to_owned(), election: None, what };
        if let Err(e) = self.list_logs(organiser, node).await? {
            return Ok(vec![problem(e.to_string())]);
        }
        let mut problems = Vec::new();
        for watch in self.logs.values_mut() {
            watch.doubts.begin(url);
            match watch.visit(url, node).await {
                Ok(()) => {
                    watch.doubts.end(url);
                    let cannot = |seq| {
                        format!(
                            "attestation {seq} of log {}: no key to verify it with",
                            watch.parties().log()
                        )
                    };
                    problems.extend(watch.unverified().iter().map(|seq| problem(cannot(seq))));
                }
                Err(Stop::Fatal(e)) => return Err(e),
                // A node that lags does not have the log yet.
                Err(Stop::Node(client::Error::Refused { refusal, .. }))
                    if refusal.reason == "UNKNOWN_LOG" =>
                {
                    problems.extend(watch.progress().head.map(|_| problem(lacks(watch))));
                }
                Err(Stop::Node(e)) => problems.push(problem(e.to_string())),
                Err(Stop::BrokenOff) => problems.push(problem(BROKEN_OFF.to_owned())),
            }
            problems.extend(watch.doubts.take_problems().into_iter().map(problem));
        }
        Ok(problems)
    }

    /// Takes up the node's logs of the organiser. The inner error is the
    /// node's.
    async fn list_logs(
        &mut self,
        organiser: Address,
        node: &Node,
    ) -> Result<Result<(), client::Error>, Error> {
        let listed = match client::attestation::logs(node).await {
            Ok(listed) => listed,
            // A node of a version before there were logs.
            Err(client::Error::Refused { refusal, .. })
                if refusal.is_unknown_call() && self.logs.is_empty() =>
            {
                return Ok(Ok(()));
            }
            Err(e) => return Ok(Err(e)),
        };
        let names = listed.into_iter().filter(|(of, _)| *of == organiser).map(|(_, name)| name);
        for organisation in names.collect::<Vec<_>>() {
            let operator = match self.config.operator {
                Some(operator) => operator,
                None => match client::info::fetch(node).await {
                    Ok(info) => *self.config.operator.insert(info.operator),
                    Err(e) => return Ok(Err(e)),
                },
            };
            let parties = Parties { operator, organiser, organisation };
            if !self.logs.contains_key(&parties.log()) {
                let (directory, metrics) = (self.directory.clone(), self.metrics.clone());
                let (proofs, patience) = (self.config.attestations.clone(), self.config.patience);
                let watch = LogWatch::open(&parties, directory, metrics, proofs, patience)?;
                self.logs.insert(parties.log(), watch);
            }
        }
        Ok(Ok(()))
    }

    /// Heads of logs that other monitors have seen.
    fn check_log_heads(&mut self, promises: &Promises) -> Result<Vec<Problem>, Error> {
        let mut problems = Vec::new();
        for (path, head) in &promises.heads {
            let Some(watch) = self.logs.get_mut(&LogId::at(head.head.election_id)) else { continue };
            match watch.parties().check_head(head) {
                Ok(()) => {
                    watch.compare(head, &path.display().to_string())?;
                }
                Err(e) => problems.push(file_problem(path.clone(), None, e.to_string())),
            }
        }
        Ok(problems)
    }

    /// Adds the node's elections to those waited for.
    async fn list(&mut self, node: &Node) -> Result<(), client::Error> {
        let listed = election::list(node).await?.into_iter().filter_map(|l| l.election_id);
        let known = |id: &ElectionId| {
            self.watches.contains_key(id) || self.foreign.contains(id) || self.refused.contains_key(id)
        };
        let new: Vec<ElectionId> = listed.filter(|id| !known(id)).collect();
        self.waiting.extend(new);
        Ok(())
    }

    /// Checks an election and begins to watch it, if it is open. The inner
    /// error is the node's.
    async fn take_up(
        &mut self,
        url: &str,
        node: &Node,
        id: ElectionId,
    ) -> Result<Result<(), client::Error>, Error> {
        let (expected, signed) = match self.expect(node, id).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Ok(())),
            Err(e) => return Ok(Err(e)),
        };
        let fetched = election::fetch(node, Reference::Election(id), &expected).await;
        match fetched {
            Ok(election) => {
                let keys = match ElectionKeys::fetch(node, expected.verifying_keys).await {
                    Ok(keys) => keys,
                    Err(e) => return Ok(Err(e)),
                };
                let (directory, metrics) = (self.directory.clone(), self.metrics.clone());
                let watch = Watch::open(election, keys, directory, metrics, self.config.patience).await?;
                self.waiting.remove(&id);
                self.watches.insert(id, watch);
                Ok(Ok(()))
            }
            Err(client::Error::Election(InvalidElection::NotOpen(_))) => Ok(Ok(())),
            Err(client::Error::Election(InvalidElection::Organiser { .. }))
                if self.config.elections.is_empty() =>
            {
                self.waiting.remove(&id);
                self.foreign.insert(id);
                Ok(Ok(()))
            }
            Err(client::Error::Election(e)) if is_forged(&e) => {
                self.refuse(url, id, signed, e.to_string())?;
                Ok(Ok(()))
            }
            Err(e) => Ok(Err(e)),
        }
    }

    /// What an election must pin, by its own shape and threshold; `None` as
    /// long as it is not open.
    async fn expect(
        &self,
        node: &Node,
        id: ElectionId,
    ) -> Result<Option<(Expected, SignedDraft)>, client::Error> {
        let raw = election::fetch_raw(node, Reference::Election(id)).await?;
        if !matches!(raw.phase(), Phase::Voting | Phase::Closed | Phase::Tallied) {
            return Ok(None);
        }
        const CALL: &str = "ElectionService.GetElection";
        let draft = raw.draft.ok_or(client::Error::Incomplete { call: CALL, problem: "lacks the draft" })?;
        let signed =
            SignedDraft::try_from(draft).map_err(|cause| client::Error::Answer { call: CALL, cause })?;
        let expected = self.config.trust.expected(&signed.draft)?;
        Ok(Some((expected, signed)))
    }

    /// An election that is not what was signed cannot be watched; refused
    /// once that has lasted.
    fn refuse(&mut self, url: &str, id: ElectionId, draft: SignedDraft, why: String) -> Result<(), Error> {
        let detail = format!("election {id} is not in order: {why}");
        let finding = Finding::report(Kind::Election, url, detail, None);
        if !self.doubts.has_lasted(&subject(url, id), finding.kind, &finding.detail, Instant::now()) {
            return Ok(());
        }
        let evidence = crate::evidence::Evidence::new(draft, None, finding.claim);
        let evidence = self.directory.keep(finding.kind.name(), &evidence.to_json())?;
        tracing::error!(kind = %finding.kind, node = url, detail = finding.detail, "misbehaviour");
        self.metrics.misbehaviour(finding.kind);
        let Finding { kind, node, detail, .. } = finding;
        self.waiting.remove(&id);
        self.refused.insert(id, Recorded { kind, node, detail, evidence, proof: false });
        Ok(())
    }
}

/// What doubts about an election as a whole are about.
fn subject(url: &str, id: ElectionId) -> String {
    format!("{id} on {url}")
}

/// Everything about one election on one node.
async fn visit(watch: &mut Watch, endpoint: &Endpoint, node: &Node) -> Result<(), Stop> {
    watch.check_setup(&endpoint.url, node).await?;
    watch.visit(endpoint, node).await?;
    watch.check_end(&endpoint.url, node).await
}

/// Whether somebody signed what they must not, or did not sign what they
/// must; other refusals are about this monitor or about time.
fn is_forged(e: &InvalidElection) -> bool {
    match e {
        InvalidElection::OtherElection
        | InvalidElection::Draft(_)
        | InvalidElection::Signature { .. }
        | InvalidElection::Census
        | InvalidElection::Key(_) => true,
        InvalidElection::Organiser { .. }
        | InvalidElection::NotOpen(_)
        | InvalidElection::NoKey(_)
        | InvalidElection::NoKeys { .. }
        | InvalidElection::VerifyingKey { .. }
        | InvalidElection::Id(_) => false,
    }
}

fn lacks(watch: &LogWatch) -> String {
    let parties = watch.parties();
    format!("does not have the log of audits of {:?} ({})", parties.organisation, parties.log())
}

fn file_problem(path: PathBuf, election: Option<ElectionId>, what: String) -> Problem {
    Problem { source: path.display().to_string(), election, what }
}

/// Returns when the board has grown; never, if the node does not follow.
async fn new_entries(node: &Node, id: ElectionId, start: u32) {
    if let Ok(mut pages) = EntryPages::open(node, id, start, true).await
        && let Ok(Some(_)) = pages.next().await
    {
        return;
    }
    std::future::pending().await
}

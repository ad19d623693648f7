//! A node in this process, trustees in processes of their own.

use circuits::types::*;
use client::{
    Node as Client,
    board::Mirror,
    census,
    choice::Choice,
    election::{self, Election, Expected, Reference},
    identity::Identity,
    organiser::{self, draft::Resolution},
    registration::{self, Registered},
    tickets::MemoryTickets,
    trustees,
    vote::Voter,
};
use node::{
    Clock, Config, Deps, KeySet, Node, TallyCase, TallyFailure, TallyProver, jobs::verification::Proofs,
};
use proto::v1::Phase;
use prover::{KeyStore, ProvingKey};
use rand_core::OsRng;
use serde_json::Value;
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use trustee::TrusteeKeys;
use verifier::{CircuitId, VerifyingKey};
use zeroize::Zeroizing;

pub const ORGANISATION: &str = "Trustees' test";
pub const WEIGHTS: [u64; 4] = [100, 50, 20, 5];
pub const PASSPHRASE: &str = "correct horse battery staple";
/// Longest wait for anything, on a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(120);
pub const DAY: u64 = 24 * 60 * 60;

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What all scenes share: keys, and members with their registrations.
pub struct World {
    pub organiser: AccountKey,
    pub operator: AccountKey,
    pub members: Vec<Identity>,
    pub holders: Vec<Holder>,
    pub registrations: Vec<Registration>,
    pub verifying: Vec<VerifyingKey>,
    store: KeyStore,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let store = KeyStore::of_circuits(KeyStore::default_directory().unwrap());
        let key = |id| store.verifying_key(id, &|p| eprintln!("{p}")).unwrap();
        let verifying = CircuitId::of_election(BallotShape::Shape4, 2).map(key).to_vec();
        let proving = store.get(CircuitId::Registration, &|_| ()).unwrap();
        let mut accounts: Vec<AccountKey> = WEIGHTS.iter().map(|_| AccountKey::random(&mut OsRng)).collect();
        accounts.sort_by_key(AccountKey::address);
        let members: Vec<Identity> = accounts.iter().map(|_| Identity::generate()).collect();
        let holder = |(a, weight): (&AccountKey, u64)| Holder { address: a.address(), weight };
        let register = |(a, id): (&AccountKey, &Identity)| {
            registration::sign(&proving, a, id, 1, ORGANISATION, 1).unwrap()
        };
        World {
            organiser: AccountKey::random(&mut OsRng),
            operator: AccountKey::random(&mut OsRng),
            holders: accounts.iter().zip(WEIGHTS).map(holder).collect(),
            registrations: accounts.iter().zip(&members).map(register).collect(),
            members,
            verifying,
            store,
        }
    })
}

impl World {
    pub fn ballot_key(&self) -> Arc<ProvingKey> {
        self.store.get(CircuitId::Ballot(BallotShape::Shape4), &|_| ()).unwrap()
    }

    pub fn census(&self, draft: &Draft) -> Census {
        let key = self.verifying[0].prepare();
        let registered = Registered::check(&key, &self.registrations, 1, ORGANISATION).unwrap();
        organiser::preview_of(draft, &self.holders, &registered).unwrap().census
    }
}

/// The node's clock, ahead of the trustees' by so many seconds.
#[derive(Debug, Default)]
pub struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> u64 {
        now() + self.0.load(Ordering::SeqCst)
    }
}

/// Proves nothing: results are another matter here.
#[derive(Debug)]
struct NoResults;

impl TallyProver for NoResults {
    fn prove(&self, _: &TallyCase) -> Result<Tally, TallyFailure> {
        Err(TallyFailure::Failed("no results in this test".into()))
    }
}

/// A trustee's directory with its process, if one runs.
pub struct Party {
    pub index: u8,
    pub dir: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

impl Drop for Party {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Party {
    /// Makes a trustee below `place` with the command.
    pub fn init(place: &Path, index: u8) -> Self {
        let dir = place.join(format!("trustee-{index}"));
        let made = tabella(place, "init", &dir, &[]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { index, log: place.join(format!("trustee-{index}.log")), dir, process: None }
    }

    pub fn identity(&self) -> TrusteeIdentity {
        serde_json::from_slice(&fs::read(self.dir.join("identity.json")).unwrap()).unwrap()
    }

    /// Its secrets, opened with the passphrase.
    pub fn keys(&self) -> TrusteeKeys {
        let text = fs::read(self.dir.join("keys.json")).unwrap();
        let (_, secret, _) = keyfile::open("trustee", &text, &passphrase()).unwrap();
        TrusteeKeys::from_bytes(&secret).unwrap()
    }

    /// Its share of a draft's key, from its sealed state: behind version,
    /// draft, index, two strings and a flag. spec: `trustee.state_format`
    pub fn share(&self, draft: DraftId) -> [u8; 32] {
        let text = fs::read(self.dir.join(format!("{draft}.state"))).unwrap();
        let (_, state, _) = keyfile::open("trustee state", &text, &passphrase()).unwrap();
        let mut at = 34;
        for _ in 0..2 {
            let length: [u8; 4] = state[at..at + 4].try_into().unwrap();
            at += 4 + u32::from_be_bytes(length) as usize;
        }
        assert_eq!(state[at], 1, "it has a share");
        state[at + 1..at + 33].try_into().unwrap()
    }

    /// `kill -9`
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|p| p.try_wait().unwrap().is_none())
    }

    /// Waits for the end of its process; the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let start = Instant::now();
        while self.is_running() {
            assert!(start.elapsed() < PATIENCE, "trustee {} goes on: {}", self.index, self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process.take().unwrap().wait().unwrap().code()
    }

    /// All that its processes have said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it says something.
    pub fn says(&self, what: &str) {
        until(what, || self.log().contains(what), || self.log());
    }

    pub fn status(&self) -> Value {
        let output = tabella(self.dir.parent().unwrap(), "status", &self.dir, &["--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

pub fn passphrase() -> keyfile::Passphrase {
    keyfile::Passphrase::new(Zeroizing::new(PASSPHRASE.to_owned())).unwrap()
}

/// `tabella trustee WHAT --dir DIR`, with the passphrase in a file.
pub fn command(place: &Path, what: &str, dir: &Path) -> Command {
    let file = place.join("passphrase");
    if !file.exists() {
        fs::write(&file, PASSPHRASE).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    command.args(["trustee", what, "--dir"]).arg(dir).arg("--passphrase-file").arg(file);
    command.stdin(Stdio::null()).env_remove("TABELLA_LOG");
    command
}

pub fn tabella(place: &Path, what: &str, dir: &Path, args: &[&str]) -> Output {
    command(place, what, dir).args(args).output().unwrap()
}

fn until(what: &str, holds: impl Fn() -> bool, so_far: impl Fn() -> String) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited for {what:?} in vain: {}", so_far());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A draft with a frozen census on a node, and its trustees.
pub struct Scene {
    pub place: TempDir,
    node: Option<Node>,
    pub address: SocketAddr,
    pub client: Client,
    pub clock: Arc<Ahead>,
    proofs: Option<Arc<dyn Proofs>>,
    pub draft: SignedDraft,
    pub trustees: Vec<Party>,
}

impl Scene {
    /// 2 of `n` trustees, with a resolution that `change` has changed.
    pub async fn new(n: u8, change: impl FnOnce(&mut Resolution)) -> Self {
        Self::with_proofs(n, None, change).await
    }

    pub async fn with_proofs(
        n: u8,
        proofs: Option<Arc<dyn Proofs>>,
        change: impl FnOnce(&mut Resolution),
    ) -> Self {
        let place = tempfile::tempdir().unwrap();
        let trustees: Vec<Party> = (1..=n).map(|i| Party::init(place.path(), i)).collect();
        let mut resolution = resolution(trustees.iter().map(Party::identity).collect());
        change(&mut resolution);
        let draft = resolution.sign(&world().organiser).unwrap();
        let clock = Arc::new(Ahead::default());
        let any = "127.0.0.1:0".parse().unwrap();
        let node = serve(&place.path().join("node"), any, &clock, &proofs).await;
        let address = node.address();
        let client = Client::connect(&format!("http://{address}")).await.unwrap();
        let mut scene = Self { place, node: Some(node), address, client, clock, proofs, draft, trustees };
        scene.publish_registered().await;
        scene
    }

    async fn publish_registered(&mut self) {
        organiser::publish(&self.client, &self.draft).await.unwrap();
        for r in &world().registrations {
            registration::submit(&self.client, r).await.unwrap();
        }
        self.freeze(&self.draft).await;
    }

    pub async fn freeze(&self, signed: &SignedDraft) {
        let (world, draft) = (world(), &signed.draft);
        let census = world.census(draft);
        organiser::freeze(&self.client, &world.organiser, draft, &world.holders, &census).await.unwrap();
    }

    pub fn id(&self) -> DraftId {
        self.draft.draft.id()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the node; its port stays free for [`Scene::resume_node`].
    pub async fn stop_node(&mut self) {
        self.node.take().unwrap().shutdown().await.unwrap();
    }

    pub async fn resume_node(&mut self) {
        self.resume_node_from("node").await;
    }

    /// On the same address, from another copy of its directories.
    pub async fn resume_node_from(&mut self, directory: &str) {
        let place = self.place.path().join(directory);
        self.node = Some(serve(&place, self.address, &self.clock, &self.proofs).await);
    }

    pub fn set_ahead(&self, seconds: u64) {
        self.clock.0.store(seconds, Ordering::SeqCst);
    }

    /// `tabella trustee run` for this draft.
    pub fn start(&mut self, index: u8) {
        let draft = self.id().to_string();
        self.start_with(index, &["--draft", &draft]);
    }

    pub fn start_with(&mut self, index: u8, args: &[&str]) {
        let (place, url) = (self.place.path().to_owned(), self.url());
        let party = self.party(index);
        let log = File::options().create(true).append(true).open(&party.log).unwrap();
        let process = command(&place, "run", &party.dir)
            .args(["--node", &url, "--organiser", &world().organiser.address().to_string()])
            .args(["--longest-wait", "1"])
            .args(args)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        party.process = Some(process.unwrap());
    }

    pub fn start_all(&mut self) {
        (1..=u8::try_from(self.trustees.len()).unwrap()).for_each(|i| self.start(i));
    }

    pub fn party(&mut self, index: u8) -> &mut Party {
        &mut self.trustees[usize::from(index) - 1]
    }

    pub async fn phase(&self) -> Phase {
        election::fetch_raw(&self.client, Reference::Draft(self.id())).await.unwrap().phase()
    }

    /// Waits for the key.
    pub async fn keyed(&self) {
        let start = Instant::now();
        while self.phase().await != Phase::Keyed {
            let logs: Vec<String> = self.trustees.iter().map(Party::log).collect();
            assert!(start.elapsed() < PATIENCE, "no key: {}", logs.join("\n"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Messages that the node holds, and those that it has refused.
    pub async fn messages(&self) -> (Vec<TrusteeMessage>, Vec<TrusteeMessage>) {
        trustees::fetch(&self.client, self.id()).await.unwrap()
    }

    pub async fn decryptions(&self) -> Vec<u8> {
        let (messages, _) = self.messages().await;
        messages.iter().filter(|m| m.round == ROUND_DECRYPTION).map(|m| m.from).collect()
    }

    /// `tabella trustee progress`
    pub fn progress(&self) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_tabella"))
            .args(["trustee", "progress", "--json", "--node", &self.url()])
            .args(["--draft", &self.id().to_string()])
            .args(["--organiser", &world().organiser.address().to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Opens voting under the key.
    pub async fn open(&self) -> Arc<Election> {
        let raw = election::fetch_raw(&self.client, Reference::Draft(self.id())).await.unwrap();
        let id = ElectionId::from_bytes(&raw.election_id).unwrap();
        organiser::open(&self.client, &world().organiser, &self.draft.draft, id).await.unwrap();
        self.election().await
    }

    pub async fn election(&self) -> Arc<Election> {
        let hashes: Vec<_> = world().verifying.iter().map(VerifyingKey::hash).collect();
        let expected = Expected {
            organiser: world().organiser.address(),
            verifying_keys: hashes.try_into().unwrap(),
            development_keys: true,
        };
        let election = election::fetch(&self.client, Reference::Draft(self.id()), &expected).await;
        Arc::new(election.unwrap())
    }

    /// The member as a voter.
    pub async fn voter(&self, election: &Arc<Election>, member: usize) -> Voter {
        let census = census::fetch(&self.client, &election.draft().census, &election.census).await.unwrap();
        let tickets = Arc::new(MemoryTickets::default());
        Voter::new(election.clone(), &census, &world().members[member], world().ballot_key(), tickets)
            .unwrap()
    }

    /// A member votes for an option.
    pub async fn vote(&self, election: &Arc<Election>, member: usize, option: usize) {
        let mut mirror = Mirror::new(election);
        let voter = self.voter(election, member).await;
        voter.cast_vote(&self.client, &mut mirror, &Choice::Single(option)).await.unwrap();
    }

    /// The organiser ends voting now.
    pub async fn close(&self, election: &Election) -> SignedHead {
        let draft = election.draft();
        organiser::close(&self.client, &world().organiser, draft, election.id).await.unwrap()
    }
}

async fn serve(
    place: &Path,
    listen: SocketAddr,
    clock: &Arc<Ahead>,
    proofs: &Option<Arc<dyn Proofs>>,
) -> Node {
    let operator = world().operator.clone();
    let config = Config::new(place.join("data"), place.join("heads"), listen, operator);
    let keys = Arc::new(KeySet::new(&world().verifying, true).unwrap());
    let mut deps = Deps::new(keys, Arc::new(NoResults));
    deps.clock = clock.clone();
    if let Some(proofs) = proofs {
        deps.proofs = proofs.clone();
    }
    // The port of a node that has just stopped may be busy for a moment.
    let start = Instant::now();
    loop {
        match Node::start(config.clone(), deps.clone()).await {
            Ok(node) => return node,
            Err(why) => assert!(start.elapsed() < Duration::from_secs(20), "{why}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn resolution(trustees: Vec<TrusteeIdentity>) -> Resolution {
    let opening = now();
    Resolution {
        organisation: ORGANISATION.into(),
        registration_chain_id: 1,
        proposal: "Adopt the budget".into(),
        options: vec!["yes".into(), "no".into()],
        rule: RuleKind::SingleChoice,
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: holders_digest(&world().holders),
            snapshot: "test".into(),
            decimals: 0,
            maskers: Vec::new(),
        },
        times: Times {
            opening,
            closing: opening + DAY,
            root_deadline: opening + 2 * DAY,
            tally_deadline: opening + 3 * DAY,
        },
        early_close: true,
        trustees,
        threshold: 2,
        min_ballots: 1,
        operator: world().operator.address(),
    }
}

/// Copies a directory with its permissions.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (source, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(source, target).unwrap();
        }
    }
}

/// Every byte of the files below a directory.
pub fn bytes_below(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { bytes_below(&path) } else { fs::read(&path).unwrap() });
    }
    all
}

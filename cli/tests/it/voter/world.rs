//! An open election whose members were made and registered by the binary.

use circuits::types::*;
use client::organiser::{self, draft::Resolution};
use node::{Config, Deps, KeySet, Node, TallyCase, TallyFailure, TallyProver};
use prover::KeyStore;
use rand_core::OsRng;
use serde_json::Value;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, OnceLock},
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trustee::{MemoryStorage, Message, Trustee, TrusteeKeys};
use verifier::{CircuitId, VerifyingKey};

pub const ORGANISATION: &str = "Voters' \"own\" DAO";
/// Units with two decimals; the last member may only mask.
pub const WEIGHTS: [u64; 7] = [10_000, 250, 700, 4_000, 1, 90_000, 0];
/// Who only masks.
pub const MASKER: usize = 6;
const THRESHOLD: u8 = 2;

/// Proves nothing: these elections stay open.
#[derive(Debug)]
struct NoTally;

impl TallyProver for NoTally {
    fn prove(&self, _: &TallyCase) -> Result<Tally, TallyFailure> {
        Err(TallyFailure::Failed("this test proves no results".into()))
    }
}

/// Everything of one election.
pub struct World {
    pub place: TempDir,
    pub runtime: Runtime,
    /// Serves as long as the world is there.
    _node: Node,
    pub url: String,
    pub organiser: AccountKey,
    pub operator: AccountKey,
    pub election: ElectionId,
    pub draft: Draft,
}

/// The binary with arguments, in the home of a member.
pub fn run(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabella"));
    for variable in ["TABELLA_NODE", "TABELLA_ORGANISER", "TABELLA_ELECTION", "TABELLA_CA"] {
        command.env_remove(variable);
    }
    let passphrase = home.parent().unwrap().join("passphrase");
    // In one step, since others may be reading it.
    let mut whole = tempfile::NamedTempFile::new_in(home.parent().unwrap()).unwrap();
    whole.write_all(b"a passphrase for tests\n").unwrap();
    whole.persist(&passphrase).unwrap();
    command.env("TABELLA_HOME", home).env("TABELLA_PASSPHRASE_FILE", passphrase);
    command.args(args).output().unwrap()
}

/// Standard output of a success.
pub fn good(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line of a success, a JSON object.
pub fn json(output: Output) -> Value {
    let value: Value = serde_json::from_str(&good(output)).unwrap();
    assert!(value.is_object(), "{value}");
    value
}

/// Standard error of a failure that is no wrong usage.
pub fn bad(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    errors
}

impl World {
    /// One for all tests; each takes members of its own.
    pub fn single() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(|| World::new(RuleKind::SingleChoice, WEIGHTS.len()))
    }

    /// An election by another rule with the first `members` and no masker.
    pub fn new(rule: RuleKind, members: usize) -> Self {
        let place = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let [organiser, operator] = [(); 2].map(|()| AccountKey::random(&mut OsRng));
        let keys = verifying_keys();
        let node = runtime.block_on(start(place.path(), &operator, &keys));
        let url = format!("http://{}", node.address());
        let accounts: Vec<Address> = (0..members).map(|i| make_member(place.path(), i)).collect();
        let holders = holders(&accounts);
        let trustees: Vec<TrusteeKeys> = (0..THRESHOLD).map(|_| TrusteeKeys::random(&mut OsRng)).collect();
        let maskers = accounts.get(MASKER).copied().into_iter().collect();
        let draft = resolution(rule, &holders, maskers, &trustees, operator.address());
        let draft = draft.sign(&organiser).unwrap();
        let client = runtime.block_on(client::Node::connect(&url)).unwrap();
        runtime.block_on(organiser::publish(&client, &draft)).unwrap();
        for i in 0..members {
            register(place.path(), &url, i);
        }
        let open = open(&client, &organiser, &draft, &holders, &trustees, &keys);
        let election = runtime.block_on(open);
        Self { place, runtime, _node: node, url, organiser, operator, election, draft: draft.draft }
    }

    /// A member's directory.
    pub fn home(&self, member: usize) -> PathBuf {
        home(self.place.path(), member)
    }

    /// A file of this world.
    pub fn path(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }

    /// The binary for a member, with node, election and organiser.
    pub fn of(&self, member: usize, command: &[&str]) -> Output {
        let (id, organiser) = (self.election.to_string(), self.organiser.address().to_string());
        let here = ["--node", &self.url, "--election", &id, "--organiser", &organiser];
        run(&self.home(member), &[command, &here].concat())
    }

    /// The board as anybody sees it.
    pub fn entries(&self) -> Vec<BoardEntry> {
        let file = tempfile::NamedTempFile::new_in(self.place.path()).unwrap();
        let trust = client::election::Trust {
            organiser: Some(self.organiser.address()),
            verifying_keys: prover::pinned_hashes,
            development_keys: true,
        };
        let which = client::election::Reference::Election(self.election);
        let entries = async {
            let client = client::Node::connect(&self.url).await.unwrap();
            let state = client::state::State::keep(file.path(), &client, which, &trust).await.unwrap();
            drop(state);
        };
        self.runtime.block_on(entries);
        entries_in(&fs::read(file.path()).unwrap())
    }
}

/// The entries of a state file.
fn entries_in(bytes: &[u8]) -> Vec<BoardEntry> {
    use prost::Message as _;
    use proto::v1::{StatePart, state_part::Part};
    let (mut rest, mut out) = (&bytes[16..], Vec::new());
    while !rest.is_empty() {
        if let Some(Part::Entries(page)) = StatePart::decode_length_delimited(&mut rest).unwrap().part {
            out.extend(page.entries.into_iter().map(|e| BoardEntry::try_from(e).unwrap()));
        }
    }
    out
}

fn home(place: &Path, member: usize) -> PathBuf {
    place.join(format!("member-{member}"))
}

/// An identity and an account by the binary; returns the account.
fn make_member(place: &Path, member: usize) -> Address {
    let home = home(place, member);
    let account = home.join("account.json");
    good(run(&home, &["identity", "new"]));
    good(run(&home, &["account", "new", account.to_str().unwrap()])).trim().parse().unwrap()
}

fn register(place: &Path, url: &str, member: usize) {
    let home = home(place, member);
    let account = home.join("account.json");
    let args = ["register", "--organisation", ORGANISATION, "--node", url, "--yes", "--account"];
    good(run(&home, &[&args[..], &[account.to_str().unwrap()]].concat()));
}

fn verifying_keys() -> Vec<VerifyingKey> {
    let store = KeyStore::of_circuits(KeyStore::default_directory().unwrap());
    let ids = CircuitId::of_election(BallotShape::Shape4, usize::from(THRESHOLD));
    ids.into_iter().map(|id| store.verifying_key_alone(id).unwrap()).collect()
}

async fn start(place: &Path, operator: &AccountKey, keys: &[VerifyingKey]) -> Node {
    let listen = "127.0.0.1:0".parse().unwrap();
    let config = Config::new(place.join("node"), place.join("heads"), listen, operator.clone());
    let set = Arc::new(KeySet::new(keys, true).unwrap());
    Node::start(config, Deps::new(set, Arc::new(NoTally))).await.unwrap()
}

/// In ascending order of address; the masker holds nothing.
fn holders(accounts: &[Address]) -> Vec<Holder> {
    let pairs = accounts.iter().zip(WEIGHTS).filter(|(_, weight)| *weight > 0);
    let mut holders: Vec<Holder> =
        pairs.map(|(address, weight)| Holder { address: *address, weight }).collect();
    holders.sort_by_key(|h| h.address);
    holders
}

fn resolution(
    rule: RuleKind,
    holders: &[Holder],
    maskers: Vec<Address>,
    trustees: &[TrusteeKeys],
    operator: Address,
) -> Resolution {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Resolution {
        organisation: ORGANISATION.into(),
        registration_chain_id: 1,
        proposal: "Shall we plant a tree?\n\u{1b}[2J(with roots)".into(),
        options: ["Approve", "Reject", "Abstain"].map(String::from).to_vec(),
        rule,
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: holders_digest(holders),
            snapshot: "a test".into(),
            decimals: 2,
            maskers,
        },
        times: Times {
            opening: now - 60,
            closing: now + 86_400,
            root_deadline: now + 90_000,
            tally_deadline: now + 100_000,
        },
        early_close: true,
        trustees: trustees.iter().map(TrusteeKeys::identity).collect(),
        threshold: THRESHOLD,
        min_ballots: 1,
        operator,
    }
}

async fn open(
    client: &client::Node,
    organiser: &AccountKey,
    draft: &SignedDraft,
    holders: &[Holder],
    trustees: &[TrusteeKeys],
    keys: &[VerifyingKey],
) -> ElectionId {
    let preview = organiser::preview(client, &draft.draft, holders, &keys[0].prepare()).await.unwrap();
    organiser::freeze(client, organiser, &draft.draft, holders, &preview.census).await.unwrap();
    let hashes: Vec<[u8; 32]> = keys.iter().map(|k| k.hash().0).collect();
    let (log, key) = generate(draft, trustees, &preview.census, hashes.try_into().unwrap());
    for message in &log {
        client::trustees::post(client, &TrusteeMessage::from(message)).await.unwrap();
    }
    let id = key.key.election_id();
    organiser::open(client, organiser, &draft.draft, id).await.unwrap();
    id
}

/// Every message goes to every trustee, in the order of sending.
fn generate(
    draft: &SignedDraft,
    trustees: &[TrusteeKeys],
    census: &Census,
    hashes: [[u8; 32]; VERIFYING_KEYS],
) -> (Vec<Message>, SignedElectionKey) {
    let start = |k: &TrusteeKeys| Trustee::new(k.clone(), draft, MemoryStorage::new()).unwrap();
    let mut trustees: Vec<_> = trustees.iter().map(start).collect();
    let mut log: Vec<Message> = trustees.iter().flat_map(Trustee::outgoing).collect();
    let (mut seen, mut signed) = (0, false);
    loop {
        while let Some(message) = log.get(seen).cloned() {
            seen += 1;
            for trustee in trustees.iter_mut().filter(|t| t.index() != message.route.from) {
                log.extend(trustee.handle(&message).unwrap());
            }
        }
        if signed {
            return (log, trustees[0].election_key().unwrap());
        }
        signed = true;
        log.extend(trustees.iter_mut().flat_map(|t| t.sign_key(census, hashes).unwrap()));
    }
}

//! The election of the demo, from registration to the record.

use super::{
    options::DemoOptions,
    parties::{CENSUS_DECIMALS, Member, Members, Staff},
    plan::{Act, Plan},
    story::Story,
};
use crate::{
    chart,
    keys::ElectionKeys,
    progress, record,
    tally::Prover,
    trustee::{self, Trusted},
};
use ::trustee::{FileStorage, TrusteeKeys};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{BallotShape, ElectionId, PassRule, Registration, RuleKind, SignedDraft, Tally, Times};
use client::{
    Node as Client,
    board::Mirror,
    census,
    choice::Choice,
    election::{self, Election, Expected, Reference},
    organiser::{self, disclosure, draft::Resolution},
    registration,
    tickets::MemoryTickets,
    vote::Voter,
};
use node::{Config, Deps, KeySet, Node};
use proto::v1::{GetElectionResponse, Phase};
use rand_core::OsRng;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinHandle;
use verifier::record::Files;

/// Trustees, and how many decrypt.
const TRUSTEES: usize = 3;
const THRESHOLD: u8 = 2;
/// The trustee that is stopped before decryption.
const STOPPED: usize = 3;
const ORGANISATION: &str = "Tabella demo";
const PROPOSAL: &str =
    "Shall the organisation approve the credit-scoring model v3 for use in its lending pools?";
/// Registrations under way at once.
const PARALLEL_REGISTRATIONS: usize = 64;
/// Longest wait for a phase of the election.
const PATIENCE: Duration = Duration::from_secs(1800);
const DAY: u64 = 24 * 60 * 60;
/// Slots below which trustees refuse to decrypt.
const MIN_BALLOTS: u32 = 5;

/// What the election came to.
#[derive(Debug)]
pub struct Outcome {
    /// The node, still running.
    pub node: Node,
    /// Its address.
    pub address: String,
    /// The election.
    pub election: ElectionId,
    /// Members who voted.
    pub voters: usize,
    /// Entries on the board.
    pub entries: usize,
    /// Votes that replaced another.
    pub revotes: usize,
    /// Masks.
    pub masks: usize,
    /// From the members' choices.
    pub expected_totals: Vec<u64>,
    /// From decryption, proven.
    pub tally: Tally,
    /// Decimals of a census unit.
    pub decimals: u8,
    /// The record.
    pub files: Files,
}

/// Runs the election below `out`.
///
/// # Errors
/// If any step fails.
pub async fn run(options: &DemoOptions, out: &Path, story: &mut Story) -> Result<Outcome> {
    let shape = BallotShape::for_options(options.options.len()).context("--options: at most 16")?;
    let members = Members::of(options.census.as_deref())?;
    let (voters, count) = (options.voters as usize, members.list.len());
    ensure!(voters <= count, "--voters {voters}: the table has {count} holders with a weight; ask for fewer");
    let keys = load_keys(shape, story)?;
    let mut demo = Demo::start(keys, members, out, story).await?;
    let (draft, trustees) = demo.draft(options, story).await?;
    demo.register(story).await?;
    demo.freeze(&draft, options.rule, story).await?;
    let mut trustees = demo.start_trustees(&draft, trustees, out, story).await?;
    let election = demo.open(&draft, &mut trustees, story).await?;
    let plan = Plan::new(options.seed, &demo.members.weights(), voters, draft.draft.rule);
    demo.vote(&election, &plan, story).await?;
    demo.close(&election, trustees, story).await?;
    let (tally, files) = demo.tally(&election, story).await?;
    Ok(Outcome {
        node: demo.node,
        address: demo.address,
        election: election.id,
        voters,
        entries: plan.acts.len(),
        revotes: plan.revotes,
        masks: plan.masks,
        expected_totals: plan.expected_totals,
        tally,
        decimals: CENSUS_DECIMALS,
        files,
    })
}

fn load_keys(shape: BallotShape, story: &mut Story) -> Result<ElectionKeys> {
    story.chapter("Keys of the proofs");
    story.say("INSECURE development keys from a public seed: good for trying out, never for a real vote.");
    story.say("The first run makes them, which takes a minute or two; later runs read them from disk.");
    let start = Instant::now();
    let keys = ElectionKeys::load(shape, usize::from(THRESHOLD))?;
    story.took("keys", start);
    let directory = keys.store().directory().display().to_string();
    story.say(&format!("{} keys in {directory}", keys.verifying.len()));
    Ok(keys)
}

struct Demo {
    keys: ElectionKeys,
    members: Members,
    staff: Staff,
    node: Node,
    client: Client,
    address: String,
}

/// A trustee at work; ends once it has decrypted.
type TrusteeTask = JoinHandle<Result<()>>;

impl Demo {
    async fn start(keys: ElectionKeys, members: Members, out: &Path, story: &mut Story) -> Result<Self> {
        story.chapter("A node");
        let staff = Staff::new();
        let listen = "127.0.0.1:0".parse().context("a fixed address")?;
        let config = Config::new(out.join("node"), out.join("node-heads"), listen, staff.operator.clone());
        let set = Arc::new(KeySet::new(&keys.verifying, true)?);
        let prover = Prover::new(keys.store().clone(), tally_progress());
        let node = Node::start(config, Deps::new(set, Arc::new(prover))).await?;
        let address = format!("http://{}", node.address());
        story.say(&format!("serves gRPC at {address}; nothing is acknowledged before it is on disk."));
        let client = Client::connect(&address).await?;
        Ok(Self { keys, members, staff, node, client, address })
    }

    async fn draft(
        &self,
        options: &DemoOptions,
        story: &mut Story,
    ) -> Result<(SignedDraft, Vec<TrusteeKeys>)> {
        story.chapter("The draft");
        let trustees: Vec<TrusteeKeys> = (0..TRUSTEES).map(|_| TrusteeKeys::random(&mut OsRng)).collect();
        let now = now()?;
        let resolution = Resolution {
            organisation: ORGANISATION.into(),
            registration_chain_id: 1,
            proposal: PROPOSAL.into(),
            options: options.options.clone(),
            rule: options.rule,
            pass_rule: PassRule {
                winning_option: 0,
                quorum: 1,
                majority_numerator: 1,
                majority_denominator: 2,
            },
            census: self.members.definition(),
            times: Times {
                opening: now,
                closing: now + DAY,
                root_deadline: now + 2 * DAY,
                tally_deadline: now + 3 * DAY,
            },
            early_close: true,
            trustees: trustees.iter().map(TrusteeKeys::identity).collect(),
            threshold: THRESHOLD,
            min_ballots: MIN_BALLOTS.min(options.voters),
            operator: self.staff.operator.address(),
        };
        let signed = resolution.sign(&self.staff.organiser)?;
        let id = organiser::publish(&self.client, &signed).await?;
        story.say(&format!("\"{PROPOSAL}\""));
        story.say(&format!("Options: {}. Rule: {}.", options.options.join(", "), options.rule));
        story.say(&format!("Signed by the organiser (EIP-712); draft {id}"));
        Ok((signed, trustees))
    }

    /// Every member signs with the account that holds the tokens and proves
    /// knowledge of the voting secret.
    async fn register(&mut self, story: &mut Story) -> Result<()> {
        story.chapter("Registration");
        let count = self.members.list.len();
        story.say(&format!("{count} members with real weights of token holders, under fresh addresses."));
        let key = self.keys.prove_registration()?;
        let (start, counter) = (Instant::now(), now()?);
        let bar = story.bar(count, "proving knowledge of secrets");
        let sign = |m: &Member| {
            let signed = registration::sign(&key, &m.account, &m.identity, 1, ORGANISATION, counter);
            bar.inc(1);
            signed
        };
        let registrations = on_all_cores(&self.members.list, sign)?;
        bar.finish_and_clear();
        let bar = story.bar(count, "registering with the node");
        for batch in registrations.chunks(PARALLEL_REGISTRATIONS) {
            let submit = |r: &Registration| {
                let (client, r) = (self.client.clone(), r.clone());
                tokio::spawn(async move { registration::submit(&client, &r).await })
            };
            let requests: Vec<_> = batch.iter().map(submit).collect();
            for request in requests {
                request.await??;
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        story.took("registration", start);
        story.say(
            "Each is signed by its account and bound to it by a proof: nobody registers another's identity.",
        );
        Ok(())
    }

    async fn freeze(&self, draft: &SignedDraft, rule: RuleKind, story: &mut Story) -> Result<()> {
        story.chapter("The census");
        let (start, holders) = (Instant::now(), self.members.holders());
        let preview =
            organiser::preview(&self.client, &draft.draft, &holders, &self.keys.registration()).await?;
        let census = &preview.census;
        story.say(&format!(
            "{} members, {} tokens; rounding dropped {} base units; {} holders are not registered.",
            census.entries().len(),
            chart::units(census.total(), CENSUS_DECIMALS),
            self.members.dust,
            preview.unregistered
        ));
        story.say("What the totals could tell about single votes, before anybody votes:");
        let report = disclosure::report(&self.members.weights(), rule).to_string();
        report.lines().for_each(|line| story.say(&format!("  {line}")));
        organiser::freeze(&self.client, &self.staff.organiser, &draft.draft, &holders, census).await?;
        story.took("census", start);
        story.say(&format!("Frozen under root {}", census.root()));
        Ok(())
    }

    async fn start_trustees(
        &self,
        draft: &SignedDraft,
        keys: Vec<TrusteeKeys>,
        out: &Path,
        story: &mut Story,
    ) -> Result<Vec<TrusteeTask>> {
        story.chapter("Trustees");
        let trusted = Trusted {
            organiser: self.staff.organiser.address(),
            registration: self.keys.registration(),
            ballot: self.keys.ballot(),
            verifying_keys: self.keys.hashes().map(|h| h.0),
        };
        let mut tasks = Vec::new();
        for (i, keys) in keys.into_iter().enumerate() {
            let storage = FileStorage::open(out.join(format!("trustee-{}", i + 1)))?;
            let client = Client::connect(&self.address).await?;
            tasks.push(tokio::spawn(trustee::run(client, keys, draft.draft.id(), trusted.clone(), storage)));
        }
        story
            .say(&format!("{TRUSTEES} trustees make the key together; any {THRESHOLD} of them can decrypt."));
        story.say(
            "Each rebuilds the census by itself before it signs. The node carries encrypted shares only.",
        );
        Ok(tasks)
    }

    async fn open(
        &self,
        draft: &SignedDraft,
        trustees: &mut [TrusteeTask],
        story: &mut Story,
    ) -> Result<Arc<Election>> {
        let start = Instant::now();
        let id = draft.draft.id();
        let raw = self.wait(Reference::Draft(id), Phase::Keyed, trustees).await?;
        let election_id = ElectionId::from_bytes(&raw.election_id)?;
        organiser::open(&self.client, &self.staff.organiser, &draft.draft, election_id).await?;
        let expected = Expected {
            organiser: self.staff.organiser.address(),
            verifying_keys: self.keys.hashes(),
            development_keys: true,
        };
        let election = election::fetch(&self.client, Reference::Draft(id), &expected).await?;
        story.took("key_generation", start);
        story.say(&format!("Election {election_id} is open."));
        Ok(Arc::new(election))
    }

    /// Votes, re-votes and masks, each through the same call.
    async fn vote(&self, election: &Arc<Election>, plan: &Plan, story: &mut Story) -> Result<()> {
        story.chapter("Voting");
        let votes = plan.acts.len() - plan.masks;
        story.say(&format!(
            "{votes} votes, {} of them changes of mind, and {} masks: on the board all look the same.",
            plan.revotes, plan.masks
        ));
        let (start, key) = (Instant::now(), self.keys.prove_ballot()?);
        let census = census::fetch(&self.client, &election.draft().census, &election.census).await?;
        let tickets = Arc::new(MemoryTickets::default());
        let mut mirror = Mirror::new(election);
        let voter = |member: usize| {
            let identity = &self.members.list[member].identity;
            Voter::new(election.clone(), &census, identity, key.clone(), tickets.clone())
        };
        let bar = story.bar(plan.acts.len(), "proving and casting ballots");
        for act in &plan.acts {
            match act {
                Act::Vote { member, votes } => {
                    let choice = choice(election.draft().rule.kind(), votes);
                    voter(*member)?.cast_vote(&self.client, &mut mirror, &choice).await?
                }
                Act::Mask { member, target } => {
                    let slot = voter(*target)?.slot();
                    voter(*member)?.cast_mask(&self.client, &mut mirror, slot).await?
                }
            };
            bar.inc(1);
        }
        bar.finish_and_clear();
        story.took("voting", start);
        story.say("Every ballot was proven valid, verified by the node, and answered with a signed receipt.");
        Ok(())
    }

    async fn close(
        &self,
        election: &Election,
        mut trustees: Vec<TrusteeTask>,
        story: &mut Story,
    ) -> Result<()> {
        story.chapter("Closing and decryption");
        let start = Instant::now();
        trustees.remove(STOPPED - 1).abort();
        story.say(&format!("Trustee {STOPPED} is stopped for good; the others suffice."));
        let (draft, organiser) = (election.draft(), &self.staff.organiser);
        let head = organiser::close(&self.client, organiser, draft, election.id).await?;
        story.say(&format!(
            "The board is closed with {} entries under root {}",
            head.head.size, head.head.root
        ));
        for task in trustees {
            task.await??;
        }
        story.took("decryption", start);
        story.say(
            "Each remaining trustee checked every ballot by itself, then decrypted the sums, nothing else.",
        );
        Ok(())
    }

    async fn tally(&self, election: &Election, story: &mut Story) -> Result<(Tally, Files)> {
        story.chapter("Tally");
        story.say("One proof says: these totals are the decryption of exactly the ballots on the board.");
        let start = Instant::now();
        self.wait(Reference::Election(election.id), Phase::Tallied, &mut []).await?;
        story.took("tally", start);
        let files = record::download(&self.address, election.id).await?;
        let tally = verifier::record::Record::from_files(&files)?.tally;
        story.say(&format!("{} proofs, {} slots.", tally.proofs.len(), tally.slots));
        Ok((tally, files))
    }

    /// Waits until the election is in a phase; a trustee that ends before is
    /// an error.
    async fn wait(
        &self,
        which: Reference,
        phase: Phase,
        trustees: &mut [TrusteeTask],
    ) -> Result<GetElectionResponse> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let raw = election::fetch_raw(&self.client, which).await?;
            if raw.phase() == phase {
                return Ok(raw);
            }
            for (task, index) in trustees.iter_mut().zip(1..) {
                if task.is_finished() {
                    task.await?.with_context(|| format!("trustee {index}"))?;
                    bail!("trustee {index} has stopped too early");
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        bail!("the election has not come to {phase:?} within {} minutes", PATIENCE.as_secs() / 60)
    }
}

fn tally_progress() -> crate::tally::Report {
    let bar = std::sync::OnceLock::new();
    Arc::new(move |what, done, all| {
        let bar = bar.get_or_init(|| progress::bar(all, what));
        bar.set_length(all);
        bar.set_message(what.to_owned());
        bar.set_position(done);
        if done == all {
            bar.finish_and_clear();
        }
    })
}

/// Applies `f` to all items on as many threads as there are cores. Not on
/// rayon's own threads: a proof waits for rayon, and would meanwhile begin
/// the next one on the same stack.
fn on_all_cores<T: Sync, U: Send, E: Send>(
    items: &[T],
    f: impl Fn(&T) -> Result<U, E> + Sync,
) -> Result<Vec<U>, E> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let f = &f;
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(threads).max(1));
        let work = |part: &[T]| -> Result<Vec<U>, E> { part.iter().map(f).collect() };
        let running: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut out = Vec::with_capacity(items.len());
        for thread in running {
            out.extend(thread.join().expect("proving does not panic")?);
        }
        Ok(out)
    })
}

/// The choice that gives these votes under a rule.
fn choice(kind: RuleKind, votes: &[u64]) -> Choice {
    let amounts = || votes.iter().copied().enumerate().filter(|(_, v)| *v > 0);
    let chosen = || amounts().map(|(k, _)| k);
    match kind {
        RuleKind::SingleChoice => {
            Choice::Single(chosen().next().expect("a vote has its weight on one option"))
        }
        RuleKind::Approval => Choice::Approval(chosen().collect()),
        RuleKind::Split => Choice::Split(amounts().collect()),
        RuleKind::Quadratic => Choice::Quadratic(amounts().collect()),
    }
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs())
}

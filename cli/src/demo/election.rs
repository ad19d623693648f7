//! The election of the demo, from registration to the record.

use super::{
    ledger::{Ledger, Summary},
    options::DemoOptions,
    parties::{CENSUS_DECIMALS, Member, Members, Staff},
    plan::{Act, Plan},
    story::Story,
    trustees::Trustee,
};
use crate::{
    chain_command::{ChainOptions, prove_for_chain},
    chart,
    keys::ElectionKeys,
    progress, record,
    tally::Prover,
};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{
    BallotShape, ElectionId, Order, PassRule, Registration, RuleKind, SignedDraft, SignedHead, Tally, Times,
};
use client::{
    Node as Client,
    board::Mirror,
    census,
    choice::Choice,
    election::{self, Election, Expected, Reference},
    organiser::{
        self, disclosure,
        draft::{Resolution, Settlement, fresh_nonce, sign},
    },
    registration,
    tickets::MemoryTickets,
    vote::Voter,
};
use node::{Config, Deps, KeySet, Node};
use proto::v1::{GetElectionResponse, Phase};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use verifier::record::Files;

/// Trustees, and how many decrypt.
const TRUSTEES: usize = 3;
const THRESHOLD: u8 = 2;
/// The trustee that is stopped before decryption.
const STOPPED: usize = 3;
const ORGANISATION: &str = "Tabella demo";
const PROPOSAL: &str =
    "Shall the organisation use the COMPAS score? Its audit stands on the chain, whatever it says.";
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
    /// What stands on the chain.
    pub chain: Summary,
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
    let mut demo = Demo::start(options, keys, members, out, story).await?;
    demo.ledger.audit(ORGANISATION, &demo.staff, out, story).await?;
    let (draft, mut trustees) = demo.draft(options, out, story).await?;
    demo.register(story).await?;
    demo.freeze(&draft, options.rule, story).await?;
    demo.start_trustees(&draft, &options.chain(out), &mut trustees, story)?;
    let election = demo.open(&draft, &mut trustees, story).await?;
    let plan = Plan::new(options.seed, &demo.members.weights(), voters, draft.draft.rule);
    demo.vote(&election, &plan, story).await?;
    let head = demo.close(&election, trustees, story).await?;
    let (tally, files) = demo.tally(&election, story).await?;
    demo.settle(&election, &head, &files, story).await?;
    let chain = demo.ledger.finish(election.draft(), election.id, story).await?;
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
        chain,
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
    ledger: Ledger,
}

impl Demo {
    async fn start(
        options: &DemoOptions,
        keys: ElectionKeys,
        members: Members,
        out: &Path,
        story: &mut Story,
    ) -> Result<Self> {
        let ledger = Ledger::start(options, out, story).await?;
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
        Ok(Self { keys, members, staff, node, client, address, ledger })
    }

    async fn draft(
        &mut self,
        options: &DemoOptions,
        out: &Path,
        story: &mut Story,
    ) -> Result<(SignedDraft, Vec<Trustee>)> {
        story.chapter("The draft");
        let trustees: Vec<Trustee> = (1..=TRUSTEES).map(|i| Trustee::init(i, out)).collect::<Result<_>>()?;
        let now = now()?;
        let resolution = Resolution {
            organisation: ORGANISATION.into(),
            registration_chain_id: 1,
            proposal: format!("{PROPOSAL}\nPolicy 0x{}", hex::encode(self.ledger.policy_hash()?)),
            options: options.options.clone(),
            rule: options.rule,
            pass_rule: PassRule {
                winning_option: 0,
                quorum: 1,
                // More than its even share; of one option anything.
                majority_numerator: u32::from(options.options.len() > 1),
                majority_denominator: u32::try_from(options.options.len()).context("--options")?,
            },
            census: self.members.definition(),
            times: Times {
                opening: now,
                closing: now + DAY,
                root_deadline: now + 2 * DAY,
                tally_deadline: now + 3 * DAY,
            },
            early_close: true,
            trustees: trustees.iter().map(|t| t.identity).collect(),
            threshold: THRESHOLD,
            min_ballots: MIN_BALLOTS.min(options.voters),
            operator: self.staff.operator.address(),
        };
        let (draft, proposal) = resolution.draft(self.staff.organiser.address(), fresh_nonce())?;
        self.ledger.gate(&draft, story).await?;
        let settlement = Settlement { domain: self.ledger.domain(), calls: vec![self.ledger.call()?] };
        let signed = sign(settlement.of(draft)?, proposal, &self.staff.organiser)?;
        let id = organiser::publish(&self.client, &signed).await?;
        story.say(&format!("\"{PROPOSAL}\""));
        story.say(&format!("Options: {}. Rule: {}.", options.options.join(", "), options.rule));
        story.say("If it passes, it tells the gate: this model, this policy, this auditor, these records.");
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

    fn start_trustees(
        &self,
        draft: &SignedDraft,
        chain: &ChainOptions,
        trustees: &mut [Trustee],
        story: &mut Story,
    ) -> Result<()> {
        story.chapter("Trustees");
        let organiser = self.staff.organiser.address();
        for trustee in trustees.iter_mut() {
            trustee.start(&self.address, chain, draft.draft.id(), organiser)?;
            story.say(&format!(
                "Trustee {} is a process of its own; it writes to {}",
                trustee.index,
                trustee.log().display()
            ));
        }
        story
            .say(&format!("{TRUSTEES} trustees make the key together; any {THRESHOLD} of them can decrypt."));
        story.say(
            "Each rebuilds the census by itself before it signs. The node carries encrypted shares only.",
        );
        Ok(())
    }

    async fn open(
        &mut self,
        draft: &SignedDraft,
        trustees: &mut [Trustee],
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
        let mut settlement = self.ledger.election(&draft.draft, election_id).await?;
        settlement.keys(&self.keys.verifying).await?;
        let posted = settlement.open(&election.signed_draft, &election.key).await?;
        self.ledger.opened(posted);
        story.say(&format!("Election {election_id} is open, on the chain too."));
        Ok(Arc::new(election))
    }

    /// Votes, re-votes and masks, each through the same call.
    async fn vote(&mut self, election: &Arc<Election>, plan: &Plan, story: &mut Story) -> Result<()> {
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
        let head = client::record::fetch_head(&self.client, election.id).await?;
        let posted = self.ledger.election(election.draft(), election.id).await?.anchor(&head).await?;
        self.ledger.anchored(posted);
        story.took("voting", start);
        story.say("Every ballot was proven valid, verified by the node, and answered with a signed receipt.");
        Ok(())
    }

    async fn close(
        &mut self,
        election: &Election,
        mut trustees: Vec<Trustee>,
        story: &mut Story,
    ) -> Result<SignedHead> {
        story.chapter("Closing and decryption");
        let start = Instant::now();
        drop(trustees.remove(STOPPED - 1));
        story.say(&format!("Trustee {STOPPED} is killed; the others suffice."));
        let (draft, organiser) = (election.draft(), &self.staff.organiser);
        let head = organiser::close(&self.client, organiser, draft, election.id).await?;
        story.say(&format!(
            "The board is closed with {} entries under root {}",
            head.head.size, head.head.root
        ));
        let order = organiser.sign(Order::Close(election.id).signing_hash(&draft.domain()));
        self.ledger.election(draft, election.id).await?.close(&head, Some(&order)).await?;
        story.say("The chain has it too: the trustees read the root from there and decrypt no other.");
        for trustee in trustees {
            trustee.finish().await?;
        }
        story.took("decryption", start);
        story.say(
            "Each remaining trustee checked every ballot by itself, then decrypted the sums, nothing else.",
        );
        Ok(head)
    }

    async fn tally(&self, election: &Election, story: &mut Story) -> Result<(Tally, Files)> {
        story.chapter("Tally");
        story.say("One proof says: these totals are the decryption of exactly the ballots on the board.");
        let start = Instant::now();
        self.wait(Reference::Election(election.id), Phase::Tallied, &mut []).await?;
        story.took("tally", start);
        let files = record::download(&self.client, election.id).await?;
        let tally = verifier::record::Record::from_files(&files)?.tally;
        story.say(&format!("{} proofs, {} slots.", tally.proofs.len(), tally.slots));
        Ok((tally, files))
    }

    /// Ballots and result to the chain, which checks every proof.
    async fn settle(
        &mut self,
        election: &Election,
        head: &SignedHead,
        files: &Files,
        story: &mut Story,
    ) -> Result<()> {
        story.chapter("Settlement");
        let start = Instant::now();
        let record = verifier::record::Record::from_files(files)?;
        let mut settlement = self.ledger.election(election.draft(), election.id).await?;
        let batches = settlement.ballots(&record.entries).await?;
        let (signed, key) = (&election.signed_draft, &election.key);
        let tally = prove_for_chain(signed, key, &record.entries, head, &record.messages)?;
        let result = settlement.result(&tally).await?;
        settlement.finish().await?;
        self.ledger.batches(&batches, record.entries.len());
        self.ledger.tallied(&result);
        story.took("settlement", start);
        story.say(
            "A contract has checked every ballot's proof, and that the totals are those of these ballots.",
        );
        story.say(&self.ledger.figures());
        Ok(())
    }

    /// Waits until the election is in a phase; a trustee that ends before is
    /// an error.
    async fn wait(
        &self,
        which: Reference,
        phase: Phase,
        trustees: &mut [Trustee],
    ) -> Result<GetElectionResponse> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let raw = election::fetch_raw(&self.client, which).await?;
            if raw.phase() == phase {
                return Ok(raw);
            }
            trustees.iter_mut().try_for_each(Trustee::require_alive)?;
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

//! The chain of the demo: the contracts, the audit's attestation on it, the
//! vote's settlement, and the gate that obeys both.

use super::{options::DemoOptions, parties::Staff, story::Story};
use crate::{
    account,
    audit::{
        inputs::{InputOptions, Inputs, Loaded},
        work::{self, Form},
        year_later,
    },
    chain_command::ChainOptions,
};
use anyhow::{Context, Result, bail, ensure};
use audit::{
    attestation::{
        Attestation, AuditorRegistration, Revocation, SignedRegistration, SignedRevocation, Terms,
    },
    commitment::{Commitment, Secrets, Vault},
};
use chain::{
    Artifact, Backend, Chain, Outbox, Policy, Poster,
    audits::Office,
    deployed::creation,
    gate::{self, Demand, Gate, Mandate, Passed, Proposal},
    outbox::{Posting, PostingId},
    poster::Posted,
    settlement,
};
use circuits::{
    attestation::{Metric, Subject, Verdict},
    types::{AccountKey, Address, Call, Domain, Draft, ElectionId, TypedData, keccak256},
};
use keyfile::{Cost, Passphrase};
use rand_core::{OsRng, RngCore};
use serde::Serialize;
use std::{fs, path::Path};
use zeroize::Zeroizing;

const DATA: &str = include_str!("../../../examples/compas.csv");
const POLICY: &str = include_str!("../../../examples/compas-on-chain.policy.toml");
const MAPPING: &str = include_str!("../../../examples/compas-on-chain.mapping.toml");
/// COMPAS is secret: what is committed to is its name.
const MODEL: &str = "COMPAS, Northpointe, 2013";

/// What `--json` says of the chain.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    mode: &'static str,
    /// Of the election, at the end.
    pub status: &'static str,
    gas: Gas,
    chain_id: u64,
    contract: Address,
    gate: Address,
    model: String,
    passed: bool,
    /// What the gate answered after the vote, and after the revocation.
    approved: [bool; 2],
}

/// Gas of whole transactions.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Gas {
    open: u64,
    anchor: u64,
    /// The largest batch.
    batch: u64,
    /// All batches, per ballot.
    per_ballot: u64,
    tally: u64,
    attestation: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    poster: Poster<Chain>,
    domain: Domain,
    audited: Option<Audited>,
    gas: Gas,
    posted: Vec<PostingId>,
}

/// The audit as it stands on the chain.
#[derive(Debug)]
struct Audited {
    attestations: Address,
    gate: Address,
    auditor: AccountKey,
    attestation: Attestation,
}

impl Ledger {
    /// A chain with the contract of elections on it.
    ///
    /// # Errors
    /// If the chain does not answer or nobody pays.
    pub async fn start(options: &DemoOptions, out: &Path, story: &mut Story) -> Result<Self> {
        story.chapter("A chain");
        let chain = options.chain(out).open()?;
        let chain_id = chain.chain_id().await?;
        let payer = match &options.account {
            Some(file) => account::load(file, &options.passphrase)?,
            None => AccountKey::random(&mut OsRng),
        };
        let paid = chain.endow(payer.address()).await?;
        ensure!(
            paid || options.account.is_some(),
            "on chain {chain_id} somebody has to pay: name a sealed account with some coin by --account"
        );
        story.say(&format!("{}, id {chain_id}; {} pays.", chain.name(), payer.address()));
        let outbox = Outbox::open(&out.join("outbox.jsonl"))?;
        let report = Box::new(|news: &chain::poster::News| {
            if !matches!(news.what, chain::poster::What::Confirmed(..)) {
                tracing::debug!("{news}");
            }
        });
        let poster = Poster::new(chain, outbox, payer, Policy::of_chain(chain_id), report).await?;
        let domain = Domain { chain_id, contract: Address::default() };
        let mut ledger = Self { poster, domain, audited: None, gas: Gas::default(), posted: Vec::new() };
        ledger.domain.contract = ledger.create("elections", Artifact::elections()?.bytecode).await?;
        let contract = ledger.domain.contract;
        story.say(&format!("The contract of elections is at {contract}; it has no owner."));
        Ok(ledger)
    }

    async fn create(&mut self, kind: &str, code: Vec<u8>) -> Result<Address> {
        Ok(self.poster.create(creation(kind, code)).await?.0)
    }

    async fn post(&mut self, posting: Posting) -> Result<Posted> {
        self.posted.push(posting.id.clone());
        Ok(self.poster.post(posting).await?)
    }

    /// Audits a model, and records the attestation on the chain.
    ///
    /// # Errors
    /// If a step of it fails.
    pub async fn audit(
        &mut self,
        organisation: &str,
        staff: &Staff,
        out: &Path,
        story: &mut Story,
    ) -> Result<()> {
        story.chapter("An audit of the model");
        let start = std::time::Instant::now();
        let verifier = self.create("verifier", chain::attestation::creation_code()?).await?;
        let organiser = &staff.organiser;
        let code = chain::audits::creation_code(verifier, organisation, organiser.address())?;
        let attestations = self.create("attestations", code).await?;
        let (office, domain) =
            (Office { contract: attestations }, Domain { contract: attestations, ..self.domain });
        let inputs = inputs(out)?;
        story.say(&format!(
            "{} people scored by COMPAS; an auditor commits to their records and anchors the commitment.",
            inputs.dataset.codes.len()
        ));
        let (commitment, mut vault) = commit(&inputs, out)?;
        self.post(office.anchor(commitment.data.root())).await?;
        let auditor = AccountKey::random(&mut OsRng);
        let now = self.poster.chain().latest().await?.timestamp;
        let registration = registration(organisation, &auditor, now)?;
        let signature = organiser.sign(registration.signing_hash(&domain));
        let signed = SignedRegistration { registration, signature };
        self.post(office.register(&signed)).await?;
        let terms = terms(organisation, domain, now)?;
        let subject = Subject(keccak256(MODEL));
        let made = tokio::task::block_in_place(|| {
            work::prove(inputs, &commitment, &mut vault, subject, &terms, &auditor, &Default::default())
        })?;
        let attestation = made.attestation;
        fs::write(out.join("attestation.json"), attestation.to_bytes())?;
        let posted = self.post(office.attest(&attestation)).await?;
        self.gas.attestation = posted.gas().unwrap_or_default();
        story.took("attestation", start);
        story
            .say(&format!("A contract has checked the proof of its verdicts, {} gas.", self.gas.attestation));
        tell(&attestation, story);
        self.audited = Some(Audited { attestations, gate: Address::default(), auditor, attestation });
        Ok(())
    }

    /// Creates the gate, which obeys votes of this kind and nobody.
    ///
    /// # Errors
    /// If it cannot be created.
    pub async fn gate(&mut self, draft: &Draft, story: &mut Story) -> Result<()> {
        let draft = Draft { contract: self.domain.contract, ..draft.clone() };
        let attestations = self.audited()?.attestations;
        let code = gate::gate_creation_code(&Mandate::like(&draft), attestations)?;
        let gate = self.create("gate", code).await?;
        self.audited.as_mut().context("the audit comes first")?.gate = gate;
        story.say(&format!("The gate at {gate} asks both, a vote of these trustees and the audit."));
        ensure!(!self.approved().await?, "the gate is open before the vote");
        story.say("Asked for the model, it answers: not approved.");
        Ok(())
    }

    fn audited(&self) -> Result<&Audited> {
        self.audited.as_ref().context("the audit comes first")
    }

    /// The policy that the proposal names.
    ///
    /// # Errors
    /// If there is no audit yet.
    pub fn policy_hash(&self) -> Result<[u8; 32]> {
        Ok(self.audited()?.attestation.claim.policy_hash)
    }

    /// Where the vote is settled.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// What a passed vote tells the gate.
    ///
    /// # Errors
    /// If there is no audit yet.
    pub fn call(&self) -> Result<Call> {
        let audited = self.audited()?;
        let claim = &audited.attestation.claim;
        let approval = Proposal::Approve {
            model: claim.model_commitment,
            policy_hash: claim.policy_hash,
            auditor: claim.auditor,
            data_root: claim.data_root,
            expires: claim.expires,
            demand: Demand::AnyVerdict,
        };
        Ok(approval.call(audited.gate))
    }

    /// The election on this chain.
    ///
    /// # Errors
    /// If the draft names another chain or contract.
    pub async fn election(
        &mut self,
        draft: &Draft,
        id: ElectionId,
    ) -> Result<settlement::Settlement<'_, Chain>> {
        Ok(settlement::Settlement::new(&mut self.poster, draft, id).await?)
    }

    /// Keeps what opening took.
    pub fn opened(&mut self, posted: Posted) {
        self.gas.open = posted.gas().unwrap_or_default();
    }

    /// Keeps what anchoring took.
    pub fn anchored(&mut self, posted: Posted) {
        self.gas.anchor = posted.gas().unwrap_or_default();
    }

    /// Keeps what the ballots took.
    pub fn batches(&mut self, posted: &[Posted], ballots: usize) {
        let gas: Vec<u64> = posted.iter().filter_map(Posted::gas).collect();
        self.gas.batch = gas.iter().copied().max().unwrap_or_default();
        self.gas.per_ballot = gas.iter().sum::<u64>().div_ceil((ballots as u64).max(1));
    }

    /// Keeps what the result took.
    pub fn tallied(&mut self, posted: &[Posted]) {
        self.gas.tally = posted.iter().filter_map(Posted::gas).sum();
    }

    /// Gas of opening, an anchor, all batches per ballot, and the result.
    pub fn figures(&self) -> String {
        let Gas { open, anchor, per_ballot, tally, .. } = self.gas;
        format!("Gas: opening {open}, a head {anchor}, {per_ballot} per ballot, the result {tally}.")
    }

    /// Lets the gate obey the vote, then revokes the audit; both answers of
    /// the gate are checked.
    ///
    /// # Errors
    /// If the gate answers otherwise than it must.
    pub async fn finish(mut self, draft: &Draft, id: ElectionId, story: &mut Story) -> Result<Summary> {
        story.chapter("The gate");
        let elections = settlement::Elections::at(self.poster.chain(), draft.contract).await?;
        let outcome = elections.outcome(id).await?.context("the chain has no result")?;
        let found = elections.election(id).await?.context("the chain has no such election")?;
        let status = found.status(elections.progress(id, self.poster.account()).await?);
        let gate = self.audited()?.gate;
        if outcome.passed {
            self.post(Passed { election: id, draft }.enact(gate)).await?;
        } else {
            story.say("The vote has not passed; nobody can make the gate obey it.");
        }
        let open = self.approved().await?;
        ensure!(open == outcome.passed, "the gate answers {open} after a vote that says {}", outcome.passed);
        story.say(&format!("Asked for the model, it answers: {}.", word(open)));
        self.revoke(story).await?;
        let closed = self.approved().await?;
        ensure!(!closed, "the gate is open although the audit is revoked");
        story.say(&format!("Asked again, it answers: {}.", word(closed)));
        self.poster.settle(&self.posted).await?;
        let audited = self.audited()?;
        Ok(Summary {
            mode: "validity",
            status,
            gas: self.gas,
            chain_id: self.domain.chain_id,
            contract: self.domain.contract,
            gate: audited.gate,
            model: format!("0x{}", hex::encode(audited.attestation.claim.model_commitment)),
            passed: outcome.passed,
            approved: [open, closed],
        })
    }

    async fn revoke(&mut self, story: &mut Story) -> Result<()> {
        let time = self.poster.chain().latest().await?.timestamp;
        let audited = self.audited()?;
        let domain = Domain { contract: audited.attestations, ..self.domain };
        let reason = "the records turned out to be incomplete".to_owned();
        let revocation = Revocation { attestation: audited.attestation.id(), reason, time };
        let signature = audited.auditor.sign(revocation.signing_hash(&domain));
        let office = Office { contract: audited.attestations };
        self.post(office.revoke(&SignedRevocation { revocation, signature })).await?;
        story.say("The auditor revokes the attestation.");
        Ok(())
    }

    async fn approved(&self) -> Result<bool> {
        let audited = self.audited()?;
        let model = audited.attestation.claim.model_commitment;
        Ok(Gate::at(self.poster.chain(), audited.gate).await?.is_approved(model).await?)
    }
}

fn word(approved: bool) -> &'static str {
    if approved { "approved" } else { "not approved" }
}

fn inputs(out: &Path) -> Result<Inputs> {
    let directory = out.join("audit");
    fs::create_dir(&directory)?;
    let file = |name: &str| directory.join(name);
    let (data, policy, mapping) = (file("compas.csv"), file("policy.toml"), file("mapping.toml"));
    for (path, text) in [(&data, DATA), (&policy, POLICY), (&mapping, MAPPING)] {
        fs::write(path, text)?;
    }
    let options = InputOptions { data, policy, mapping, errors: 20 };
    let Loaded::Good(inputs) = options.load()? else { bail!("the example has errors") };
    Ok(*inputs)
}

fn commit(inputs: &Inputs, out: &Path) -> Result<(Commitment, Vault)> {
    let secrets = Secrets::random(&mut OsRng);
    let commitment =
        tokio::task::block_in_place(|| work::commit(inputs, &secrets, Form::OnChain, &Default::default()))?;
    let mut bytes = Zeroizing::new([0; 16]);
    OsRng.fill_bytes(bytes.as_mut());
    let words = Zeroizing::new(hex::encode(bytes.as_slice()));
    keyfile::create(&out.join("audit.passphrase"), words.as_bytes())?;
    let (root, passphrase) = (commitment.data.root(), Passphrase::new(words)?);
    let vault =
        Vault::create(&out.join("audit/commitment.secret"), secrets, root, &passphrase, Cost::STANDARD)?;
    Ok((commitment, vault))
}

fn registration(organisation: &str, auditor: &AccountKey, now: u64) -> Result<AuditorRegistration> {
    Ok(AuditorRegistration {
        organisation: organisation.into(),
        auditor: auditor.address(),
        name: "Example auditor".into(),
        from: now,
        until: year_later(now)?,
        counter: 1,
    })
}

fn terms(organisation: &str, domain: Domain, now: u64) -> Result<Terms> {
    Ok(Terms {
        organisation: organisation.into(),
        system: "COMPAS risk of recidivism".into(),
        from: "2013-01-01".parse()?,
        to: "2014-12-31".parse()?,
        issued: now,
        expires: year_later(now)?,
        supersedes: [0; 32],
        domain,
    })
}

/// What it says on the four-fifths rule: members know before they vote.
fn tell(attestation: &Attestation, story: &mut Story) {
    for (view, _, verdict) in attestation.verdicts().filter(|(_, m, _)| *m == Metric::ImpactRatio) {
        let name = &attestation.policy.views[view].name;
        let verdict = match verdict {
            Verdict::Fail => "fails",
            Verdict::Pass => "passes",
            _ => "is not assessed on",
        };
        story.say(&format!("COMPAS {verdict} the four-fifths rule by {name}."));
    }
}

impl DemoOptions {
    /// The chain of a demo below `out`.
    pub fn chain(&self, out: &Path) -> ChainOptions {
        let chain_dir = Some(out.join("chain"));
        ChainOptions { url: self.chain.clone(), chain_dir, home: Default::default() }
    }
}

//! `tabella demo audit`: COMPAS from records to report, with the files that
//! the commands read and write.

use super::{directory, options::AuditDemoOptions, story::Story};
use crate::{
    audit::{
        COMMITMENT, SECRETS, check_file,
        inputs::{InputOptions, Inputs, Loaded},
        inspect::Inspection,
        now, report,
        verify::TrustOptions,
        work::{self, Form, Made},
        year_later,
    },
    text,
};
use anyhow::{Result, bail, ensure};
use audit::{
    attestation::{AuditorRegistration, SignedRegistration, Terms},
    commitment::{Commitment, Secrets, Vault},
    metrics::float,
};
use circuits::{
    attestation::{Metric, Packing, Subject, Verdict},
    types::{AccountKey, Domain, TypedData, keccak256},
};
use keyfile::{Cost, Passphrase};
use rand_core::{OsRng, RngCore};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};
use zeroize::Zeroizing;

const DATA: &str = include_str!("../../../examples/compas.csv");
const POLICY: &str = include_str!("../../../examples/compas.policy.toml");
const MAPPING: &str = include_str!("../../../examples/compas.mapping.toml");
/// The view whose ratios are printed.
const VIEW: &str = "race";
const ORGANISATION: &str = "Example organisation";

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Summary {
    rows: usize,
    /// By race, unrounded; groups that are not compared are absent.
    impact_ratios: BTreeMap<String, f64>,
    /// Races that are not compared.
    excluded: Vec<String>,
    /// On race, by metric.
    verdicts: BTreeMap<&'static str, &'static str>,
    /// On every view.
    views: BTreeMap<String, BTreeMap<&'static str, &'static str>>,
    prove_ms: u64,
    verify_ms: u64,
    proof_bytes: usize,
    attestation: PathBuf,
    verified: bool,
    data_root: String,
    report: PathBuf,
    timings_ms: BTreeMap<&'static str, u64>,
    insecure: bool,
}

/// Runs the demo.
///
/// # Errors
/// If any step fails.
pub fn run(options: &AuditDemoOptions) -> Result<()> {
    let out = directory(options.out.as_deref())?;
    let mut story = Story::new(options.json);
    let inputs = read(&out, &mut story)?;
    let rows = inputs.dataset.codes.len();
    let (commitment, mut vault) = commit(&inputs, &out, &mut story)?;
    let (organiser, auditor) = (AccountKey::random(&mut OsRng), AccountKey::random(&mut OsRng));
    let trust = register(&out, &organiser, &auditor, &commitment)?;
    let made = prove(inputs, &commitment, &mut vault, &auditor, &mut story)?;
    let (path, verify_ms, verified) = verify(&out, &made, &trust, &mut story)?;
    let page = write_report(&out, &path, &trust, &mut story)?;
    tell(&made, &path, &page, &mut story);
    if options.json {
        let summary = summary(&made, rows, (path, page), (verify_ms, verified), &story);
        println!("{}", serde_json::to_string(&summary)?);
    }
    ensure!(verified, "the attestation does not verify");
    Ok(())
}

/// Writes the example files and reads them as anybody's.
fn read(out: &Path, story: &mut Story) -> Result<Inputs> {
    story.chapter("Records, mapping, policy");
    let file = |name: &str| out.join(name);
    let (data, policy, mapping) =
        (file("compas.csv"), file("compas.policy.toml"), file("compas.mapping.toml"));
    for (path, text) in [(&data, DATA), (&policy, POLICY), (&mapping, MAPPING)] {
        fs::write(path, text)?;
    }
    let options = InputOptions { data, policy, mapping, errors: 20 };
    let inputs = story.timed("read", || options.load())?;
    let Loaded::Good(inputs) = inputs else { bail!("the example has errors") };
    story.say(&format!(
        "{} people scored by COMPAS; favourable is a decile below 5.",
        inputs.dataset.codes.len()
    ));
    story.show(&Inspection::new(&inputs)?.text()?);
    Ok(*inputs)
}

fn commit(inputs: &Inputs, out: &Path, story: &mut Story) -> Result<(Commitment, Vault)> {
    story.chapter("Commitment");
    let directory = out.join("commitment");
    fs::create_dir(&directory)?;
    let secrets = Secrets::random(&mut OsRng);
    let none = Default::default();
    let commitment =
        story.timed("commit", || work::commit(inputs, &secrets, Form::Smallest(Packing::One), &none))?;
    let root = commitment.data.root();
    let passphrase = passphrase(&out.join("passphrase"))?;
    let vault = Vault::create(&directory.join(SECRETS), secrets, root, &passphrase, Cost::STANDARD)?;
    fs::write(directory.join(COMMITMENT), commitment.to_bytes())?;
    story.say(&format!("Data root 0x{}: from here on no record can be changed.", hex::encode(root.0)));
    Ok((commitment, vault))
}

/// A fresh passphrase, in a file that only the owner reads.
fn passphrase(path: &Path) -> Result<Passphrase> {
    let mut bytes = Zeroizing::new([0; 16]);
    OsRng.fill_bytes(bytes.as_mut());
    let text = Zeroizing::new(hex::encode(bytes.as_slice()));
    keyfile::create(path, text.as_bytes())?;
    Ok(Passphrase::new(text)?)
}

/// The organiser names the auditor; what a reader then knows.
fn register(
    out: &Path,
    organiser: &AccountKey,
    auditor: &AccountKey,
    commitment: &Commitment,
) -> Result<TrustOptions> {
    let now = now()?;
    let registration = AuditorRegistration {
        organisation: ORGANISATION.into(),
        auditor: auditor.address(),
        name: "Example auditor".into(),
        from: now,
        until: year_later(now)?,
        counter: 1,
    };
    let signature = organiser.sign(registration.signing_hash(&Domain::default()));
    let path = out.join("auditor.json");
    fs::write(&path, serde_json::to_vec_pretty(&SignedRegistration { registration, signature })?)?;
    Ok(TrustOptions {
        organiser: Some(organiser.address()),
        registration: vec![path],
        policy: Some(out.join("compas.policy.toml")),
        data_root: Some(commitment.data.root().0),
        ..TrustOptions::default()
    })
}

fn prove(
    inputs: Inputs,
    commitment: &Commitment,
    vault: &mut Vault,
    auditor: &AccountKey,
    story: &mut Story,
) -> Result<Made> {
    story.chapter("Proof");
    let issued = now()?;
    let terms = Terms {
        organisation: ORGANISATION.into(),
        system: "COMPAS risk of recidivism".into(),
        from: "2013-01-01".parse()?,
        to: "2014-12-31".parse()?,
        issued,
        expires: year_later(issued)?,
        supersedes: [0; 32],
        domain: Domain::default(),
    };
    // COMPAS is secret: what is committed to is its name.
    let subject = Subject(keccak256("COMPAS, Northpointe, 2013"));
    let none = Default::default();
    let made = work::prove(inputs, commitment, vault, subject, &terms, auditor, &none)?;
    story.say(&format!(
        "{} bytes in {} ms (key: {} ms), proof {} of 16 over this commitment.",
        made.attestation.proof.len(),
        made.prove_ms,
        made.key_ms,
        vault.proofs()
    ));
    Ok(made)
}

/// As `tabella audit verify` does it; the time is that of the checks alone.
fn verify(out: &Path, made: &Made, trust: &TrustOptions, story: &mut Story) -> Result<(PathBuf, u64, bool)> {
    story.chapter("Verification");
    let path = out.join("attestation.json");
    fs::write(&path, made.attestation.to_bytes())?;
    let (_, checklist) = story.timed("verify", || check_file(&path, trust))?;
    story.show(&checklist.to_string());
    let key = trust.parameters.verifying_key(&made.attestation.data.shape)?;
    let start = Instant::now();
    made.attestation.check_proof(&key).map_err(anyhow::Error::msg)?;
    Ok((path, work::milliseconds(start), checklist.ok))
}

fn write_report(out: &Path, path: &Path, trust: &TrustOptions, story: &mut Story) -> Result<PathBuf> {
    let directory = out.join("report");
    fs::create_dir(&directory)?;
    story.timed("report", || report::write(path, trust, &directory))?;
    Ok(directory.join("report.html"))
}

fn tell(made: &Made, path: &Path, page: &Path, story: &mut Story) {
    let attestation = &made.attestation;
    story.chapter("Result");
    for (view, metric, verdict) in attestation.verdicts().filter(|(_, m, _)| *m == Metric::ImpactRatio) {
        let name = &attestation.policy.views[view].name;
        match verdict {
            Verdict::Fail => story.say(&format!(
                "COMPAS FAILS the four-fifths rule by {name}: {}.",
                attestation.failing(view, metric).join("; ")
            )),
            verdict => story.say(&format!("The four-fifths rule by {name}: {verdict}.")),
        }
    }
    story.say(&format!("Attestation: {}", path.display()));
    story.say(&format!("Report:      {}", page.display()));
    story.say(&format!("Check it again:  tabella audit verify {}", text::shell(&path.display().to_string())));
    story.say("These are INSECURE development parameters: anyone can forge with them.");
}

fn summary(
    made: &Made,
    rows: usize,
    (attestation, report): (PathBuf, PathBuf),
    (verify_ms, verified): (u64, bool),
    story: &Story,
) -> Summary {
    let it = &made.attestation;
    let view = it.policy.views.iter().position(|view| view.name == VIEW).unwrap_or_default();
    let figures = it.figures().map(|figures| figures.views[view].groups.clone()).unwrap_or_default();
    let ratio = |(name, group): (&String, &audit::figures::GroupFigures)| {
        Some((name.clone(), float(group.impact_ratio.as_ref()?)))
    };
    let mut views = BTreeMap::<String, BTreeMap<&str, &str>>::new();
    for (at, metric, verdict) in it.verdicts() {
        views.entry(it.policy.views[at].name.clone()).or_default().insert(metric.name(), verdict.name());
    }
    Summary {
        rows,
        impact_ratios: it.policy.views[view].groups.iter().zip(&figures).filter_map(ratio).collect(),
        excluded: it.not_compared(view),
        verdicts: views.get(VIEW).cloned().unwrap_or_default(),
        views,
        prove_ms: made.prove_ms,
        verify_ms,
        proof_bytes: it.proof.len(),
        attestation,
        verified,
        data_root: format!("0x{}", hex::encode(it.claim.data_root)),
        report,
        timings_ms: story.timings(),
        insecure: it.claim.insecure,
    }
}

//! `election.toml`: what the organiser decides. `examples/election.toml`
//! documents every key. spec: `cli.election_file`

use crate::{amounts, times::When};
use anyhow::{Context, Result, bail, ensure};
use circuits::types::{Address, Call, Domain, PassRule, RuleKind, Times, TrusteeIdentity};
use client::organiser::{
    draft::{Resolution, Settlement},
    holders::HolderTable,
};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The file, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectionFile {
    organisation: String,
    #[serde(default = "one")]
    registration_chain_id: u64,
    proposal: Option<String>,
    proposal_file: Option<PathBuf>,
    options: Vec<String>,
    #[serde(default = "single", deserialize_with = "rule")]
    rule: RuleKind,
    #[serde(default)]
    early_close: bool,
    min_ballots: u32,
    #[serde(default)]
    settlement: Mode,
    chain: Option<ChainFile>,
    #[serde(default)]
    calls: Vec<CallFile>,
    /// Account that signs heads; the one the node names, if left out.
    pub operator: Option<Address>,
    #[serde(default, deserialize_with = "nonce")]
    nonce: Option<[u8; 32]>,
    pass: Pass,
    census: Census,
    times: TimesFile,
    trustees: Trustees,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    None,
    Validity,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainFile {
    id: u64,
    contract: Address,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    target: Address,
    /// Wei.
    #[serde(default)]
    value: u64,
    #[serde(with = "circuits::types::json::bytes")]
    data: Vec<u8>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pass {
    option: String,
    #[serde(default = "half")]
    majority: String,
    #[serde(default = "nothing")]
    quorum: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Census {
    table: PathBuf,
    snapshot: String,
    #[serde(default)]
    maskers: Vec<Address>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesFile {
    opening: When,
    closing: When,
    #[serde(default = "day")]
    root_deadline: When,
    #[serde(default = "day")]
    tally_deadline: When,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trustees {
    threshold: u8,
    identities: Vec<PathBuf>,
}

/// What `tabella trustee init` writes; further keys are allowed.
#[derive(Deserialize)]
struct IdentityFile {
    signer: Address,
    #[serde(with = "circuits::types::json::bytes")]
    encryption_key: [u8; 32],
}

fn one() -> u64 {
    1
}

fn single() -> RuleKind {
    RuleKind::SingleChoice
}

fn half() -> String {
    "1/2".into()
}

fn nothing() -> String {
    "0".into()
}

fn day() -> When {
    When::After(24 * 60 * 60)
}

fn rule<'de, D: Deserializer<'de>>(d: D) -> Result<RuleKind, D::Error> {
    String::deserialize(d)?.parse().map_err(D::Error::custom)
}

fn nonce<'de, D: Deserializer<'de>>(d: D) -> Result<Option<[u8; 32]>, D::Error> {
    circuits::types::json::bytes::deserialize(d).map(Some)
}

/// A file with everything that it refers to.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What the draft will say.
    pub resolution: Resolution,
    /// Where it is settled, if anywhere.
    pub settlement: Option<Settlement>,
    /// Fixed in the file, so that a repeat makes the same draft.
    pub nonce: Option<[u8; 32]>,
    /// The table of holders.
    pub table: HolderTable,
}

/// Votes of one kind: whose they are, and when they pass.
#[derive(Clone, Debug)]
pub struct Votes {
    /// Where they are settled, and what they call.
    pub settlement: Settlement,
    /// When they pass.
    pub pass_rule: PassRule,
    /// Who decrypts.
    pub trustees: Vec<TrusteeIdentity>,
    /// How many decrypt together.
    pub threshold: u8,
    /// Whose they are.
    pub organisation: String,
}

impl ElectionFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// With line and column: unknown and missing keys, and malformed values.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(toml::from_str(text)?)
    }

    /// Reads what the file refers to, relative to `base`, and settles the
    /// times, which count from `now`.
    ///
    /// # Errors
    /// If a file cannot be read, or a value does not fit the others.
    pub fn prepare(self, base: &Path, now: u64, operator: Address) -> Result<Prepared> {
        let settlement = self.settlement()?;
        let table = read_table(&base.join(&self.census.table)).context("census.table")?;
        let resolution = Resolution {
            proposal: self.text(base)?,
            pass_rule: self.pass.rule(&self.options, table.decimals)?,
            census: table.definition(self.census.snapshot, self.census.maskers),
            times: self.times.settle(now)?,
            trustees: self.trustees.read(base)?,
            threshold: self.trustees.threshold,
            organisation: self.organisation,
            registration_chain_id: self.registration_chain_id,
            options: self.options,
            rule: self.rule,
            early_close: self.early_close,
            min_ballots: self.min_ballots,
            operator,
        };
        Ok(Prepared { resolution, settlement, nonce: self.nonce, table })
    }

    /// What a contract that obeys votes of this kind has to know.
    ///
    /// # Errors
    /// If a file cannot be read, or nothing is settled.
    pub fn votes(self, base: &Path) -> Result<Votes> {
        let settlement = self.settlement()?;
        let settlement = settlement.context("settlement: a contract obeys only votes with \"validity\"")?;
        let table = read_table(&base.join(&self.census.table)).context("census.table")?;
        Ok(Votes {
            settlement,
            pass_rule: self.pass.rule(&self.options, table.decimals)?,
            trustees: self.trustees.read(base)?,
            threshold: self.trustees.threshold,
            organisation: self.organisation,
        })
    }

    fn settlement(&self) -> Result<Option<Settlement>> {
        match (self.settlement, self.chain) {
            (Mode::None, None) => {
                ensure!(self.calls.is_empty(), "calls: nobody makes them without settlement = \"validity\"");
                Ok(None)
            }
            (Mode::None, Some(_)) => bail!("chain: it is of no use without settlement = \"validity\""),
            (Mode::Validity, None) => bail!("settlement = \"validity\" needs [chain] with id and contract"),
            (Mode::Validity, Some(chain)) => Ok(Some(Settlement {
                domain: Domain { chain_id: chain.id, contract: chain.contract },
                calls: self.calls.iter().map(CallFile::call).collect(),
            })),
        }
    }

    fn text(&self, base: &Path) -> Result<String> {
        match (&self.proposal, &self.proposal_file) {
            (Some(text), None) => Ok(text.clone()),
            (None, Some(file)) => read_text(&base.join(file)).context("proposal_file"),
            _ => bail!("give the text either as proposal or as proposal_file"),
        }
    }
}

impl CallFile {
    fn call(&self) -> Call {
        let mut value = [0; 32];
        value[24..].copy_from_slice(&self.value.to_be_bytes());
        Call { target: self.target, value, data: self.data.clone() }
    }
}

impl Pass {
    fn rule(&self, options: &[String], decimals: u8) -> Result<PassRule> {
        let option = options.iter().position(|o| *o == self.option);
        let option = option.with_context(|| {
            format!("pass.option: no option is called {:?}; they are {options:?}", self.option)
        })?;
        let (majority_numerator, majority_denominator) = self.fraction().with_context(|| {
            format!("pass.majority: {:?} is not a fraction: write \"1/2\" for more than half", self.majority)
        })?;
        Ok(PassRule {
            winning_option: u8::try_from(option).context("pass.option: too many options")?,
            quorum: amounts::units(&self.quorum, decimals).context("pass.quorum")?,
            majority_numerator,
            majority_denominator,
        })
    }

    fn fraction(&self) -> Option<(u32, u32)> {
        let (numerator, denominator) = self.majority.split_once('/')?;
        Some((numerator.trim().parse().ok()?, denominator.trim().parse().ok()?))
    }
}

impl TimesFile {
    /// Each relative time counts from the one before; the first from `now`.
    fn settle(&self, now: u64) -> Result<Times> {
        let opening = self.opening.from(now).context("times.opening")?;
        let closing = self.closing.from(opening).context("times.closing")?;
        let root_deadline = self.root_deadline.from(closing).context("times.root_deadline")?;
        let tally_deadline = self.tally_deadline.from(root_deadline).context("times.tally_deadline")?;
        ensure!(closing > now, "times.closing: {} has passed", crate::times::show(closing));
        Ok(Times { opening, closing, root_deadline, tally_deadline })
    }
}

impl Trustees {
    fn read(&self, base: &Path) -> Result<Vec<TrusteeIdentity>> {
        let identity = |file: &PathBuf| -> Result<TrusteeIdentity> {
            let path = base.join(file);
            let read = serde_json::from_str(&read_text(&path)?);
            let IdentityFile { signer, encryption_key } =
                read.with_context(|| format!("{} is not a trustee's identity", path.display()))?;
            Ok(TrusteeIdentity { signer, encryption_key })
        };
        self.identities.iter().map(identity).collect::<Result<_>>().context("trustees.identities")
    }
}

/// Reads an imported table of holders.
///
/// # Errors
/// If it cannot be read or was changed.
pub fn read_table(path: &Path) -> Result<HolderTable> {
    let text = read_text(path)?;
    HolderTable::from_text(&text).with_context(|| format!("{} is not a table of holders", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

//! The JSON file of an attestation: one byte form, names in place of bits.
//! spec: `audit.file`.

use super::{Attestation, Claim};
use crate::{
    commitment::{DataFile, ShapeFault},
    document::Field,
    policy::{Policy, PolicyFault, PolicyFile},
};
use circuits::{
    attestation::{Base, Counts, Disclosed, GroupSet, MAX_RECORDS, Metric, Verdict, ViewOutcome},
    types::{Address, Domain, Signature},
};
use serde::{Deserialize, Serialize};

const FORMAT: &str = "tabella-attestation";
const VERSION: u32 = 1;
/// Longest file that is read, in bytes.
pub const FILE_MAX: usize = 1 << 20;

/// Why bytes are no attestation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FormatFault {
    /// See the message.
    #[error("{0} bytes; an attestation has at most {FILE_MAX}")]
    Length(usize),
    /// See the message.
    #[error("{0}")]
    Json(String),
    /// See the message.
    #[error("format {format:?} version {version} is not known to this program")]
    Version {
        /// As the file says.
        format: String,
        /// As the file says.
        version: u32,
    },
    /// See the message.
    #[error("policy.{}: {}", field, problem)]
    Policy {
        /// In the policy.
        field: Field,
        /// What is wrong.
        problem: PolicyFault,
    },
    /// See the message.
    #[error("shape: {0}")]
    Shape(#[from] ShapeFault),
    /// See the message.
    #[error("outcome: {found} views; the policy has {expected}")]
    Views {
        /// In the outcome.
        found: usize,
        /// Of the policy.
        expected: usize,
    },
    /// See the message.
    #[error("outcome: view {view}: {problem}")]
    Outcome {
        /// The view's name.
        view: String,
        /// What is wrong.
        problem: String,
    },
    /// See the message.
    #[error("table: {0} records; a proof counts up to {MAX_RECORDS}")]
    Count(u64),
    /// See the message.
    #[error("it is not in the one byte form: same values, other bytes")]
    NotCanonical,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    chain_id: u64,
    contract: Address,
    claim: Claim,
    policy: PolicyFile,
    #[serde(with = "circuits::types::json::bytes")]
    mapping: [u8; 32],
    data: DataFile,
    outcome: Vec<OutcomeFile>,
    table: Option<TableFile>,
    #[serde(with = "circuits::types::json::bytes")]
    proof: Vec<u8>,
    signature: Signature,
}

/// Groups are named; a list is in the order of the view's groups.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeFile {
    view: String,
    unknown: u64,
    compared: Vec<String>,
    compared_by_positives: Vec<String>,
    compared_by_negatives: Vec<String>,
    compared_by_selected: Vec<String>,
    checks: Vec<CheckFile>,
    untested: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckFile {
    metric: String,
    verdict: String,
    failing: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    median_bin: usize,
    cells: Vec<CellFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CellFile {
    cell: String,
    true_positives: u64,
    false_positives: u64,
    false_negatives: u64,
    true_negatives: u64,
    above_median: u64,
}

impl Attestation {
    /// The one byte form: JSON with two spaces of indent, fields in the
    /// order of the types, a final line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = serde_json::to_vec_pretty(&self.file()).expect("attestations hold only what JSON can");
        out.push(b'\n');
        out
    }

    /// Reads the one byte form.
    ///
    /// # Errors
    /// If anything in it is malformed, or another form of the same values.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatFault> {
        if bytes.len() > FILE_MAX {
            return Err(FormatFault::Length(bytes.len()));
        }
        let file: File = serde_json::from_slice(bytes).map_err(|e| FormatFault::Json(e.to_string()))?;
        let attestation = Self::from_file(file)?;
        if attestation.to_bytes() == bytes { Ok(attestation) } else { Err(FormatFault::NotCanonical) }
    }

    fn file(&self) -> File {
        File {
            format: FORMAT.into(),
            version: VERSION,
            chain_id: self.domain.chain_id,
            contract: self.domain.contract,
            claim: self.claim.clone(),
            policy: self.policy.to_file(),
            mapping: self.mapping,
            data: DataFile::of(&self.data),
            outcome: (0..self.policy.views.len()).map(|view| self.outcome_file(view)).collect(),
            table: self.disclosed.as_ref().map(|disclosed| self.table_file(disclosed)),
            proof: self.proof.clone(),
            signature: self.signature,
        }
    }

    fn from_file(file: File) -> Result<Self, FormatFault> {
        if file.format != FORMAT || file.version != VERSION {
            return Err(FormatFault::Version { format: file.format, version: file.version });
        }
        let policy = Policy::from_file(&file.policy).map_err(|faults| {
            let (field, problem) = faults.into_iter().next().expect("a refused policy has a fault");
            FormatFault::Policy { field, problem }
        })?;
        if file.outcome.len() != policy.views.len() {
            return Err(FormatFault::Views { found: file.outcome.len(), expected: policy.views.len() });
        }
        let views = file.outcome.iter().enumerate();
        let outcome = views.map(|(view, outcome)| outcome.read(&policy, view)).collect::<Result<_, _>>()?;
        Ok(Self {
            domain: Domain { chain_id: file.chain_id, contract: file.contract },
            claim: file.claim,
            mapping: file.mapping,
            data: file.data.read()?,
            outcome,
            disclosed: file.table.as_ref().map(TableFile::read).transpose()?,
            policy,
            proof: file.proof,
            signature: file.signature,
        })
    }

    fn outcome_file(&self, view: usize) -> OutcomeFile {
        let (names, numbers) = (&self.policy.views[view], &self.policy.numbers.views[view]);
        let outcome = &self.outcome[view];
        let named = |set: GroupSet| set.iter().map(|group| names.groups[group].clone()).collect();
        let check = |metric: &Metric| CheckFile {
            metric: metric.name().into(),
            verdict: outcome.verdict(*metric).map_or("", Verdict::name).into(),
            failing: named(outcome.failing(*metric)),
        };
        OutcomeFile {
            view: names.name.clone(),
            unknown: outcome.unknown,
            compared: named(outcome.compared(Base::Records)),
            compared_by_positives: named(outcome.compared(Base::Positives)),
            compared_by_negatives: named(outcome.compared(Base::Negatives)),
            compared_by_selected: named(outcome.compared(Base::Selected)),
            checks: numbers.checks.iter().map(check).collect(),
            untested: named(outcome.unassessed),
        }
    }

    fn table_file(&self, disclosed: &Disclosed) -> TableFile {
        let cell = |(cell, counts): (usize, &Counts)| CellFile {
            cell: cell_name(&self.policy, cell),
            true_positives: counts.true_positives,
            false_positives: counts.false_positives,
            false_negatives: counts.false_negatives,
            true_negatives: counts.true_negatives,
            above_median: counts.above,
        };
        let cells = disclosed.counts.iter().enumerate().map(cell).collect();
        TableFile { median_bin: disclosed.edge, cells }
    }
}

/// A cell of the policy by the names of its values; room of the circuit that
/// the policy does not use by its number.
fn cell_name(policy: &Policy, cell: usize) -> String {
    if cell < policy.numbers.cells { policy.cell_name(cell) } else { format!("unused {cell}") }
}

impl OutcomeFile {
    fn read(&self, policy: &Policy, view: usize) -> Result<ViewOutcome, FormatFault> {
        let fault = |problem: String| FormatFault::Outcome { view: self.view.clone(), problem };
        let names = &policy.views[view];
        let set = |list: &[String]| -> Result<GroupSet, FormatFault> {
            let position = |name: &String| {
                let found = names.groups.iter().position(|group| group == name);
                found.ok_or_else(|| fault(format!("there is no group {name:?}")))
            };
            list.iter().map(position).collect()
        };
        let mut out = ViewOutcome {
            unknown: self.unknown,
            compared: [
                set(&self.compared)?,
                set(&self.compared_by_positives)?,
                set(&self.compared_by_negatives)?,
                set(&self.compared_by_selected)?,
            ],
            unassessed: set(&self.untested)?,
            ..ViewOutcome::default()
        };
        for check in &self.checks {
            let metric: Metric = check.metric.parse().map_err(|e| fault(format!("{e}")))?;
            let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::NotAssessable];
            let verdict = verdicts.into_iter().find(|v| v.name() == check.verdict);
            let verdict = verdict.ok_or_else(|| fault(format!("there is no verdict {:?}", check.verdict)))?;
            out.verdicts[metric.index()] = Some(verdict);
            out.failing[metric.index()] = set(&check.failing)?;
        }
        Ok(out)
    }
}

impl TableFile {
    /// The counts; none is so large that sums of them could overflow.
    fn read(&self) -> Result<Disclosed, FormatFault> {
        let counts = |cell: &CellFile| Counts {
            true_positives: cell.true_positives,
            false_positives: cell.false_positives,
            false_negatives: cell.false_negatives,
            true_negatives: cell.true_negatives,
            above: cell.above_median,
        };
        let out = Disclosed { edge: self.median_bin, counts: self.cells.iter().map(counts).collect() };
        let large = out.values().find(|value| *value > MAX_RECORDS);
        large.map_or(Ok(out), |value| Err(FormatFault::Count(value)))
    }
}

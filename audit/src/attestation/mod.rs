//! Attestations: what an auditor signs and publishes. spec: `audit.attestation`.

mod check;
mod checklist;
mod file;
mod message;
mod outcome;
mod status;

pub use check::{AttestationProofs, Expected, Keys, NotProven, Trust, verify};
pub(crate) use checklist::checks;
pub use checklist::{Check, CheckId, Checklist, Line, State};
pub use file::{FILE_MAX, FormatFault};
pub use message::{AuditorRegistration, Claim, Revocation};
pub use outcome::{outcome_hash, table_hash};
pub use status::{SignedRegistration, SignedRevocation, Status, UnknownStatus};

use crate::{calendar::Day, figures::Figures, policy::Policy};
use circuits::{
    attestation::{
        Base, DataDescription, Disclosed, GroupSet, Metric, Statement, Subject, Verdict, ViewOutcome,
    },
    types::{AccountKey, Address, Domain, Signature, TypedData, keccak256},
};

/// Longest name of an organisation or a system, in bytes.
pub const NAME_MAX: usize = 128;

/// Somebody else's claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attestation is {expected}'s to sign, not {found}'s")]
pub struct OtherAuditor {
    /// Whose account it is.
    pub found: Address,
    /// The claim's auditor.
    pub expected: Address,
}

/// A signed attestation with everything that is needed to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Where it is valid: chain 0 and the zero contract without settlement.
    pub domain: Domain,
    /// What is signed.
    pub claim: Claim,
    /// The policy.
    pub policy: Policy,
    /// Digest of the mapping.
    pub mapping: [u8; 32],
    /// What was anchored.
    pub data: DataDescription,
    /// For each view of the policy.
    pub outcome: Vec<ViewOutcome>,
    /// The counts, if the policy discloses them.
    pub disclosed: Option<Disclosed>,
    /// The proof; it begins with the data columns' commitments.
    pub proof: Vec<u8>,
    /// The auditor's.
    pub signature: Signature,
}

/// What an auditor says beside what is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The organisation whose policy it is.
    pub organisation: String,
    /// The audited system.
    pub system: String,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
    /// Unix time of signing.
    pub issued: u64,
    /// Unix time of the end.
    pub expires: u64,
    /// Id of the attestation that this one takes the place of, or zero.
    pub supersedes: [u8; 32],
    /// Where it is valid.
    pub domain: Domain,
}

/// What was proven, with the proof.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The policy with its names.
    pub policy: Policy,
    /// Digest of the mapping.
    pub mapping: [u8; 32],
    /// What was anchored.
    pub data: DataDescription,
    /// What is proven.
    pub statement: Statement,
    /// Hash of the verifying key.
    pub key_hash: [u8; 32],
    /// Whether anyone can know the parameters' secret.
    pub insecure: bool,
    /// The proof.
    pub proof: Vec<u8>,
}

/// Why an attestation cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    /// See the message.
    #[error("{what} needs 1 to {NAME_MAX} bytes without line breaks, not {found:?}")]
    Name {
        /// Which text.
        what: &'static str,
        /// Given.
        found: String,
    },
    /// See the message.
    #[error("the period ends on {to}, before it starts on {from}")]
    Period {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// See the message.
    #[error("it would expire when it is issued or before")]
    Expiry,
}

impl Terms {
    /// Checks the terms by themselves.
    ///
    /// # Errors
    /// The first that is not possible.
    pub fn check(&self) -> Result<(), InvalidTerms> {
        for (what, text) in [("the organisation", &self.organisation), ("the system", &self.system)] {
            if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
                return Err(InvalidTerms::Name { what, found: text.clone() });
            }
        }
        if self.to < self.from {
            return Err(InvalidTerms::Period { from: self.from, to: self.to });
        }
        if self.expires <= self.issued { Err(InvalidTerms::Expiry) } else { Ok(()) }
    }

    /// What the proof is bound to: the days of the period.
    pub fn epoch(&self) -> u64 {
        epoch(self.from.start(), self.to.end())
    }
}

/// Whether a period starts and ends with a day, so that its epoch, which the
/// proof is bound to, stands for this period alone.
fn is_whole_days(from: u64, to: u64) -> bool {
    let last = to.checked_sub(1).and_then(Day::of);
    Day::of(from).is_some_and(|day| day.start() == from) && last.is_some_and(|day| day.end() == to)
}

/// First day in the high, the day after the last in the low 32 bits, as days
/// since 1970. spec: `audit.epoch`
fn epoch(from: u64, to: u64) -> u64 {
    const DAY: u64 = 24 * 60 * 60;
    (from / DAY) << 32 | (to / DAY) & 0xffff_ffff
}

impl Attestation {
    /// Signs what was proven.
    ///
    /// # Errors
    /// If the terms are not possible.
    pub fn sign(terms: &Terms, proven: Proven, auditor: &AccountKey) -> Result<Self, InvalidTerms> {
        let Proven { policy, mapping, data, statement, key_hash, insecure, proof } = proven;
        terms.check()?;
        let claim = Claim {
            organisation: terms.organisation.clone(),
            system: terms.system.clone(),
            model_commitment: statement.subject.0,
            data_root: data.root().0,
            policy_hash: policy.hash(),
            key_hash,
            records: statement.records,
            from: terms.from.start(),
            to: terms.to.end(),
            issued: terms.issued,
            expires: terms.expires,
            outcome_hash: outcome_hash(&statement.outcome),
            table_hash: table_hash(statement.disclosed.as_ref()),
            proof_hash: keccak256(&proof),
            insecure,
            supersedes: terms.supersedes,
            auditor: auditor.address(),
        };
        let signature = auditor.sign(claim.signing_hash(&terms.domain));
        Ok(Self {
            domain: terms.domain,
            claim,
            policy,
            mapping,
            data,
            outcome: statement.outcome,
            disclosed: statement.disclosed,
            proof,
            signature,
        })
    }

    /// The same claim, signed for another place: nodes' logs, or a contract.
    ///
    /// # Errors
    /// If the account is not the claim's auditor.
    pub fn sign_for(self, domain: Domain, auditor: &AccountKey) -> Result<Self, OtherAuditor> {
        let (found, expected) = (auditor.address(), self.claim.auditor);
        if found != expected {
            return Err(OtherAuditor { found, expected });
        }
        let signature = auditor.sign(self.claim.signing_hash(&domain));
        Ok(Self { domain, signature, ..self })
    }

    /// Names the attestation: the claim's struct hash.
    pub fn id(&self) -> [u8; 32] {
        self.claim.struct_hash()
    }

    /// What the proof is of.
    pub fn statement(&self) -> Statement {
        Statement {
            shape: self.data.shape.clone(),
            policy: self.policy.numbers.clone(),
            subject: Subject(self.claim.model_commitment),
            epoch: epoch(self.claim.from, self.claim.to),
            records: self.claim.records,
            outcome: self.outcome.clone(),
            disclosed: self.disclosed.clone(),
        }
    }

    /// Tables of rates, if the counts are disclosed.
    pub fn figures(&self) -> Option<Figures> {
        let disclosed = self.disclosed.as_ref()?;
        Some(Figures::new(&self.policy, &disclosed.counts, &self.outcome))
    }

    /// Every check of the policy: view, metric and verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (usize, Metric, Verdict)> + '_ {
        self.policy.numbers.views.iter().enumerate().flat_map(move |(at, view)| {
            let outcome = &self.outcome[at];
            view.checks.iter().filter_map(move |metric| Some((at, *metric, outcome.verdict(*metric)?)))
        })
    }

    /// Names of a view's groups that fail a check.
    pub fn failing(&self, view: usize, metric: Metric) -> Vec<String> {
        self.named(view, self.outcome[view].failing(metric))
    }

    /// Names of a view's groups that are not compared.
    pub fn not_compared(&self, view: usize) -> Vec<String> {
        let compared = self.outcome[view].compared(Base::Records);
        let groups = 0..self.policy.views[view].groups.len();
        self.named(view, groups.filter(|group| !compared.contains(*group)).collect())
    }

    fn named(&self, view: usize, groups: GroupSet) -> Vec<String> {
        let names = &self.policy.views[view].groups;
        groups.iter().filter_map(|group| names.get(group).cloned()).collect()
    }
}

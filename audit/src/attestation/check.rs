//! The offline check of an attestation. spec: `audit.checks`.

use super::{
    Attestation, CheckId, Checklist, SignedRegistration, SignedRevocation, Status, is_whole_days,
    outcome_hash, table_hash,
};
use crate::{calendar::time, commitment::reading_digest};
use circuits::{
    attestation::{Shape, SrsId},
    types::{Address, TypedData, keccak256},
};
use std::fmt;
use verifier::attestation::{DataCommitment, POINT_BYTES, SrsOrigin, VerifyingKey};

/// What the reader expects the attestation to be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expected {
    /// Hash of the voted policy.
    pub policy_hash: Option<[u8; 32]>,
    /// The anchored root.
    pub data_root: Option<[u8; 32]>,
    /// Commitment to the deployed model.
    pub model_commitment: Option<[u8; 32]>,
}

/// Where the reader's verifying keys come from: made or kept by the reader,
/// never taken from the attestation. The error says why there is none.
pub type Keys<'a> = &'a dyn Fn(&Shape, SrsId) -> Result<VerifyingKey, String>;

/// What the reader knows without the attestation.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// Unix time in seconds.
    pub now: u64,
    /// Where verifying keys come from, by shape and parameters.
    pub keys: Keys<'a>,
    /// What it should be about.
    pub expected: Expected,
    /// The organiser's account.
    pub organiser: Option<Address>,
    /// Registrations of auditors; only those that the organiser signed count.
    pub registrations: &'a [SignedRegistration],
    /// Revocations that are known.
    pub revocations: &'a [SignedRevocation],
    /// Valid attestations that may take the place of this one.
    pub others: &'a [Attestation],
}

impl fmt::Debug for Trust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("now", &self.now)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// Reads and checks an attestation. It is returned as well if its form is
/// good, whatever the other checks say.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> (Option<Attestation>, Checklist) {
    match Attestation::from_bytes(bytes) {
        Err(fault) => (None, Checklist::unreadable(&fault.to_string())),
        Ok(attestation) => {
            let checklist = attestation.check(bytes.len(), trust);
            (Some(attestation), checklist)
        }
    }
}

impl Attestation {
    fn check(&self, length: usize, trust: &Trust<'_>) -> Checklist {
        let mut list = Checklist::new();
        list.made(CheckId::Form.line(), Ok(format!("{length} bytes")));
        list.made(CheckId::Signature.line(), self.check_signature());
        self.check_auditor(trust, &mut list);
        list.made(CheckId::Policy.line(), self.check_policy());
        list.made(CheckId::Data.line(), self.check_data());
        list.made(CheckId::Statement.line(), self.check_statement());
        let sound = list.ok;
        self.check_expected(&trust.expected, &mut list);
        list.made(CheckId::Status.line(), self.check_status(trust));
        self.check_key_and_proof(sound, trust, &mut list);
        self.warn(trust, &mut list);
        list
    }

    /// The work that costs something, and that a shape chosen by a stranger
    /// could make cost very much: only for what is sound so far.
    fn check_key_and_proof(&self, sound: bool, trust: &Trust<'_>, list: &mut Checklist) {
        let (key_line, proof_line) = (CheckId::Key.line(), CheckId::Proof.line());
        if !sound {
            let skipped = || Err("skipped: an earlier check failed".into());
            list.made(key_line, skipped());
            list.made(proof_line, skipped());
            return;
        }
        match (trust.keys)(&self.data.shape, self.data.srs).and_then(|key| self.check_key(key)) {
            Ok(key) => {
                list.made(key_line, Ok(format!("0x{}", hex::encode(key.hash().0))));
                list.made(proof_line, self.check_proof(&key));
            }
            Err(why) => {
                list.made(key_line, Err(why));
                list.made(proof_line, Err("skipped: there is no verifying key".into()));
            }
        }
    }

    fn check_signature(&self) -> Result<String, String> {
        let hash = self.claim.signing_hash(&self.domain);
        self.signature.verify(hash, self.claim.auditor).map_err(|e| e.to_string())?;
        Ok(format!("signed by {} on {}", self.claim.auditor, time(self.claim.issued)))
    }

    fn check_policy(&self) -> Result<String, String> {
        same("the policy's hash", self.policy.hash(), self.claim.policy_hash)?;
        Ok(format!("{:?}, 0x{}", self.policy.title, hex::encode(self.claim.policy_hash)))
    }

    /// The names of the policy are bound as well: cells keep their meaning.
    fn check_data(&self) -> Result<String, String> {
        same("the data root", self.data.root().0, self.claim.data_root)?;
        let reading = reading_digest(&self.policy.attributes, self.mapping);
        same("the digest of attributes and mapping", reading, self.data.mapping)?;
        let digest = self.columns()?.digest();
        same("the digest of the columns that the proof begins with", digest.0, self.data.data.0)?;
        Ok(format!("{} records, root 0x{}", self.data.records, hex::encode(self.claim.data_root)))
    }

    /// The data columns' commitments: the first bytes of the proof.
    fn columns(&self) -> Result<DataCommitment, String> {
        let length = self.data.shape.columns() * POINT_BYTES;
        let bytes = self.proof.get(..length).ok_or("the proof is too short")?;
        DataCommitment::from_bytes(bytes).map_err(|e| e.to_string())
    }

    fn check_statement(&self) -> Result<String, String> {
        let claim = &self.claim;
        same("the outcome's hash", outcome_hash(&self.outcome), claim.outcome_hash)?;
        same("the counts' hash", table_hash(self.disclosed.as_ref()), claim.table_hash)?;
        same("the proof's hash", keccak256(&self.proof), claim.proof_hash)?;
        if claim.records != self.data.records {
            return Err(format!("the claim has {} records, the data {}", claim.records, self.data.records));
        }
        if claim.to <= claim.from || claim.expires <= claim.issued {
            return Err("the period or the time of validity ends before it starts".into());
        }
        if !is_whole_days(claim.from, claim.to) {
            return Err("the period is not of whole days, and the proof is bound to days".into());
        }
        if !self.statement().has_form() {
            return Err("outcome or counts do not have the form that policy and circuit ask for".into());
        }
        Ok(format!("{} verdicts", self.verdicts().count()))
    }

    fn check_key(&self, key: VerifyingKey) -> Result<VerifyingKey, String> {
        same("the parameters", key.srs().id().0, self.data.srs.0)?;
        same("the key's hash", key.hash().0, self.claim.key_hash)?;
        let insecure = key.srs().origin == SrsOrigin::Development;
        if insecure != self.claim.insecure {
            return Err("the claim does not say truly whether the parameters are INSECURE".into());
        }
        Ok(key)
    }

    /// Checks the proof alone, against a key of the reader's own.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn check_proof(&self, key: &VerifyingKey) -> Result<String, String> {
        let columns = self.columns()?;
        verifier::attestation::verify(key, &self.statement(), &columns, &self.proof)
            .map_err(|e| e.to_string())?;
        Ok(format!("{} bytes", self.proof.len()))
    }

    fn check_expected(&self, expected: &Expected, list: &mut Checklist) {
        let claim = &self.claim;
        let wanted = [
            ("the policy hash", expected.policy_hash, claim.policy_hash),
            ("the data root", expected.data_root, claim.data_root),
            ("the model commitment", expected.model_commitment, claim.model_commitment),
        ];
        let given: Vec<_> =
            wanted.iter().filter_map(|(what, e, found)| Some((*what, (*e)?, *found))).collect();
        if given.is_empty() {
            list.not_made(CheckId::Expected.line(), "nothing was given to compare with");
            return;
        }
        let wrong = given.iter().find_map(|(what, expected, found)| same(what, *found, *expected).err());
        let names: Vec<_> = given.iter().map(|(what, ..)| *what).collect();
        list.made(CheckId::Expected.line(), wrong.map_or_else(|| Ok(names.join(", ")), Err));
    }

    fn check_auditor(&self, trust: &Trust<'_>, list: &mut Checklist) {
        let Some(organiser) = trust.organiser else {
            list.not_made(CheckId::Auditor.line(), "the organiser's account was not given");
            return;
        };
        let signed = self.signed_registrations(trust, organiser);
        let permitted = super::AuditorRegistration::permits(&signed, self);
        let name = signed.iter().find(|r| r.registration.auditor == self.claim.auditor);
        let result = match (permitted, name) {
            (true, Some(signed)) => Ok(format!("{:?}, {}", signed.registration.name, self.claim.auditor)),
            (_, Some(_)) => Err(format!("not registered on {}", time(self.claim.issued))),
            (_, None) => Err(format!("no registration of {} by {organiser} is known", self.claim.auditor)),
        };
        list.made(CheckId::Auditor.line(), result);
    }

    fn signed_registrations(&self, trust: &Trust<'_>, organiser: Address) -> Vec<SignedRegistration> {
        let good = |signed: &&SignedRegistration| signed.check(&self.domain, organiser).is_ok();
        trust.registrations.iter().filter(good).cloned().collect()
    }

    fn check_status(&self, trust: &Trust<'_>) -> Result<String, String> {
        // Without an organiser, only the auditor can revoke.
        let organiser = trust.organiser.unwrap_or(self.claim.auditor);
        match self.standing(trust.now, organiser, trust.revocations, trust.others) {
            Status::Valid => Ok(format!("valid until {}", time(self.claim.expires))),
            Status::Expired => Err(format!("expired on {}", time(self.claim.expires))),
            status => Err(status.to_string()),
        }
    }

    fn warn(&self, trust: &Trust<'_>, list: &mut Checklist) {
        if self.claim.insecure {
            list.warnings.push(
                "the parameters are INSECURE development parameters: anyone can forge proof and commitment, so \
                 \"valid\" means nothing against an attacker"
                    .into(),
            );
        }
        if self.claim.issued > trust.now {
            list.warnings.push(format!("it was issued in the future, on {}", time(self.claim.issued)));
        }
        if trust.expected.data_root.is_none() {
            list.warnings.push(
                "the data root was not compared with an anchored one: the records may have been chosen after \
                 the audit"
                    .into(),
            );
        }
    }
}

fn same(what: &str, found: [u8; 32], expected: [u8; 32]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is 0x{}, not 0x{}", hex::encode(found), hex::encode(expected)))
}

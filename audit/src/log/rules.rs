//! The rules of the log: what is on it and an event in, a number or a
//! refusal out. spec: `audit.rules`.

use super::{Anchored, Entry, Event, Listed, LogId, Named, Parties, Refused, SignedAnchor};
use crate::attestation::{Attestation, NAME_MAX, SignedRegistration, SignedRevocation};
use circuits::{
    attestation::PROOFS_PER_COMMITMENT,
    primitives::merkle::BoardTree,
    types::{Address, BoardRoot, Domain, TypedData},
};
use std::collections::BTreeMap;

/// Longest reason of a revocation, in bytes.
pub const REASON_MAX: usize = 1024;
/// How far the clocks of two parties may lie apart, in seconds.
pub const CLOCK_SKEW: u64 = 300;

/// A log, rebuilt from its events. Of attestations it holds claims alone.
#[derive(Clone, Debug)]
pub struct Log {
    parties: Parties,
    id: LogId,
    tree: BoardTree,
    last_time: u64,
    /// Numbers by id.
    known: BTreeMap<[u8; 32], u32>,
    pub(super) auditors: Vec<Named>,
    pub(super) anchors: BTreeMap<[u8; 32], Anchored>,
    /// In ascending order of `seq`.
    pub(super) attestations: Vec<Listed>,
}

impl Log {
    /// An empty log.
    pub fn new(parties: Parties) -> Self {
        Self {
            id: parties.log(),
            parties,
            tree: BoardTree::new(),
            last_time: 0,
            known: BTreeMap::new(),
            auditors: Vec::new(),
            anchors: BTreeMap::new(),
            attestations: Vec::new(),
        }
    }

    /// Whose log it is.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// Its identifier.
    pub fn id(&self) -> LogId {
        self.id
    }

    /// The tree over all events.
    pub fn tree(&self) -> &BoardTree {
        &self.tree
    }

    /// The time of the last event.
    pub fn last_time(&self) -> u64 {
        self.last_time
    }

    /// Checks everything about an event but an attestation's key and proof:
    /// `Some(seq)` if event `seq` is the same message.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, now: u64, event: &Event) -> Result<Option<u32>, Refused> {
        if let Some(seq) = self.known.get(&event.id()) {
            return Ok(Some(*seq));
        }
        self.check_organisation(event)?;
        match event {
            Event::Auditor(signed) => self.check_auditor(signed)?,
            Event::Anchor(signed) => self.check_anchor(now, signed)?,
            Event::Attestation(attestation) => self.check_attestation(now, attestation)?,
            Event::Revocation(signed) => self.check_revocation(now, signed)?,
        }
        if self.tree.len() == u32::MAX { Err(Refused::Full) } else { Ok(None) }
    }

    /// The root with one more entry; `None` if the log is full.
    pub fn root_with(&self, entry: &Entry) -> Option<BoardRoot> {
        self.tree.root_with(entry.row().leaf())
    }

    /// Checks an entry at its own time and takes it in.
    ///
    /// # Errors
    /// The rule that it breaks; a message that is there already breaks one too.
    pub fn admit(&mut self, entry: &Entry) -> Result<u32, Refused> {
        if entry.time < self.last_time {
            return Err(Refused::Backwards { found: entry.time, last: self.last_time });
        }
        if let Some(seq) = self.check(entry.time, &entry.event)? {
            return Err(Refused::Repeated { seq });
        }
        let row = entry.row();
        let seq = self.tree.append(row.leaf()).ok_or(Refused::Full)?;
        self.known.insert(row.id, seq);
        self.last_time = entry.time;
        self.add(seq, entry);
        Ok(seq)
    }

    fn add(&mut self, seq: u32, entry: &Entry) {
        let time = entry.time;
        match &entry.event {
            Event::Auditor(signed) => self.auditors.push(Named { seq, time, signed: signed.clone() }),
            Event::Anchor(signed) => {
                let anchored = Anchored { seq, time, signed: signed.clone(), attestations: 0 };
                self.anchors.insert(signed.anchor.data_root, anchored);
            }
            Event::Attestation(attestation) => self.list(seq, time, attestation),
            Event::Revocation(signed) => {
                if let Some(listed) = self.listed_mut(&signed.revocation.attestation) {
                    listed.revocation = Some((seq, signed.clone()));
                }
            }
        }
    }

    fn list(&mut self, seq: u32, time: u64, attestation: &Attestation) {
        let (id, claim) = (attestation.id(), attestation.claim.clone());
        if let Some(anchored) = self.anchors.get_mut(&claim.data_root) {
            anchored.attestations += 1;
        }
        let place = self.attestations.len();
        if let Some(old) = self.listed_mut(&claim.supersedes) {
            old.successors.push(place);
        }
        let signature = attestation.signature;
        self.attestations.push(Listed {
            seq,
            time,
            id,
            claim,
            signature,
            revocation: None,
            successors: Vec::new(),
        });
    }

    /// Where in `attestations` an attestation is.
    pub(super) fn place(&self, id: &[u8; 32]) -> Option<usize> {
        let seq = self.known.get(id)?;
        self.attestations.binary_search_by_key(seq, |listed| listed.seq).ok()
    }

    fn listed_mut(&mut self, id: &[u8; 32]) -> Option<&mut Listed> {
        self.place(id).and_then(|place| self.attestations.get_mut(place))
    }

    fn check_organisation(&self, event: &Event) -> Result<(), Refused> {
        let expected = &self.parties.organisation;
        match event.organisation() {
            Some(found) if found != expected => {
                Err(Refused::Organisation { expected: expected.clone(), found: found.to_owned() })
            }
            _ if self.tree.is_empty() && !matches!(event, Event::Auditor(_)) => Err(Refused::NotBegun),
            _ => Ok(()),
        }
    }

    fn check_auditor(&self, signed: &SignedRegistration) -> Result<(), Refused> {
        let registration = &signed.registration;
        text("the organisation", &registration.organisation, NAME_MAX)?;
        text("the auditor's name", &registration.name, NAME_MAX)?;
        if registration.until <= registration.from {
            return Err(Refused::Period("the registration"));
        }
        let highest = self.auditor(registration.auditor).map(|named| named.signed.registration.counter);
        if let Some(highest) = highest.filter(|highest| registration.counter <= *highest) {
            return Err(Refused::Counter { highest, found: registration.counter });
        }
        let checked = signed.check(&Domain::default(), self.parties.organiser);
        checked.map_err(|cause| Refused::Signature { what: "the organiser's signature", cause })
    }

    fn check_anchor(&self, now: u64, signed: &SignedAnchor) -> Result<(), Refused> {
        let anchor = &signed.anchor;
        text("the system", &anchor.system, NAME_MAX)?;
        if anchor.to <= anchor.from {
            return Err(Refused::Period("the period"));
        }
        let checked = signed.check();
        checked.map_err(|cause| Refused::Signature { what: "the auditor's signature", cause })?;
        self.require_registered(anchor.auditor, now)?;
        match self.anchors.get(&anchor.data_root) {
            Some(anchored) => Err(Refused::AnchoredBefore { seq: anchored.seq }),
            None => Ok(()),
        }
    }

    fn check_attestation(&self, now: u64, attestation: &Attestation) -> Result<(), Refused> {
        let (domain, claim) = (attestation.domain, &attestation.claim);
        if domain != Domain::default() {
            return Err(Refused::Domain { chain_id: domain.chain_id, contract: domain.contract });
        }
        text("the system", &claim.system, NAME_MAX)?;
        future("the time of signing", claim.issued, now)?;
        if claim.expires <= now {
            return Err(Refused::Expired(claim.expires));
        }
        self.require_registered(claim.auditor, claim.issued)?;
        attestation
            .check_signature_alone()
            .map_err(|cause| Refused::Signature { what: "the auditor's signature", cause })?;
        self.check_anchored(attestation)?;
        self.check_supersession(attestation)?;
        attestation.check_content().map_err(|(check, why)| Refused::Attestation { check, why })
    }

    /// A57: the records were anchored, before, as what they are audited as.
    fn check_anchored(&self, attestation: &Attestation) -> Result<(), Refused> {
        let claim = &attestation.claim;
        let anchored = self.anchors.get(&claim.data_root).ok_or(Refused::NotAnchored(claim.data_root))?;
        if let Some(what) = anchored.signed.anchor.differs(claim) {
            return Err(Refused::Replayed(what));
        }
        if claim.issued.saturating_add(CLOCK_SKEW) < anchored.time {
            return Err(Refused::BeforeAnchor { issued: claim.issued, anchored: anchored.time });
        }
        if anchored.attestations >= PROOFS_PER_COMMITMENT {
            return Err(Refused::Proofs(anchored.attestations));
        }
        Ok(())
    }

    fn check_supersession(&self, attestation: &Attestation) -> Result<(), Refused> {
        let claim = &attestation.claim;
        let old = claim.supersedes;
        if old == [0; 32] {
            return Ok(());
        }
        let listed =
            self.attestation(&old).ok_or(Refused::Supersedes { old, why: "it is not on this log" })?;
        if !claim.supersedes(&listed.claim) {
            let why = "auditor, organisation and system must be the same, and the older one is superseded";
            return Err(Refused::Supersedes { old, why });
        }
        let standing = listed.successors.iter().filter_map(|place| self.attestations.get(*place));
        match standing.into_iter().find(|successor| successor.revocation.is_none()) {
            Some(successor) => Err(Refused::SupersededBefore(successor.id)),
            None => Ok(()),
        }
    }

    fn check_revocation(&self, now: u64, signed: &SignedRevocation) -> Result<(), Refused> {
        let revocation = &signed.revocation;
        text("the reason", &revocation.reason, REASON_MAX)?;
        let listed =
            self.attestation(&revocation.attestation).ok_or(Refused::Unknown(revocation.attestation))?;
        future("the revocation's time", revocation.time, now)?;
        let signer = signed.signature.recover(revocation.signing_hash(&Domain::default()));
        let signer =
            signer.map_err(|cause| Refused::Signature { what: "the revocation's signature", cause })?;
        if signer != self.parties.organiser && signer != listed.claim.auditor {
            return Err(Refused::Revoker);
        }
        match listed.revocation {
            Some((seq, _)) => Err(Refused::RevokedBefore { seq }),
            None => Ok(()),
        }
    }

    fn require_registered(&self, auditor: Address, at: u64) -> Result<(), Refused> {
        if self.is_registered(auditor, at) { Ok(()) } else { Err(Refused::NotRegistered { auditor, at }) }
    }
}

fn text(what: &'static str, text: &str, max: usize) -> Result<(), Refused> {
    if text.is_empty() || text.len() > max || text.chars().any(char::is_control) {
        return Err(Refused::Text { what, max });
    }
    Ok(())
}

fn future(what: &'static str, found: u64, now: u64) -> Result<(), Refused> {
    if found > now.saturating_add(CLOCK_SKEW) { Err(Refused::Future { what, found, now }) } else { Ok(()) }
}

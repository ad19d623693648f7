//! Registrations and censuses. spec: `registration`, `census.frozen`.

use super::{Event, Phase, Rejection, Rules, State};
use circuits::types::{
    Address, Census, CensusEntry, CensusStatement, Draft, Holder, IdentityCommitment, InvalidCensus,
    Registration, Signature, TypedData, holders_digest,
};
use std::collections::BTreeMap;

/// Holders of one event: 65,536 take about 2 MiB of the 16 MiB of a frame.
const HOLDERS_PER_EVENT: usize = 1 << 16;

/// The registrations under one organisation's name, of all chains.
#[derive(Debug, Default)]
pub struct Organisation {
    log: Vec<Registration>,
    /// By chain and account: number in `log` of the highest counter.
    latest: BTreeMap<(u64, Address), usize>,
    /// Who has ever registered an identity. An identity stays with its first
    /// account, so that nobody takes over one that a member gave up.
    identities: BTreeMap<(u64, IdentityCommitment), Address>,
}

impl Organisation {
    /// Every registration, in log order.
    pub fn registrations(&self) -> &[Registration] {
        &self.log
    }

    /// The registration of an account that counts.
    pub fn latest(&self, chain_id: u64, address: Address) -> Option<&Registration> {
        self.latest.get(&(chain_id, address)).map(|i| &self.log[*i])
    }

    /// The census leaves that the registrations so far give.
    pub fn census_entries(&self, draft: &Draft, holders: &[Holder]) -> Vec<CensusEntry> {
        let identity = |a| self.latest(draft.registration_chain_id, a).map(|r| r.message.identity);
        Census::registered_entries(&draft.census, holders, identity)
    }

    pub(super) fn add(&mut self, registration: Registration) {
        let m = &registration.message;
        self.latest.insert((m.chain_id, m.address), self.log.len());
        self.identities.insert((m.chain_id, m.identity), m.address);
        self.log.push(registration);
    }
}

impl State {
    /// Checks all of a registration but its proof, cheapest first.
    /// spec: `registration.message`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_registration(&self, rules: &Rules, r: &Registration) -> Result<Vec<Event>, Rejection> {
        let m = &r.message;
        let named = |d: &Draft| d.organisation == m.organisation && d.registration_chain_id == m.chain_id;
        let organisation = self.organisation(&m.organisation);
        let organisation =
            organisation.filter(|_| self.elections().any(|e| named(e.draft()))).ok_or_else(|| {
                Rejection::UnknownOrganisation { name: m.organisation.clone(), chain_id: m.chain_id }
            })?;
        let latest = organisation.latest(m.chain_id, m.address);
        if latest.is_some_and(|l| l.message == *m) {
            return Ok(Vec::new());
        }
        if let Some(highest) = latest.map(|l| l.message.counter).filter(|highest| m.counter <= *highest) {
            return Err(Rejection::Counter { highest, found: m.counter });
        }
        if organisation.log.len() >= rules.registrations_max {
            return Err(Rejection::OrganisationFull(organisation.log.len()));
        }
        let owner = organisation.identities.get(&(m.chain_id, m.identity));
        if owner.is_some_and(|owner| *owner != m.address) {
            return Err(Rejection::IdentityTaken);
        }
        let check = r.check_signature();
        check.map_err(|cause| Rejection::Signature { what: "registration's signature", cause })?;
        Ok(vec![Event::Registration(r.clone())])
    }

    /// Checks what is quickly checked of a census before it is built:
    /// `Some(seen)`, or `None` if this census is frozen already. The leaves
    /// are then built over `seen` registrations. spec: `census.frozen`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_holders(
        &self,
        statement: &CensusStatement,
        signature: Signature,
        holders: &[Holder],
    ) -> Result<Option<usize>, Rejection> {
        if !self.check_freeze(statement, signature)? {
            return Ok(None);
        }
        let draft = self.draft(statement.draft_id)?.draft();
        let fault =
            |i: usize| holders[i].weight == 0 || (i > 0 && holders[i - 1].address >= holders[i].address);
        if let Some(row) = (0..holders.len()).find(|i| fault(*i)) {
            return Err(Rejection::Holder { row });
        }
        if holders_digest(holders) != draft.census.source {
            return Err(Rejection::Census(InvalidCensus::Source));
        }
        Ok(Some(self.organisation(&draft.organisation).map_or(0, |o| o.log.len())))
    }

    /// Checks what a census says about itself, before its holders are known:
    /// `false` if it is frozen already.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_freeze(&self, statement: &CensusStatement, signature: Signature) -> Result<bool, Rejection> {
        let election = self.draft(statement.draft_id)?;
        if let Some(frozen) = &election.census {
            return if frozen.statement == *statement { Ok(false) } else { Err(Rejection::CensusFrozen) };
        }
        election.require(Phase::Draft)?;
        let draft = election.draft();
        let check = signature.verify(statement.signing_hash(&draft.domain()), draft.organiser);
        check.map_err(|cause| Rejection::Signature { what: "organiser's signature of the census", cause })?;
        Ok(true)
    }

    /// Checks a census against the holders and the registrations so far.
    /// `census` was built over `seen` registrations by the caller, since its
    /// hashes take time. spec: `census.frozen`
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_census(
        &self,
        statement: &CensusStatement,
        signature: Signature,
        holders: &[Holder],
        census: &Census,
        seen: usize,
    ) -> Result<Vec<Event>, Rejection> {
        let Some(registered) = self.check_holders(statement, signature, holders)? else {
            return Ok(Vec::new());
        };
        if registered != seen {
            return Err(Rejection::CensusMoved);
        }
        if census.root() != statement.root || census.total() != statement.total {
            return Err(Rejection::CensusDiffers { root: census.root(), total: census.total() });
        }
        let mut events = holder_events(statement, holders);
        events.push(Event::Census { statement: *statement, signature });
        Ok(events)
    }
}

fn holder_events(statement: &CensusStatement, holders: &[Holder]) -> Vec<Event> {
    let starts = (0u64..).step_by(HOLDERS_PER_EVENT);
    let part = |(holders, start): (&[Holder], u64)| Event::Holders {
        draft_id: statement.draft_id,
        start,
        holders: holders.to_vec(),
    };
    holders.chunks(HOLDERS_PER_EVENT).zip(starts).map(part).collect()
}

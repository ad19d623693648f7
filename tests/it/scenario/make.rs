//! The election: draft, registrations, census, key generation.

use super::{Member, TRUSTEES, file, holders};
use crate::{
    cores::on_all_cores,
    keys::{Keys, THRESHOLD},
};
use anyhow::{Context, Result, ensure};
use circuits::types::{
    AccountKey, Census, CensusDefinition, PassRule, RuleKind, SignedDraft, Times, TrusteeMessage,
    holders_digest,
};
use client::{identity::Identity, organiser::draft::Resolution, registration};
use rand_core::OsRng;
use trustee::{MemoryStorage, Message, Storage, Trustee, TrusteeKeys};

const ORGANISATION: &str = "Scenario DAO";
/// Chain id in the registrations.
const CHAIN_ID: u64 = 1;
/// September 2020 to December 2096.
const TIMES: Times = Times {
    opening: 1_600_000_000,
    closing: 4_000_000_000,
    root_deadline: 4_000_086_400,
    tally_deadline: 4_000_172_800,
};

/// A fresh election as the first record of a scenario's file.
///
/// # Errors
/// If a proof cannot be made or a party refuses.
pub fn election(members: usize, keys: &Keys) -> Result<Vec<u8>> {
    let [operator, organiser] = [(); 2].map(|()| AccountKey::random(&mut OsRng));
    let members = new_members(members);
    let trustees: Vec<TrusteeKeys> = (0..TRUSTEES).map(|_| TrusteeKeys::random(&mut OsRng)).collect();
    let draft = draft(&members, &trustees, &operator, &organiser)?;
    let key = keys.prove_registration()?;
    eprintln!("scenario: {} registrations", members.len());
    let register =
        |m: &Member| registration::sign(&key, &m.account, &m.identity, CHAIN_ID, ORGANISATION, TIMES.opening);
    let registrations = on_all_cores(&members, register)?;
    let census = census(&draft, &members)?;
    let generated = generate(&draft, &trustees, &census, keys)?;
    let parties = file::Parties { operator, organiser, members, trustees };
    Ok(file::encode(&parties, &draft, &registrations, &generated))
}

/// What the key generation gives.
pub struct Generated {
    /// Everything that was sent, in order.
    pub messages: Vec<TrusteeMessage>,
    /// The stored state of each trustee.
    pub states: Vec<Vec<u8>>,
}

fn new_members(count: usize) -> Vec<Member> {
    let member = |i: usize| Member {
        account: AccountKey::random(&mut OsRng),
        identity: Identity::generate(),
        weight: 1_000 + i as u64,
    };
    let mut members: Vec<Member> = (0..count).map(member).collect();
    members.sort_by_key(|m| m.account.address());
    members
}

fn draft(
    members: &[Member],
    trustees: &[TrusteeKeys],
    operator: &AccountKey,
    organiser: &AccountKey,
) -> Result<SignedDraft> {
    let resolution = Resolution {
        organisation: ORGANISATION.into(),
        registration_chain_id: CHAIN_ID,
        proposal: "Shall the scenario be played?".into(),
        options: ["yes", "no", "abstain"].map(String::from).to_vec(),
        rule: RuleKind::SingleChoice,
        pass_rule: PassRule { winning_option: 0, quorum: 1, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: holders_digest(&holders(members)),
            snapshot: "a scenario".into(),
            decimals: 0,
            maskers: Vec::new(),
        },
        times: TIMES,
        early_close: true,
        trustees: trustees.iter().map(TrusteeKeys::identity).collect(),
        threshold: THRESHOLD,
        min_ballots: 1,
        operator: operator.address(),
    };
    Ok(resolution.sign(organiser)?)
}

/// The census of all members.
///
/// # Errors
/// If the members are not those of the draft.
pub fn census(draft: &SignedDraft, members: &[Member]) -> Result<Census> {
    let identity = |a| {
        let at = members.binary_search_by_key(&a, |m| m.account.address()).ok()?;
        Some(members[at].identity.commitment())
    };
    Ok(Census::of_registered(&draft.draft.census, &holders(members), identity)?)
}

/// Every message goes to every trustee, in the order of sending.
fn generate(
    draft: &SignedDraft,
    trustees: &[TrusteeKeys],
    census: &Census,
    keys: &Keys,
) -> Result<Generated> {
    let start = |k: &TrusteeKeys| Trustee::new(k.clone(), draft, MemoryStorage::new());
    let mut trustees = trustees.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let mut log: Vec<Message> = trustees.iter().flat_map(Trustee::outgoing).collect();
    let mut seen = 0;
    deliver(&mut trustees, &mut log, &mut seen)?;
    for trustee in &mut trustees {
        log.extend(trustee.sign_key(census, keys.hashes().map(|h| h.0))?);
    }
    deliver(&mut trustees, &mut log, &mut seen)?;
    ensure!(trustees.iter().all(|t| t.election_key().is_some()), "the key generation has stopped half-way");
    let state = |t: &Trustee<MemoryStorage>| {
        let state = t.storage().load(draft.draft.id())?.context("a trustee has a state")?;
        Ok(state.to_vec())
    };
    let states = trustees.iter().map(state).collect::<Result<_>>()?;
    Ok(Generated { messages: log.iter().map(TrusteeMessage::from).collect(), states })
}

fn deliver(trustees: &mut [Trustee<MemoryStorage>], log: &mut Vec<Message>, seen: &mut usize) -> Result<()> {
    while let Some(message) = log.get(*seen).cloned() {
        *seen += 1;
        for trustee in trustees.iter_mut().filter(|t| t.index() != message.route.from) {
            log.extend(trustee.handle(&message)?);
        }
    }
    Ok(())
}

//! The census as a member sees it: downloaded whole, rebuilt, compared with
//! what the organiser signed. spec: `census.frozen`; A64.

use crate::{
    Error, Node,
    error::During,
    identity::Identity,
    registration::{self, Registered},
};
use circuits::{
    ballot::Member,
    params::CENSUS_CAPACITY,
    types::{
        Address, Census, CensusDefinition, CensusEntry, CensusRoot, CensusStatement, Draft, DraftId, Holder,
        IdentityCommitment, InvalidCensus, Registration,
    },
};
use proto::v1;
use std::collections::BTreeMap;
use verifier::PreparedVerifyingKey;

/// Why a downloaded census is not the one that was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CensusMismatch {
    /// The leaves are no census.
    #[error("the census of the node is no census: {0}")]
    Invalid(#[from] InvalidCensus),
    /// See the message.
    #[error(
        "the node's census has root {found_root} and {found_total} units, the organiser signed {root} and \
         {total}; do not vote, and tell the organiser"
    )]
    Statement {
        /// Signed.
        root: CensusRoot,
        /// Signed.
        total: u64,
        /// Rebuilt.
        found_root: CensusRoot,
        /// Rebuilt.
        found_total: u64,
    },
    /// See the message.
    #[error(
        "holders and registrations give another census than the signed one, first at leaf {0}; the organiser or \
         the node left somebody out or let somebody in"
    )]
    Rebuilt(usize),
    /// See the message.
    #[error(
        "identity {0} is not in this census; only members registered before it was frozen can vote: check that \
         this is the registered secret"
    )]
    NotAMember(IdentityCommitment),
}

/// All leaves of a frozen census, in order, unchecked.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch_entries(node: &Node, draft: DraftId) -> Result<Vec<CensusEntry>, Error> {
    const CALL: &str = "RegistryService.GetCensus";
    let request = v1::GetCensusRequest { draft_id: draft.to_bytes().to_vec() };
    let mut stream = node.registry().get_census(request).await.during(CALL)?.into_inner();
    let mut out = Vec::new();
    while let Some(page) = stream.message().await.during(CALL)? {
        for entry in page.entries {
            out.push(CensusEntry::try_from(entry).during(CALL)?);
        }
        check_capacity(CALL, out.len())?;
    }
    Ok(out)
}

/// The table of holders that a census was frozen with, unchecked.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch_holders(node: &Node, draft: DraftId) -> Result<Vec<Holder>, Error> {
    const CALL: &str = "RegistryService.GetHolders";
    let request = v1::GetHoldersRequest { draft_id: draft.to_bytes().to_vec() };
    let mut stream = node.registry().get_holders(request).await.during(CALL)?.into_inner();
    let mut out = Vec::new();
    while let Some(page) = stream.message().await.during(CALL)? {
        for holder in page.holders {
            out.push(Holder::try_from(holder).during(CALL)?);
        }
        check_capacity(CALL, out.len())?;
    }
    Ok(out)
}

fn check_capacity(call: &'static str, length: usize) -> Result<(), Error> {
    if length as u64 <= CENSUS_CAPACITY {
        Ok(())
    } else {
        Err(Error::Incomplete { call, problem: "has more rows than a census has leaves" })
    }
}

/// Downloads the census and compares it with the signed statement.
///
/// # Errors
/// If the node refuses, or the leaves do not give root and total.
pub async fn fetch(
    node: &Node,
    definition: &CensusDefinition,
    statement: &CensusStatement,
) -> Result<Census, Error> {
    let entries = fetch_entries(node, statement.draft_id).await?;
    Ok(check(definition, statement, entries)?)
}

/// The census of `entries`, if it is the one of the statement, whose
/// signature was checked before.
///
/// # Errors
/// If the leaves are no census, or another one.
pub fn check(
    definition: &CensusDefinition,
    statement: &CensusStatement,
    entries: Vec<CensusEntry>,
) -> Result<Census, CensusMismatch> {
    let census = Census::new(definition, entries)?;
    let (found_root, found_total) = (census.root(), census.total());
    if (found_root, found_total) != (statement.root, statement.total) {
        let (root, total) = (statement.root, statement.total);
        return Err(CensusMismatch::Statement { root, total, found_root, found_total });
    }
    Ok(census)
}

/// Rebuilds the census from the holders and the checked registrations: shows
/// that nobody was left out and nobody let in. Registrations that arrived
/// after the freeze are not in a census and do not count against it, if
/// `registered` was made of those before it.
///
/// # Errors
/// If the holders are not the draft's, or the leaves differ.
pub fn recheck(
    census: &Census,
    draft: &Draft,
    holders: &[Holder],
    registered: &Registered,
) -> Result<(), CensusMismatch> {
    let rebuilt = Census::of_registered(&draft.census, holders, |a| registered.identity(a))?;
    let (a, b) = (census.entries(), rebuilt.entries());
    let differs = a.iter().zip(b).position(|(x, y)| x != y);
    let differs = differs.or((a.len() != b.len()).then_some(a.len().min(b.len())));
    differs.map_or(Ok(()), |i| Err(CensusMismatch::Rebuilt(i)))
}

/// How many of the first registrations of the log give these leaves, from
/// holders of the draft's source: the census was frozen after them, and later
/// ones are not in it. The most, if several do; `None`: the census is not of
/// these holders and registrations, whenever it was frozen. Registrations
/// are checked before ([`Registered::check`]).
pub fn frozen_after(
    entries: &[CensusEntry],
    draft: &Draft,
    holders: &[Holder],
    registrations: &[Registration],
) -> Option<usize> {
    let weights: BTreeMap<Address, u64> = draft
        .census
        .maskers
        .iter()
        .map(|a| (*a, 0))
        .chain(holders.iter().map(|h| (h.address, h.weight)))
        .collect();
    let expected: BTreeMap<Address, CensusEntry> = entries.iter().map(|e| (e.address, *e)).collect();
    let members = |e: &CensusEntry| weights.get(&e.address) == Some(&e.weight);
    if expected.len() != entries.len() || !entries.iter().all(members) {
        return None;
    }
    // `wrong`: accounts whose identity so far is not that of the census.
    let (mut counters, mut wrong, mut found) = (BTreeMap::new(), expected.len(), None);
    for (seen, registration) in (1..).zip(registrations) {
        let m = &registration.message;
        let newest = counters.get(&m.address).is_none_or(|(counter, _)| *counter < m.counter);
        if m.chain_id == draft.registration_chain_id && newest && weights.contains_key(&m.address) {
            let census = expected.get(&m.address).map(|e| e.identity);
            let before = counters.insert(m.address, (m.counter, m.identity)).map(|(_, identity)| identity);
            wrong = wrong + usize::from(Some(m.identity) != census) - usize::from(before != census);
        }
        if wrong == 0 {
            found = Some(seen);
        }
    }
    found
}

/// Rebuilds a frozen census from the table of holders and the registrations,
/// all fetched and checked here, and compares it with the signed statement:
/// what a trustee does before it signs the key (A61).
///
/// The order of the log is the node's word: a registration that it moves
/// behind the freeze is missed by its owner, who holds no leaf.
/// spec: `census.rebuild`
///
/// # Errors
/// If the node refuses, a registration is wrong, or the census another one.
pub async fn rebuild(
    node: &Node,
    draft: &Draft,
    statement: &CensusStatement,
    key: &PreparedVerifyingKey,
) -> Result<Census, Error> {
    let (organisation, chain_id) = (&draft.organisation, draft.registration_chain_id);
    let entries = fetch_entries(node, draft.id()).await?;
    let holders = fetch_holders(node, draft.id()).await?;
    let mut registrations = registration::fetch(node, organisation).await?;
    // If none fit, comparing the leaves says where they differ.
    let before = frozen_after(&entries, draft, &holders, &registrations);
    registrations.truncate(before.unwrap_or(registrations.len()));
    let registered = Registered::check(key, &registrations, chain_id, organisation)?;
    let census = check(&draft.census, statement, entries)?;
    recheck(&census, draft, &holders, &registered)?;
    Ok(census)
}

/// The member's row and path, looked up locally.
///
/// # Errors
/// [`CensusMismatch::NotAMember`].
pub fn member(census: &Census, identity: &Identity) -> Result<Member, CensusMismatch> {
    let commitment = identity.commitment();
    let index = census.position(commitment).ok_or(CensusMismatch::NotAMember(commitment))?;
    let path = census.tree().path(index).expect("the position is that of a leaf");
    let row = usize::try_from(index).expect("a census fits in memory");
    let weight = census.entries()[row].weight;
    Ok(Member { sk: identity.secret().clone(), weight, path })
}

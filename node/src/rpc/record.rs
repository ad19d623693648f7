//! The election record, from the node's own log. spec: `record`

use super::error::Error;
use crate::ledger::Ledger;
use circuits::types::{
    AccountKey, Address, BoardEntry, CensusEntry, ElectionId, IdentityCommitment, Registration,
};
use proto::v1::GetRecordResponse;
use std::collections::HashMap;
use verifier::{
    VerifyingKey,
    record::{Election, Record, Setup},
};

/// Bytes of a file in one answer.
const PART: usize = 64 * 1024;
const NO_RESULT: Error = Error::NotFound("the election has no result yet; ask again later");

/// The parts of all files, signed by the operator.
///
/// # Errors
/// If there is no such election, or no result of it yet.
pub fn parts(
    ledger: &Ledger,
    operator: &AccountKey,
    id: ElectionId,
) -> Result<Vec<GetRecordResponse>, Error> {
    let files = record(ledger, id)?.to_files(operator);
    let parts = files.iter().flat_map(|(path, bytes)| {
        // An empty file has one empty part.
        let whole = if bytes.is_empty() { vec![&bytes[..]] } else { bytes.chunks(PART).collect() };
        whole.into_iter().map(|data| GetRecordResponse { path: path.clone(), data: data.to_vec() })
    });
    Ok(parts.collect())
}

fn record(ledger: &Ledger, id: ElectionId) -> Result<Record, Error> {
    let entries = entries(ledger, id)?;
    let keys = &ledger.rules().keys;
    let state = ledger.state();
    let election = state.election(id)?;
    let (tally, census) =
        (election.tally.as_ref().ok_or(NO_RESULT)?, election.census.as_ref().ok_or(NO_RESULT)?);
    let key = election.key.clone().ok_or(NO_RESULT)?;
    let (organisation, chain_id) = (&election.draft().organisation, election.draft().registration_chain_id);
    let registrations = state.organisation(organisation).map_or(&[][..], |o| o.registrations());
    let pinned = key.key.verifying_keys.iter();
    let mut verifying: Vec<VerifyingKey> =
        pinned.filter_map(|hash| Some(keys.by_hash(*hash)?.key().clone())).collect();
    verifying.sort_by_key(|k| k.hash().0);
    Ok(Record {
        election: Election {
            setup: if keys.is_development() { Setup::InsecureDevelopment } else { Setup::External },
            draft: election.signed_draft().clone(),
            census: census.statement,
            census_signature: census.signature,
            key,
            open_signature: election.opened.ok_or(NO_RESULT)?,
            close_signature: election.close_signature,
            head: election.board.head.ok_or(NO_RESULT)?,
        },
        holders: census.holders.to_vec(),
        registrations: of_census(chain_id, &census.entries, registrations),
        messages: election.messages().to_vec(),
        entries,
        tally: tally.as_ref().clone(),
        keys: verifying,
    })
}

/// The board before it is joined with the rest, so that the log is not read
/// under the state's lock. A tallied board no longer grows.
fn entries(ledger: &Ledger, id: ElectionId) -> Result<Vec<BoardEntry>, Error> {
    let size = ledger.state().election(id)?.board.size();
    Ok(ledger.entries(id, 0, size)?)
}

/// The registration behind every leaf, in census order.
fn of_census(chain_id: u64, census: &[CensusEntry], all: &[Registration]) -> Vec<Registration> {
    let key = |r: &Registration| (r.message.address, r.message.identity);
    let by_member: HashMap<(Address, IdentityCommitment), &Registration> =
        all.iter().filter(|r| r.message.chain_id == chain_id).map(|r| (key(r), r)).collect();
    census.iter().filter_map(|e| by_member.get(&(e.address, e.identity)).copied().cloned()).collect()
}

//! For organisers: the table of holders, the draft, the census, the orders.
//! spec: `client.organiser`.

pub mod disclosure;
pub mod draft;
pub mod holders;
pub mod status;
pub mod table;

use crate::{
    Error, Node, census,
    error::During,
    registration::{self, Registered},
};
use circuits::types::{
    AccountKey, Address, Census, CensusStatement, Draft, DraftId, ElectionId, Holder, InvalidCensus, Order,
    SignedDraft, SignedHead, TypedData,
};
use proto::v1::{self, freeze_census_request::Part};
use verifier::PreparedVerifyingKey;

/// Holders sent in one message.
const BATCH: usize = 4096;

/// Why an order of the organiser cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrder {
    /// See the message.
    #[error(
        "the draft is organised by {organiser}, the key is of {account}; sign with the organiser's account"
    )]
    Account {
        /// Of the draft.
        organiser: Address,
        /// Of the key.
        account: Address,
    },
    /// See the message.
    #[error("census: {0}")]
    Census(#[from] InvalidCensus),
    /// See the message.
    #[error("the node answered with another draft, census or election than the one ordered; do not trust it")]
    Answer,
}

fn require_account(key: &AccountKey, draft: &Draft) -> Result<(), InvalidOrder> {
    let (organiser, account) = (draft.organiser, key.address());
    if organiser == account { Ok(()) } else { Err(InvalidOrder::Account { organiser, account }) }
}

/// Publishes a signed draft.
///
/// # Errors
/// If the node refuses it.
pub async fn publish(node: &Node, signed: &SignedDraft) -> Result<DraftId, Error> {
    const CALL: &str = "ElectionService.CreateDraft";
    let request = v1::CreateDraftRequest { draft: Some(signed.into()) };
    let answer = node.elections().create_draft(request).await.during(CALL)?.into_inner();
    let id = signed.draft.id();
    if answer.draft_id == id.to_bytes() { Ok(id) } else { Err(InvalidOrder::Answer.into()) }
}

/// A census that could be frozen now.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What would be signed.
    pub census: Census,
    /// Holders without a registration.
    pub unregistered: usize,
    /// Their weight, in census units.
    pub unregistered_weight: u64,
}

/// Fetches all registrations, checks each, and builds the census: a dry run
/// of [`freeze`], which says who would be left out.
///
/// # Errors
/// If the node refuses, a registration is wrong, or the census is.
pub async fn preview(
    node: &Node,
    draft: &Draft,
    holders: &[Holder],
    registration_key: &PreparedVerifyingKey,
) -> Result<Preview, Error> {
    let all = registration::fetch(node, &draft.organisation).await?;
    let chain_id = draft.registration_chain_id;
    let registered = Registered::check(registration_key, &all, chain_id, &draft.organisation)?;
    Ok(preview_of(draft, holders, &registered)?)
}

/// [`preview`] from checked registrations.
///
/// # Errors
/// If the holders are not the draft's, or a limit is broken.
pub fn preview_of(
    draft: &Draft,
    holders: &[Holder],
    registered: &Registered,
) -> Result<Preview, InvalidOrder> {
    let census = Census::of_registered(&draft.census, holders, |a| registered.identity(a))?;
    let missing = || holders.iter().filter(|h| registered.identity(h.address).is_none());
    // The table's total may exceed u64 only if the census would refuse it.
    let unregistered_weight = missing().map(|h| h.weight).fold(0, u64::saturating_add);
    Ok(Preview { census, unregistered: missing().count(), unregistered_weight })
}

/// Signs the census and freezes it on the node, which rebuilds it.
///
/// # Errors
/// If the key is not the organiser's, or the node refuses: registrations
/// may have arrived since; preview again.
pub async fn freeze(
    node: &Node,
    key: &AccountKey,
    draft: &Draft,
    holders: &[Holder],
    census: &Census,
) -> Result<CensusStatement, Error> {
    require_account(key, draft)?;
    const CALL: &str = "ElectionService.FreezeCensus";
    let statement = CensusStatement { draft_id: draft.id(), root: census.root(), total: census.total() };
    let signature = key.sign(statement.signing_hash(&draft.domain()));
    let header = v1::FreezeCensusHeader {
        statement: Some((&statement).into()),
        signature: signature.to_bytes().to_vec(),
    };
    let batch =
        |batch: &[Holder]| Part::Holders(v1::HolderBatch { holders: batch.iter().map(Into::into).collect() });
    let parts: Vec<v1::FreezeCensusRequest> = std::iter::once(Part::Header(header))
        .chain(holders.chunks(BATCH).map(batch))
        .map(|part| v1::FreezeCensusRequest { part: Some(part) })
        .collect();
    let answer = node.elections().freeze_census(tokio_stream::iter(parts)).await.during(CALL)?.into_inner();
    let frozen = CensusStatement::try_from(answer.statement.during(CALL)?).during(CALL)?;
    if frozen == statement { Ok(statement) } else { Err(InvalidOrder::Answer.into()) }
}

/// Fetches the frozen census and compares it with the statement.
///
/// # Errors
/// If the node refuses, or it is another one.
pub async fn fetch_frozen(node: &Node, draft: &Draft, statement: &CensusStatement) -> Result<Census, Error> {
    census::fetch(node, &draft.census, statement).await
}

/// Opens voting under the key that all trustees have signed. The organiser
/// has checked that key and its identifier.
///
/// # Errors
/// If the key is not the organiser's, or the node refuses.
pub async fn open(node: &Node, key: &AccountKey, draft: &Draft, id: ElectionId) -> Result<(), Error> {
    require_account(key, draft)?;
    const CALL: &str = "ElectionService.OpenElection";
    let signature = key.sign(Order::Open(id).signing_hash(&draft.domain()));
    let request = v1::OpenElectionRequest {
        draft_id: draft.id().to_bytes().to_vec(),
        signature: signature.to_bytes().to_vec(),
    };
    let answer = node.elections().open_election(request).await.during(CALL)?.into_inner();
    if answer.election_id == id.to_bytes() { Ok(()) } else { Err(InvalidOrder::Answer.into()) }
}

/// Ends voting before the closing time, which the draft must allow. Returns
/// the last head, checked.
///
/// # Errors
/// If the key is not the organiser's, or the node refuses.
pub async fn close(
    node: &Node,
    key: &AccountKey,
    draft: &Draft,
    id: ElectionId,
) -> Result<SignedHead, Error> {
    require_account(key, draft)?;
    let signature = key.sign(Order::Close(id).signing_hash(&draft.domain()));
    send_close(node, draft, id, signature.to_bytes().to_vec()).await
}

/// Ends voting once the closing time has passed; anyone may. Returns the
/// last head, checked.
///
/// # Errors
/// If the node refuses.
pub async fn close_due(node: &Node, draft: &Draft, id: ElectionId) -> Result<SignedHead, Error> {
    send_close(node, draft, id, Vec::new()).await
}

async fn send_close(
    node: &Node,
    draft: &Draft,
    id: ElectionId,
    signature: Vec<u8>,
) -> Result<SignedHead, Error> {
    const CALL: &str = "ElectionService.CloseElection";
    let request = v1::CloseElectionRequest { election_id: id.to_bytes().to_vec(), signature };
    let answer = node.elections().close_election(request).await.during(CALL)?.into_inner();
    let head = SignedHead::try_from(answer.head.during(CALL)?).during(CALL)?;
    head.check(&draft.domain(), draft.operator).map_err(crate::board::InvalidBoard::from)?;
    if head.head.election_id == id && head.head.closed { Ok(head) } else { Err(InvalidOrder::Answer.into()) }
}

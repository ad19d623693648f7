//! Carries trustees' messages to and from a node, and tells whom the others
//! wait for. spec: `trustee.message`.

use crate::{Error, Node, election, error::During};
use circuits::types::{Draft, DraftId, ROUND_DECRYPTION, ROUND_KEY, TrusteeMessage};
use proto::v1;
use std::collections::BTreeSet;

pub use crate::record::fetch_messages as fetch;

/// Posts a message. A repeat succeeds.
///
/// # Errors
/// If the node refuses it.
pub async fn post(node: &Node, message: &TrusteeMessage) -> Result<(), Error> {
    let request = v1::PostRequest { message: Some(message.into()) };
    node.trustees().post(request).await.during("TrusteeService.Post")?;
    Ok(())
}

/// Every draft that a node has, by id.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn drafts(node: &Node) -> Result<Vec<DraftId>, Error> {
    Ok(election::list(node).await?.into_iter().map(|line| line.draft_id).collect())
}

/// The trustees, by index, of whom a message of a round is missing: signed by
/// them, and in round 3 to each of the others. What a message says is not
/// judged. spec: `trustee.rounds`
pub fn missing(draft: &Draft, messages: &[TrusteeMessage], round: u8) -> Vec<u8> {
    let sent: BTreeSet<(u8, u8)> = messages
        .iter()
        .filter(|m| m.round == round && m.check(draft).is_ok())
        .map(|m| (m.from, m.to))
        .collect();
    let indices = || (1..=u8::MAX).take(draft.trustees.len());
    let all = |from: u8| match round {
        ROUND_SHARE => indices().filter(|to| *to != from).all(|to| sent.contains(&(from, to))),
        _ => sent.contains(&(from, 0)),
    };
    indices().filter(|from| !all(*from)).collect()
}

/// Round of the encrypted shares, each for one other trustee.
const ROUND_SHARE: u8 = 3;

/// The first round of the key generation that is not complete, with those
/// who are missing; `None` once all have signed the key.
pub fn waits_for(draft: &Draft, messages: &[TrusteeMessage]) -> Option<(u8, Vec<u8>)> {
    let rounds = (1..=ROUND_KEY).map(|round| (round, missing(draft, messages, round)));
    rounds.into_iter().find(|(_, missing)| !missing.is_empty())
}

/// The trustees whose partial decryptions are missing, if fewer than the
/// threshold have sent one.
pub fn too_few_decryptions(draft: &Draft, messages: &[TrusteeMessage]) -> Option<Vec<u8>> {
    let missing = missing(draft, messages, ROUND_DECRYPTION);
    let sent = draft.trustees.len() - missing.len();
    (sent < usize::from(draft.threshold)).then_some(missing)
}

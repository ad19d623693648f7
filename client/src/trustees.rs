//! Carries trustees' messages to and from a node. spec: `trustee.message`.

use crate::{Error, Node, error::During};
use circuits::types::{DraftId, TrusteeMessage};
use proto::v1;

/// Posts a message. A repeat succeeds.
///
/// # Errors
/// If the node refuses it.
pub async fn post(node: &Node, message: &TrusteeMessage) -> Result<(), Error> {
    let request = v1::PostRequest { message: Some(message.into()) };
    node.trustees().post(request).await.during("TrusteeService.Post")?;
    Ok(())
}

/// One page of the messages of a draft from `start` on, in log order; empty
/// when there are no more.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn list(node: &Node, draft: DraftId, start: u32) -> Result<Vec<TrusteeMessage>, Error> {
    const CALL: &str = "TrusteeService.List";
    let request = v1::ListRequest { draft_id: draft.to_bytes().to_vec(), start };
    let page = node.trustees().list(request).await.during(CALL)?.into_inner();
    page.messages.into_iter().map(TrusteeMessage::try_from).collect::<Result<_, _>>().during(CALL)
}
